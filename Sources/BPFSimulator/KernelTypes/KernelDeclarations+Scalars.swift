extension KernelDeclarations {
  /// Integer types under the kernel's names, counters, lists, locks.
  static let scalars = #"""
    // Integers.
    typedef __s8 s8;
    typedef __u8 u8;
    typedef __s16 s16;
    typedef __u16 u16;
    typedef __s32 s32;
    typedef __u32 u32;
    typedef __s64 s64;
    typedef __u64 u64;
    typedef u32 __kernel_dev_t;
    typedef _Bool bool;
    typedef __kernel_size_t size_t;
    typedef __kernel_ssize_t ssize_t;
    typedef __kernel_off_t off_t;
    typedef __kernel_loff_t loff_t;
    typedef __kernel_pid_t pid_t;
    typedef __kernel_uid32_t uid_t;
    typedef __kernel_gid32_t gid_t;
    typedef __kernel_dev_t dev_t;
    typedef unsigned short umode_t;
    typedef __kernel_ulong_t ino_t;
    typedef u32 nlink_t;
    typedef __kernel_key_t key_t;
    typedef __kernel_timer_t timer_t;
    typedef __kernel_clockid_t clockid_t;
    typedef __s64 time64_t;
    typedef s64 ktime_t;
    typedef u64 sector_t;
    typedef u64 blkcnt_t;
    typedef unsigned int gfp_t;
    typedef unsigned int fmode_t;
    typedef void *fl_owner_t;
    typedef u32 errseq_t;
    typedef __kernel_sa_family_t sa_family_t;
    typedef unsigned long uintptr_t;
    typedef unsigned int u_int;
    typedef unsigned short u_short;
    typedef unsigned int uint;
    typedef unsigned long ulong;
    typedef unsigned short ushort;
    typedef s8 int8_t;
    typedef u8 u_int8_t;
    typedef s16 int16_t;
    typedef u16 u_int16_t;
    typedef s32 int32_t;
    typedef u32 u_int32_t;
    typedef s64 int64_t;
    typedef u64 u_int64_t;
    typedef u8 uint8_t;
    typedef u16 uint16_t;
    typedef u32 uint32_t;
    typedef u64 uint64_t;
    typedef u64 phys_addr_t;
    typedef phys_addr_t resource_size_t;
    typedef unsigned long long cycles_t;
    typedef u64 dma_addr_t;
    enum { false, true };

    // Counters and identifiers.
    typedef struct { int counter; } atomic_t;
    typedef struct { s64 counter; } atomic64_t;
    typedef atomic64_t atomic_long_t;
    typedef struct { atomic_long_t a; } local_t;
    typedef struct { local_t a; } local64_t;
    typedef struct { uid_t val; } kuid_t;
    typedef struct { gid_t val; } kgid_t;
    typedef struct { __u8 b[16]; } uuid_t;
    typedef struct { unsigned long sig[1]; } sigset_t;
    typedef struct { u64 val; } kernel_cap_t;
    struct refcount_struct { atomic_t refs; };
    typedef struct refcount_struct refcount_t;
    struct timespec64 { time64_t tv_sec; long tv_nsec; };
    struct __kernel_timespec { __kernel_time64_t tv_sec; long long tv_nsec; };

    // Lists and trees.
    struct list_head { struct list_head *next; struct list_head *prev; };
    struct hlist_head { struct hlist_node *first; };
    struct hlist_node { struct hlist_node *next; struct hlist_node **pprev; };
    struct hlist_nulls_node { struct hlist_nulls_node *next; struct hlist_nulls_node **pprev; };
    struct llist_head { struct llist_node *first; };
    struct llist_node { struct llist_node *next; };
    struct rb_node {
      unsigned long __rb_parent_color;
      struct rb_node *rb_right;
      struct rb_node *rb_left;
    };
    struct rb_root { struct rb_node *rb_node; };
    struct rb_root_cached { struct rb_root rb_root; struct rb_node *rb_leftmost; };
    struct callback_head { struct callback_head *next; void (*func)(struct callback_head *); };
    struct percpu_counter { s64 count; struct list_head list; s32 *counters; };

    // Locks. A program cannot take these; they are here for their size.
    struct qspinlock {
      union {
        atomic_t val;
        struct {
          u8 locked;
          u8 pending;
        };
        struct {
          u16 locked_pending;
          u16 tail;
        };
      };
    };
    typedef struct qspinlock arch_spinlock_t;
    struct raw_spinlock { arch_spinlock_t raw_lock; };
    typedef struct raw_spinlock raw_spinlock_t;
    struct spinlock {
      union {
        struct raw_spinlock rlock;
      };
    };
    typedef struct spinlock spinlock_t;
    struct seqcount { unsigned int sequence; };
    typedef struct seqcount seqcount_t;
    struct wait_queue_head { spinlock_t lock; struct list_head head; };
    typedef struct wait_queue_head wait_queue_head_t;
    struct mutex { atomic_long_t owner; raw_spinlock_t wait_lock; struct list_head wait_list; };
    struct rw_semaphore {
      atomic_long_t count;
      atomic_long_t owner;
      raw_spinlock_t wait_lock;
      struct list_head wait_list;
    };
    struct cpumask { unsigned long bits[4]; };
    typedef struct cpumask cpumask_t;
    struct __call_single_node {
      struct llist_node llist;
      union {
        unsigned int u_flags;
        atomic_t a_flags;
      };
      u16 src;
      u16 dst;
    };
    struct rcuwait { struct task_struct *task; };
    struct irq_work {
      struct __call_single_node node;
      void (*func)(struct irq_work *);
      struct rcuwait irqwait;
    };
     struct work_struct;
    typedef void (*work_func_t)(struct work_struct *);
    struct work_struct { atomic_long_t data; struct list_head entry; work_func_t func; };
    """#
}
