extension CarriedHeaders {
  /// `<bpf/bpf_tracing.h>`: registers, and functions whose arguments come from the context.
  static let tracing = #"""
    /* Registers of the machine, and functions whose arguments are taken from the context. */
    #ifndef __BPF_TRACING_H__
    #define __BPF_TRACING_H__

    #include <bpf/bpf_helpers.h>

    /*
     * The machine whose registers the program sees: chosen by a macro of the command line, else that of the compiler.
     */
    #if !defined(__TARGET_ARCH_x86) && !defined(__TARGET_ARCH_arm64)
    #if defined(__x86_64__)
    #define __TARGET_ARCH_x86 1
    #elif defined(__aarch64__)
    #define __TARGET_ARCH_arm64 1
    #endif
    #endif

    #if defined(__TARGET_ARCH_x86)

    #define ___pt_cast(regs) (regs)
    #if defined(__KERNEL__) || defined(__VMLINUX_H__)
    #define ___pt_parm1 di
    #define ___pt_parm2 si
    #define ___pt_parm3 dx
    #define ___pt_parm4 cx
    #define ___pt_parm5 r8
    #define ___pt_parm6 r9
    #define ___pt_ret sp
    #define ___pt_fp bp
    #define ___pt_rc ax
    #define ___pt_sp sp
    #define ___pt_ip ip
    #else
    /* <linux/ptrace.h> for user space has other names for the same registers. */
    #define ___pt_parm1 rdi
    #define ___pt_parm2 rsi
    #define ___pt_parm3 rdx
    #define ___pt_parm4 rcx
    #define ___pt_parm5 r8
    #define ___pt_parm6 r9
    #define ___pt_ret rsp
    #define ___pt_fp rbp
    #define ___pt_rc rax
    #define ___pt_sp rsp
    #define ___pt_ip rip
    #endif
    #define ___pt_syscall1 ___pt_parm1
    #define ___pt_syscall4 r10
    #define SYS_PREFIX "__x64_"

    #elif defined(__TARGET_ARCH_arm64)

    /* Programs see the registers of the user's view; the first argument of a system call is kept apart from them. */
    struct pt_regs___arm64 {
      unsigned long orig_x0;
    } __attribute__((preserve_access_index));
    #define ___pt_cast(regs) ((const struct user_pt_regs *)(regs))
    #define ___pt_parm1 regs[0]
    #define ___pt_parm2 regs[1]
    #define ___pt_parm3 regs[2]
    #define ___pt_parm4 regs[3]
    #define ___pt_parm5 regs[4]
    #define ___pt_parm6 regs[5]
    #define ___pt_parm7 regs[6]
    #define ___pt_parm8 regs[7]
    #define ___pt_ret regs[30]
    #define ___pt_fp regs[29]
    #define ___pt_rc regs[0]
    #define ___pt_sp sp
    #define ___pt_ip pc
    #define ___pt_syscall4 ___pt_parm4
    #define SYS_PREFIX "__arm64_"

    #endif

    #if defined(___pt_cast)

    /* With _CORE: read by probing, at offsets that are settled when the program is loaded. */
    #define ___pt_get(regs, name) (___pt_cast(regs)->name)
    #define ___pt_probe(regs, name)                                                                                    \
      ({                                                                                                               \
        ___bpf_typeof(___pt_get(regs, name)) ___register;                                                              \
        bpf_probe_read_kernel(&___register, sizeof(___register),                                                       \
                              (const void *)__builtin_preserve_access_index(&___pt_get(regs, name)));                  \
        ___register;                                                                                                   \
      })
    #define ___pt_missing() ({ _Static_assert(0, "this machine has no register for it"); 0L; })

    #define PT_REGS_PARM1(x) ___pt_get(x, ___pt_parm1)
    #define PT_REGS_PARM1_CORE(x) ___pt_probe(x, ___pt_parm1)
    #define PT_REGS_PARM2(x) ___pt_get(x, ___pt_parm2)
    #define PT_REGS_PARM2_CORE(x) ___pt_probe(x, ___pt_parm2)
    #define PT_REGS_PARM3(x) ___pt_get(x, ___pt_parm3)
    #define PT_REGS_PARM3_CORE(x) ___pt_probe(x, ___pt_parm3)
    #define PT_REGS_PARM4(x) ___pt_get(x, ___pt_parm4)
    #define PT_REGS_PARM4_CORE(x) ___pt_probe(x, ___pt_parm4)
    #define PT_REGS_PARM5(x) ___pt_get(x, ___pt_parm5)
    #define PT_REGS_PARM5_CORE(x) ___pt_probe(x, ___pt_parm5)
    #define PT_REGS_PARM6(x) ___pt_get(x, ___pt_parm6)
    #define PT_REGS_PARM6_CORE(x) ___pt_probe(x, ___pt_parm6)
    #if defined(___pt_parm7)
    #define PT_REGS_PARM7(x) ___pt_get(x, ___pt_parm7)
    #define PT_REGS_PARM7_CORE(x) ___pt_probe(x, ___pt_parm7)
    #else
    #define PT_REGS_PARM7(x) ___pt_missing()
    #define PT_REGS_PARM7_CORE(x) ___pt_missing()
    #endif
    #if defined(___pt_parm8)
    #define PT_REGS_PARM8(x) ___pt_get(x, ___pt_parm8)
    #define PT_REGS_PARM8_CORE(x) ___pt_probe(x, ___pt_parm8)
    #else
    #define PT_REGS_PARM8(x) ___pt_missing()
    #define PT_REGS_PARM8_CORE(x) ___pt_missing()
    #endif
    #define PT_REGS_RET(x) ___pt_get(x, ___pt_ret)
    #define PT_REGS_RET_CORE(x) ___pt_probe(x, ___pt_ret)
    #define PT_REGS_FP(x) ___pt_get(x, ___pt_fp)
    #define PT_REGS_FP_CORE(x) ___pt_probe(x, ___pt_fp)
    #define PT_REGS_RC(x) ___pt_get(x, ___pt_rc)
    #define PT_REGS_RC_CORE(x) ___pt_probe(x, ___pt_rc)
    #define PT_REGS_SP(x) ___pt_get(x, ___pt_sp)
    #define PT_REGS_SP_CORE(x) ___pt_probe(x, ___pt_sp)
    #define PT_REGS_IP(x) ___pt_get(x, ___pt_ip)
    #define PT_REGS_IP_CORE(x) ___pt_probe(x, ___pt_ip)

    /* Arguments of a system call: the fourth is not where functions have it, and on arm64 neither is the first. */
    #if defined(__TARGET_ARCH_arm64)
    #define PT_REGS_PARM1_SYSCALL(x) PT_REGS_PARM1_CORE_SYSCALL(x)
    #define PT_REGS_PARM1_CORE_SYSCALL(x)                                                                              \
      ({                                                                                                               \
        unsigned long ___register;                                                                                     \
        bpf_probe_read_kernel(&___register, sizeof(___register),                                                       \
                              (const void *)&((const struct pt_regs___arm64 *)(x))->orig_x0);                          \
        ___register;                                                                                                   \
      })
    #else
    #define PT_REGS_PARM1_SYSCALL(x) PT_REGS_PARM1(x)
    #define PT_REGS_PARM1_CORE_SYSCALL(x) PT_REGS_PARM1_CORE(x)
    #endif
    #define PT_REGS_PARM2_SYSCALL(x) PT_REGS_PARM2(x)
    #define PT_REGS_PARM2_CORE_SYSCALL(x) PT_REGS_PARM2_CORE(x)
    #define PT_REGS_PARM3_SYSCALL(x) PT_REGS_PARM3(x)
    #define PT_REGS_PARM3_CORE_SYSCALL(x) PT_REGS_PARM3_CORE(x)
    #define PT_REGS_PARM5_SYSCALL(x) PT_REGS_PARM5(x)
    #define PT_REGS_PARM5_CORE_SYSCALL(x) PT_REGS_PARM5_CORE(x)
    #define PT_REGS_PARM6_SYSCALL(x) PT_REGS_PARM6(x)
    #define PT_REGS_PARM6_CORE_SYSCALL(x) PT_REGS_PARM6_CORE(x)
    #define PT_REGS_PARM4_SYSCALL(x) ___pt_get(x, ___pt_syscall4)
    #define PT_REGS_PARM4_CORE_SYSCALL(x) ___pt_probe(x, ___pt_syscall4)

    /* On both machines the function of a system call gets its registers as the one argument. */
    #define PT_REGS_SYSCALL_REGS(ctx) ((struct pt_regs *)PT_REGS_PARM1(ctx))

    /* Where a probed function returns to, at its start and at its end. */
    #if defined(__TARGET_ARCH_arm64)
    #define BPF_KPROBE_READ_RET_IP(ip, ctx) ({ (ip) = PT_REGS_RET(ctx); })
    #define BPF_KRETPROBE_READ_RET_IP BPF_KPROBE_READ_RET_IP
    #else
    #define BPF_KPROBE_READ_RET_IP(ip, ctx) ({ bpf_probe_read_kernel(&(ip), sizeof(ip), (void *)PT_REGS_RET(ctx)); })
    #define BPF_KRETPROBE_READ_RET_IP(ip, ctx)                                                                         \
      ({ bpf_probe_read_kernel(&(ip), sizeof(ip), (void *)(PT_REGS_FP(ctx) + sizeof(ip))); })
    #endif

    #endif

    /*
     * Functions with arguments. Each macro defines the program with its context alone, which hands the arguments on
     * to a static function with the name and body that the user wrote. Arguments arrive as `void *` and are converted
     * to the declared types, integers among them; the warning about that is switched off for the call.
     */
    #define ___bpf_program(name, context, pass, args...)                                                               \
      name(context);                                                                                                   \
      static __always_inline typeof(name(0)) ____##name(context, ##args);                                              \
      typeof(name(0)) name(context) {                                                                                  \
        _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Wint-conversion\"")                          \
        return ____##name(pass);                                                                                       \
        _Pragma("GCC diagnostic pop")                                                                                  \
      }                                                                                                                \
      static __always_inline typeof(name(0)) ____##name(context, ##args)

    /* `ctx` and then one value for each declared argument; `from` makes the value from its number. */
    #define ___bpf_pass0(from) ctx
    #define ___bpf_pass1(from) ___bpf_pass0(from), from(0)
    #define ___bpf_pass2(from) ___bpf_pass1(from), from(1)
    #define ___bpf_pass3(from) ___bpf_pass2(from), from(2)
    #define ___bpf_pass4(from) ___bpf_pass3(from), from(3)
    #define ___bpf_pass5(from) ___bpf_pass4(from), from(4)
    #define ___bpf_pass6(from) ___bpf_pass5(from), from(5)
    #define ___bpf_pass7(from) ___bpf_pass6(from), from(6)
    #define ___bpf_pass8(from) ___bpf_pass7(from), from(7)
    #define ___bpf_pass9(from) ___bpf_pass8(from), from(8)
    #define ___bpf_pass10(from) ___bpf_pass9(from), from(9)
    #define ___bpf_pass11(from) ___bpf_pass10(from), from(10)
    #define ___bpf_pass12(from) ___bpf_pass11(from), from(11)
    #define ___bpf_pass(from, args...) ___bpf_apply(___bpf_pass, ___bpf_narg(args))(from)

    /*
     * BPF_PROG: raw tracepoints with BTF, fentry, fexit, LSM, struct_ops; each argument is a 64-bit word of the
     * context.
     */
    #define ___bpf_from_word(n) (void *)ctx[n]
    #define BPF_PROG(name, args...)                                                                                    \
      ___bpf_program(name, unsigned long long *ctx, ___bpf_pass(___bpf_from_word, args), ##args)

    /*
     * BPF_PROG2: the same with types and names apart, BPF_PROG2(name, int, x, struct pair, y), so that a structure
     * may be an argument: it fills one word, or two if it has more than eight bytes.
     */
    #define ___bpf_word_count(type) (sizeof(type) > 8 ? 2 : 1)
    #define ___bpf_from_words(type, n)                                                                                 \
      ({                                                                                                               \
        union {                                                                                                        \
          __u8 one;                                                                                                    \
          __u16 two;                                                                                                   \
          __u32 four;                                                                                                  \
          __u64 words[2];                                                                                              \
          type value;                                                                                                  \
        } ___argument = {};                                                                                            \
        switch (sizeof(type)) {                                                                                        \
        case 1: ___argument.one = ctx[n]; break;                                                                       \
        case 2: ___argument.two = ctx[n]; break;                                                                       \
        case 4: ___argument.four = ctx[n]; break;                                                                      \
        case 16: ___argument.words[1] = ctx[(n) + 1];                                                                  \
        default: ___argument.words[0] = ctx[n];                                                                        \
        }                                                                                                              \
        ___argument.value;                                                                                             \
      })
    #define ___bpf_declare0()
    #define ___bpf_declare2(type, x) , type x
    #define ___bpf_declare4(type, x, rest...) , type x ___bpf_declare2(rest)
    #define ___bpf_declare6(type, x, rest...) , type x ___bpf_declare4(rest)
    #define ___bpf_declare8(type, x, rest...) , type x ___bpf_declare6(rest)
    #define ___bpf_declare10(type, x, rest...) , type x ___bpf_declare8(rest)
    #define ___bpf_declare12(type, x, rest...) , type x ___bpf_declare10(rest)
    #define ___bpf_hand0(n)
    #define ___bpf_hand2(n, type, x) , ___bpf_from_words(type, n)
    #define ___bpf_hand4(n, type, x, rest...)                                                                          \
      , ___bpf_from_words(type, n) ___bpf_hand2(n + ___bpf_word_count(type), rest)
    #define ___bpf_hand6(n, type, x, rest...)                                                                          \
      , ___bpf_from_words(type, n) ___bpf_hand4(n + ___bpf_word_count(type), rest)
    #define ___bpf_hand8(n, type, x, rest...)                                                                          \
      , ___bpf_from_words(type, n) ___bpf_hand6(n + ___bpf_word_count(type), rest)
    #define ___bpf_hand10(n, type, x, rest...)                                                                         \
      , ___bpf_from_words(type, n) ___bpf_hand8(n + ___bpf_word_count(type), rest)
    #define ___bpf_hand12(n, type, x, rest...)                                                                         \
      , ___bpf_from_words(type, n) ___bpf_hand10(n + ___bpf_word_count(type), rest)
    #define ___bpf_declare(args...) ___bpf_apply(___bpf_declare, ___bpf_narg(args))(args)
    #define ___bpf_hand(args...) ___bpf_apply(___bpf_hand, ___bpf_narg(args))(0, ##args)
    #define BPF_PROG2(name, args...)                                                                                   \
      name(unsigned long long *ctx);                                                                                   \
      static __always_inline typeof(name(0)) ____##name(unsigned long long *ctx ___bpf_declare(args));                 \
      typeof(name(0)) name(unsigned long long *ctx) { return ____##name(ctx ___bpf_hand(args)); }                      \
      static __always_inline typeof(name(0)) ____##name(unsigned long long *ctx ___bpf_declare(args))

    /* BPF_KPROBE, BPF_UPROBE: arguments of the probed function, from the registers. */
    #define ___bpf_from_register(n) ___bpf_concat(___bpf_register, n)
    #define ___bpf_register0 (void *)PT_REGS_PARM1(ctx)
    #define ___bpf_register1 (void *)PT_REGS_PARM2(ctx)
    #define ___bpf_register2 (void *)PT_REGS_PARM3(ctx)
    #define ___bpf_register3 (void *)PT_REGS_PARM4(ctx)
    #define ___bpf_register4 (void *)PT_REGS_PARM5(ctx)
    #define ___bpf_register5 (void *)PT_REGS_PARM6(ctx)
    #define ___bpf_register6 (void *)PT_REGS_PARM7(ctx)
    #define ___bpf_register7 (void *)PT_REGS_PARM8(ctx)
    #define BPF_KPROBE(name, args...)                                                                                  \
      ___bpf_program(name, struct pt_regs *ctx, ___bpf_pass(___bpf_from_register, args), ##args)
    #define BPF_UPROBE(name, args...) BPF_KPROBE(name, ##args)

    /* BPF_KRETPROBE, BPF_URETPROBE: at most one argument, which is what the function returned. */
    #define ___bpf_from_result(n) (void *)PT_REGS_RC(ctx)
    #define BPF_KRETPROBE(name, args...)                                                                               \
      ___bpf_program(name, struct pt_regs *ctx, ___bpf_pass(___bpf_from_result, args), ##args)
    #define BPF_URETPROBE(name, args...) BPF_KRETPROBE(name, ##args)

    /* BPF_KSYSCALL: arguments of a system call, from the registers that its function is given. */
    #define ___bpf_from_syscall(n) ___bpf_concat(___bpf_syscall, n)
    #define ___bpf_syscall0 (void *)PT_REGS_PARM1_CORE_SYSCALL(___registers)
    #define ___bpf_syscall1 (void *)PT_REGS_PARM2_CORE_SYSCALL(___registers)
    #define ___bpf_syscall2 (void *)PT_REGS_PARM3_CORE_SYSCALL(___registers)
    #define ___bpf_syscall3 (void *)PT_REGS_PARM4_CORE_SYSCALL(___registers)
    #define ___bpf_syscall4 (void *)PT_REGS_PARM5_CORE_SYSCALL(___registers)
    #define ___bpf_syscall5 (void *)PT_REGS_PARM6_CORE_SYSCALL(___registers)
    #define ___bpf_from_syscall_here(n) ___bpf_concat(___bpf_syscall_here, n)
    #define ___bpf_syscall_here0 (void *)PT_REGS_PARM1_SYSCALL(ctx)
    #define ___bpf_syscall_here1 (void *)PT_REGS_PARM2_SYSCALL(ctx)
    #define ___bpf_syscall_here2 (void *)PT_REGS_PARM3_SYSCALL(ctx)
    #define ___bpf_syscall_here3 (void *)PT_REGS_PARM4_SYSCALL(ctx)
    #define ___bpf_syscall_here4 (void *)PT_REGS_PARM5_SYSCALL(ctx)
    #define ___bpf_syscall_here5 (void *)PT_REGS_PARM6_SYSCALL(ctx)
    extern _Bool LINUX_HAS_SYSCALL_WRAPPER __kconfig;
    #define BPF_KSYSCALL(name, args...)                                                                                \
      name(struct pt_regs *ctx);                                                                                       \
      static __always_inline typeof(name(0)) ____##name(struct pt_regs *ctx, ##args);                                  \
      typeof(name(0)) name(struct pt_regs *ctx) {                                                                      \
        struct pt_regs *___registers = LINUX_HAS_SYSCALL_WRAPPER ? PT_REGS_SYSCALL_REGS(ctx) : ctx;                    \
        _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Wint-conversion\"")                          \
        if (LINUX_HAS_SYSCALL_WRAPPER)                                                                                 \
          return ____##name(___bpf_pass(___bpf_from_syscall, args));                                                   \
        else                                                                                                           \
          return ____##name(___bpf_pass(___bpf_from_syscall_here, args));                                              \
        _Pragma("GCC diagnostic pop")                                                                                  \
      }                                                                                                                \
      static __always_inline typeof(name(0)) ____##name(struct pt_regs *ctx, ##args)
    #define BPF_KPROBE_SYSCALL BPF_KSYSCALL

    #endif
    """#
}
