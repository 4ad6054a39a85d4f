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
    case .kprobe:
      return common.union(tracing).union(HelperSet(named: "get_attach_cookie get_func_ip override_return"))
    case .tracepoint, .rawTracepoint, .rawTracepointWritable:
      return common.union(tracing).union(HelperSet(named: "get_attach_cookie get_func_ip"))
    case .perfEvent:
      return common.union(tracing)
        .union(HelperSet(named: "get_attach_cookie get_func_ip perf_prog_read_value read_branch_records"))
    case .tracing: return common.union(tracing).union(kernelObjects).union(socketCasts).union(traced(by: attach, kind))
    case .systemCall:
      return common.union(tracing).union(kernelObjects).union(socketCasts)
        .union(HelperSet(named: "sys_bpf sys_close kallsyms_lookup_name btf_find_by_name_kind"))
    case .lsm: return securityModule(attach)
    case .structOperations: return common.union(tracing).union(kernelObjects).union(socketCasts)
    case .extension_, .netfilter: return common
    case .lircMode2: return common.union(HelperSet(named: "rc_repeat rc_keydown rc_pointer_rel"))
    case .cgroupSKB: return common.union(cgroupSKB).union(socketCasts).union(socketLookups)
    case .cgroupSocket: return common.union(cgroupSocket)
    case .cgroupDevice:
      let whole = common.union(HelperSet(named: "perf_event_output get_local_storage"))
      return attach == .cgroupDevice ? whole.union(HelperSet(named: "get_retval set_retval")) : whole
    case .cgroupSystemControl: return common.union(cgroupSystemControl)
    case .cgroupSocketOption:
      let whole = common.union(cgroupSocketOption)
      return attach == .cgroupSetSocketOption ? whole.union(HelperSet(named: "setsockopt getsockopt")) : whole
    case .cgroupSocketAddress:
      return common.union(cgroupSocketAddress).union(socketCasts).union(socketLookups).union(addressHooks(attach))
    case .lightweightTunnelOut: return common.union(lightweightTunnel).union(socketCasts)
    case .lightweightTunnelIn:
      return common.union(lightweightTunnel).union(socketCasts).union(HelperSet(named: "lwt_push_encap"))
    case .lightweightTunnelSeg6Local:
      return common.union(lightweightTunnel).union(socketCasts)
        .union(HelperSet(named: "lwt_seg6_store_bytes lwt_seg6_adjust_srh lwt_seg6_action"))
    case .lightweightTunnelTransmit: return common.union(lightweightTunnelTransmit).union(socketCasts)
    case .socketOperations: return common.union(socketOperations).union(socketCasts)
    case .socketSKB: return common.union(socketSKB).union(socketCasts).union(socketLookups)
    case .socketMessage: return common.union(socketMessage).union(socketCasts)
    case .socketReusePort: return common.union(socketReusePort)
    case .flowDissector: return common.union(socketCasts).union(HelperSet(named: "skb_load_bytes ktime_get_coarse_ns"))
    case .socketLookup: return common.union(socketLookup).union(socketCasts)
    }
  }

  private static func traced(by attach: AttachType?, _ kind: ProgramKind) -> HelperSet {
    switch attach {
    case .traceIterator:
      let sequence = HelperSet(named: "seq_printf seq_printf_btf seq_write")
      let iteratesSockets = ["tcp", "udp", "unix"].contains(kind.target)
      return iteratesSockets ? sequence.union(HelperSet(named: "setsockopt getsockopt")) : sequence
    case .traceFunctionEntry, .traceFunctionExit, .modifyReturn:
      return HelperSet(named: "get_attach_cookie get_func_arg get_func_ret get_func_arg_cnt")
    default: return HelperSet(named: "get_attach_cookie")
    }
  }

  private static func securityModule(_ attach: AttachType?) -> HelperSet {
    let whole = common.union(tracing).union(kernelObjects).union(socketCasts).union(
      HelperSet(
        named: """
          inode_storage_get inode_storage_delete bprm_opts_set ima_inode_hash ima_file_hash get_attach_cookie
          get_func_arg get_func_ret get_func_arg_cnt
          """))
    guard attach == .lsmCgroup else { return whole }
    return whole.union(
      HelperSet(named: "setsockopt getsockopt get_netns_cookie get_local_storage get_retval set_retval"))
  }

  private static func addressHooks(_ attach: AttachType?) -> HelperSet {
    switch attach {
    case .cgroupInet4Connect, .cgroupInet6Connect: HelperSet(named: "bind get_retval set_retval")
    case .cgroupInet4Bind, .cgroupInet6Bind, .cgroupUDP4SendMessage, .cgroupUDP6SendMessage, .cgroupUnixConnect,
      .cgroupUnixSendMessage:
      HelperSet(named: "get_retval set_retval")
    default: HelperSet()
    }
  }
}
