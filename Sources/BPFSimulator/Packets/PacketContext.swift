import BPFExecution
import BPFObject

/// The context of a networking program, as it lies in memory: a `struct __sk_buff` or a `struct xdp_md`.
final class PacketContext {
  private let layout: KernelLayout
  private let packet: Packet
  private(set) var bytes: [UInt8]

  init(_ packet: Packet, _ attributes: PacketAttributes, _ objects: KernelObjects) throws(MachineError) {
    self.packet = packet
    layout = try objects.layout(packet.kind == .express ? "xdp_md" : "__sk_buff")
    bytes = [UInt8](repeating: 0, count: layout.byteCount)
    if packet.kind == .express {
      try store(attributes.interface, in: "ingress_ifindex")
      try store(attributes.queue, in: "rx_queue_index")
    } else {
      try storeBuffer(attributes)
    }
    try storeAddresses()
  }

  private func storeBuffer(_ attributes: PacketAttributes) throws(MachineError) {
    guard attributes.controlBlock.count == 5 else { throw MachineError("the control block of a packet has 5 words") }
    try store(packet.type, in: "pkt_type")
    try store(UInt32(packet.networkProtocol.byteSwapped), in: "protocol")
    try store(attributes.mark, in: "mark")
    try store(attributes.queue, in: "queue_mapping")
    try store(attributes.priority, in: "priority")
    try store(attributes.ingressInterface, in: "ingress_ifindex")
    try store(attributes.interface, in: "ifindex")
    try store(attributes.trafficIndex, in: "tc_index")
    try store(attributes.hash, in: "hash")
    let words = try layout.field("cb").offset
    for (index, word) in attributes.controlBlock.enumerated() { put(UInt64(word), at: words + 4 * index, count: 4) }
    // The rest is not in the reach of socket filters.
    guard packet.kind == .socketBuffer else { return }
    try store(attributes.trafficClass, in: "tc_classid")
    try store(UInt32(packet.byteCount), in: "wire_len")
    put(attributes.timestamp, at: try layout.field("tstamp").offset, count: 8)
  }

  /// Writes what follows from the place and the size of the packet.
  private func storeAddresses() throws(MachineError) {
    if packet.kind != .express { try store(UInt32(packet.byteCount), in: "len") }
    guard packet.kind != .socketFilter else { return }
    let addresses = packet.addresses
    try store(addresses.start, in: "data")
    try store(addresses.end, in: "data_end")
    try store(addresses.metadata, in: "data_meta")
  }

  private func store(_ value: UInt32, in member: String) throws(MachineError) {
    put(UInt64(value), at: try layout.field(member).offset, count: 4)
  }

  private func put(_ value: UInt64, at offset: Int, count: Int) {
    for index in 0..<count { bytes[offset + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index)) }
  }

  /// Writes what follows from the place and the size of the packet into the context of a running program.
  func update(in memory: AddressSpace, at address: ProgramAddress) throws(MachineError) {
    try storeAddresses()
    for member in ["len", "data", "data_end", "data_meta"] where packet.kind != .express || member != "len" {
      try write(member, to: memory, at: address)
    }
  }

  /// Makes the hash be computed anew by whoever needs it (`BPF_F_INVALIDATE_HASH`).
  func clearHash(in memory: AddressSpace, at address: ProgramAddress) throws(MachineError) {
    guard packet.kind != .express else { return }
    try store(0, in: "hash")
    try write("hash", to: memory, at: address)
  }

  private func write(
    _ member: String, to memory: AddressSpace, at address: ProgramAddress
  ) throws(MachineError) {
    let field = try layout.field(member)
    memory.storeAsKernel(
      Array(bytes[field.offset..<field.offset + field.byteCount]), at: address + UInt64(field.offset))
  }

  // MARK: After the run

  /// The members that a program of the type may write.
  private var writable: [String] {
    switch packet.kind {
    case .express: []
    case .socketFilter: ["cb"]
    case .socketBuffer: ["mark", "queue_mapping", "priority", "tc_index", "cb", "tc_classid", "tstamp"]
    }
  }

  /// The offset of the first byte that the program has changed and may not write, `nil` when there is none.
  ///
  /// Memory can be read-only only from some place on, so this is found at the end of the run.
  func forbiddenChange(in after: [UInt8]) throws(MachineError) -> Int? {
    var allowed: [Range<Int>] = []
    for member in writable {
      let field = try layout.field(member)
      allowed.append(field.offset..<field.offset + field.byteCount)
    }
    return bytes.indices.first { index in
      index < after.count && bytes[index] != after[index] && !allowed.contains { $0.contains(index) }
    }
  }

  /// The attributes as a program has left them in the context.
  func attributes(
    in after: [UInt8], before attributes: PacketAttributes
  ) throws(MachineError) -> PacketAttributes {
    guard packet.kind != .express else { return attributes }
    func load(_ offset: Int, _ count: Int) -> UInt64 {
      after[offset..<offset + count].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
    func word(_ member: String) throws(MachineError) -> UInt32 { UInt32(load(try layout.field(member).offset, 4)) }
    var result = attributes
    result.mark = try word("mark")
    result.queue = try word("queue_mapping")
    result.priority = try word("priority")
    result.trafficIndex = try word("tc_index")
    result.hash = try word("hash")
    let words = try layout.field("cb").offset
    result.controlBlock = (0..<5).map { UInt32(load(words + 4 * $0, 4)) }
    if packet.kind == .socketBuffer {
      result.trafficClass = try word("tc_classid")
      result.timestamp = load(try layout.field("tstamp").offset, 8)
    }
    return result
  }
}
