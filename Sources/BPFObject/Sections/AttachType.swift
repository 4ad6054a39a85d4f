/// Where a program of a type may be attached (`enum bpf_attach_type`).
///
/// Up to ``uprobeSession`` the types are those of Linux 6.18; the rest came later, and the real kernel of 6.18 refuses
/// them.
public enum AttachType: UInt32, Hashable, Sendable, CaseIterable {
  /// `BPF_CGROUP_INET_INGRESS`.
  case cgroupInetIngress = 0
  /// `BPF_CGROUP_INET_EGRESS`.
  case cgroupInetEgress = 1
  /// `BPF_CGROUP_INET_SOCK_CREATE`.
  case cgroupInetSocketCreate = 2
  /// `BPF_CGROUP_SOCK_OPS`.
  case cgroupSocketOperations = 3
  /// `BPF_SK_SKB_STREAM_PARSER`.
  case socketSKBStreamParser = 4
  /// `BPF_SK_SKB_STREAM_VERDICT`.
  case socketSKBStreamVerdict = 5
  /// `BPF_CGROUP_DEVICE`.
  case cgroupDevice = 6
  /// `BPF_SK_MSG_VERDICT`.
  case socketMessageVerdict = 7
  /// `BPF_CGROUP_INET4_BIND`.
  case cgroupInet4Bind = 8
  /// `BPF_CGROUP_INET6_BIND`.
  case cgroupInet6Bind = 9
  /// `BPF_CGROUP_INET4_CONNECT`.
  case cgroupInet4Connect = 10
  /// `BPF_CGROUP_INET6_CONNECT`.
  case cgroupInet6Connect = 11
  /// `BPF_CGROUP_INET4_POST_BIND`.
  case cgroupInet4PostBind = 12
  /// `BPF_CGROUP_INET6_POST_BIND`.
  case cgroupInet6PostBind = 13
  /// `BPF_CGROUP_UDP4_SENDMSG`.
  case cgroupUDP4SendMessage = 14
  /// `BPF_CGROUP_UDP6_SENDMSG`.
  case cgroupUDP6SendMessage = 15
  /// `BPF_LIRC_MODE2`.
  case lircMode2 = 16
  /// `BPF_FLOW_DISSECTOR`.
  case flowDissector = 17
  /// `BPF_CGROUP_SYSCTL`.
  case cgroupSystemControl = 18
  /// `BPF_CGROUP_UDP4_RECVMSG`.
  case cgroupUDP4ReceiveMessage = 19
  /// `BPF_CGROUP_UDP6_RECVMSG`.
  case cgroupUDP6ReceiveMessage = 20
  /// `BPF_CGROUP_GETSOCKOPT`.
  case cgroupGetSocketOption = 21
  /// `BPF_CGROUP_SETSOCKOPT`.
  case cgroupSetSocketOption = 22
  /// `BPF_TRACE_RAW_TP`.
  case traceRawTracepoint = 23
  /// `BPF_TRACE_FENTRY`.
  case traceFunctionEntry = 24
  /// `BPF_TRACE_FEXIT`.
  case traceFunctionExit = 25
  /// `BPF_MODIFY_RETURN`.
  case modifyReturn = 26
  /// `BPF_LSM_MAC`.
  case lsmMAC = 27
  /// `BPF_TRACE_ITER`.
  case traceIterator = 28
  /// `BPF_CGROUP_INET4_GETPEERNAME`.
  case cgroupInet4GetPeerName = 29
  /// `BPF_CGROUP_INET6_GETPEERNAME`.
  case cgroupInet6GetPeerName = 30
  /// `BPF_CGROUP_INET4_GETSOCKNAME`.
  case cgroupInet4GetSocketName = 31
  /// `BPF_CGROUP_INET6_GETSOCKNAME`.
  case cgroupInet6GetSocketName = 32
  /// `BPF_XDP_DEVMAP`.
  case xdpDeviceMap = 33
  /// `BPF_CGROUP_INET_SOCK_RELEASE`.
  case cgroupInetSocketRelease = 34
  /// `BPF_XDP_CPUMAP`.
  case xdpCPUMap = 35
  /// `BPF_SK_LOOKUP`.
  case socketLookup = 36
  /// `BPF_XDP`.
  case xdp = 37
  /// `BPF_SK_SKB_VERDICT`.
  case socketSKBVerdict = 38
  /// `BPF_SK_REUSEPORT_SELECT`.
  case socketReusePortSelect = 39
  /// `BPF_SK_REUSEPORT_SELECT_OR_MIGRATE`.
  case socketReusePortSelectOrMigrate = 40
  /// `BPF_PERF_EVENT`.
  case perfEvent = 41
  /// `BPF_TRACE_KPROBE_MULTI`.
  case kprobeMulti = 42
  /// `BPF_LSM_CGROUP`.
  case lsmCgroup = 43
  /// `BPF_STRUCT_OPS`.
  case structOperations = 44
  /// `BPF_NETFILTER`.
  case netfilter = 45
  /// `BPF_TCX_INGRESS`.
  case tcxIngress = 46
  /// `BPF_TCX_EGRESS`.
  case tcxEgress = 47
  /// `BPF_TRACE_UPROBE_MULTI`.
  case uprobeMulti = 48
  /// `BPF_CGROUP_UNIX_CONNECT`.
  case cgroupUnixConnect = 49
  /// `BPF_CGROUP_UNIX_SENDMSG`.
  case cgroupUnixSendMessage = 50
  /// `BPF_CGROUP_UNIX_RECVMSG`.
  case cgroupUnixReceiveMessage = 51
  /// `BPF_CGROUP_UNIX_GETPEERNAME`.
  case cgroupUnixGetPeerName = 52
  /// `BPF_CGROUP_UNIX_GETSOCKNAME`.
  case cgroupUnixGetSocketName = 53
  /// `BPF_NETKIT_PRIMARY`.
  case netkitPrimary = 54
  /// `BPF_NETKIT_PEER`.
  case netkitPeer = 55
  /// `BPF_TRACE_KPROBE_SESSION`.
  case kprobeSession = 56
  /// `BPF_TRACE_UPROBE_SESSION`.
  case uprobeSession = 57
  /// `BPF_TRACE_FSESSION`.
  case traceFunctionSession = 58
  /// `BPF_TRACE_FENTRY_MULTI`.
  case traceFunctionEntryMulti = 59
  /// `BPF_TRACE_FEXIT_MULTI`.
  case traceFunctionExitMulti = 60
  /// `BPF_TRACE_FSESSION_MULTI`.
  case traceFunctionSessionMulti = 61
}
