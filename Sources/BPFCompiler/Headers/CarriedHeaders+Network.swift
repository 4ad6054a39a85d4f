extension CarriedHeaders {
  /// `<linux/if_ether.h>`.
  static let linuxIfEther = #"""
    /* Ethernet: sizes and the protocols that a frame carries. */
    #ifndef _LINUX_IF_ETHER_H
    #define _LINUX_IF_ETHER_H

    #include <linux/types.h>
    #ifndef __VMLINUX_H__
    #include <merops/interface.h>
    #endif

    #define ETH_ALEN 6
    #define ETH_TLEN 2
    #define ETH_HLEN 14
    #define ETH_ZLEN 60
    #define ETH_DATA_LEN 1500
    #define ETH_FRAME_LEN 1514
    #define ETH_FCS_LEN 4
    #define ETH_MIN_MTU 68
    #define ETH_MAX_MTU 0xffffU

    #define ETH_P_LOOP 0x0060
    #define ETH_P_IP 0x0800
    #define ETH_P_ARP 0x0806
    #define ETH_P_RARP 0x8035
    #define ETH_P_8021Q 0x8100
    #define ETH_P_IPV6 0x86dd
    #define ETH_P_SLOW 0x8809
    #define ETH_P_MPLS_UC 0x8847
    #define ETH_P_MPLS_MC 0x8848
    #define ETH_P_PPP_DISC 0x8863
    #define ETH_P_PPP_SES 0x8864
    #define ETH_P_8021AD 0x88a8
    #define ETH_P_LLDP 0x88cc
    #define ETH_P_MACSEC 0x88e5
    #define ETH_P_1588 0x88f7
    #define ETH_P_802_3_MIN 0x0600
    #define ETH_P_802_3 0x0001
    #define ETH_P_ALL 0x0003
    #define ETH_P_802_2 0x0004

    #endif
    """#

  /// `<linux/if_vlan.h>`.
  static let linuxIfVlan = #"""
    /* Ethernet frames with a VLAN tag. */
    #ifndef _LINUX_IF_VLAN_H
    #define _LINUX_IF_VLAN_H

    #include <linux/types.h>
    #ifndef __VMLINUX_H__
    #include <merops/interface.h>
    #endif

    #define VLAN_HLEN 4
    #define VLAN_VID_MASK 0x0fff
    #define VLAN_PRIO_MASK 0xe000
    #define VLAN_PRIO_SHIFT 13

    #endif
    """#

  /// `<linux/if_arp.h>`.
  static let linuxIfArp = #"""
    /* Kinds of hardware and of ARP packets. */
    #ifndef _LINUX_IF_ARP_H
    #define _LINUX_IF_ARP_H

    #include <linux/types.h>
    #ifndef __VMLINUX_H__
    #include <merops/interface.h>
    #endif

    #define ARPHRD_ETHER 1
    #define ARPHRD_LOOPBACK 772
    #define ARPOP_REQUEST 1
    #define ARPOP_REPLY 2

    #endif
    """#

  /// `<linux/ip.h>`.
  static let linuxIp = #"""
    /* IPv4. */
    #ifndef _LINUX_IP_H
    #define _LINUX_IP_H

    #include <linux/types.h>
    #ifndef __VMLINUX_H__
    #include <merops/interface.h>
    #endif

    #define IPVERSION 4
    #define MAXTTL 255
    #define IPDEFTTL 64
    #define IPTOS_TOS_MASK 0x1e
    #define IPTOS_LOWDELAY 0x10
    #define IPTOS_THROUGHPUT 0x08
    #define IPTOS_RELIABILITY 0x04
    #define IPTOS_MINCOST 0x02

    #endif
    """#

  /// `<linux/ipv6.h>`.
  static let linuxIpv6 = #"""
    /* IPv6. */
    #ifndef _LINUX_IPV6_H
    #define _LINUX_IPV6_H

    #include <linux/types.h>
    #ifndef __VMLINUX_H__
    #include <merops/interface.h>
    #endif

    #endif
    """#

  /// `<linux/in.h>`.
  static let linuxIn = #"""
    /* Addresses and protocols of IPv4. */
    #ifndef _LINUX_IN_H
    #define _LINUX_IN_H

    #include <linux/types.h>
    #ifndef __VMLINUX_H__
    #include <merops/interface.h>
    #endif

    #define INADDR_ANY ((unsigned long)0x00000000)
    #define INADDR_BROADCAST ((unsigned long)0xffffffff)
    #define INADDR_NONE ((unsigned long)0xffffffff)
    #define INADDR_LOOPBACK 0x7f000001

    #ifndef AF_INET
    #define AF_UNIX 1
    #define AF_INET 2
    #define AF_INET6 10
    #endif

    #endif
    """#

  /// `<linux/in6.h>`.
  static let linuxIn6 = #"""
    /* Addresses of IPv6. */
    #ifndef _LINUX_IN6_H
    #define _LINUX_IN6_H

    #include <linux/types.h>
    #ifndef __VMLINUX_H__
    #include <merops/interface.h>
    #endif

    #define IPPROTO_HOPOPTS 0
    #define IPPROTO_ROUTING 43
    #define IPPROTO_FRAGMENT 44
    #define IPPROTO_ICMPV6 58
    #define IPPROTO_NONE 59
    #define IPPROTO_DSTOPTS 60
    #define IPPROTO_MH 135

    #endif
    """#

  /// `<linux/tcp.h>`.
  static let linuxTcp = #"""
    /* TCP. */
    #ifndef _LINUX_TCP_H
    #define _LINUX_TCP_H

    #include <linux/types.h>
    #ifndef __VMLINUX_H__
    #include <merops/interface.h>
    #endif

    #endif
    """#

  /// `<linux/udp.h>`.
  static let linuxUdp = #"""
    /* UDP. */
    #ifndef _LINUX_UDP_H
    #define _LINUX_UDP_H

    #include <linux/types.h>
    #ifndef __VMLINUX_H__
    #include <merops/interface.h>
    #endif

    #endif
    """#

  /// `<linux/icmp.h>`.
  static let linuxIcmp = #"""
    /* ICMP for IPv4. */
    #ifndef _LINUX_ICMP_H
    #define _LINUX_ICMP_H

    #include <linux/types.h>
    #ifndef __VMLINUX_H__
    #include <merops/interface.h>
    #endif

    #define ICMP_ECHOREPLY 0
    #define ICMP_DEST_UNREACH 3
    #define ICMP_SOURCE_QUENCH 4
    #define ICMP_REDIRECT 5
    #define ICMP_ECHO 8
    #define ICMP_TIME_EXCEEDED 11
    #define ICMP_PARAMETERPROB 12
    #define ICMP_TIMESTAMP 13
    #define ICMP_TIMESTAMPREPLY 14

    #endif
    """#

  /// `<linux/icmpv6.h>`.
  static let linuxIcmpv6 = #"""
    /* ICMP for IPv6. */
    #ifndef _LINUX_ICMPV6_H
    #define _LINUX_ICMPV6_H

    #include <linux/types.h>
    #ifndef __VMLINUX_H__
    #include <merops/interface.h>
    #endif

    #define ICMPV6_DEST_UNREACH 1
    #define ICMPV6_PKT_TOOBIG 2
    #define ICMPV6_TIME_EXCEED 3
    #define ICMPV6_PARAMPROB 4
    #define ICMPV6_ECHO_REQUEST 128
    #define ICMPV6_ECHO_REPLY 129

    #endif
    """#

  /// `<linux/socket.h>`.
  static let linuxSocket = #"""
    /* Families of addresses and options of sockets. */
    #ifndef _LINUX_SOCKET_H
    #define _LINUX_SOCKET_H

    #define AF_UNSPEC 0
    #define AF_UNIX 1
    #define AF_INET 2
    #define AF_INET6 10
    #define SOL_SOCKET 1
    #define SO_REUSEADDR 2
    #define SO_KEEPALIVE 9
    #define SO_MARK 36

    #endif
    """#

  /// `<linux/pkt_cls.h>`.
  static let linuxPktCls = #"""
    /* What a classifier says about a packet. */
    #ifndef _LINUX_PKT_CLS_H
    #define _LINUX_PKT_CLS_H

    #include <linux/types.h>
    #ifndef __VMLINUX_H__
    #include <merops/interface.h>
    #endif

    #define TC_ACT_UNSPEC (-1)
    #define TC_ACT_OK 0
    #define TC_ACT_RECLASSIFY 1
    #define TC_ACT_SHOT 2
    #define TC_ACT_PIPE 3
    #define TC_ACT_STOLEN 4
    #define TC_ACT_QUEUED 5
    #define TC_ACT_REPEAT 6
    #define TC_ACT_REDIRECT 7
    #define TC_ACT_TRAP 8

    #endif
    """#
}
