/// What an ELF section name says about a program, by the table that libbpf defines.
public struct ProgramKind: Hashable, Sendable {
  /// The program type.
  public var type: ProgramType
  /// The expected attach type (`enum bpf_attach_type`), 0 where the type has none.
  public var attachType: UInt32
  /// What follows the section's prefix: a tracepoint's name, `binary:function`, an event.
  public var target: String
  /// Whether the program may sleep (`.s` sections and `syscall`).
  public var isSleepable: Bool
  /// Whether XDP programs accept fragments (`xdp.frags`).
  public var hasFragments: Bool
  /// The section's name without the target, such as `uretprobe.s`, which tells apart what the type does not: probes of
  /// the kernel, of a binary, of a system call. Empty for a kind that was not made from a section's name.
  public var prefix: String = ""

  /// A program kind with the given fields.
  public init(
    type: ProgramType, attachType: UInt32 = 0, target: String = "", isSleepable: Bool = false,
    hasFragments: Bool = false
  ) {
    self.type = type
    self.attachType = attachType
    self.target = target
    self.isSleepable = isSleepable
    self.hasFragments = hasFragments
  }
}

/// The program types of Linux 6.18 (`enum bpf_prog_type`).
public enum ProgramType: UInt32, Hashable, Sendable, CaseIterable {
  /// `BPF_PROG_TYPE_UNSPEC`.
  case unspecified = 0
  /// `BPF_PROG_TYPE_SOCKET_FILTER`.
  case socketFilter = 1
  /// `BPF_PROG_TYPE_KPROBE`.
  case kprobe = 2
  /// `BPF_PROG_TYPE_SCHED_CLS`.
  case trafficClassifier = 3
  /// `BPF_PROG_TYPE_SCHED_ACT`.
  case trafficAction = 4
  /// `BPF_PROG_TYPE_TRACEPOINT`.
  case tracepoint = 5
  /// `BPF_PROG_TYPE_XDP`.
  case xdp = 6
  /// `BPF_PROG_TYPE_PERF_EVENT`.
  case perfEvent = 7
  /// `BPF_PROG_TYPE_CGROUP_SKB`.
  case cgroupSKB = 8
  /// `BPF_PROG_TYPE_CGROUP_SOCK`.
  case cgroupSocket = 9
  /// `BPF_PROG_TYPE_LWT_IN`.
  case lightweightTunnelIn = 10
  /// `BPF_PROG_TYPE_LWT_OUT`.
  case lightweightTunnelOut = 11
  /// `BPF_PROG_TYPE_LWT_XMIT`.
  case lightweightTunnelTransmit = 12
  /// `BPF_PROG_TYPE_SOCK_OPS`.
  case socketOperations = 13
  /// `BPF_PROG_TYPE_SK_SKB`.
  case socketSKB = 14
  /// `BPF_PROG_TYPE_CGROUP_DEVICE`.
  case cgroupDevice = 15
  /// `BPF_PROG_TYPE_SK_MSG`.
  case socketMessage = 16
  /// `BPF_PROG_TYPE_RAW_TRACEPOINT`.
  case rawTracepoint = 17
  /// `BPF_PROG_TYPE_CGROUP_SOCK_ADDR`.
  case cgroupSocketAddress = 18
  /// `BPF_PROG_TYPE_LWT_SEG6LOCAL`.
  case lightweightTunnelSeg6Local = 19
  /// `BPF_PROG_TYPE_LIRC_MODE2`.
  case lircMode2 = 20
  /// `BPF_PROG_TYPE_SK_REUSEPORT`.
  case socketReusePort = 21
  /// `BPF_PROG_TYPE_FLOW_DISSECTOR`.
  case flowDissector = 22
  /// `BPF_PROG_TYPE_CGROUP_SYSCTL`.
  case cgroupSystemControl = 23
  /// `BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE`.
  case rawTracepointWritable = 24
  /// `BPF_PROG_TYPE_CGROUP_SOCKOPT`.
  case cgroupSocketOption = 25
  /// `BPF_PROG_TYPE_TRACING`.
  case tracing = 26
  /// `BPF_PROG_TYPE_STRUCT_OPS`.
  case structOperations = 27
  /// `BPF_PROG_TYPE_EXT`.
  case extension_ = 28
  /// `BPF_PROG_TYPE_LSM`.
  case lsm = 29
  /// `BPF_PROG_TYPE_SK_LOOKUP`.
  case socketLookup = 30
  /// `BPF_PROG_TYPE_SYSCALL`.
  case systemCall = 31
  /// `BPF_PROG_TYPE_NETFILTER`.
  case netfilter = 32
}
