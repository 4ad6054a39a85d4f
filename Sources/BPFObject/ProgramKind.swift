/// What an ELF section name says about a program, by the table that libbpf defines.
public struct ProgramKind: Hashable, Sendable {
  public var type: ProgramType
  /// The expected attach type (`enum bpf_attach_type`), 0 where the type has none.
  public var attachType: UInt32
  /// What follows the section's prefix: a tracepoint's name, `binary:function`, an event.
  public var target: String
  /// Whether the program may sleep (`.s` sections and `syscall`).
  public var isSleepable: Bool
  /// Whether XDP programs accept fragments (`xdp.frags`).
  public var hasFragments: Bool
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
  case unspecified = 0
  case socketFilter = 1
  case kprobe = 2
  case trafficClassifier = 3
  case trafficAction = 4
  case tracepoint = 5
  case xdp = 6
  case perfEvent = 7
  case cgroupSKB = 8
  case cgroupSocket = 9
  case lightweightTunnelIn = 10
  case lightweightTunnelOut = 11
  case lightweightTunnelTransmit = 12
  case socketOperations = 13
  case socketSKB = 14
  case cgroupDevice = 15
  case socketMessage = 16
  case rawTracepoint = 17
  case cgroupSocketAddress = 18
  case lightweightTunnelSeg6Local = 19
  case lircMode2 = 20
  case socketReusePort = 21
  case flowDissector = 22
  case cgroupSystemControl = 23
  case rawTracepointWritable = 24
  case cgroupSocketOption = 25
  case tracing = 26
  case structOperations = 27
  case extension_ = 28
  case lsm = 29
  case socketLookup = 30
  case systemCall = 31
  case netfilter = 32
}
