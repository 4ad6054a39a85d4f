extension KernelDeclarations {
  /// The kernel functions that programs may call, and variables of each CPU.
  static let functions = #"""
     // Deferred work. Linux 6.18 has the names with `_impl` and five arguments, 7.0 those with four; both are here.
     __bpf_kfunc int bpf_task_work_schedule_signal_impl(struct task_struct *task, struct bpf_task_work *tw,
                                                        void *map__map, bpf_task_work_callback_t callback,
                                                        void *aux__prog);
     __bpf_kfunc int bpf_task_work_schedule_resume_impl(struct task_struct *task, struct bpf_task_work *tw,
                                                        void *map__map, bpf_task_work_callback_t callback,
                                                        void *aux__prog);
     __bpf_kfunc int bpf_task_work_schedule_signal(struct task_struct *task, struct bpf_task_work *tw,
                                                   void *map__map, bpf_task_work_callback_t callback);
     __bpf_kfunc int bpf_task_work_schedule_resume(struct task_struct *task, struct bpf_task_work *tw,
                                                   void *map__map, bpf_task_work_callback_t callback);

     // Strings in user memory, with faults.
     __bpf_kfunc int bpf_copy_from_user_str(void *dst, u32 dst__sz, const void *unsafe_ptr__ign, u64 flags);
     __bpf_kfunc int bpf_copy_from_user_task_str(void *dst, u32 dst__sz, const void *unsafe_ptr__ign,
                                                 struct task_struct *tsk, u64 flags);

     // Tasks.
     __bpf_kfunc struct task_struct *bpf_task_acquire(struct task_struct *p);
     __bpf_kfunc void bpf_task_release(struct task_struct *p);
     __bpf_kfunc struct task_struct *bpf_task_from_pid(s32 pid);

     // Sections that other code must not interrupt.
     __bpf_kfunc void bpf_rcu_read_lock(void);
     __bpf_kfunc void bpf_rcu_read_unlock(void);
     __bpf_kfunc void bpf_preempt_disable(void);
     __bpf_kfunc void bpf_preempt_enable(void);
     __bpf_kfunc void bpf_local_irq_save(unsigned long *flags__irq_flag);
     __bpf_kfunc void bpf_local_irq_restore(unsigned long *flags__irq_flag);

     // Open-coded iterators.
     __bpf_kfunc int bpf_iter_num_new(struct bpf_iter_num *it, int start, int end);
     __bpf_kfunc int *bpf_iter_num_next(struct bpf_iter_num *it);
     __bpf_kfunc void bpf_iter_num_destroy(struct bpf_iter_num *it);
     __bpf_kfunc int bpf_iter_bits_new(struct bpf_iter_bits *it, const u64 *unsafe_ptr__ign, u32 nr_words);
     __bpf_kfunc int *bpf_iter_bits_next(struct bpf_iter_bits *it);
     __bpf_kfunc void bpf_iter_bits_destroy(struct bpf_iter_bits *it);

     // Variables of which each CPU has its own, for bpf_per_cpu_ptr() and bpf_this_cpu_ptr().
     struct rq runqueues __attribute__((section(".data..percpu")));
     int bpf_prog_active __attribute__((section(".data..percpu")));
    """#
}
