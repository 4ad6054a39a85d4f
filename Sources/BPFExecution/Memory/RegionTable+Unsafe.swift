// The table of regions, and the check and translation of an address.
//
// Unsafe because the interpreter reads the table by pointer, with an index that is masked to the table's capacity,
// and because it hands out host addresses. Each is bounded by the region's readable or writable length.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// How the host gives zeroed memory, aligned for every type; `nil` when it has none.
package typealias HostAllocation = (_ byteCount: Int) -> UnsafeMutableRawPointer?

/// `calloc`, so that memory costs nothing until a page of it is used.
package func allocateHostMemory(_ byteCount: Int) -> UnsafeMutableRawPointer? { calloc(max(byteCount, 1), 1) }

/// One region; 32 bytes, so that the high half of an address becomes an offset in the table by a shift and a mask.
package struct RegionEntry {
  /// The address of the first byte, 0 for a number that is not in use.
  ///
  /// The distance of an address from it has its high bits clear only if the address is in the range of regions, or in
  /// the window, which has number 0.
  var start: UInt64
  var base: UInt
  var readable: UInt64
  var writable: UInt64
}

/// The table of all regions of an address space, at a fixed place in host memory.
package struct RegionTable {
  /// The number of entries: what the 15 bits of a region's number can select.
  private static let capacity = 0x8000
  /// The greatest number that a region can have. The one behind it stays unused, see `init`.
  package static let lastNumber: RegionNumber = 0x7ffe

  let entries: UnsafeMutablePointer<RegionEntry>

  init(_ allocate: HostAllocation) throws(AddressSpaceError) {
    let byteCount = Self.capacity * MemoryLayout<RegionEntry>.stride
    guard let memory = allocate(byteCount) else { throw .outOfMemory(byteCount: byteCount) }
    entries = memory.bindMemory(to: RegionEntry.self, capacity: Self.capacity)
    // An address of the last number could be so high that adding a length to it wraps around. With a start, the
    // distance from it can not, and nothing is within the entry's length of zero.
    entries[Self.capacity - 1].start = .region(RegionNumber(Self.capacity - 1))
  }

  func deallocate() {
    free(entries)
  }

  private func entry(_ number: RegionNumber) -> UnsafeMutablePointer<RegionEntry> {
    entries + Int(number & 0x7fff)
  }

  func set(_ number: RegionNumber, base: UnsafeMutableRawPointer, readable: Int, writable: Int) {
    entry(number).pointee = RegionEntry(
      start: .region(number), base: UInt(bitPattern: base), readable: UInt64(readable), writable: UInt64(writable))
  }

  /// Frees what `HostAllocation` has given for a region.
  func deallocate(_ number: RegionNumber) {
    free(UnsafeMutableRawPointer(bitPattern: entry(number).pointee.base))
  }

  func resize(_ number: RegionNumber, readable: Int, writable: Int) {
    entry(number).pointee.readable = UInt64(readable)
    entry(number).pointee.writable = UInt64(writable)
  }

  /// Makes host memory accessible at addresses of 32 bits: bits 46 to 32 of those select the entry of number 0.
  func setWindow(at address: UInt32, base: UnsafeMutableRawPointer, readable: Int, writable: Int) {
    entries.pointee = RegionEntry(
      start: UInt64(address), base: UInt(bitPattern: base), readable: UInt64(readable), writable: UInt64(writable))
  }

  func clear(_ number: RegionNumber) {
    entry(number).pointee = RegionEntry(start: 0, base: 0, readable: 0, writable: 0)
  }

  func isMapped(_ number: RegionNumber) -> Bool { entry(number).pointee.base != 0 }

  func readable(_ number: RegionNumber) -> Int { Int(entry(number).pointee.readable) }

  /// The host address of at least one byte that a program may read, `nil` when one of them is out of bounds.
  @inline(__always)
  func readable(_ address: ProgramAddress, _ byteCount: UInt64) -> UnsafeMutableRawPointer? {
    readableAddress(address, byteCount).map { UnsafeMutableRawPointer(bitPattern: $0).unsafelyUnwrapped }
  }

  /// The host address of at least one byte that a program may write, `nil` when one of them is out of bounds or
  /// read-only.
  @inline(__always)
  func writable(_ address: ProgramAddress, _ byteCount: UInt64) -> UnsafeMutableRawPointer? {
    writableAddress(address, byteCount).map { UnsafeMutableRawPointer(bitPattern: $0).unsafelyUnwrapped }
  }

  /// As `readable`, as a number: an optional number tells apart found and not found where a pointer would have to be
  /// compared with null once more.
  @inline(__always)
  func readableAddress(_ address: ProgramAddress, _ byteCount: UInt64) -> UInt? {
    let entry = entry(of: address)
    // Adding wraps around for an access that begins a few bytes below the window.
    let offset = address &- entry.pointee.start
    let (end, wrapsAround) = offset.addingReportingOverflow(byteCount)
    guard !wrapsAround, end <= entry.pointee.readable else { return nil }
    return entry.pointee.base &+ UInt(offset)
  }

  /// As `writable`, as a number.
  @inline(__always)
  func writableAddress(_ address: ProgramAddress, _ byteCount: UInt64) -> UInt? {
    let entry = entry(of: address)
    let offset = address &- entry.pointee.start
    let (end, wrapsAround) = offset.addingReportingOverflow(byteCount)
    guard !wrapsAround, end <= entry.pointee.writable else { return nil }
    return entry.pointee.base &+ UInt(offset)
  }

  /// The host address of what was proven to lie within a region that is mapped: translated and not checked.
  @inline(__always)
  func provenAddress(_ address: ProgramAddress) -> UInt {
    let entry = entry(of: address)
    return entry.pointee.base &+ UInt(truncatingIfNeeded: address &- entry.pointee.start)
  }

  /// The entry that bits 46 to 32 of an address select: shifted so that they are the entry's offset in bytes.
  @inline(__always)
  private func entry(of address: ProgramAddress) -> UnsafeMutablePointer<RegionEntry> {
    let offset = Int(truncatingIfNeeded: (address >> 27) & 0x7fff << 5)
    return (UnsafeMutableRawPointer(entries) + offset).assumingMemoryBound(to: RegionEntry.self)
  }
}
