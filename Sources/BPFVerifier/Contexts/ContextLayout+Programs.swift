package import BPFObject

extension ContextLayout {
  /// What programs of a kind see as their context in Linux 6.18 on x86-64.
  package static func layout(for kind: ProgramKind) -> ContextLayout {
    let attach = AttachType(rawValue: kind.attachType)
    switch kind.type {
    case .unspecified, .extension_, .lircMode2: return ContextLayout("", .opaque)
    case .socketFilter: return filterBuffer
    case .trafficClassifier, .trafficAction: return classifierBuffer
    case .cgroupSKB: return cgroupBuffer
    case .socketSKB: return streamBuffer
    case .lightweightTunnelIn, .lightweightTunnelOut, .lightweightTunnelTransmit, .lightweightTunnelSeg6Local:
      return tunnelBuffer
    case .flowDissector:
      let names: Set<String> = ["data", "data_end", "flow_keys"]
      return ContextLayout("__sk_buff", .members(ContextMember.socketBufferMembers.filter { names.contains($0.name) }))
    case .xdp: return attach == .xdpDeviceMap ? egressFrame : frame
    // `struct pt_regs` of x86-64.
    case .kprobe: return ContextLayout("bpf_user_pt_regs_t", .plain(0..<168))
    // A record begins with a pointer that belongs to the kernel; how long it is shows when the program is attached.
    case .tracepoint: return ContextLayout("", .plain(8..<8192))
    case .perfEvent: return ContextLayout("bpf_perf_event_data", .members(ContextMember.perfEventMembers))
    case .rawTracepoint:
      return ContextLayout("bpf_raw_tracepoint_args", .tracepointArguments(byteCount: 96, hasBuffer: false))
    case .rawTracepointWritable:
      return ContextLayout("bpf_raw_tracepoint_args", .tracepointArguments(byteCount: 96, hasBuffer: true))
    case .tracing, .lsm, .structOperations: return ContextLayout("", .parameters)
    case .systemCall: return ContextLayout("", .userBytes(byteCount: Int(UInt16.max)))
    case .cgroupSocket: return ContextLayout("bpf_sock", .members(socketMembers(attach)))
    case .cgroupDevice: return ContextLayout("bpf_cgroup_dev_ctx", .members(ContextMember.deviceMembers))
    case .cgroupSocketAddress: return ContextLayout("bpf_sock_addr", .members(addressMembers(attach)))
    case .cgroupSystemControl: return ContextLayout("bpf_sysctl", .members(ContextMember.systemControlMembers))
    case .cgroupSocketOption: return ContextLayout("bpf_sockopt", .members(optionMembers(attach)))
    case .socketOperations: return ContextLayout("bpf_sock_ops", .members(ContextMember.socketOperationsMembers))
    case .socketMessage: return ContextLayout("sk_msg_md", .members(ContextMember.socketMessageMembers))
    case .socketReusePort: return ContextLayout("sk_reuseport_md", .members(ContextMember.reusePortMembers))
    case .socketLookup: return ContextLayout("bpf_sk_lookup", .members(ContextMember.socketLookupMembers))
    case .netfilter: return ContextLayout("bpf_nf_ctx", .members(ContextMember.netfilterMembers))
    }
  }

  // Made once each, when the first program asks for one.
  private static let filterBuffer = socketBuffer(
    hidden: "tc_classid data data_end data_meta tstamp hwtstamp", addresses: false, writable: "cb")
  private static let classifierBuffer = socketBuffer(
    hidden: "", addresses: false, wireLength: true,
    writable: "mark queue_mapping priority tc_index cb tc_classid tstamp")
  private static let cgroupBuffer = socketBuffer(
    hidden: "tc_classid data_meta", addresses: true, writable: "mark priority cb tstamp")
  private static let streamBuffer = socketBuffer(
    hidden: "mark tc_classid data_meta tstamp hwtstamp", addresses: true, writable: "priority tc_index")
  private static let tunnelBuffer = socketBuffer(
    hidden: "tc_classid data_meta tstamp hwtstamp", addresses: false, writable: "mark priority cb")
  private static let egressFrame = ContextLayout("xdp_md", .members(ContextMember.xdpMembers))
  private static let frame = ContextLayout(
    "xdp_md", .members(ContextMember.xdpMembers.filter { $0.name != "egress_ifindex" }))

  /// What a program may read through a pointer to `struct bpf_sock`, or to what all sockets have in common.
  package static func socket(isFull: Bool) -> ContextLayout {
    let onlyFull: Set<String> = ["type", "protocol", "mark", "priority"]
    let members = ContextMember.socketMembers.map(\.readOnly)
    return ContextLayout(
      isFull ? "bpf_sock" : "bpf_sock_common", .members(members.filter { isFull || !onlyFull.contains($0.name) }))
  }

  private static func socketBuffer(
    hidden: String, addresses: Bool, wireLength: Bool = false, writable: String
  ) -> ContextLayout {
    var hidden = Set(hidden.split(separator: " ").map(String.init) + ["flow_keys"])
    let writable = Set(writable.split(separator: " ").map(String.init))
    if !addresses {
      hidden.formUnion([
        "family", "remote_ip4", "local_ip4", "remote_ip6", "local_ip6", "remote_port", "local_port",
      ])
    }
    if !wireLength { hidden.formUnion(["wire_len", "tstamp_type"]) }
    let members = ContextMember.socketBufferMembers.filter { !hidden.contains($0.name) }
    return ContextLayout("__sk_buff", .members(members.map { writable.contains($0.name) ? $0 : $0.readOnly }))
  }

  private static func socketMembers(_ attach: AttachType?) -> [ContextMember] {
    let hidden: Set<String> =
      switch attach {
      case .cgroupInet4PostBind: ["bound_dev_if", "mark", "priority", "src_ip6"]
      case .cgroupInet6PostBind: ["bound_dev_if", "mark", "priority", "src_ip4"]
      default: ["src_ip4", "src_ip6", "src_port"]
      }
    return ContextMember.socketMembers.filter { !hidden.contains($0.name) }
  }

  private static func addressMembers(_ attach: AttachType?) -> [ContextMember] {
    let hidden: Set<String> =
      switch attach {
      case .cgroupUDP4SendMessage: ["user_ip6", "msg_src_ip6"]
      case .cgroupUDP6SendMessage: ["user_ip4", "msg_src_ip4"]
      case .cgroupInet4Bind, .cgroupInet4Connect, .cgroupUDP4ReceiveMessage, .cgroupInet4GetPeerName,
        .cgroupInet4GetSocketName:
        ["user_ip6", "msg_src_ip4", "msg_src_ip6"]
      case .cgroupInet6Bind, .cgroupInet6Connect, .cgroupUDP6ReceiveMessage, .cgroupInet6GetPeerName,
        .cgroupInet6GetSocketName:
        ["user_ip4", "msg_src_ip4", "msg_src_ip6"]
      default: ["user_ip4", "user_ip6", "msg_src_ip4", "msg_src_ip6"]
      }
    return ContextMember.socketAddressMembers.filter { !hidden.contains($0.name) }
  }

  private static func optionMembers(_ attach: AttachType?) -> [ContextMember] {
    attach == .cgroupGetSocketOption
      ? ContextMember.socketOptionMembers.map { ["level", "optname"].contains($0.name) ? $0.readOnly : $0 }
      : ContextMember.socketOptionMembers.filter { $0.name != "retval" }
  }
}
