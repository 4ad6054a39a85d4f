/// The headers that Merops carries, so that BPF C compiles on a machine without libbpf and without the kernel's
/// headers.
///
/// Names and meaning are those of libbpf and of the kernel's interface; the text is this project's own. Structures are
/// not here: programs get them from `<vmlinux.h>`, or from `<merops/interface.h>`, which `<linux/bpf.h>` and the
/// headers of packets include; both are the caller's to give.
enum CarriedHeaders {
  /// The texts by the name with which they are included.
  static let all: [String: String] = [
    "bpf/bpf_helpers.h": helpers,
    "bpf/bpf_helper_defs.h": helperDefinitions,
    "bpf/bpf_tracing.h": tracing,
    "bpf/bpf_core_read.h": coreRead,
    "bpf/bpf_endian.h": endian,
    "bpf/usdt.bpf.h": userTracepoints,
    "bpf_misc.h": misc,
    "bpf_experimental.h": experimental,
    "stddef.h": stddef,
    "stdbool.h": stdbool,
    "stdint.h": stdint,
    "string.h": string,
    "errno.h": errno,
    "sys/types.h": sysTypes,
    "linux/types.h": linuxTypes,
    "linux/bpf.h": linuxBPF,
    "linux/ptrace.h": linuxPtrace,
    "linux/bpf_perf_event.h": linuxBPFPerfEvent,
    "linux/perf_event.h": linuxPerfEvent,
    "linux/sched.h": linuxSched,
    "linux/version.h": linuxVersion,
    "linux/stddef.h": linuxStddef,
    "linux/if_ether.h": linuxIfEther,
    "linux/if_vlan.h": linuxIfVlan,
    "linux/if_arp.h": linuxIfArp,
    "linux/ip.h": linuxIp,
    "linux/ipv6.h": linuxIpv6,
    "linux/in.h": linuxIn,
    "linux/in6.h": linuxIn6,
    "linux/tcp.h": linuxTcp,
    "linux/udp.h": linuxUdp,
    "linux/icmp.h": linuxIcmp,
    "linux/icmpv6.h": linuxIcmpv6,
    "linux/socket.h": linuxSocket,
    "linux/pkt_cls.h": linuxPktCls,
    "asm/types.h": "#include <linux/types.h>\n",
    "asm/errno.h": "#include <errno.h>\n",
    "linux/errno.h": "#include <errno.h>\n",
    "linux/string.h": "#include <string.h>\n",
    "merops/interface.h": missingInterface,
  ]

  /// Stands in for the kernel's interface where the caller gives none.
  private static let missingInterface = """
    #ifndef __MEROPS_INTERFACE_H
    #define __MEROPS_INTERFACE_H
    #error "the structures of the kernel's interface are not here; include <vmlinux.h>, or give merops/interface.h"
    #endif

    """

  /// What comes before the caller's `<vmlinux.h>`, in which `bool`, `true` and `false` are a type and enumerators.
  static let beforeKernelTypes = """
    #ifdef __MEROPS_INTERFACE_H
    #error "include <vmlinux.h> before <linux/...>: both describe the same structures"
    #endif
    #undef bool
    #undef true
    #undef false
    #undef __bool_true_false_are_defined

    """
}
