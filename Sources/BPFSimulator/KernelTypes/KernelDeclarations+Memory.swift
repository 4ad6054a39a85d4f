extension KernelDeclarations {
  /// Address spaces and their areas.
  static let memory = #"""
    typedef unsigned long pgdval_t;
    typedef struct { pgdval_t pgd; } pgd_t;
    typedef unsigned long pgprotval_t;
    typedef unsigned long vm_flags_t;
    typedef unsigned int vm_fault_t;
    struct pgprot { pgprotval_t pgprot; };
    typedef struct pgprot pgprot_t;
     struct mm_struct {
       struct {
         struct { atomic_t mm_count; };
         unsigned long mmap_base;
         unsigned long mmap_legacy_base;
         unsigned long task_size;
         pgd_t *pgd;
         atomic_t membarrier_state;
         atomic_t mm_users;
         atomic_long_t pgtables_bytes;
         int map_count;
         spinlock_t page_table_lock;
         struct rw_semaphore mmap_lock;
         struct list_head mmlist;
         unsigned long hiwater_rss;
         unsigned long hiwater_vm;
         unsigned long total_vm;
         unsigned long locked_vm;
         atomic64_t pinned_vm;
         unsigned long data_vm;
         unsigned long exec_vm;
         unsigned long stack_vm;
         vm_flags_t def_flags;
         spinlock_t arg_lock;
         unsigned long start_code;
         unsigned long end_code;
         unsigned long start_data;
         unsigned long end_data;
         unsigned long start_brk;
         unsigned long brk;
         unsigned long start_stack;
         unsigned long arg_start;
         unsigned long arg_end;
         unsigned long env_start;
         unsigned long env_end;
         unsigned long saved_auxv[56];
         struct percpu_counter rss_stat[4];
         struct linux_binfmt *binfmt;
         struct task_struct *owner;
         struct user_namespace *user_ns;
         struct file *exe_file;
         atomic_t tlb_flush_pending;
         atomic_long_t hugetlb_usage;
       };
       unsigned long cpu_bitmap[];
     };
     struct vm_area_struct {
       union {
         struct {
           unsigned long vm_start;
           unsigned long vm_end;
         };
       };
       struct mm_struct *vm_mm;
       pgprot_t vm_page_prot;
       union {
         const vm_flags_t vm_flags;
         vm_flags_t __vm_flags;
       };
       struct list_head anon_vma_chain;
       struct anon_vma *anon_vma;
       const struct vm_operations_struct *vm_ops;
       unsigned long vm_pgoff;
       struct file *vm_file;
       void *vm_private_data;
     };
    """#
}
