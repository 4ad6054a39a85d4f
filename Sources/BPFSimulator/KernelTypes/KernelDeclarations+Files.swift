extension KernelDeclarations {
  /// Files, paths, directory entries, inodes and mounts.
  static let files = #"""
    struct qstr {
      union {
        struct {
          u32 hash;
          u32 len;
        };
        u64 hash_len;
      };
      const unsigned char *name;
    };
    struct path { struct vfsmount *mnt; struct dentry *dentry; };
    struct lockref {
      union {
        __u64 lock_count;
        struct {
          spinlock_t lock;
          int count;
        };
      };
    };
    struct hlist_bl_node { struct hlist_bl_node *next; struct hlist_bl_node **pprev; };
    union shortname_store { unsigned char string[40]; unsigned long words[5]; };
    struct dentry {
      unsigned int d_flags;
      struct hlist_bl_node d_hash;
      struct dentry *d_parent;
      union {
        struct qstr __d_name;
        const struct qstr d_name;
      };
      struct inode *d_inode;
      union shortname_store d_shortname;
      const struct dentry_operations *d_op;
      struct super_block *d_sb;
      unsigned long d_time;
      void *d_fsdata;
      struct lockref d_lockref;
      struct hlist_node d_sib;
      struct hlist_head d_children;
    };
    struct file_system_type {
      const char *name;
      int fs_flags;
      struct module *owner;
      struct file_system_type *next;
    };
    struct super_block {
      struct list_head s_list;
      dev_t s_dev;
      unsigned char s_blocksize_bits;
      unsigned long s_blocksize;
      loff_t s_maxbytes;
      struct file_system_type *s_type;
      const struct super_operations *s_op;
      unsigned long s_flags;
      unsigned long s_iflags;
      unsigned long s_magic;
      struct dentry *s_root;
      int s_count;
      atomic_t s_active;
      void *s_security;
      struct mount *s_mounts;
      struct block_device *s_bdev;
      void *s_fs_info;
      u32 s_time_gran;
      char s_id[32];
      uuid_t s_uuid;
      u8 s_uuid_len;
      struct user_namespace *s_user_ns;
      int s_stack_depth;
    };
    struct inode {
      umode_t i_mode;
      unsigned short i_opflags;
      kuid_t i_uid;
      kgid_t i_gid;
      unsigned int i_flags;
      const struct inode_operations *i_op;
      struct super_block *i_sb;
      struct address_space *i_mapping;
      void *i_security;
      unsigned long i_ino;
      union {
        const unsigned int i_nlink;
        unsigned int __i_nlink;
      };
      dev_t i_rdev;
      loff_t i_size;
      time64_t i_atime_sec;
      time64_t i_mtime_sec;
      time64_t i_ctime_sec;
      u32 i_atime_nsec;
      u32 i_mtime_nsec;
      u32 i_ctime_nsec;
      u32 i_generation;
      unsigned short i_bytes;
      u8 i_blkbits;
      blkcnt_t i_blocks;
      atomic64_t i_version;
      atomic_t i_count;
      atomic_t i_writecount;
      union {
        const struct file_operations *i_fop;
        void (*free_inode)(struct inode *);
      };
      union {
        struct pipe_inode_info *i_pipe;
        struct cdev *i_cdev;
        char *i_link;
        unsigned int i_dir_seq;
      };
      void *i_private;
    };
    struct file {
      fmode_t f_mode;
      const struct file_operations *f_op;
      struct address_space *f_mapping;
      void *private_data;
      struct inode *f_inode;
      unsigned int f_flags;
      unsigned int f_iocb_flags;
      const struct cred *f_cred;
      struct fown_struct *f_owner;
      union {
        const struct path f_path;
        struct path __f_path;
      };
      loff_t f_pos;
      void *f_security;
    };
    struct fdtable {
      unsigned int max_fds;
      struct file **fd;
      unsigned long *close_on_exec;
      unsigned long *open_fds;
      unsigned long *full_fds_bits;
      struct callback_head rcu;
    };
    struct files_struct {
      atomic_t count;
      struct fdtable *fdt;
      struct fdtable fdtab;
      unsigned int next_fd;
      struct file *fd_array[64];
    };
    struct fs_struct {
      int users;
      int umask;
      int in_exec;
      struct path root;
      struct path pwd;
    };
    struct vfsmount {
      struct dentry *mnt_root;
      struct super_block *mnt_sb;
      int mnt_flags;
      struct mnt_idmap *mnt_idmap;
    };
    struct mount {
      struct mount *mnt_parent;
      struct dentry *mnt_mountpoint;
      struct vfsmount mnt;
      const char *mnt_devname;
      struct mnt_namespace *mnt_ns;
      int mnt_id;
      int mnt_group_id;
    };
    """#
}
