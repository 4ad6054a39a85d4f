extension KernelDeclarations {
  /// Registers of x86-64 and the context of a sampling program.
  static let registers = #"""
    struct fred_cs { u64 cs:16; u64 sl:2; u64 wfe:1; };
    struct fred_ss {
      u64 ss:16;
      u64 sti:1;
      u64 swevent:1;
      u64 nmi:1;
      int :13;
      u64 vector:8;
      short:8;
      u64 type:4;
      char:4;
      u64 enclave:1;
      u64 lm:1;
      u64 nested:1;
      char:1;
      u64 insnlen:4;
    };
    struct pt_regs {
      unsigned long r15;
      unsigned long r14;
      unsigned long r13;
      unsigned long r12;
      unsigned long bp;
      unsigned long bx;
      unsigned long r11;
      unsigned long r10;
      unsigned long r9;
      unsigned long r8;
      unsigned long ax;
      unsigned long cx;
      unsigned long dx;
      unsigned long si;
      unsigned long di;
      unsigned long orig_ax;
      unsigned long ip;
      union {
        u16 cs;
        u64 csx;
        struct fred_cs fred_cs;
      };
      unsigned long flags;
      unsigned long sp;
      union {
        u16 ss;
        u64 ssx;
        struct fred_ss fred_ss;
      };
    };
    typedef struct pt_regs bpf_user_pt_regs_t;
    struct bpf_perf_event_data { bpf_user_pt_regs_t regs; __u64 sample_period; __u64 addr; };
     struct bpf_perf_event_data_kern {
       bpf_user_pt_regs_t *regs;
       struct perf_sample_data *data;
       struct perf_event *event;
     };
    """#
}
