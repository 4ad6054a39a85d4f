import BPFObject

/// `BPF_MAP_TYPE_BLOOM_FILTER`: says of a value that it was certainly not pushed, or probably was.
///
/// The hash functions and the number of bits are those of Linux with seed 0, so that the same values are found.
final class BloomFilterMap: BPFMap, @unchecked Sendable {
  private let bits: AtomicArray64
  private let mask: UInt32
  private let hashCount: UInt32

  static func make(_ checked: CheckedMapDefinition) throws(MapError) -> BPFMap {
    // The lowest four bits of map_extra are the number of hash functions.
    let hashCount = checked.definition.extra == 0 ? 5 : UInt32(truncatingIfNeeded: checked.definition.extra)
    let mask = mask(maxEntries: checked.definition.maxEntries, hashCount: hashCount)
    guard let bits = AtomicArray64(count: Int(mask) / 64 + 1), let memory = MemoryBlock.allocate(byteCount: 0) else {
      throw checked.error(.outOfMemory, "the host has no room for the bits")
    }
    return BloomFilterMap(checked, memory: memory, bits: bits, mask: mask, hashCount: hashCount)
  }

  /// One less than the number of bits: entries times hash functions divided by ln 2 (as 7/5), rounded up to a power of
  /// two, and 2^32 where 32 bits do not hold that.
  private static func mask(maxEntries: UInt32, hashCount: UInt32) -> UInt32 {
    let (product, overflow) = maxEntries.multipliedReportingOverflow(by: hashCount)
    let (count, overflowToo) = (product / 5).multipliedReportingOverflow(by: 7)
    guard !overflow, !overflowToo, count <= 1 << 31 else { return .max }
    return count <= 64 ? 63 : UInt32((1 << (64 - UInt64(count - 1).leadingZeroBitCount)) - 1)
  }

  private init(
    _ checked: CheckedMapDefinition, memory: MemoryBlock, bits: AtomicArray64, mask: UInt32, hashCount: UInt32
  ) {
    self.bits = bits
    self.mask = mask
    self.hashCount = hashCount
    super.init(checked, memory: memory)
  }

  deinit { bits.deallocate() }

  override func programPush(_ value: RawSpan, flags: ElementFlags) throws(LinuxErrno) {
    guard flags.isEmpty else { throw .invalidArgument }
    let value = value.extracting(first: valueSize)
    for index in 0..<hashCount {
      let bit = JenkinsHash.hash(value, seed: index) & mask
      bits.insertBits(1 << UInt64(bit & 63), at: Int(bit >> 6))
    }
  }

  override func programPeek(into destination: inout MutableRawSpan) throws(LinuxErrno) {
    guard has(destination.bytes) else { throw .noSuchEntry }
  }

  private func has(_ value: RawSpan) -> Bool {
    let value = value.extracting(first: valueSize)
    for index in 0..<hashCount {
      let bit = JenkinsHash.hash(value, seed: index) & mask
      if bits.load(Int(bit >> 6)) & (1 << UInt64(bit & 63)) == 0 { return false }
    }
    return true
  }

  override func userContains(_ value: [UInt8]) throws(LinuxErrno) -> Bool { has(value.span.bytes) }

  override func userLookup(_ key: [UInt8], flags: ElementFlags) throws(LinuxErrno) -> [UInt8] {
    throw .invalidArgument
  }

  override func userUpdate(_ key: [UInt8], _ value: [UInt8], flags: ElementFlags, cpu: Int) throws(LinuxErrno) {
    try programPush(value.span.bytes, flags: flags)
  }

  override func userDelete(_ key: [UInt8], cpu: Int) throws(LinuxErrno) { throw .notSupported }

  override func programDelete(_ key: RawSpan, cpu: Int) throws(LinuxErrno) { throw .notSupported }

  override func userNextKey(after key: [UInt8]?) throws(LinuxErrno) -> [UInt8] { throw .notSupported }
}
