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
     __bpf_kfunc struct task_struct *bpf_task_from_vpid(s32 vpid);
     __bpf_kfunc int bpf_iter_task_new(struct bpf_iter_task *it, struct task_struct *task__nullable,
                                       unsigned int flags);
     __bpf_kfunc struct task_struct *bpf_iter_task_next(struct bpf_iter_task *it);
     __bpf_kfunc void bpf_iter_task_destroy(struct bpf_iter_task *it);

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

     // Dynptrs.
     __bpf_kfunc int bpf_dynptr_adjust(const struct bpf_dynptr *p, u32 start, u32 end);
     __bpf_kfunc bool bpf_dynptr_is_null(const struct bpf_dynptr *p);
     __bpf_kfunc bool bpf_dynptr_is_rdonly(const struct bpf_dynptr *p);
     __bpf_kfunc __u32 bpf_dynptr_size(const struct bpf_dynptr *p);
     __bpf_kfunc int bpf_dynptr_clone(const struct bpf_dynptr *p, struct bpf_dynptr *clone__uninit);
     __bpf_kfunc void *bpf_dynptr_slice(const struct bpf_dynptr *p, u32 offset, void *buffer__opt, u32 buffer__szk);
     __bpf_kfunc void *bpf_dynptr_slice_rdwr(const struct bpf_dynptr *p, u32 offset, void *buffer__opt,
                                             u32 buffer__szk);
     __bpf_kfunc int bpf_dynptr_copy(struct bpf_dynptr *dst_ptr, u32 dst_off, struct bpf_dynptr *src_ptr,
                                     u32 src_off, u32 size);
     __bpf_kfunc int bpf_dynptr_memset(struct bpf_dynptr *p, u32 offset, u32 size, u8 val);
     __bpf_kfunc int bpf_probe_read_user_dynptr(struct bpf_dynptr *dptr, u32 off, u32 size,
                                                const void *unsafe_ptr__ign);
     __bpf_kfunc int bpf_probe_read_kernel_dynptr(struct bpf_dynptr *dptr, u32 off, u32 size,
                                                  const void *unsafe_ptr__ign);
     __bpf_kfunc int bpf_probe_read_user_str_dynptr(struct bpf_dynptr *dptr, u32 off, u32 size,
                                                    const void *unsafe_ptr__ign);
     __bpf_kfunc int bpf_probe_read_kernel_str_dynptr(struct bpf_dynptr *dptr, u32 off, u32 size,
                                                      const void *unsafe_ptr__ign);
     __bpf_kfunc int bpf_copy_from_user_dynptr(struct bpf_dynptr *dptr, u32 off, u32 size,
                                               const void *unsafe_ptr__ign);
     __bpf_kfunc int bpf_copy_from_user_task_dynptr(struct bpf_dynptr *dptr, u32 off, u32 size,
                                                    const void *unsafe_ptr__ign, struct task_struct *tsk);
     __bpf_kfunc int bpf_dynptr_from_skb(struct __sk_buff *s, u64 flags, struct bpf_dynptr *ptr__uninit);
     __bpf_kfunc int bpf_dynptr_from_xdp(struct xdp_md *x, u64 flags, struct bpf_dynptr *ptr__uninit);

     // Objects of the program's own types, lists and trees of them.
     __bpf_kfunc void *bpf_obj_new_impl(u64 local_type_id__k, void *meta__ign);
     __bpf_kfunc void bpf_obj_drop_impl(void *p__alloc, void *meta__ign);
     __bpf_kfunc void *bpf_refcount_acquire_impl(void *p__refcounted_kptr, void *meta__ign);
     __bpf_kfunc int bpf_list_push_front_impl(struct bpf_list_head *head, struct bpf_list_node *node,
                                              void *meta__ign, u64 off);
     __bpf_kfunc int bpf_list_push_back_impl(struct bpf_list_head *head, struct bpf_list_node *node,
                                             void *meta__ign, u64 off);
     __bpf_kfunc struct bpf_list_node *bpf_list_pop_front(struct bpf_list_head *head);
     __bpf_kfunc struct bpf_list_node *bpf_list_pop_back(struct bpf_list_head *head);
     __bpf_kfunc struct bpf_list_node *bpf_list_front(struct bpf_list_head *head);
     __bpf_kfunc struct bpf_list_node *bpf_list_back(struct bpf_list_head *head);
     __bpf_kfunc int bpf_rbtree_add_impl(struct bpf_rb_root *root, struct bpf_rb_node *node,
                                         bool (*less)(struct bpf_rb_node *, const struct bpf_rb_node *),
                                         void *meta__ign, u64 off);
     __bpf_kfunc struct bpf_rb_node *bpf_rbtree_remove(struct bpf_rb_root *root, struct bpf_rb_node *node);
     __bpf_kfunc struct bpf_rb_node *bpf_rbtree_first(struct bpf_rb_root *root);
     __bpf_kfunc struct bpf_rb_node *bpf_rbtree_root(struct bpf_rb_root *root);
     __bpf_kfunc struct bpf_rb_node *bpf_rbtree_left(struct bpf_rb_root *root, struct bpf_rb_node *node);
     __bpf_kfunc struct bpf_rb_node *bpf_rbtree_right(struct bpf_rb_root *root, struct bpf_rb_node *node);

     // Locks that tell of a deadlock.
     __bpf_kfunc int bpf_res_spin_lock(struct bpf_res_spin_lock *lock);
     __bpf_kfunc void bpf_res_spin_unlock(struct bpf_res_spin_lock *lock);
     __bpf_kfunc int bpf_res_spin_lock_irqsave(struct bpf_res_spin_lock *lock, unsigned long *flags__irq_flag);
     __bpf_kfunc void bpf_res_spin_unlock_irqrestore(struct bpf_res_spin_lock *lock,
                                                     unsigned long *flags__irq_flag);

     // Strings.
     __bpf_kfunc int bpf_strcmp(const unsigned char *s1__ign, const unsigned char *s2__ign);
     __bpf_kfunc int bpf_strcasecmp(const unsigned char *s1__ign, const unsigned char *s2__ign);
     __bpf_kfunc int bpf_strchr(const unsigned char *s__ign, unsigned char c);
     __bpf_kfunc int bpf_strnchr(const unsigned char *s__ign, size_t count, unsigned char c);
     __bpf_kfunc int bpf_strchrnul(const unsigned char *s__ign, unsigned char c);
     __bpf_kfunc int bpf_strrchr(const unsigned char *s__ign, int c);
     __bpf_kfunc int bpf_strlen(const unsigned char *s__ign);
     __bpf_kfunc int bpf_strnlen(const unsigned char *s__ign, size_t count);
     __bpf_kfunc int bpf_strspn(const unsigned char *s__ign, const unsigned char *accept__ign);
     __bpf_kfunc int bpf_strcspn(const unsigned char *s__ign, const unsigned char *reject__ign);
     __bpf_kfunc int bpf_strstr(const unsigned char *s1__ign, const unsigned char *s2__ign);
     __bpf_kfunc int bpf_strnstr(const unsigned char *s1__ign, const unsigned char *s2__ign, size_t len);

     // Other views of the same memory.
     __bpf_kfunc void *bpf_rdonly_cast(const void *obj__ign, u32 btf_id__k)
       __attribute__((btf_decl_tag("bpf_fastcall")));

     // Exceptions.
     __bpf_kfunc void bpf_throw(u64 cookie);

     // Variables of which each CPU has its own, for bpf_per_cpu_ptr() and bpf_this_cpu_ptr().
     struct rq runqueues __attribute__((section(".data..percpu")));
     int bpf_prog_active __attribute__((section(".data..percpu")));
    """#
}
