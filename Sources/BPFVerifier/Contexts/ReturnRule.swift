package import BPFObject

/// What a program may return.
package enum ReturnRule: Hashable, Sendable {
  /// R0 has to be initialised, and no more.
  case anything
  /// A number within bounds, both included.
  case range(ClosedRange<Int32>)
  /// What the prototype of the function says that the program stands for: structure operations, LSM hooks.
  case byPrototype
}

extension ReturnRule {
  /// What programs of a kind may return in Linux 6.18.
  package static func rule(for kind: ProgramKind) -> ReturnRule {
    let attach = AttachType(rawValue: kind.attachType)
    switch kind.type {
    case .cgroupSKB: return .range(attach == .cgroupInetEgress ? 0...3 : 0...1)
    case .cgroupSocket, .cgroupDevice, .cgroupSystemControl, .cgroupSocketOption, .socketOperations, .socketLookup,
      .netfilter:
      return .range(0...1)
    case .cgroupSocketAddress: return .range(addressRange(attach))
    case .kprobe:
      let isSession = attach == .kprobeSession || attach == .uprobeSession
      return isSession ? .range(0...1) : .anything
    case .tracing:
      switch attach {
      case .traceFunctionEntry, .traceFunctionExit: return .range(0...0)
      case .traceIterator: return .range(0...1)
      default: return .anything
      }
    case .lsm: return attach == .lsmCgroup ? .range(0...1) : .byPrototype
    case .structOperations: return .byPrototype
    default: return .anything
    }
  }

  private static func addressRange(_ attach: AttachType?) -> ClosedRange<Int32> {
    switch attach {
    case .cgroupInet4Bind, .cgroupInet6Bind: 0...3
    case .cgroupUDP4ReceiveMessage, .cgroupUDP6ReceiveMessage, .cgroupUnixReceiveMessage, .cgroupInet4GetPeerName,
      .cgroupInet6GetPeerName, .cgroupInet4GetSocketName, .cgroupInet6GetSocketName, .cgroupUnixGetPeerName,
      .cgroupUnixGetSocketName:
      1...1
    default: 0...1
    }
  }
}
