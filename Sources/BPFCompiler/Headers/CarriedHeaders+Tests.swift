extension CarriedHeaders {
  /// `"bpf_misc.h"`: what the kernel's test programs say about themselves.
  static let misc = #"""
    /*
     * What the kernel's own test programs say about themselves: each note becomes a declaration tag of the program,
     * which a tester reads from the object's type information. Notes that are ordered carry a number that grows from
     * note to note.
     */
    #ifndef __BPF_MISC_H__
    #define __BPF_MISC_H__

    #define XSTR(s) STR(s)
    #define STR(s) #s
    #define EXPAND_QUOTE(str) XSTR(str)

    #define ___test_note(text) __attribute__((btf_decl_tag("comment:" text)))
    #define ___test_ordered_note(kind, text) ___test_note(kind "=" XSTR(__COUNTER__) "=" text)

    /* What the verifier is to answer, and what its log is to say. */
    #define __success ___test_note("test_expect_success")
    #define __failure ___test_note("test_expect_failure")
    #define __success_unpriv ___test_note("test_expect_success_unpriv")
    #define __failure_unpriv ___test_note("test_expect_failure_unpriv")
    #define __msg(text) ___test_ordered_note("test_expect_msg", text)
    #define __not_msg(text) ___test_ordered_note("test_expect_not_msg", text)
    #define __msg_unpriv(text) ___test_ordered_note("test_expect_msg_unpriv", text)
    #define __not_msg_unpriv(text) ___test_ordered_note("test_expect_not_msg_unpriv", text)
    #define __xlated(text) ___test_ordered_note("test_expect_xlated", text)
    #define __xlated_unpriv(text) ___test_ordered_note("test_expect_xlated_unpriv", text)
    #define __jited(text) ___test_ordered_note("test_jited", text)
    #define __jited_unpriv(text) ___test_ordered_note("test_jited_unpriv", text)

    /* What the program is to return and to print. */
    #define __retval(value) ___test_note("test_retval=" XSTR(value))
    #define __retval_unpriv(value) ___test_note("test_retval_unpriv=" XSTR(value))
    #define __stdout(text) ___test_ordered_note("test_expect_stdout", text)
    #define __stdout_unpriv(text) ___test_ordered_note("test_expect_stdout_unpriv", text)
    #define __stderr(text) ___test_ordered_note("test_expect_stderr", text)
    #define __stderr_unpriv(text) ___test_ordered_note("test_expect_stderr_unpriv", text)

    /* How it is to be loaded and run. */
    #define __description(text) ___test_note("test_description=" text)
    #define __log_level(level) ___test_note("test_log_level=" #level)
    #define __flag(flag) ___test_note("test_prog_flags=" #flag)
    #define __auxiliary ___test_note("test_auxiliary")
    #define __auxiliary_unpriv ___test_note("test_auxiliary_unpriv")
    #define __btf_path(path) ___test_note("test_btf_path=" path)
    #define __caps_unpriv(caps) ___test_note("test_caps_unpriv=" EXPAND_QUOTE(caps))
    #define CAP_NET_ADMIN 12
    #define CAP_SYS_ADMIN 21
    #define CAP_PERFMON 38
    #define CAP_BPF 39
    #define __linear_size(size) ___test_note("test_linear_size=" XSTR(size))
    #define __load_if_JITed() ___test_note("load_mode=jited")
    #define __load_if_no_JITed() ___test_note("load_mode=no_jited")
    #define __arch(name) ___test_note("test_arch=" name)
    #define __arch_x86_64 __arch("X86_64")
    #define __arch_arm64 __arch("ARM64")
    #define __arch_riscv64 __arch("RISCV64")
    #define __arch_s390x __arch("s390x")

    /* Shorthands for assembly. */
    #ifndef __naked
    #define __naked __attribute__((naked))
    #endif
    #ifndef __used
    #define __used __attribute__((used))
    #endif
    #define __clobber_all "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "memory"
    #define __clobber_common "r0", "r1", "r2", "r3", "r4", "r5", "memory"
    #define __imm(name) [name] "i"(name)
    #define __imm_const(name, value) [name] "i"(value)
    #define __imm_addr(name) [name] "i"(&name)
    #define __imm_ptr(name) [name] "r"(&name)
    #define __imm_insn(name, value) [name] "i"(*(long *)&(value))

    /* Numbers that the test runner puts into stacks and buffers. */
    #define POINTER_VALUE 0xbadcafe
    #define TEST_DATA_LEN 64

    /* What a system call's function is called, and how many arguments registers carry. */
    #if defined(__TARGET_ARCH_x86)
    #define SYSCALL_WRAPPER 1
    #ifndef SYS_PREFIX
    #define SYS_PREFIX "__x64_"
    #endif
    #define FUNC_REG_ARG_CNT 6
    #elif defined(__TARGET_ARCH_arm64)
    #define SYSCALL_WRAPPER 1
    #ifndef SYS_PREFIX
    #define SYS_PREFIX "__arm64_"
    #endif
    #define FUNC_REG_ARG_CNT 8
    #endif

    /* Makes the compiler believe that a value is used, and that it may change. */
    #define __sink(expression) asm volatile("" : "+g"(expression))

    #ifndef ARRAY_SIZE
    #define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
    #endif

    #endif
    """#

  /// `"bpf_experimental.h"`: objects of the program, loops with a limit.
  static let experimental = #"""
    /* Newer parts of the language: objects of the program's own, exceptions, loops with a limit. */
    #ifndef __BPF_EXPERIMENTAL__
    #define __BPF_EXPERIMENTAL__

    #include <bpf/bpf_helpers.h>
    #include <bpf/bpf_core_read.h>

    /* The type of list and tree nodes in a structure of the program. */
    #define __contains(name, node) __attribute__((btf_decl_tag("contains:" #name ":" #node)))

    struct bpf_list_head;
    struct bpf_list_node;
    struct bpf_rb_root;
    struct bpf_rb_node;

    extern void *bpf_obj_new_impl(__u64 local_type_id__k, void *meta__ign) __weak __ksym;
    extern void bpf_obj_drop_impl(void *p__alloc, void *meta__ign) __weak __ksym;
    extern void *bpf_refcount_acquire_impl(void *p__refcounted_kptr, void *meta__ign) __weak __ksym;
    extern int bpf_list_push_front_impl(struct bpf_list_head *head, struct bpf_list_node *node, void *meta__ign,
                                        __u64 off) __weak __ksym;
    extern int bpf_list_push_back_impl(struct bpf_list_head *head, struct bpf_list_node *node, void *meta__ign,
                                       __u64 off) __weak __ksym;
    extern struct bpf_list_node *bpf_list_pop_front(struct bpf_list_head *head) __weak __ksym;
    extern struct bpf_list_node *bpf_list_pop_back(struct bpf_list_head *head) __weak __ksym;
    extern struct bpf_rb_node *bpf_rbtree_remove(struct bpf_rb_root *root, struct bpf_rb_node *node) __weak __ksym;
    extern int bpf_rbtree_add_impl(struct bpf_rb_root *root, struct bpf_rb_node *node,
                                   _Bool(less)(struct bpf_rb_node *a, const struct bpf_rb_node *b), void *meta__ign,
                                   __u64 off) __weak __ksym;
    extern struct bpf_rb_node *bpf_rbtree_first(struct bpf_rb_root *root) __weak __ksym;
    extern void bpf_throw(__u64 cookie) __weak __ksym;

    #define bpf_obj_new(type) ((type *)bpf_obj_new_impl(bpf_core_type_id_local(type), NULL))
    #define bpf_obj_drop(object) bpf_obj_drop_impl(object, NULL)
    #define bpf_refcount_acquire(object) bpf_refcount_acquire_impl(object, NULL)
    #define bpf_list_push_front(head, node) bpf_list_push_front_impl(head, node, NULL, 0)
    #define bpf_list_push_back(head, node) bpf_list_push_back_impl(head, node, NULL, 0)
    #define bpf_rbtree_add(root, node, less) bpf_rbtree_add_impl(root, node, less, NULL, 0)

    /* A condition that is true until the loop has taken more turns than the kernel allows. */
    #define can_loop                                                                                 \
      ({                                                                                                               \
        __label__ ___stop, ___proceed;                                                                                 \
        _Bool ___result = 1;                                                                                           \
        asm volatile goto("may_goto %l[___stop]" : : : : ___stop);                                                     \
        goto ___proceed;                                                                                               \
      ___stop:                                                                                                         \
        ___result = 0;                                                                                                 \
      ___proceed:;                                                                                                     \
        ___result;                                                                                                     \
      })
    /* The same as a statement: leaves the loop, or goes on with it. */
    #define cond_break if (!can_loop) break
    #define cond_break_label(label) ({ if (!can_loop) goto label; })

    /* Ends the program with a value when a condition does not hold. */
    #define bpf_assert(condition) ({ if (!(condition)) bpf_throw(0); })
    #define bpf_assert_with(condition, value) ({ if (!(condition)) bpf_throw(value); })

    #endif
    """#
}
