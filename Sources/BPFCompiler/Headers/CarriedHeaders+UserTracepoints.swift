extension CarriedHeaders {
  /// `<bpf/usdt.bpf.h>`: places that programs mark, and the values that they tell there.
  static let userTracepoints = #"""
    /*
     * Places that programs and libraries mark (USDT). Where a value is differs from place to place, so whoever attaches
     * the program writes a record of each place into a map, and gives the probe the number of the record as its cookie.
     */
    #ifndef __USDT_BPF_H__
    #define __USDT_BPF_H__

    #include <bpf/bpf_helpers.h>
    #include <bpf/bpf_tracing.h>
    #include <errno.h>

    /* How many different places one object can be attached to. */
    #ifndef BPF_USDT_MAX_SPEC_CNT
    #define BPF_USDT_MAX_SPEC_CNT 256
    #endif
    #define BPF_USDT_MAX_ARG_CNT 12

    enum __bpf_usdt_arg_type {
      BPF_USDT_ARG_CONST = 0,
      BPF_USDT_ARG_REG = 1,
      BPF_USDT_ARG_REG_DEREF = 2,
    };

    struct __bpf_usdt_arg_spec {
      __u64 val_off;
      enum __bpf_usdt_arg_type arg_type;
      short reg_off;
      _Bool arg_signed;
      char arg_bitshift;
    };

    struct __bpf_usdt_spec {
      struct __bpf_usdt_arg_spec args[BPF_USDT_MAX_ARG_CNT];
      __u64 usdt_cookie;
      short arg_cnt;
    };

    struct {
      __uint(type, BPF_MAP_TYPE_ARRAY);
      __uint(max_entries, BPF_USDT_MAX_SPEC_CNT);
      __type(key, int);
      __type(value, struct __bpf_usdt_spec);
    } __bpf_usdt_specs SEC(".maps") __weak;

    static __always_inline struct __bpf_usdt_spec *___bpf_usdt_record(struct pt_regs *ctx) {
      int number = bpf_get_attach_cookie(ctx);
      return bpf_map_lookup_elem(&__bpf_usdt_specs, &number);
    }

    /* How many values the place tells, or a negative error number. */
    __weak __hidden int bpf_usdt_arg_cnt(struct pt_regs *ctx) {
      struct __bpf_usdt_spec *record = ___bpf_usdt_record(ctx);
      return record ? record->arg_cnt : -ESRCH;
    }

    /* One of the values, counted from 0. Gives 0, or a negative error number; the value is 0 then. */
    __weak __hidden int bpf_usdt_arg(struct pt_regs *ctx, __u64 arg_num, long *res) {
      struct __bpf_usdt_spec *record = ___bpf_usdt_record(ctx);
      struct __bpf_usdt_arg_spec *from;
      unsigned long value = 0;
      int error = 0;

      *res = 0;
      if (!record)
        return -ESRCH;
      if (arg_num >= BPF_USDT_MAX_ARG_CNT)
        return -ENOENT;
      barrier_var(arg_num);
      if (arg_num >= record->arg_cnt)
        return -ENOENT;
      from = &record->args[arg_num];
      if (from->arg_type == BPF_USDT_ARG_CONST) {
        value = from->val_off;
      } else if (from->arg_type == BPF_USDT_ARG_REG || from->arg_type == BPF_USDT_ARG_REG_DEREF) {
        error = bpf_probe_read_kernel(&value, sizeof(value), (void *)ctx + from->reg_off);
        if (!error && from->arg_type == BPF_USDT_ARG_REG_DEREF)
          error = bpf_probe_read_user(&value, sizeof(value), (void *)(value + from->val_off));
      } else {
        error = -EINVAL;
      }
      if (error)
        return error;
      /* Bits beyond the value's own go, and its sign goes into their place. */
      value <<= from->arg_bitshift;
      *res = from->arg_signed ? (long)value >> from->arg_bitshift : value >> from->arg_bitshift;
      return 0;
    }

    /* What whoever has attached the program has given it. */
    __weak __hidden long bpf_usdt_cookie(struct pt_regs *ctx) {
      struct __bpf_usdt_spec *record = ___bpf_usdt_record(ctx);
      return record ? record->usdt_cookie : 0;
    }

    /* BPF_USDT: the values as arguments; one that cannot be had is 0. */
    #define ___bpf_from_usdt(n)                                                                                        \
      ({                                                                                                               \
        long ___value;                                                                                                 \
        bpf_usdt_arg(ctx, n, &___value);                                                                               \
        (void *)___value;                                                                                              \
      })
    #define BPF_USDT(name, args...)                                                                                    \
      ___bpf_program(name, struct pt_regs *ctx, ___bpf_pass(___bpf_from_usdt, args), ##args)

    #endif
    """#
}
