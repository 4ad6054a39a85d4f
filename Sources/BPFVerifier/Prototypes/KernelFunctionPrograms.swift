package import BPFObject

/// Kinds of programs as the sets of kernel functions have them.
package struct KernelFunctionPrograms: OptionSet, Hashable, Sendable {
  package let rawValue: UInt32
  package init(rawValue: UInt32) { self.rawValue = rawValue }

  /// Every program.
  package static let all = KernelFunctionPrograms(rawValue: 1 << 0)
  /// XDP.
  package static let xdp = KernelFunctionPrograms(rawValue: 1 << 1)
  /// Classifiers of tc.
  package static let trafficClassifier = KernelFunctionPrograms(rawValue: 1 << 2)
  /// Actions of tc.
  package static let trafficAction = KernelFunctionPrograms(rawValue: 1 << 3)
  /// struct_ops.
  package static let structOperations = KernelFunctionPrograms(rawValue: 1 << 4)
  /// Tracepoints, perf events, `tp_btf`, fentry and the like, iterators, LSM; not raw tracepoints and probes.
  package static let tracing = KernelFunctionPrograms(rawValue: 1 << 5)
  /// Iterators.
  package static let iterator = KernelFunctionPrograms(rawValue: 1 << 6)
  /// LSM.
  package static let lsm = KernelFunctionPrograms(rawValue: 1 << 7)
  /// syscall.
  package static let systemCall = KernelFunctionPrograms(rawValue: 1 << 8)
  /// All programs that are attached to cgroups.
  package static let cgroup = KernelFunctionPrograms(rawValue: 1 << 9)
  /// sk_skb.
  package static let socketSKB = KernelFunctionPrograms(rawValue: 1 << 10)
  /// Socket filters.
  package static let socketFilter = KernelFunctionPrograms(rawValue: 1 << 11)
  /// Lightweight tunnels.
  package static let lightweightTunnel = KernelFunctionPrograms(rawValue: 1 << 12)
  /// netfilter.
  package static let netfilter = KernelFunctionPrograms(rawValue: 1 << 13)
  /// Sessions of kprobes and uprobes.
  package static let kprobe = KernelFunctionPrograms(rawValue: 1 << 14)

  /// The sets whose functions programs of a kind may call, ``all`` always among them.
  package init(kind: ProgramKind) {
    let attach = AttachType(rawValue: kind.attachType)
    switch kind.type {
    case .xdp: self = [.all, .xdp]
    case .trafficClassifier: self = [.all, .trafficClassifier]
    case .trafficAction: self = [.all, .trafficAction]
    case .structOperations: self = [.all, .structOperations]
    case .tracing: self = attach == .traceIterator ? [.all, .tracing, .iterator] : [.all, .tracing]
    case .tracepoint, .perfEvent: self = [.all, .tracing]
    case .lsm: self = [.all, .tracing, .lsm]
    case .systemCall: self = [.all, .systemCall]
    case .cgroupSKB, .cgroupSocket, .cgroupDevice, .cgroupSocketAddress, .cgroupSocketOption, .cgroupSystemControl,
      .socketOperations:
      self = [.all, .cgroup]
    case .socketSKB: self = [.all, .socketSKB]
    case .socketFilter: self = [.all, .socketFilter]
    case .lightweightTunnelIn, .lightweightTunnelOut, .lightweightTunnelTransmit, .lightweightTunnelSeg6Local:
      self = [.all, .lightweightTunnel]
    case .netfilter: self = [.all, .netfilter]
    case .kprobe: self = attach == .kprobeSession || attach == .uprobeSession ? [.all, .kprobe] : .all
    default: self = .all
    }
  }
}
