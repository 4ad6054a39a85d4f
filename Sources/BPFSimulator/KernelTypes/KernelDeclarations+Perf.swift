extension KernelDeclarations {
  /// Events and samples inside the kernel.
  static let perf = #"""
    enum perf_event_state {
      PERF_EVENT_STATE_DEAD = -5, PERF_EVENT_STATE_REVOKED, PERF_EVENT_STATE_EXIT, PERF_EVENT_STATE_ERROR,
      PERF_EVENT_STATE_OFF, PERF_EVENT_STATE_INACTIVE, PERF_EVENT_STATE_ACTIVE,
    };
    struct perf_raw_frag { void *data; u32 size; } __attribute__((packed));
    struct perf_raw_record { u32 size; };
    struct perf_callchain_entry { u64 nr; u64 ip[0]; };
    struct perf_event {
      int nr_siblings;
      struct perf_event *group_leader;
      struct pmu *pmu;
      enum perf_event_state state;
      unsigned int attach_state;
      local64_t count;
      u64 total_time_enabled;
      u64 total_time_running;
      u64 tstamp;
      struct perf_event_attr attr;
      u16 header_size;
      u16 id_header_size;
      u16 read_size;
      struct perf_event *parent;
      int oncpu;
      int cpu;
      struct task_struct *owner;
      unsigned int pending_disable;
      struct pid_namespace *ns;
      u64 id;
      atomic64_t lost_samples;
      u64 (*clock)(void);
      struct bpf_prog *prog;
      u64 bpf_cookie;
    };
    struct perf_sample_data {
      u64 sample_flags;
      u64 period;
      u64 dyn_size;
      u64 type;
      struct {
        u32 pid;
        u32 tid;
      } tid_entry;
      u64 time;
      u64 id;
      struct {
        u32 cpu;
        u32 reserved;
      } cpu_entry;
      u64 ip;
      struct perf_callchain_entry *callchain;
      struct perf_raw_record *raw;
      struct perf_branch_stack *br_stack;
      u64 stack_user_size;
      u64 stream_id;
      u64 cgroup;
      u64 addr;
      u64 phys_addr;
      u64 data_page_size;
      u64 code_page_size;
    };
    """#
}
