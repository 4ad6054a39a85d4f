extension KernelDeclarations {
  /// Events as user space asks for them: types, counters, what a sample holds.
  static let perfInterface = #"""
    enum perf_type_id {
      PERF_TYPE_HARDWARE, PERF_TYPE_SOFTWARE, PERF_TYPE_TRACEPOINT, PERF_TYPE_HW_CACHE, PERF_TYPE_RAW,
      PERF_TYPE_BREAKPOINT, PERF_TYPE_MAX,
    };
    enum perf_hw_id {
      PERF_COUNT_HW_CPU_CYCLES, PERF_COUNT_HW_INSTRUCTIONS, PERF_COUNT_HW_CACHE_REFERENCES,
      PERF_COUNT_HW_CACHE_MISSES, PERF_COUNT_HW_BRANCH_INSTRUCTIONS, PERF_COUNT_HW_BRANCH_MISSES,
      PERF_COUNT_HW_BUS_CYCLES, PERF_COUNT_HW_STALLED_CYCLES_FRONTEND, PERF_COUNT_HW_STALLED_CYCLES_BACKEND,
      PERF_COUNT_HW_REF_CPU_CYCLES, PERF_COUNT_HW_MAX,
    };
    enum perf_sw_ids {
      PERF_COUNT_SW_CPU_CLOCK, PERF_COUNT_SW_TASK_CLOCK, PERF_COUNT_SW_PAGE_FAULTS, PERF_COUNT_SW_CONTEXT_SWITCHES,
      PERF_COUNT_SW_CPU_MIGRATIONS, PERF_COUNT_SW_PAGE_FAULTS_MIN, PERF_COUNT_SW_PAGE_FAULTS_MAJ,
      PERF_COUNT_SW_ALIGNMENT_FAULTS, PERF_COUNT_SW_EMULATION_FAULTS, PERF_COUNT_SW_DUMMY, PERF_COUNT_SW_BPF_OUTPUT,
      PERF_COUNT_SW_CGROUP_SWITCHES, PERF_COUNT_SW_MAX,
    };
    enum perf_event_sample_format {
      PERF_SAMPLE_IP = 1 << 0, PERF_SAMPLE_TID = 1 << 1, PERF_SAMPLE_TIME = 1 << 2, PERF_SAMPLE_ADDR = 1 << 3,
      PERF_SAMPLE_READ = 1 << 4, PERF_SAMPLE_CALLCHAIN = 1 << 5, PERF_SAMPLE_ID = 1 << 6, PERF_SAMPLE_CPU = 1 << 7,
      PERF_SAMPLE_PERIOD = 1 << 8, PERF_SAMPLE_STREAM_ID = 1 << 9, PERF_SAMPLE_RAW = 1 << 10,
      PERF_SAMPLE_BRANCH_STACK = 1 << 11, PERF_SAMPLE_REGS_USER = 1 << 12, PERF_SAMPLE_STACK_USER = 1 << 13,
      PERF_SAMPLE_WEIGHT = 1 << 14, PERF_SAMPLE_DATA_SRC = 1 << 15, PERF_SAMPLE_IDENTIFIER = 1 << 16,
      PERF_SAMPLE_TRANSACTION = 1 << 17, PERF_SAMPLE_REGS_INTR = 1 << 18, PERF_SAMPLE_PHYS_ADDR = 1 << 19,
      PERF_SAMPLE_AUX = 1 << 20, PERF_SAMPLE_CGROUP = 1 << 21, PERF_SAMPLE_DATA_PAGE_SIZE = 1 << 22,
      PERF_SAMPLE_CODE_PAGE_SIZE = 1 << 23, PERF_SAMPLE_WEIGHT_STRUCT = 1 << 24, PERF_SAMPLE_MAX = 1 << 25,
    };
    enum perf_branch_sample_type {
      PERF_SAMPLE_BRANCH_USER = 1 << 0, PERF_SAMPLE_BRANCH_KERNEL = 1 << 1, PERF_SAMPLE_BRANCH_HV = 1 << 2,
      PERF_SAMPLE_BRANCH_ANY = 1 << 3, PERF_SAMPLE_BRANCH_ANY_CALL = 1 << 4, PERF_SAMPLE_BRANCH_ANY_RETURN = 1 << 5,
      PERF_SAMPLE_BRANCH_IND_CALL = 1 << 6, PERF_SAMPLE_BRANCH_ABORT_TX = 1 << 7, PERF_SAMPLE_BRANCH_IN_TX = 1 << 8,
      PERF_SAMPLE_BRANCH_NO_TX = 1 << 9, PERF_SAMPLE_BRANCH_COND = 1 << 10, PERF_SAMPLE_BRANCH_CALL_STACK = 1 << 11,
      PERF_SAMPLE_BRANCH_IND_JUMP = 1 << 12, PERF_SAMPLE_BRANCH_CALL = 1 << 13,
      PERF_SAMPLE_BRANCH_NO_FLAGS = 1 << 14, PERF_SAMPLE_BRANCH_NO_CYCLES = 1 << 15,
      PERF_SAMPLE_BRANCH_TYPE_SAVE = 1 << 16, PERF_SAMPLE_BRANCH_HW_INDEX = 1 << 17,
      PERF_SAMPLE_BRANCH_PRIV_SAVE = 1 << 18, PERF_SAMPLE_BRANCH_COUNTERS = 1 << 19,
      PERF_SAMPLE_BRANCH_MAX = 1 << 20,
    };
    struct perf_event_attr {
      __u32 type;
      __u32 size;
      __u64 config;
      union {
        __u64 sample_period;
        __u64 sample_freq;
      };
      __u64 sample_type;
      __u64 read_format;
      __u64 disabled:1;
      __u64 inherit:1;
      __u64 pinned:1;
      __u64 exclusive:1;
      __u64 exclude_user:1;
      __u64 exclude_kernel:1;
      __u64 exclude_hv:1;
      __u64 exclude_idle:1;
      __u64 mmap:1;
      __u64 comm:1;
      __u64 freq:1;
      __u64 inherit_stat:1;
      __u64 enable_on_exec:1;
      __u64 task:1;
      __u64 watermark:1;
      __u64 precise_ip:2;
      __u64 mmap_data:1;
      __u64 sample_id_all:1;
      __u64 exclude_host:1;
      __u64 exclude_guest:1;
      __u64 exclude_callchain_kernel:1;
      __u64 exclude_callchain_user:1;
      __u64 mmap2:1;
      __u64 comm_exec:1;
      __u64 use_clockid:1;
      __u64 context_switch:1;
      __u64 write_backward:1;
      __u64 namespaces:1;
      __u64 ksymbol:1;
      __u64 bpf_event:1;
      __u64 aux_output:1;
      __u64 cgroup:1;
      __u64 text_poke:1;
      __u64 build_id:1;
      __u64 inherit_thread:1;
      __u64 remove_on_exec:1;
      __u64 sigtrap:1;
      __u64 __reserved_1:26;
      union {
        __u32 wakeup_events;
        __u32 wakeup_watermark;
      };
      __u32 bp_type;
      union {
        __u64 bp_addr;
        __u64 kprobe_func;
        __u64 uprobe_path;
        __u64 config1;
      };
      union {
        __u64 bp_len;
        __u64 kprobe_addr;
        __u64 probe_offset;
        __u64 config2;
      };
      __u64 branch_sample_type;
      __u64 sample_regs_user;
      __u32 sample_stack_user;
      __s32 clockid;
      __u64 sample_regs_intr;
      __u32 aux_watermark;
      __u16 sample_max_stack;
      __u16 __reserved_2;
      __u32 aux_sample_size;
      union {
        __u32 aux_action;
        struct {
          __u32 aux_start_paused:1;
          __u32 aux_pause:1;
          __u32 aux_resume:1;
          __u32 __reserved_3:29;
        };
      };
      __u64 sig_data;
      __u64 config3;
    };
    struct perf_branch_entry {
      __u64 from;
      __u64 to;
      __u64 mispred:1;
      __u64 predicted:1;
      __u64 in_tx:1;
      __u64 abort:1;
      __u64 cycles:16;
      __u64 type:4;
      __u64 spec:2;
      __u64 new_type:4;
      __u64 priv:3;
      __u64 reserved:31;
    };
    """#
}
