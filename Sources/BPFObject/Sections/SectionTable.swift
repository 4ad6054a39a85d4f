/// What the name of a section of code means: the one table of section names, as libbpf 1.x defines them.
///
/// A name is either exact (`xdp/devmap`), or a prefix that a `/` and a target may follow (`kprobe/do_unlinkat`). Many
/// prefixes have a second form that ends in `.s`, for a program that may sleep.
struct SectionRule: Sendable {
  /// The name or prefix, without the `/`.
  var name: String
  var type: ProgramType
  var attachType: AttachType?
  /// Whether `/` and a target may follow.
  var takesTarget: Bool
  var isSleepable = false
  var hasFragments = false

  /// The rule for each name.
  static let byName: [String: SectionRule] = {
    var table: [String: SectionRule] = [:]
    for group in [tracing, traffic, sockets, cgroups, others] {
      for rule in group { table[rule.name] = rule }
    }
    return table
  }()

  /// All names in alphabetical order.
  static let names: [String] = byName.keys.sorted()
}

extension SectionRule {
  private static func exact(_ name: String, _ type: ProgramType, _ attachType: AttachType? = nil) -> [SectionRule] {
    [SectionRule(name: name, type: type, attachType: attachType, takesTarget: false)]
  }

  private static func prefix(_ name: String, _ type: ProgramType, _ attachType: AttachType? = nil) -> [SectionRule] {
    [SectionRule(name: name, type: type, attachType: attachType, takesTarget: true)]
  }

  /// The prefix and its form with `.s`.
  private static func prefixes(_ name: String, _ type: ProgramType, _ attachType: AttachType? = nil) -> [SectionRule] {
    let plain = SectionRule(name: name, type: type, attachType: attachType, takesTarget: true)
    var sleepable = plain
    sleepable.name += ".s"
    sleepable.isSleepable = true
    return [plain, sleepable]
  }

  /// The name and its form with `xdp.frags`.
  private static func express(_ suffix: String, _ attachType: AttachType) -> [SectionRule] {
    ["xdp", "xdp.frags"].map { name in
      SectionRule(
        name: name + suffix, type: .xdp, attachType: attachType, takesTarget: false, hasFragments: name != "xdp")
    }
  }

  private static func address(_ hook: String, _ attachType: AttachType) -> [SectionRule] {
    exact("cgroup/\(hook)", .cgroupSocketAddress, attachType)
  }

  private static let tracing: [SectionRule] = [
    prefix("kprobe", .kprobe),
    prefix("kretprobe", .kprobe),
    prefix("kprobe.multi", .kprobe, .kprobeMulti),
    prefix("kretprobe.multi", .kprobe, .kprobeMulti),
    prefix("kprobe.session", .kprobe, .kprobeSession),
    prefix("ksyscall", .kprobe),
    prefix("kretsyscall", .kprobe),
    prefixes("uprobe", .kprobe),
    prefixes("uretprobe", .kprobe),
    prefixes("uprobe.multi", .kprobe, .uprobeMulti),
    prefixes("uretprobe.multi", .kprobe, .uprobeMulti),
    prefixes("uprobe.session", .kprobe, .uprobeSession),
    prefixes("usdt", .kprobe),
    prefixes("tracepoint", .tracepoint),
    prefixes("tp", .tracepoint),
    prefixes("raw_tracepoint", .rawTracepoint),
    prefixes("raw_tp", .rawTracepoint),
    prefix("raw_tracepoint.w", .rawTracepointWritable),
    prefix("raw_tp.w", .rawTracepointWritable),
    prefixes("tp_btf", .tracing, .traceRawTracepoint),
    prefixes("fentry", .tracing, .traceFunctionEntry),
    prefixes("fexit", .tracing, .traceFunctionExit),
    prefixes("fmod_ret", .tracing, .modifyReturn),
    prefixes("fsession", .tracing, .traceFunctionSession),
    prefixes("fentry.multi", .tracing, .traceFunctionEntryMulti),
    prefixes("fexit.multi", .tracing, .traceFunctionExitMulti),
    prefixes("fsession.multi", .tracing, .traceFunctionSessionMulti),
    prefixes("iter", .tracing, .traceIterator),
    exact("perf_event", .perfEvent),
  ].flatMap(\.self)

  private static let traffic: [SectionRule] = [
    express("", .xdp),
    express("/devmap", .xdpDeviceMap),
    express("/cpumap", .xdpCPUMap),
    exact("tc", .trafficClassifier),
    exact("classifier", .trafficClassifier),
    exact("action", .trafficAction),
    exact("tc/ingress", .trafficClassifier, .tcxIngress),
    exact("tc/egress", .trafficClassifier, .tcxEgress),
    exact("tcx/ingress", .trafficClassifier, .tcxIngress),
    exact("tcx/egress", .trafficClassifier, .tcxEgress),
    exact("netkit/primary", .trafficClassifier, .netkitPrimary),
    exact("netkit/peer", .trafficClassifier, .netkitPeer),
    exact("lwt_in", .lightweightTunnelIn),
    exact("lwt_out", .lightweightTunnelOut),
    exact("lwt_xmit", .lightweightTunnelTransmit),
    exact("lwt_seg6local", .lightweightTunnelSeg6Local),
    exact("flow_dissector", .flowDissector, .flowDissector),
    exact("netfilter", .netfilter, .netfilter),
  ].flatMap(\.self)

  private static let sockets: [SectionRule] = [
    exact("socket", .socketFilter),
    exact("sockops", .socketOperations, .cgroupSocketOperations),
    exact("sk_skb", .socketSKB),
    exact("sk_skb/stream_parser", .socketSKB, .socketSKBStreamParser),
    exact("sk_skb/stream_verdict", .socketSKB, .socketSKBStreamVerdict),
    exact("sk_skb/verdict", .socketSKB, .socketSKBVerdict),
    exact("sk_msg", .socketMessage, .socketMessageVerdict),
    exact("sk_reuseport", .socketReusePort, .socketReusePortSelect),
    exact("sk_reuseport/migrate", .socketReusePort, .socketReusePortSelectOrMigrate),
    exact("sk_lookup", .socketLookup, .socketLookup),
  ].flatMap(\.self)

  private static let cgroups: [SectionRule] = [
    exact("cgroup_skb/ingress", .cgroupSKB, .cgroupInetIngress),
    exact("cgroup_skb/egress", .cgroupSKB, .cgroupInetEgress),
    exact("cgroup/skb", .cgroupSKB),
    exact("cgroup/sock", .cgroupSocket, .cgroupInetSocketCreate),
    exact("cgroup/sock_create", .cgroupSocket, .cgroupInetSocketCreate),
    exact("cgroup/sock_release", .cgroupSocket, .cgroupInetSocketRelease),
    exact("cgroup/post_bind4", .cgroupSocket, .cgroupInet4PostBind),
    exact("cgroup/post_bind6", .cgroupSocket, .cgroupInet6PostBind),
    address("bind4", .cgroupInet4Bind),
    address("bind6", .cgroupInet6Bind),
    address("connect4", .cgroupInet4Connect),
    address("connect6", .cgroupInet6Connect),
    address("connect_unix", .cgroupUnixConnect),
    address("sendmsg4", .cgroupUDP4SendMessage),
    address("sendmsg6", .cgroupUDP6SendMessage),
    address("sendmsg_unix", .cgroupUnixSendMessage),
    address("recvmsg4", .cgroupUDP4ReceiveMessage),
    address("recvmsg6", .cgroupUDP6ReceiveMessage),
    address("recvmsg_unix", .cgroupUnixReceiveMessage),
    address("getpeername4", .cgroupInet4GetPeerName),
    address("getpeername6", .cgroupInet6GetPeerName),
    address("getpeername_unix", .cgroupUnixGetPeerName),
    address("getsockname4", .cgroupInet4GetSocketName),
    address("getsockname6", .cgroupInet6GetSocketName),
    address("getsockname_unix", .cgroupUnixGetSocketName),
    exact("cgroup/sysctl", .cgroupSystemControl, .cgroupSystemControl),
    exact("cgroup/getsockopt", .cgroupSocketOption, .cgroupGetSocketOption),
    exact("cgroup/setsockopt", .cgroupSocketOption, .cgroupSetSocketOption),
    exact("cgroup/dev", .cgroupDevice, .cgroupDevice),
  ].flatMap(\.self)

  private static let others: [SectionRule] = [
    prefixes("lsm", .lsm, .lsmMAC),
    prefix("lsm_cgroup", .lsm, .lsmCgroup),
    prefix("freplace", .extension_),
    prefixes("struct_ops", .structOperations),
    exact("lirc_mode2", .lircMode2, .lircMode2),
    [
      SectionRule(name: "syscall", type: .systemCall, attachType: nil, takesTarget: false, isSleepable: true)
    ],
  ].flatMap(\.self)
}
