extension KernelDeclarations {
  /// Packets, devices and sockets inside the kernel: the members that programs read.
  static let networking = #"""
     typedef unsigned int sk_buff_data_t;
     typedef u64 netdev_features_t;
     typedef __u64 __addrpair;
     typedef __u32 __portpair;
     typedef struct { struct net *net; } possible_net_t;
     struct net {
       refcount_t passive;
       unsigned int dev_base_seq;
       u32 ifindex;
       struct list_head list;
       struct user_namespace *user_ns;
       struct ns_common ns;
       struct list_head dev_base_head;
       u32 hash_mix;
       struct net_device *loopback_dev;
       u64 net_cookie;
     };
    struct net_device {
      const struct net_device_ops *netdev_ops;
      const struct header_ops *header_ops;
      unsigned int mtu;
      unsigned short needed_headroom;
      unsigned long state;
      unsigned int flags;
      unsigned short hard_header_len;
      netdev_features_t features;
      struct bpf_prog *xdp_prog;
      int ifindex;
      unsigned int real_num_rx_queues;
      possible_net_t nd_net;
      char name[16];
      struct list_head dev_list;
      struct list_head napi_list;
      unsigned int min_mtu;
      unsigned int max_mtu;
      unsigned short type;
      unsigned char min_header_len;
      unsigned char name_assign_type;
      int group;
      unsigned int operstate;
      unsigned char link_mode;
      unsigned char perm_addr[32];
      unsigned char addr_assign_type;
      unsigned char addr_len;
      struct in_device *ip_ptr;
      const unsigned char *dev_addr;
      unsigned int num_rx_queues;
      unsigned char broadcast[32];
      unsigned int num_tx_queues;
      struct Qdisc *qdisc;
      unsigned int tx_queue_len;
    };
     struct sk_buff {
       union {
         struct {
           struct sk_buff *next;
           struct sk_buff *prev;
           union {
             struct net_device *dev;
             unsigned long dev_scratch;
           };
         };
         struct rb_node rbnode;
         struct list_head list;
       };
       struct sock *sk;
       union {
         ktime_t tstamp;
         u64 skb_mstamp_ns;
       };
       char cb[48];
       unsigned long _skb_refdst;
       void (*destructor)(struct sk_buff *);
       unsigned long _nfct;
       unsigned int len;
       unsigned int data_len;
       __u16 mac_len;
       __u16 hdr_len;
       __u16 queue_mapping;
       __u8 cloned:1;
       __u8 nohdr:1;
       __u8 fclone:2;
       __u8 peeked:1;
       __u8 head_frag:1;
       __u8 pfmemalloc:1;
       __u8 pp_recycle:1;
       __u8 active_extensions;
       __u8 pkt_type:3;
       __u8 ignore_df:1;
       __u8 dst_pending_confirm:1;
       __u8 ip_summed:2;
       __u8 ooo_okay:1;
       __u16 tc_index;
       u16 alloc_cpu;
       union {
         __wsum csum;
         struct {
           __u16 csum_start;
           __u16 csum_offset;
         };
       };
       __u32 priority;
       int skb_iif;
       __u32 hash;
       union {
         u32 vlan_all;
         struct {
           __be16 vlan_proto;
           __u16 vlan_tci;
         };
       };
       union {
         unsigned int napi_id;
         unsigned int sender_cpu;
       };
       union {
         __u32 mark;
         __u32 reserved_tailroom;
       };
       union {
         __be16 inner_protocol;
         __u8 inner_ipproto;
       };
       __u16 inner_transport_header;
       __u16 inner_network_header;
       __u16 inner_mac_header;
       __be16 protocol;
       __u16 transport_header;
       __u16 network_header;
       __u16 mac_header;
       sk_buff_data_t tail;
       sk_buff_data_t end;
       unsigned char *head;
       unsigned char *data;
       unsigned int truesize;
       refcount_t users;
       struct skb_ext *extensions;
     };
    struct skb_shared_info {
      __u8 flags;
      __u8 meta_len;
      __u8 nr_frags;
      __u8 tx_flags;
      unsigned short gso_size;
      unsigned short gso_segs;
      struct sk_buff *frag_list;
      unsigned int gso_type;
      u32 tskey;
      atomic_t dataref;
    };
    struct sock_common {
      union {
        __addrpair skc_addrpair;
        struct {
          __be32 skc_daddr;
          __be32 skc_rcv_saddr;
        };
      };
      union {
        unsigned int skc_hash;
        __u16 skc_u16hashes[2];
      };
      union {
        __portpair skc_portpair;
        struct {
          __be16 skc_dport;
          __u16 skc_num;
        };
      };
      unsigned short skc_family;
      volatile unsigned char skc_state;
      unsigned char skc_reuse:4;
      unsigned char skc_reuseport:1;
      unsigned char skc_ipv6only:1;
      unsigned char skc_net_refcnt:1;
      int skc_bound_dev_if;
      union {
        struct hlist_node skc_bind_node;
        struct hlist_node skc_portaddr_node;
      };
      struct proto *skc_prot;
      possible_net_t skc_net;
      struct in6_addr skc_v6_daddr;
      struct in6_addr skc_v6_rcv_saddr;
      atomic64_t skc_cookie;
      refcount_t skc_refcnt;
    };
    struct sock_cgroup_data { struct cgroup *cgroup; u32 classid; u16 prioidx; };
    struct sock {
      struct sock_common __sk_common;
      atomic_t sk_drops;
      int sk_rcvbuf;
      int sk_rcvlowat;
      int sk_err;
      struct socket *sk_socket;
      int sk_forward_alloc;
      int sk_wmem_queued;
      u32 sk_priority;
      u32 sk_mark;
      kuid_t sk_uid;
      u16 sk_protocol;
      u16 sk_type;
      int sk_sndbuf;
      u8 sk_shutdown;
      u32 sk_ack_backlog;
      u32 sk_max_ack_backlog;
      void *sk_user_data;
      void *sk_security;
      struct sock_cgroup_data sk_cgrp_data;
      void (*sk_state_change)(struct sock *);
    };
    typedef enum {
      SS_FREE = 0,
      SS_UNCONNECTED = 1,
      SS_CONNECTING = 2,
      SS_CONNECTED = 3,
      SS_DISCONNECTING = 4,
    } socket_state;
    struct socket {
      socket_state state;
      short type;
      unsigned long flags;
      struct file *file;
      struct sock *sk;
      const struct proto_ops *ops;
    };
    struct inet_sock {
      struct sock sk;
      __be32 inet_saddr;
      __be16 inet_sport;
      atomic_t inet_id;
      __u8 tos;
    };
    struct inet_connection_sock {
      struct inet_sock icsk_inet;
      __u32 icsk_rto;
      const struct tcp_congestion_ops *icsk_ca_ops;
      __u8 icsk_retransmits;
    };
    struct tcp_sock {
      struct inet_connection_sock inet_conn;
      u32 max_window;
      u32 snd_wnd;
      u32 mss_cache;
      u32 snd_cwnd;
      u16 tcp_header_len;
      u32 copied_seq;
      u32 rttvar_us;
      u32 retrans_out;
      u32 lost;
      u32 snd_ssthresh;
      u32 segs_out;
      u32 data_segs_out;
      u64 bytes_sent;
      u32 write_seq;
      u32 mdev_us;
      u32 rcv_nxt;
      u32 snd_nxt;
      u32 snd_una;
      u32 srtt_us;
      u32 packets_out;
      u32 delivered;
      u32 rcv_wnd;
      u64 bytes_received;
      u32 segs_in;
      u32 data_segs_in;
      u64 bytes_acked;
      u64 bytes_retrans;
      u32 total_retrans;
    };
    struct udp_sock {
      struct inet_sock inet;
      int pending;
      __u8 encap_type;
      __u16 len;
    };
     struct sockaddr;
    struct proto {
      void (*close)(struct sock *, long);
      int (*connect)(struct sock *, struct sockaddr *, int);
      char name[32];
    };
    struct xdp_buff {
      void *data;
      void *data_end;
      void *data_meta;
      void *data_hard_start;
      struct xdp_rxq_info *rxq;
      struct xdp_txq_info *txq;
      union {
        struct {
          u32 frame_sz;
          u32 flags;
        };
        u64 frame_sz_flags_init;
      };
    };
    struct xdp_rxq_info { struct net_device *dev; u32 queue_index; };
    struct xdp_txq_info { struct net_device *dev; };
    struct nf_hook_state {
      u8 hook;
      u8 pf;
      struct net_device *in;
      struct net_device *out;
      struct sock *sk;
      struct net *net;
      int (*okfn)(struct net *, struct sock *, struct sk_buff *);
    };
    struct bpf_nf_ctx { const struct nf_hook_state *state; struct sk_buff *skb; };
    """#
}
