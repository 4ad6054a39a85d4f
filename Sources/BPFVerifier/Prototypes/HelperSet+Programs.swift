package import BPFObject

extension HelperSet {
  /// The helper functions that programs of a kind may call in Linux 6.18, with everything configured; those that sleep
  /// and those that need a licence included.
  ///
  /// A program that replaces a function of another (`freplace`) may call what that one may; here it gets nothing more
  /// than what every program may call.
  package static func available(to kind: ProgramKind) -> HelperSet {
    let attach = AttachType(rawValue: kind.attachType)
    switch kind.type {
    case .unspecified: return HelperSet()
    case .socketFilter: return common.union(socketFilter).union(socketCasts)
    case .trafficClassifier, .trafficAction: return common.union(trafficControl).union(socketCasts).union(socketLookups)
    case .xdp: return common.union(xdp).union(socketCasts).union(socketLookups)
    case .kprobe: return common.union(tracing).union(kernelProbe)
    case .tracepoint, .rawTracepoint, .rawTracepointWritable:
      return common.union(tracing).union(tracepoint)
    case .perfEvent: return common.union(tracing).union(perfEvent)
    case .tracing: return common.union(tracing).union(kernelObjects).union(socketCasts).union(traced(by: attach, kind))
    case .systemCall: return common.union(tracing).union(kernelObjects).union(socketCasts).union(systemCall)
    case .lsm: return securityModule(attach)
    case .structOperations: return common.union(tracing).union(kernelObjects).union(socketCasts)
    case .extension_, .netfilter: return common
    case .lircMode2: return common.union(infrared)
    case .cgroupSKB: return common.union(cgroupSKB).union(socketCasts).union(socketLookups)
    case .cgroupSocket: return common.union(cgroupSocket)
    case .cgroupDevice:
      let whole = common.union(cgroupDevice)
      return attach == .cgroupDevice ? whole.union(returnValue) : whole
    case .cgroupSystemControl: return common.union(cgroupSystemControl)
    case .cgroupSocketOption:
      let whole = common.union(cgroupSocketOption)
      return attach == .cgroupSetSocketOption ? whole.union(socketOptions) : whole
    case .cgroupSocketAddress:
      return common.union(cgroupSocketAddress).union(socketCasts).union(socketLookups).union(addressHooks(attach))
    case .lightweightTunnelOut: return common.union(lightweightTunnel).union(socketCasts)
    case .lightweightTunnelIn: return common.union(lightweightTunnel).union(socketCasts).union(encapsulation)
    case .lightweightTunnelSeg6Local: return common.union(lightweightTunnel).union(socketCasts).union(segmentRouting)
    case .lightweightTunnelTransmit: return common.union(lightweightTunnelTransmit).union(socketCasts)
    case .socketOperations: return common.union(socketOperations).union(socketCasts)
    case .socketSKB: return common.union(socketSKB).union(socketCasts).union(socketLookups)
    case .socketMessage: return common.union(socketMessage).union(socketCasts)
    case .socketReusePort: return common.union(socketReusePort)
    case .flowDissector: return common.union(socketCasts).union(flowDissector)
    case .socketLookup: return common.union(socketLookup).union(socketCasts)
    }
  }

  private static func traced(by attach: AttachType?, _ kind: ProgramKind) -> HelperSet {
    switch attach {
    case .traceIterator:
      let iteratesSockets = ["tcp", "udp", "unix"].contains(kind.target)
      return iteratesSockets ? sequenceFile.union(socketOptions) : sequenceFile
    case .traceFunctionEntry, .traceFunctionExit, .modifyReturn: return trampoline
    default: return attachCookie
    }
  }

  private static func securityModule(_ attach: AttachType?) -> HelperSet {
    let whole = common.union(tracing).union(kernelObjects).union(socketCasts).union(securityHooks)
    return attach == .lsmCgroup ? whole.union(cgroupSecurity) : whole
  }

  private static func addressHooks(_ attach: AttachType?) -> HelperSet {
    switch attach {
    case .cgroupInet4Connect, .cgroupInet6Connect: connect
    case .cgroupInet4Bind, .cgroupInet6Bind, .cgroupUDP4SendMessage, .cgroupUDP6SendMessage, .cgroupUnixConnect,
      .cgroupUnixSendMessage:
      returnValue
    default: HelperSet()
    }
  }
}
