// Asked of a running Linux 6.18: every offset, every size, reads and writes, for every program type. A member is listed with
// what the most permissive type may do; `ContextLayout+Programs.swift` says what each type may not.

extension ContextMember {
  /// The members of `struct __sk_buff`.
  static let socketBufferMembers: [ContextMember] = [
    member("len", 0, 4),
    member("pkt_type", 4, 4),
    member("mark", 8, 4, writes: .whole),
    member("queue_mapping", 12, 4, writes: .whole),
    member("protocol", 16, 4),
    member("vlan_present", 20, 4),
    member("vlan_tci", 24, 4),
    member("vlan_proto", 28, 4),
    member("priority", 32, 4, writes: .whole),
    member("ingress_ifindex", 36, 4),
    member("ifindex", 40, 4),
    member("tc_index", 44, 4, writes: .whole),
    member("cb", 48, 20, reads: .aligned(from: 1), writes: .aligned(from: 1)),
    member("hash", 68, 4),
    member("tc_classid", 72, 4, writes: .whole),
    member("data", 76, 4, reads: .whole, .packet),
    member("data_end", 80, 4, reads: .whole, .packetEnd),
    member("napi_id", 84, 4),
    member("family", 88, 4),
    member("remote_ip4", 92, 4, reads: .whole),
    member("local_ip4", 96, 4, reads: .whole),
    member("remote_ip6", 100, 16, each: 4, reads: .whole),
    member("local_ip6", 116, 16, each: 4, reads: .whole),
    member("remote_port", 132, 4),
    member("local_port", 136, 4),
    member("data_meta", 140, 4, reads: .whole, .packetMetadata),
    member("flow_keys", 144, 8, reads: .whole, .flowKeys),
    member("tstamp", 152, 8, reads: .whole, writes: .whole),
    member("wire_len", 160, 4),
    member("gso_segs", 164, 4),
    member("sk", 168, 8, reads: .whole, .socketCommon(isNullable: true)),
    member("gso_size", 176, 4),
    member("tstamp_type", 180, 1, reads: .whole),
    member("hwtstamp", 184, 8, reads: .whole),
  ]

  /// The members of `struct xdp_md`.
  static let xdpMembers: [ContextMember] = [
    member("data", 0, 4, reads: .whole, .packet),
    member("data_end", 4, 4, reads: .whole, .packetEnd),
    member("data_meta", 8, 4, reads: .whole, .packetMetadata),
    member("ingress_ifindex", 12, 4, reads: .whole),
    member("rx_queue_index", 16, 4, reads: .whole),
    member("egress_ifindex", 20, 4, reads: .whole),
  ]

  /// The members of `struct bpf_sock`.
  static let socketMembers: [ContextMember] = [
    member("bound_dev_if", 0, 4, reads: .whole, writes: .whole),
    member("family", 4, 4, reads: .beginning),
    member("type", 8, 4, reads: .beginning),
    member("protocol", 12, 4, reads: .beginning),
    member("mark", 16, 4, reads: .whole, writes: .whole),
    member("priority", 20, 4, reads: .whole, writes: .whole),
    member("src_ip4", 24, 4),
    member("src_ip6", 28, 16, each: 4),
    member("src_port", 44, 4, reads: .beginning),
    member("dst_port", 48, 2),
    member("dst_port", 48, 4, reads: .whole),
    member("dst_ip4", 52, 4),
    member("dst_ip6", 56, 16, each: 4),
    member("state", 72, 4, reads: .beginning),
    member("rx_queue_mapping", 76, 4, reads: .beginning),
  ]

  /// The members of `struct bpf_sock_ops`.
  static let socketOperationsMembers: [ContextMember] = [
    member("op", 0, 4, reads: .whole),
    member("reply", 4, 4, reads: .whole, writes: .whole),
    member("args", 8, 12, each: 4, reads: .whole),
    member("family", 20, 4, reads: .whole),
    member("remote_ip4", 24, 4, reads: .whole),
    member("local_ip4", 28, 4, reads: .whole),
    member("remote_ip6", 32, 16, each: 4, reads: .whole),
    member("local_ip6", 48, 16, each: 4, reads: .whole),
    member("remote_port", 64, 4, reads: .whole),
    member("local_port", 68, 4, reads: .whole),
    member("is_fullsock", 72, 4, reads: .whole),
    member("snd_cwnd", 76, 4, reads: .whole),
    member("srtt_us", 80, 4, reads: .whole),
    member("bpf_sock_ops_cb_flags", 84, 4, reads: .whole),
    member("state", 88, 4, reads: .whole),
    member("rtt_min", 92, 4, reads: .whole),
    member("snd_ssthresh", 96, 4, reads: .whole),
    member("rcv_nxt", 100, 4, reads: .whole),
    member("snd_nxt", 104, 4, reads: .whole),
    member("snd_una", 108, 4, reads: .whole),
    member("mss_cache", 112, 4, reads: .whole),
    member("ecn_flags", 116, 4, reads: .whole),
    member("rate_delivered", 120, 4, reads: .whole),
    member("rate_interval_us", 124, 4, reads: .whole),
    member("packets_out", 128, 4, reads: .whole),
    member("retrans_out", 132, 4, reads: .whole),
    member("total_retrans", 136, 4, reads: .whole),
    member("segs_in", 140, 4, reads: .whole),
    member("data_segs_in", 144, 4, reads: .whole),
    member("segs_out", 148, 4, reads: .whole),
    member("data_segs_out", 152, 4, reads: .whole),
    member("lost_out", 156, 4, reads: .whole),
    member("sacked_out", 160, 4, reads: .whole),
    member("sk_txhash", 164, 4, reads: .whole, writes: .whole),
    member("bytes_received", 168, 8, reads: .whole),
    member("bytes_acked", 176, 8, reads: .whole),
    member("sk", 184, 8, reads: .whole, .socket(isNullable: true)),
    member("skb_data", 192, 8, reads: .whole, .packet),
    member("skb_data_end", 200, 8, reads: .whole, .packetEnd),
    member("skb_len", 208, 4, reads: .whole),
    member("skb_tcp_flags", 212, 4, reads: .beginning),
    member("skb_hwtstamp", 216, 8, reads: .whole),
  ]

  /// The members of `struct bpf_cgroup_dev_ctx`.
  static let deviceMembers: [ContextMember] = [
    member("access_type", 0, 4),
    member("major", 4, 4, reads: .whole),
    member("minor", 8, 4, reads: .whole),
  ]

  /// The members of `struct sk_msg_md`.
  static let socketMessageMembers: [ContextMember] = [
    member("data", 0, 8, reads: .whole, .packet),
    member("data_end", 8, 8, reads: .whole, .packetEnd),
    member("family", 16, 4, reads: .whole),
    member("remote_ip4", 20, 4, reads: .whole),
    member("local_ip4", 24, 4, reads: .whole),
    member("remote_ip6", 28, 16, each: 4, reads: .whole),
    member("local_ip6", 44, 16, each: 4, reads: .whole),
    member("remote_port", 60, 4, reads: .whole),
    member("local_port", 64, 4, reads: .whole),
    member("size", 68, 4, reads: .whole),
    member("sk", 72, 8, reads: .whole, .socket(isNullable: false)),
  ]

  /// The members of `struct sk_reuseport_md`.
  static let reusePortMembers: [ContextMember] = [
    member("data", 0, 8, reads: .whole, .packet),
    member("data_end", 8, 8, reads: .whole, .packetEnd),
    member("len", 16, 4),
    member("eth_protocol", 20, 4, reads: .aligned(from: 2)),
    member("ip_protocol", 24, 4),
    member("bind_inany", 28, 4),
    member("hash", 32, 4, reads: .whole),
    member("sk", 40, 8, reads: .whole, .socket(isNullable: false)),
    member("migrating_sk", 48, 8, reads: .whole, .socketCommon(isNullable: true)),
  ]

  /// The members of `struct bpf_sysctl`.
  static let systemControlMembers: [ContextMember] = [
    member("write", 0, 4),
    member("file_pos", 4, 4, writes: .whole),
  ]

  /// The members of `struct bpf_sockopt`.
  static let socketOptionMembers: [ContextMember] = [
    member("sk", 0, 8, reads: .whole, .socket(isNullable: false)),
    member("optval", 8, 8, reads: .whole, .packet),
    member("optval_end", 16, 8, reads: .whole, .packetEnd),
    member("level", 24, 4, reads: .whole, writes: .whole),
    member("optname", 28, 4, reads: .whole, writes: .whole),
    member("optlen", 32, 4, reads: .whole, writes: .whole),
    member("retval", 36, 4, reads: .whole, writes: .whole),
  ]

  /// The members of `struct bpf_sk_lookup`.
  static let socketLookupMembers: [ContextMember] = [
    member("sk", 0, 8, reads: .whole, .socket(isNullable: true)),
    member("family", 8, 4),
    member("protocol", 12, 4),
    member("remote_ip4", 16, 4),
    member("remote_ip6", 20, 16, each: 4),
    member("remote_port", 36, 4),
    member("local_ip4", 40, 4),
    member("local_ip6", 44, 16, each: 4),
    member("local_port", 60, 4),
    member("ingress_ifindex", 64, 4),
  ]

  /// The members of `struct bpf_sock_addr`.
  static let socketAddressMembers: [ContextMember] = [
    member("user_family", 0, 4, reads: .whole),
    member("user_ip4", 4, 4, writes: .whole),
    member("user_ip6", 8, 16, reads: .aligned(from: 1), writes: .aligned(from: 4)),
    member("user_port", 24, 4, writes: .whole),
    member("family", 28, 4, reads: .whole),
    member("type", 32, 4, reads: .whole),
    member("protocol", 36, 4, reads: .whole),
    member("msg_src_ip4", 40, 4, writes: .whole),
    member("msg_src_ip6", 44, 16, reads: .aligned(from: 1), writes: .aligned(from: 4)),
    member("sk", 64, 8, reads: .whole, .socket(isNullable: false)),
  ]

  /// The registers and the two numbers of `struct bpf_perf_event_data` on x86-64.
  static let perfEventMembers: [ContextMember] = [
    member("regs", 0, 168, each: 8, reads: .whole),
    member("sample_period", 168, 8),
    member("addr", 176, 8),
  ]

  /// The two pointers of `struct bpf_nf_ctx`.
  static let netfilterMembers: [ContextMember] = [
    member("state", 0, 8, reads: .whole, .kernelObject("nf_hook_state")),
    member("skb", 8, 8, reads: .whole, .kernelObject("sk_buff")),
  ]

  private static func member(
    _ name: String, _ offset: Int, _ byteCount: Int, each elementByteCount: Int? = nil, reads: Widths = .narrow,
    writes: Widths = .none, _ value: Value = .scalar
  ) -> ContextMember {
    ContextMember(
      name: name, offset: offset, byteCount: byteCount, elementByteCount: elementByteCount ?? byteCount, reads: reads,
      writes: writes, value: value)
  }
}
