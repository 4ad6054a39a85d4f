extension KernelDeclarations {
  /// The records that tracepoint programs get, without what follows them.
  static let tracepoints = #"""
    struct trace_entry {
      unsigned short type;
      unsigned char flags;
      unsigned char preempt_count;
      int pid;
    };
    struct trace_event_raw_sys_enter {
      struct trace_entry ent;
      long id;
      unsigned long args[6];
      char __data[0];
    };
    struct trace_event_raw_sys_exit {
      struct trace_entry ent;
      long id;
      long ret;
      char __data[0];
    };
    struct syscall_trace_enter { struct trace_entry ent; int nr; unsigned long args[0]; };
    struct syscall_trace_exit { struct trace_entry ent; int nr; long ret; };
    struct trace_event_raw_sched_switch {
      struct trace_entry ent;
      char prev_comm[16];
      pid_t prev_pid;
      int prev_prio;
      long prev_state;
      char next_comm[16];
      pid_t next_pid;
      int next_prio;
      char __data[0];
    };
    struct trace_event_raw_sched_wakeup_template {
      struct trace_entry ent;
      char comm[16];
      pid_t pid;
      int prio;
      int target_cpu;
      char __data[0];
    };
    struct trace_event_raw_sched_migrate_task {
      struct trace_entry ent;
      u32 __data_loc_comm;
      pid_t pid;
      int prio;
      int orig_cpu;
      int dest_cpu;
      char __data[0];
    };
    struct trace_event_raw_sched_process_template {
      struct trace_entry ent;
      u32 __data_loc_comm;
      pid_t pid;
      int prio;
      char __data[0];
    };
    struct trace_event_raw_sched_process_exit {
      struct trace_entry ent;
      char comm[16];
      pid_t pid;
      int prio;
      bool group_dead;
      char __data[0];
    };
    struct trace_event_raw_sched_process_wait {
      struct trace_entry ent;
      u32 __data_loc_comm;
      pid_t pid;
      int prio;
      char __data[0];
    };
    struct trace_event_raw_sched_process_fork {
      struct trace_entry ent;
      u32 __data_loc_parent_comm;
      pid_t parent_pid;
      u32 __data_loc_child_comm;
      pid_t child_pid;
      char __data[0];
    };
    struct trace_event_raw_sched_process_exec {
      struct trace_entry ent;
      u32 __data_loc_filename;
      pid_t pid;
      pid_t old_pid;
      char __data[0];
    };
    struct trace_event_raw_sched_prepare_exec {
      struct trace_entry ent;
      u32 __data_loc_interp;
      u32 __data_loc_filename;
      pid_t pid;
      u32 __data_loc_comm;
      char __data[0];
    };
    struct trace_event_raw_sched_stat_runtime {
      struct trace_entry ent;
      u32 __data_loc_comm;
      pid_t pid;
      u64 runtime;
      char __data[0];
    };
    struct trace_event_raw_task_newtask {
      struct trace_entry ent;
      pid_t pid;
      char comm[16];
      u64 clone_flags;
      short oom_score_adj;
      char __data[0];
    };
    struct trace_event_raw_task_rename {
      struct trace_entry ent;
      pid_t pid;
      char oldcomm[16];
      char newcomm[16];
      short oom_score_adj;
      char __data[0];
    };
    struct trace_event_raw_signal_generate {
      struct trace_entry ent;
      int sig;
      int errno;
      int code;
      char comm[16];
      pid_t pid;
      int group;
      int result;
      char __data[0];
    };
    struct trace_event_raw_signal_deliver {
      struct trace_entry ent;
      int sig;
      int errno;
      int code;
      unsigned long sa_handler;
      unsigned long sa_flags;
      char __data[0];
    };
    struct trace_event_raw_exceptions {
      struct trace_entry ent;
      unsigned long address;
      unsigned long ip;
      unsigned long error_code;
      char __data[0];
    };
    struct trace_event_raw_softirq { struct trace_entry ent; unsigned int vec; char __data[0]; };
    struct trace_event_raw_irq_handler_entry {
      struct trace_entry ent;
      int irq;
      u32 __data_loc_name;
      char __data[0];
    };
    struct trace_event_raw_irq_handler_exit {
      struct trace_entry ent;
      int irq;
      int ret;
      char __data[0];
    };
    struct trace_event_raw_timer_start {
      struct trace_entry ent;
      void *timer;
      void *function;
      unsigned long expires;
      unsigned long bucket_expiry;
      unsigned long now;
      unsigned int flags;
      char __data[0];
    };
    enum hrtimer_mode {
      HRTIMER_MODE_ABS, HRTIMER_MODE_REL, HRTIMER_MODE_PINNED, HRTIMER_MODE_SOFT = 4, HRTIMER_MODE_HARD = 8,
      HRTIMER_MODE_ABS_PINNED = 2, HRTIMER_MODE_REL_PINNED, HRTIMER_MODE_ABS_SOFT, HRTIMER_MODE_REL_SOFT,
      HRTIMER_MODE_ABS_PINNED_SOFT, HRTIMER_MODE_REL_PINNED_SOFT, HRTIMER_MODE_ABS_HARD, HRTIMER_MODE_REL_HARD,
      HRTIMER_MODE_ABS_PINNED_HARD, HRTIMER_MODE_REL_PINNED_HARD,
    };
    struct trace_event_raw_hrtimer_start {
      struct trace_entry ent;
      void *hrtimer;
      void *function;
      s64 expires;
      s64 softexpires;
      enum hrtimer_mode mode;
      bool was_armed;
      char __data[0];
    };
    struct trace_event_raw_bpf_trace_printk {
      struct trace_entry ent;
      u32 __data_loc_bpf_string;
      char __data[0];
    };

    // What typed tracepoint programs get as arguments, behind one that is the kernel's own.
    typedef void (*btf_trace_sys_enter)(void *, struct pt_regs *, long);
    typedef void (*btf_trace_sys_exit)(void *, struct pt_regs *, long);
    typedef void (*btf_trace_sched_waking)(void *, struct task_struct *);
    typedef void (*btf_trace_sched_wakeup)(void *, struct task_struct *);
    typedef void (*btf_trace_sched_wakeup_new)(void *, struct task_struct *);
    typedef void (*btf_trace_sched_migrate_task)(void *, struct task_struct *, int);
    typedef void (*btf_trace_sched_switch)(void *, bool, struct task_struct *, struct task_struct *, unsigned int);
    typedef void (*btf_trace_sched_process_fork)(void *, struct task_struct *, struct task_struct *);
    typedef void (*btf_trace_sched_process_exec)(void *, struct task_struct *, pid_t, struct linux_binprm *);
    typedef void (*btf_trace_sched_prepare_exec)(void *, struct task_struct *, struct linux_binprm *);
    typedef void (*btf_trace_sched_process_exit)(void *, struct task_struct *, bool);
    typedef void (*btf_trace_sched_process_free)(void *, struct task_struct *);
    """#
}
