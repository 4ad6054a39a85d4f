/// The nodes of a trie: for each a prefix length, a mark for those that are no entry, and two children, beside the key
/// and the value in the map's memory.
///
/// Readers walk without a lock and then look whether a writer was at work meanwhile (`LongestPrefixMatchMap`).
struct TrieNodes: Sendable {
  static let none: UInt32 = 0
  private static let intermediateBit: UInt32 = 1 << 31

  let memory: MemoryBlock
  /// The bytes of a key after the prefix length.
  let dataSize: Int
  /// Where the value begins in an element.
  let keyStride: Int
  let stride: Int
  /// For each node its prefix length, with the high bit for intermediate nodes.
  private let lengths: AtomicArray32
  /// For each node its children in the low and in the high half, as links.
  private let children: AtomicArray64

  init?(memory: MemoryBlock, keySize: Int, stride: Int, count: Int) {
    guard let lengths = AtomicArray32(count: count) else { return nil }
    guard let children = AtomicArray64(count: count) else {
      lengths.deallocate()
      return nil
    }
    self.memory = memory
    self.stride = stride
    dataSize = keySize - 4
    keyStride = (keySize + 7) & ~7
    self.lengths = lengths
    self.children = children
  }

  func deallocate() {
    lengths.deallocate()
    children.deallocate()
  }

  // A link is the number of an element plus 1, so that zero memory is a node without children.

  func element(_ link: UInt32) -> Int { Int(link) - 1 }
  func keyOffset(_ link: UInt32) -> Int { element(link) * stride }
  func valueOffset(_ link: UInt32) -> Int { element(link) * stride + keyStride }

  func length(_ link: UInt32) -> Int { Int(lengths.loadAcquiring(element(link)) & ~Self.intermediateBit) }
  func isIntermediate(_ link: UInt32) -> Bool { lengths.load(element(link)) & Self.intermediateBit != 0 }

  func setLength(_ length: Int, isIntermediate: Bool, of link: UInt32) {
    lengths.storeReleasing(UInt32(length) | (isIntermediate ? Self.intermediateBit : 0), at: element(link))
  }

  func child(_ link: UInt32, _ bit: Int) -> UInt32 {
    UInt32(truncatingIfNeeded: children.loadAcquiring(element(link)) >> UInt64(32 * bit))
  }

  func setChild(_ link: UInt32, _ bit: Int, to child: UInt32) {
    let other = children.load(element(link)) & (bit == 0 ? ~0xffff_ffff : 0xffff_ffff)
    children.storeReleasing(other | UInt64(child) << UInt64(32 * bit), at: element(link))
  }

  func setChildren(of link: UInt32, _ zero: UInt32, _ one: UInt32) {
    children.storeReleasing(UInt64(one) << 32 | UInt64(zero), at: element(link))
  }

  /// Writes the key of a node that no reader can find yet.
  func storeKey(_ key: RawSpan, length: Int, of link: UInt32) {
    memory.storePadded(key.extracting(first: dataSize + 4), at: keyOffset(link))
    setPrefixLength(length, of: link)
  }

  /// Gives a node the data of another, with a shorter prefix.
  func copyKey(from other: UInt32, length: Int, to link: UInt32) {
    memory.copy(count: keyStride, from: keyOffset(other), to: keyOffset(link))
    setPrefixLength(length, of: link)
  }

  private func setPrefixLength(_ length: Int, of link: UInt32) {
    let word = memory.loadWord(at: keyOffset(link)).littleEndian
    memory.storeWord(((word >> 32) << 32 | UInt64(length)).littleEndian, at: keyOffset(link))
  }

  /// The byte of a node's key data.
  private func byte(_ link: UInt32, _ index: Int) -> UInt8 {
    let position = index + 4
    let word = memory.loadWord(at: keyOffset(link) + position & ~7).littleEndian
    return UInt8(truncatingIfNeeded: word >> UInt64(8 * (position & 7)))
  }

  /// A bit of a node's key data, the first one of a byte being its highest.
  func bit(_ link: UInt32, _ index: Int) -> Int { Int(byte(link, index / 8) >> UInt8(7 - index % 8)) & 1 }

  static func bit(_ data: RawSpan, _ index: Int) -> Int {
    Int(data.unsafeLoad(fromByteOffset: 4 + index / 8, as: UInt8.self) >> UInt8(7 - index % 8)) & 1
  }

  /// How many bits a node's prefix and a key's have in common, from the first.
  @inline(__always)
  func commonLength(_ link: UInt32, _ key: RawSpan, length: Int) -> Int {
    let limit = min(self.length(link), length)
    var position = 0
    while position * 8 < limit + 32 {
      let own = UInt64(bigEndian: memory.loadWord(at: keyOffset(link) + position))
      var difference = own ^ Self.word(key, position, dataSize + 4)
      // The first four bytes are the length of the prefix.
      if position == 0 { difference &= 0xffff_ffff }
      if difference != 0 { return min(position * 8 + difference.leadingZeroBitCount - 32, limit) }
      position += 8
    }
    return limit
  }

  /// Up to eight bytes at a position, the first one highest, zeros after the last.
  @inline(__always)
  private static func word(_ key: RawSpan, _ position: Int, _ count: Int) -> UInt64 {
    if position + 8 <= count {
      return UInt64(bigEndian: key.unsafeLoadUnaligned(fromByteOffset: position, as: UInt64.self))
    }
    var result: UInt64 = 0
    for index in position..<count {
      result |= UInt64(key.unsafeLoad(fromByteOffset: index, as: UInt8.self)) << UInt64(56 - 8 * (index - position))
    }
    return result
  }
}
