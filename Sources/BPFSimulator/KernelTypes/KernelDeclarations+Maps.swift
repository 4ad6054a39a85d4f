extension KernelDeclarations {
  /// Maps, programs, links and the contexts of iterators.
  static let maps = #"""
     struct bpf_map {
       const struct bpf_map_ops *ops;
       struct bpf_map *inner_map_meta;
       void *security;
       enum bpf_map_type map_type;
       u32 key_size;
       u32 value_size;
       u32 max_entries;
       u64 map_extra;
       u32 map_flags;
       u32 id;
       struct btf_record *record;
       int numa_node;
       u32 btf_key_type_id;
       u32 btf_value_type_id;
       u32 btf_vmlinux_value_type_id;
       struct btf *btf;
       char name[16];
       atomic64_t refcnt;
       atomic64_t usercnt;
       atomic64_t writecnt;
       bool bypass_spec_v1;
       bool frozen;
       s64 *elem_count;
       u64 cookie;
     };
    struct bpf_array {
      struct bpf_map map;
      u32 elem_size;
      u32 index_mask;
      struct bpf_array_aux *aux;
      union {
        struct {
          struct {} __empty_value;
          char value[0];
        };
        struct {
          struct {} __empty_ptrs;
          void *ptrs[0];
        };
        struct {
          struct {} __empty_pptrs;
          void *pptrs[0];
        };
      };
    };
    struct bpf_res_spin_lock { u32 val; };
    struct bpf_htab {
      struct bpf_map map;
      u32 n_buckets;
      u32 elem_size;
      u32 hashrnd;
    };
    typedef u64 (*bpf_callback_t)(u64, u64, u64, u64, u64);
    typedef int (*bpf_task_work_callback_t)(struct bpf_map *, void *, void *);
    enum task_work_notify_mode {
      TWA_NONE, TWA_RESUME, TWA_SIGNAL, TWA_SIGNAL_NO_IPI, TWA_NMI_CURRENT,
    };
    enum bpf_task_work_state {
      BPF_TW_STANDBY, BPF_TW_PENDING, BPF_TW_SCHEDULING, BPF_TW_SCHEDULED, BPF_TW_RUNNING, BPF_TW_FREED,
    };
    struct bpf_prog {
      u16 pages;
      u16 jited:1;
      u16 gpl_compatible:1;
      u16 sleepable:1;
      enum bpf_prog_type type;
      enum bpf_attach_type expected_attach_type;
      u32 len;
      u32 jited_len;
      union {
        u8 digest[32];
        u8 tag[8];
      };
      struct bpf_prog_aux *aux;
    };
    struct bpf_prog_aux {
      u32 used_map_cnt;
      u32 used_btf_cnt;
      u32 max_ctx_offset;
      u32 stack_depth;
      u32 id;
      u32 func_cnt;
      u32 attach_btf_id;
      u32 ctx_arg_info_size;
      struct bpf_prog *dst_prog;
      void (*recursion_detected)(struct bpf_prog *);
      const struct btf_type *attach_func_proto;
      const char *attach_func_name;
      u64 load_time;
      char name[16];
      u32 func_info_cnt;
    };
    struct bpf_link {
      atomic64_t refcnt;
      u32 id;
      enum bpf_link_type type;
      const struct bpf_link_ops *ops;
      struct bpf_prog *prog;
      u32 flags;
      enum bpf_attach_type attach_type;
      bool sleepable;
    };

    // A record of a ring buffer begins with this.
     struct bpf_ringbuf_hdr {
       u32 len;
       u32 pg_off;
     };

    // Iterators. Each pointer is alone in a union, so that its context is read as eight bytes.
    struct seq_file {
      char *buf;
      size_t size;
      size_t from;
      size_t count;
      size_t pad_until;
      loff_t index;
      loff_t read_pos;
      const struct file *file;
      void *private;
    };
    struct bpf_iter_meta {
      union {
        struct seq_file *seq;
      };
      u64 session_id;
      u64 seq_num;
    };
    struct bpf_iter__task {
      union {
        struct bpf_iter_meta *meta;
      };
      union {
        struct task_struct *task;
      };
    };
    struct bpf_iter__task_file {
      union {
        struct bpf_iter_meta *meta;
      };
      union {
        struct task_struct *task;
      };
      u32 fd;
      union {
        struct file *file;
      };
    };
    struct bpf_iter__task_vma {
      union {
        struct bpf_iter_meta *meta;
      };
      union {
        struct task_struct *task;
      };
      union {
        struct vm_area_struct *vma;
      };
    };
    struct bpf_iter__bpf_map {
      union {
        struct bpf_iter_meta *meta;
      };
      union {
        struct bpf_map *map;
      };
    };
    struct bpf_iter__bpf_map_elem {
      union {
        struct bpf_iter_meta *meta;
      };
      union {
        struct bpf_map *map;
      };
      union {
        void *key;
      };
      union {
        void *value;
      };
    };
    struct bpf_iter__bpf_prog {
      union {
        struct bpf_iter_meta *meta;
      };
      union {
        struct bpf_prog *prog;
      };
    };
    struct bpf_iter__bpf_link {
      union {
        struct bpf_iter_meta *meta;
      };
      union {
        struct bpf_link *link;
      };
    };
    struct bpf_iter__cgroup {
      union {
        struct bpf_iter_meta *meta;
      };
      union {
        struct cgroup *cgroup;
      };
    };
    """#
}
