import BPFExecution

/// The packet that a networking program works on: bytes with room before and behind, of which the program sees those
/// from the metadata to the end.
///
/// Offsets are from the beginning of ``memory``. Whatever may move the packet in Linux moves it here to other addresses,
/// so that a pointer that a program has kept from before faults, as the verifier would refuse it.
final class Packet {
  /// What the packet is to programs.
  enum Kind {
    /// A `struct sk_buff`, of traffic control.
    case socketBuffer
    /// A `struct sk_buff` of a socket: its bytes are not in the program's reach but through helpers and packet loads.
    case socketFilter
    /// A `struct xdp_buff`.
    case express
  }

  let kind: Kind
  private(set) var memory: PacketMemory
  private(set) var metadataStart: Int
  private(set) var start: Int
  private(set) var end: Int
  /// Where the headers of the link and of the network begin; a socket filter's packet begins with the latter.
  private(set) var linkHeader: Int
  private(set) var networkHeader: Int
  /// Where `bpf_redirect` wants the packet to go.
  var redirect: PacketRedirect?
  private var moves: UInt32 = 0

  /// The size of a link header (`ETH_HLEN`).
  static let linkHeaderSize = 14
  /// The size of the frame of an express packet, and how it is used: 256 bytes before the packet, of which the first 40
  /// are the kernel's, and 320 at the end which are too.
  private static let frameSize = 4096
  private static let headroom = 256
  private static let frameHeaderSize = 40
  private static let frameTailSize = 320
  /// The headroom of a socket buffer (`NET_SKB_PAD`).
  private static let bufferHeadroom = 64

  /// How many bytes a packet of a kind can have.
  static func sizes(of kind: Kind) -> ClosedRange<Int> {
    switch kind {
    case .express: linkHeaderSize...frameSize - headroom - frameTailSize
    case .socketBuffer, .socketFilter: linkHeaderSize...frameSize - bufferHeadroom - frameTailSize
    }
  }

  /// A packet that begins with a link header, and metadata in front of it.
  ///
  /// - Throws: `PacketError` when the sizes are not those that Linux takes.
  init(_ kind: Kind, _ bytes: [UInt8], metadata: [UInt8]) throws(PacketError) {
    self.kind = kind
    guard Self.sizes(of: kind).contains(bytes.count) else {
      throw PacketError("a packet has \(Self.sizes(of: kind).lowerBound) to \(Self.sizes(of: kind).upperBound) bytes")
    }
    guard metadata.isEmpty || kind == .express else {
      throw PacketError("metadata is only before the packets of XDP programs")
    }
    guard metadata.count % 4 == 0, metadata.count <= Self.headroom - Self.frameHeaderSize else {
      throw PacketError("metadata has up to 216 bytes, a multiple of 4")
    }
    let protocolNumber = UInt16(bytes[12]) << 8 | UInt16(bytes[13])
    if kind != .express, let header = [0x0800: 20, 0x86dd: 40][protocolNumber] {
      guard bytes.count >= Self.linkHeaderSize + header else {
        throw PacketError("the header of the network, of \(header) bytes, is cut off")
      }
    }
    let room = kind == .express ? Self.headroom : Self.bufferHeadroom
    memory = PacketMemory(byteCount: Self.frameSize)
    memory.store(metadata + bytes, at: room - metadata.count)
    linkHeader = room
    networkHeader = room + Self.linkHeaderSize
    start = kind == .socketFilter ? networkHeader : room
    metadataStart = start - metadata.count
    end = room + bytes.count
  }

  var byteCount: Int { end - start }
  /// The packet with its link header, also that of a socket filter.
  var bytes: [UInt8] { memory.bytes(linkHeader..<end) }
  var metadata: [UInt8] { memory.bytes(metadataStart..<start) }

  /// The type of the protocol in the bytes of the network, as `eth_type_trans` finds it.
  var networkProtocol: UInt16 {
    let type = memory.bytes(linkHeader + 12..<linkHeader + 14)
    let number = UInt16(type[0]) << 8 | UInt16(type[1])
    if number >= 0x600 { return number }
    // A length: what follows is IEEE 802.2, or with all ones the raw form of 802.3.
    let isRaw = end - networkHeader >= 2 && memory.bytes(networkHeader..<networkHeader + 2) == [0xff, 0xff]
    return isRaw ? 1 : 4
  }

  /// For whom the packet is, by its destination on the loopback interface: `PACKET_HOST`, `PACKET_MULTICAST` or
  /// `PACKET_OTHERHOST`.
  var type: UInt32 {
    let destination = memory.bytes(linkHeader..<linkHeader + 6)
    if destination.allSatisfy({ $0 == 0 }) { return 0 }
    return destination[0] & 1 == 1 ? 2 : 3
  }

  // MARK: Bytes

  /// Bytes at an offset in the packet, `nil` when they are not all in it.
  func load(at offset: Int, count: Int) -> [UInt8]? {
    guard offset >= 0, count >= 0, offset <= byteCount, byteCount - offset >= count else { return nil }
    return memory.bytes(start + offset..<start + offset + count)
  }

  /// Bytes at an offset from one of the headers.
  func load(at offset: Int, count: Int, from header: Int) -> [UInt8]? {
    let place = header + offset
    guard count >= 0, place >= 0, place <= end, end - place >= count else { return nil }
    return memory.bytes(place..<place + count)
  }

  /// Writes bytes at an offset in the packet; `false` when they do not all lie in it.
  func store(_ bytes: [UInt8], at offset: Int) -> Bool {
    guard offset >= 0, offset <= byteCount, byteCount - offset >= bytes.count else { return false }
    memory.store(bytes, at: start + offset)
    return true
  }

  /// What the legacy packet loads read, in host byte order; `nil` where there is nothing to be read.
  ///
  /// Negative offsets are from the headers of the network (`SKF_NET_OFF`) and the link (`SKF_LL_OFF`).
  func legacyLoad(offset: Int32, byteCount: Int) -> UInt64? {
    let bytes: [UInt8]?
    switch Int(offset) {
    case 0...: bytes = load(at: Int(offset), count: byteCount)
    case -0x100000..<0: bytes = load(at: Int(offset) + 0x100000, count: byteCount, from: networkHeader)
    case -0x200000 ..< -0x100000: bytes = load(at: Int(offset) + 0x200000, count: byteCount, from: linkHeader)
    default: bytes = nil
    }
    return bytes?.reduce(0) { $0 << 8 | UInt64($1) }
  }

  // MARK: Moving the ends of an express packet

  /// Moves the start, and the metadata with it; `false` where Linux does not.
  func adjustHead(by offset: Int) -> Bool {
    let size = start - metadataStart
    let newStart = start + offset
    guard newStart >= Self.frameHeaderSize + size, newStart <= end - Self.linkHeaderSize else { return false }
    memory.store(metadata, at: newStart - size)
    (start, metadataStart, linkHeader) = (newStart, newStart - size, newStart)
    return true
  }

  /// Moves the end; new bytes are zero.
  func adjustTail(by offset: Int) -> Bool {
    let newEnd = end + offset
    guard newEnd <= Self.frameSize - Self.frameTailSize, newEnd >= start + Self.linkHeaderSize else { return false }
    if newEnd > end { memory.clear(end..<newEnd) }
    end = newEnd
    return true
  }

  /// How an adjustment of the metadata ends.
  enum MetadataAdjustment {
    case done
    case outside
    case wrongSize
  }

  /// Moves the start of the metadata.
  func adjustMetadata(by offset: Int) -> MetadataAdjustment {
    let newStart = metadataStart + offset
    guard newStart >= Self.frameHeaderSize, newStart <= start else { return .outside }
    guard (start - newStart) % 4 == 0, start - newStart <= 255 else { return .wrongSize }
    metadataStart = newStart
    return .done
  }

  // MARK: Resizing a socket buffer

  /// The greatest size of a packet that a program makes longer (`SKB_MAX_ALLOC`).
  private static let maximumSize = 16064

  /// Sets the size; new bytes at the end are zero. It never cuts off the link header.
  func changeTail(to size: Int) -> Bool {
    guard size >= networkHeader - start, size <= Self.maximumSize else { return false }
    makeRoom(front: 0, back: max(size - byteCount, 0))
    if size > byteCount { memory.clear(end..<start + size) }
    end = start + size
    return true
  }

  /// Adds zero bytes in front, which are the link header from then on.
  func changeHead(by count: Int) -> Bool {
    guard count >= 0, byteCount + count <= Self.maximumSize else { return false }
    makeRoom(front: count, back: 0)
    memory.clear(start - count..<start)
    start -= count
    (metadataStart, linkHeader) = (start, start)
    return true
  }

  private func makeRoom(front: Int, back: Int) {
    guard front > start || end + back > memory.byteCount else { return }
    let shift = max(front - start, 0) + 15 & ~15
    let larger = PacketMemory(byteCount: memory.byteCount + shift + back)
    larger.store(memory.bytes(0..<end), at: shift)
    memory = larger
    start += shift
    metadataStart += shift
    end += shift
    linkHeader += shift
    networkHeader += shift
  }

  // MARK: What programs see

  /// The addresses of metadata, start and end in the program's window.
  var addresses: (metadata: UInt32, start: UInt32, end: UInt32) {
    (windowBase + UInt32(metadataStart), windowBase + UInt32(start), windowBase + UInt32(end))
  }

  private var windowBase: UInt32 { 0x1000_0000 + moves % 64 * 0x40_0000 }

  /// Moves the packet to addresses that it has not had lately.
  func invalidatePointers() { moves += 1 }

  /// What the program reaches at ``addresses``, `nil` for a socket filter.
  var window: AddressSpace.Window? {
    guard kind != .socketFilter else { return nil }
    return AddressSpace.Window(
      address: windowBase + UInt32(metadataStart), base: memory.base + metadataStart,
      readable: end - metadataStart, writable: end - metadataStart, name: "the packet")
  }
}

/// Why there cannot be such a packet.
struct PacketError: Error {
  var reason: String
  init(_ reason: String) { self.reason = reason }
}
