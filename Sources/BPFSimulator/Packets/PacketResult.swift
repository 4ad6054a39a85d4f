/// What a networking program finds of a packet besides its bytes, and leaves behind.
public struct PacketAttributes: Hashable, Sendable {
  /// The index of the interface: `ifindex` of `__sk_buff`, `ingress_ifindex` of `xdp_md`. 1 is the loopback interface.
  public var interface: UInt32 = 1
  /// The interface on which the packet came in: `ingress_ifindex` of `__sk_buff`, 0 for none.
  public var ingressInterface: UInt32 = 0
  /// The queue: `queue_mapping` of `__sk_buff`, `rx_queue_index` of `xdp_md`.
  public var queue: UInt32 = 0
  /// The mark of the packet.
  public var mark: UInt32 = 0
  /// The priority of the packet.
  public var priority: UInt32 = 0
  /// The index of the traffic class (`tc_index`).
  public var trafficIndex: UInt32 = 0
  /// The class of the packet (`tc_classid`).
  public var trafficClass: UInt32 = 0
  /// The hash of the packet's flow, 0 when none was computed.
  public var hash: UInt32 = 0
  /// The time stamp in nanoseconds.
  public var timestamp: UInt64 = 0
  /// The five words that programs use as they like (`cb`).
  public var controlBlock: [UInt32] = [0, 0, 0, 0, 0]

  /// A packet that has come in on the loopback interface, with nothing set.
  public init() {}
}

/// Where a program has sent a packet with `bpf_redirect`.
public struct PacketRedirect: Hashable, Sendable {
  /// The index of the interface.
  public var interface: UInt32
  /// The flags, such as 1 (`BPF_F_INGRESS`).
  public var flags: UInt64
}

/// What a networking program has made of a packet.
public struct PacketResult: Hashable, Sendable {
  /// What the program returned: an action of XDP or of traffic control; of a socket filter the number of bytes to keep.
  public var verdict: UInt32
  /// The packet, from its link header on.
  public var packet: [UInt8]
  /// The metadata in front of the packet of an XDP program.
  public var metadata: [UInt8]
  /// What the program has left in the context.
  public var attributes: PacketAttributes
  /// Where the packet goes, if the verdict is to redirect it.
  public var redirect: PacketRedirect?
}
