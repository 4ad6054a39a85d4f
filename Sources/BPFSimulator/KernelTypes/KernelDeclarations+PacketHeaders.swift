extension KernelDeclarations {
  /// Headers of packets, as they are on the wire.
  static let packetHeaders = #"""
    struct ethhdr { unsigned char h_dest[6]; unsigned char h_source[6]; __be16 h_proto; };
    struct vlan_hdr { __be16 h_vlan_TCI; __be16 h_vlan_encapsulated_proto; };
    struct vlan_ethhdr {
      union {
        struct {
          unsigned char h_dest[6];
          unsigned char h_source[6];
        };
        struct {
          unsigned char h_dest[6];
          unsigned char h_source[6];
        } addrs;
      };
      __be16 h_vlan_proto;
      __be16 h_vlan_TCI;
      __be16 h_vlan_encapsulated_proto;
    };
    struct arphdr {
      __be16 ar_hrd;
      __be16 ar_pro;
      unsigned char ar_hln;
      unsigned char ar_pln;
      __be16 ar_op;
    };
    struct iphdr {
      __u8 ihl:4;
      __u8 version:4;
      __u8 tos;
      __be16 tot_len;
      __be16 id;
      __be16 frag_off;
      __u8 ttl;
      __u8 protocol;
      __sum16 check;
      union {
        struct {
          __be32 saddr;
          __be32 daddr;
        };
        struct {
          __be32 saddr;
          __be32 daddr;
        } addrs;
      };
    };
    struct in6_addr {
      union {
        __u8 u6_addr8[16];
        __be16 u6_addr16[8];
        __be32 u6_addr32[4];
      } in6_u;
    };
    struct ipv6hdr {
      __u8 priority:4;
      __u8 version:4;
      __u8 flow_lbl[3];
      __be16 payload_len;
      __u8 nexthdr;
      __u8 hop_limit;
      union {
        struct {
          struct in6_addr saddr;
          struct in6_addr daddr;
        };
        struct {
          struct in6_addr saddr;
          struct in6_addr daddr;
        } addrs;
      };
    };
    struct ipv6_opt_hdr { __u8 nexthdr; __u8 hdrlen; };
    struct frag_hdr {
      __u8 nexthdr;
      __u8 reserved;
      __be16 frag_off;
      __be32 identification;
    };
    struct tcphdr {
      __be16 source;
      __be16 dest;
      __be32 seq;
      __be32 ack_seq;
      __u16 ae:1;
      __u16 res1:3;
      __u16 doff:4;
      __u16 fin:1;
      __u16 syn:1;
      __u16 rst:1;
      __u16 psh:1;
      __u16 ack:1;
      __u16 urg:1;
      __u16 ece:1;
      __u16 cwr:1;
      __be16 window;
      __sum16 check;
      __be16 urg_ptr;
    };
    struct udphdr {
      __be16 source;
      __be16 dest;
      __be16 len;
      __sum16 check;
    };
    struct icmphdr {
      __u8 type;
      __u8 code;
      __sum16 checksum;
      union {
        struct {
          __be16 id;
          __be16 sequence;
        } echo;
        __be32 gateway;
        struct {
          __be16 __unused;
          __be16 mtu;
        } frag;
        __u8 reserved[4];
      } un;
    };
    struct icmpv6_echo { __be16 identifier; __be16 sequence; };
    struct icmpv6_nd_advt {
      __u32 reserved:5;
      __u32 override:1;
      __u32 solicited:1;
      __u32 router:1;
      __u32 reserved2:24;
    };
    struct icmpv6_nd_ra {
      __u8 hop_limit;
      __u8 reserved:3;
      __u8 router_pref:2;
      __u8 home_agent:1;
      __u8 other:1;
      __u8 managed:1;
      __be16 rt_lifetime;
    };
    struct icmp6hdr {
      __u8 icmp6_type;
      __u8 icmp6_code;
      __sum16 icmp6_cksum;
      union {
        __be32 un_data32[1];
        __be16 un_data16[2];
        __u8 un_data8[4];
        struct icmpv6_echo u_echo;
        struct icmpv6_nd_advt u_nd_advt;
        struct icmpv6_nd_ra u_nd_ra;
      } icmp6_dataun;
    };
    struct in_addr { __be32 s_addr; };
    struct sockaddr_in {
      __kernel_sa_family_t sin_family;
      __be16 sin_port;
      struct in_addr sin_addr;
      unsigned char __pad[8];
    };
    struct sockaddr_in6 {
      unsigned short sin6_family;
      __be16 sin6_port;
      __be32 sin6_flowinfo;
      struct in6_addr sin6_addr;
      __u32 sin6_scope_id;
    };
    struct sockaddr_un { __kernel_sa_family_t sun_family; char sun_path[108]; };
    enum {
      IPPROTO_IP, IPPROTO_ICMP, IPPROTO_IGMP, IPPROTO_IPIP = 4, IPPROTO_TCP = 6, IPPROTO_EGP = 8, IPPROTO_PUP = 12,
      IPPROTO_UDP = 17, IPPROTO_IDP = 22, IPPROTO_TP = 29, IPPROTO_DCCP = 33, IPPROTO_IPV6 = 41, IPPROTO_RSVP = 46,
      IPPROTO_GRE, IPPROTO_ESP = 50, IPPROTO_AH, IPPROTO_MTP = 92, IPPROTO_BEETPH = 94, IPPROTO_ENCAP = 98,
      IPPROTO_PIM = 103, IPPROTO_COMP = 108, IPPROTO_L2TP = 115, IPPROTO_SCTP = 132, IPPROTO_UDPLITE = 136,
      IPPROTO_MPLS, IPPROTO_ETHERNET = 143, IPPROTO_AGGFRAG, IPPROTO_RAW = 0xff, IPPROTO_SMC, IPPROTO_MPTCP = 262,
      IPPROTO_MAX,
    };
    enum {
      TCP_ESTABLISHED = 1, TCP_SYN_SENT, TCP_SYN_RECV, TCP_FIN_WAIT1, TCP_FIN_WAIT2, TCP_TIME_WAIT, TCP_CLOSE,
      TCP_CLOSE_WAIT, TCP_LAST_ACK, TCP_LISTEN, TCP_CLOSING, TCP_NEW_SYN_RECV, TCP_BOUND_INACTIVE, TCP_MAX_STATES,
    };
    enum sock_type {
      SOCK_STREAM = 1, SOCK_DGRAM, SOCK_RAW, SOCK_RDM, SOCK_SEQPACKET, SOCK_DCCP, SOCK_PACKET = 10,
    };
    """#
}
