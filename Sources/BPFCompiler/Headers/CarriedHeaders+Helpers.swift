extension CarriedHeaders {
  /// `<bpf/bpf_helpers.h>`: what programs need from every loader.
  static let helpers = #"""
    /* What programs need from every loader: sections, attributes, map definitions, printing, loops. */
    #ifndef __BPF_HELPERS__
    #define __BPF_HELPERS__

    #ifndef __VMLINUX_H__
    #include <linux/types.h>
    #endif
    #include <bpf/bpf_helper_defs.h>

    /* Map definitions: each value is the type of a member. */
    #define __uint(name, val) int (*name)[val]
    #define __type(name, val) typeof(val) *name
    #define __array(name, val) typeof(val) *name[]
    #define __ulong(name, val) enum { ___bpf_concat(__unique_value, __COUNTER__) = val } name

    /* The section tells the loader what a function or a variable is. On a declaration `used` has no meaning. */
    #define SEC(name)                                                                                                  \
      _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Wignored-attributes\"")                        \
      __attribute__((section(name), used)) _Pragma("GCC diagnostic pop")

    #undef __always_inline
    #define __always_inline inline __attribute__((always_inline))
    #ifndef __noinline
    #define __noinline __attribute__((noinline))
    #endif
    #ifndef __weak
    #define __weak __attribute__((weak))
    #endif
    #ifndef __used
    #define __used __attribute__((used))
    #endif
    #ifndef __unused
    #define __unused __attribute__((unused))
    #endif
    /* A global function that is verified together with its callers. */
    #define __hidden __attribute__((visibility("hidden")))

    #ifndef __ksym
    #define __ksym __attribute__((section(".ksyms")))
    #endif
    #define __kconfig __attribute__((section(".kconfig")))

    /* Pointers in map values that hold kernel objects. */
    #define __kptr __attribute__((btf_type_tag("kptr")))
    #define __kptr_untrusted __attribute__((btf_type_tag("kptr_untrusted")))
    #define __percpu_kptr __attribute__((btf_type_tag("percpu_kptr")))
    #define __uptr __attribute__((btf_type_tag("uptr")))

    /* What a global function asks of its arguments. */
    #define __arg_ctx __attribute__((btf_decl_tag("arg:ctx")))
    #define __arg_nonnull __attribute__((btf_decl_tag("arg:nonnull")))
    #define __arg_nullable __attribute__((btf_decl_tag("arg:nullable")))
    #define __arg_trusted __attribute__((btf_decl_tag("arg:trusted")))
    #define __arg_untrusted __attribute__((btf_decl_tag("arg:untrusted")))
    #define __arg_arena __attribute__((btf_decl_tag("arg:arena")))

    #ifndef NULL
    #define NULL ((void *)0)
    #endif
    #undef offsetof
    #define offsetof(type, member) ((unsigned long)&((type *)0)->member)
    #undef container_of
    #define container_of(ptr, type, member)                                                                            \
      ({                                                                                                               \
        void *___inner = (void *)(ptr);                                                                                \
        (type *)(___inner - offsetof(type, member));                                                                   \
      })
    #ifndef KERNEL_VERSION
    #define KERNEL_VERSION(a, b, c) (((a) << 16) + ((b) << 8) + ((c) > 255 ? 255 : (c)))
    #endif

    /* The compiler may not move memory accesses across the first, nor know a variable's value after the second. */
    #ifndef barrier
    #define barrier() asm volatile("" ::: "memory")
    #endif
    #ifndef barrier_var
    #define barrier_var(var) asm volatile("" : "+r"(var))
    #endif
    #ifndef __bpf_unreachable
    #define __bpf_unreachable() __builtin_trap()
    #endif
    #ifndef likely
    #define likely(x) __builtin_expect(!!(x), 1)
    #endif
    #ifndef unlikely
    #define unlikely(x) __builtin_expect(!!(x), 0)
    #endif

    enum libbpf_pin_type { LIBBPF_PIN_NONE, LIBBPF_PIN_BY_NAME };
    enum libbpf_tristate { TRI_NO, TRI_YES, TRI_MODULE };

    /* The type of an expression without `const`, so that a variable of it can be filled in. */
    #if __clang_major__ >= 19
    #define ___bpf_typeof(x) __typeof_unqual__(x)
    #else
    #define ___bpf_typeof(x) typeof(x)
    #endif

    /* Whether a weak kernel symbol was found. */
    #define bpf_ksym_exists(sym)                                                                                       \
      ({                                                                                                               \
        _Static_assert(!__builtin_constant_p(!!(sym)), #sym " has to be declared __weak");                             \
        !!(sym);                                                                                                       \
      })

    /* Jumps to the program in a slot that is known when compiling, so that no indirect jump is needed. */
    static __always_inline void bpf_tail_call_static(void *ctx, const void *map, const __u32 slot) {
      if (!__builtin_constant_p(slot)) __bpf_unreachable();
      asm volatile("r1 = %[ctx]\n\tr2 = %[map]\n\tr3 = %[slot]\n\tcall 12"
                   :
                   : [ctx] "r"(ctx), [map] "r"(map), [slot] "i"(slot)
                   : "r0", "r1", "r2", "r3", "r4", "r5");
    }

    /* Counting the arguments of a macro and gluing names. */
    #ifndef ___bpf_concat
    #define ___bpf_concat(a, b) a##b
    #endif
    #ifndef ___bpf_apply
    #define ___bpf_apply(fn, n) ___bpf_concat(fn, n)
    #endif
    #ifndef ___bpf_nth
    #define ___bpf_nth(_, _1, _2, _3, _4, _5, _6, _7, _8, _9, _a, _b, _c, N, ...) N
    #endif
    #ifndef ___bpf_narg
    #define ___bpf_narg(...) ___bpf_nth(_, ##__VA_ARGS__, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)
    #endif

    /*
     * Stores the arguments of a macro as 64-bit integers. One by one: an initializer of constants would become a
     * template in .rodata, in which a loader does not fill in the addresses of strings.
     */
    #define ___bpf_store0(words, n)
    #define ___bpf_store1(words, n, x) words[n] = (unsigned long long)(x);
    #define ___bpf_store2(words, n, x, rest...)                                                                        \
      words[n] = (unsigned long long)(x);                                                                              \
      ___bpf_store1(words, n + 1, rest)
    #define ___bpf_store3(words, n, x, rest...)                                                                        \
      words[n] = (unsigned long long)(x);                                                                              \
      ___bpf_store2(words, n + 1, rest)
    #define ___bpf_store4(words, n, x, rest...)                                                                        \
      words[n] = (unsigned long long)(x);                                                                              \
      ___bpf_store3(words, n + 1, rest)
    #define ___bpf_store5(words, n, x, rest...)                                                                        \
      words[n] = (unsigned long long)(x);                                                                              \
      ___bpf_store4(words, n + 1, rest)
    #define ___bpf_store6(words, n, x, rest...)                                                                        \
      words[n] = (unsigned long long)(x);                                                                              \
      ___bpf_store5(words, n + 1, rest)
    #define ___bpf_store7(words, n, x, rest...)                                                                        \
      words[n] = (unsigned long long)(x);                                                                              \
      ___bpf_store6(words, n + 1, rest)
    #define ___bpf_store8(words, n, x, rest...)                                                                        \
      words[n] = (unsigned long long)(x);                                                                              \
      ___bpf_store7(words, n + 1, rest)
    #define ___bpf_store9(words, n, x, rest...)                                                                        \
      words[n] = (unsigned long long)(x);                                                                              \
      ___bpf_store8(words, n + 1, rest)
    #define ___bpf_store10(words, n, x, rest...)                                                                       \
      words[n] = (unsigned long long)(x);                                                                              \
      ___bpf_store9(words, n + 1, rest)
    #define ___bpf_store11(words, n, x, rest...)                                                                       \
      words[n] = (unsigned long long)(x);                                                                              \
      ___bpf_store10(words, n + 1, rest)
    #define ___bpf_store12(words, n, x, rest...)                                                                       \
      words[n] = (unsigned long long)(x);                                                                              \
      ___bpf_store11(words, n + 1, rest)
    #define ___bpf_store(words, args...) ___bpf_apply(___bpf_store, ___bpf_narg(args))(words, 0, ##args)

    /* Makes a call in which `___format` is the format, and `___words` of `___words_size` bytes its values. */
    #define ___bpf_with_words(call, fmt, args...)                                                                      \
      ({                                                                                                               \
        static const char ___format[] = fmt;                                                                           \
        unsigned long long ___words[___bpf_narg(args) ?: 1];                                                           \
        const __u32 ___words_size = ___bpf_narg(args) * 8;                                                             \
        ___bpf_store(___words, ##args)                                                                                 \
        call;                                                                                                          \
      })

    #define BPF_SEQ_PRINTF(seq, fmt, args...)                                                                          \
      ___bpf_with_words(bpf_seq_printf(seq, ___format, sizeof(___format), ___words, ___words_size), fmt, ##args)
    #define BPF_SNPRINTF(out, out_size, fmt, args...)                                                                  \
      ___bpf_with_words(bpf_snprintf(out, out_size, ___format, ___words, ___words_size), fmt, ##args)

    /* Up to three values go as arguments, more as an array. */
    #define __bpf_printk(fmt, args...)                                                                                 \
      ({                                                                                                               \
        static const char ___format[] = fmt;                                                                           \
        bpf_trace_printk(___format, sizeof(___format), ##args);                                                        \
      })
    #define __bpf_vprintk(fmt, args...)                                                                                \
      ___bpf_with_words(bpf_trace_vprintk(___format, sizeof(___format), ___words, ___words_size), fmt, ##args)
    #define ___bpf_pick_printk(...)                                                                                    \
      ___bpf_nth(_, ##__VA_ARGS__, __bpf_vprintk, __bpf_vprintk, __bpf_vprintk, __bpf_vprintk, __bpf_vprintk,          \
                 __bpf_vprintk, __bpf_vprintk, __bpf_vprintk, __bpf_vprintk, __bpf_printk, __bpf_printk, __bpf_printk, \
                 __bpf_printk)
    #define bpf_printk(fmt, args...) ___bpf_pick_printk(args)(fmt, ##args)

    /* Prints to a stream of the program: BPF_STDOUT or BPF_STDERR. */
    extern int bpf_stream_vprintk_impl(int stream_id, const char *fmt__str, const void *args, __u32 len__sz,
                                       void *aux__prog) __weak __ksym;
    #define bpf_stream_printk(stream_id, fmt, args...)                                                                 \
      ___bpf_with_words(bpf_stream_vprintk_impl(stream_id, ___format, ___words, ___words_size, (void *)0), fmt, ##args)

    /* Loops whose number of turns the verifier need not know. */
    struct bpf_iter_num;
    extern int bpf_iter_num_new(struct bpf_iter_num *it, int start, int end) __weak __ksym;
    extern int *bpf_iter_num_next(struct bpf_iter_num *it) __weak __ksym;
    extern void bpf_iter_num_destroy(struct bpf_iter_num *it) __weak __ksym;

    /*
     * The destructor is named in an expression as well, since the compiler describes no function that only `cleanup`
     * uses.
     */
    #define bpf_for_each(type, cur, args...)                                                                           \
      for (struct bpf_iter_##type ___it __attribute__((aligned(8), cleanup(bpf_iter_##type##_destroy))),               \
           *___begun __attribute__((unused)) =                                                                         \
               (bpf_iter_##type##_new(&___it, ##args), (void)bpf_iter_##type##_destroy, (void *)0);                    \
           (((cur) = bpf_iter_##type##_next(&___it)));)

    #define bpf_for(i, start, end)                                                                                     \
      for (struct bpf_iter_num ___it __attribute__((aligned(8), cleanup(bpf_iter_num_destroy))),                       \
           *___begun __attribute__((unused)) =                                                                         \
               (bpf_iter_num_new(&___it, (start), (end)), (void)bpf_iter_num_destroy, (void *)0);                      \
           ({                                                                                                          \
             int *___next = bpf_iter_num_next(&___it);                                                                 \
             (___next && ((i) = *___next, (i) >= (start) && (i) < (end)));                                             \
           });)

    #define bpf_repeat(count)                                                                                          \
      for (struct bpf_iter_num ___it __attribute__((aligned(8), cleanup(bpf_iter_num_destroy))),                       \
           *___begun __attribute__((unused)) =                                                                         \
               (bpf_iter_num_new(&___it, 0, (count)), (void)bpf_iter_num_destroy, (void *)0);                          \
           bpf_iter_num_next(&___it);)

    #endif
    """#
}
