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

/// One region; 32 bytes, so that the high half of an address becomes an offset in the table by a shift and a mask.
package struct RegionEntry {
  /// The address of the first byte, 0 for a number that is not in use.
  ///
  /// The distance of an address from it has its high bits clear only if the address is in the range of regions.
  var start: UInt64
  var base: UInt
  var readable: UInt64
  var writable: UInt64
}

/// The table of all regions of an address space, at a fixed place in host memory.
package struct RegionTable {
  package static let capacity = 0x8000

  let entries: UnsafeMutablePointer<RegionEntry>

  init() {
    // calloc and not allocate: the megabyte of entries costs nothing until a page of it is used.
    guard let memory = calloc(Self.capacity, MemoryLayout<RegionEntry>.stride) else {
      fatalError("out of memory for a table of regions")
    }
    entries = memory.bindMemory(to: RegionEntry.self, capacity: Self.capacity)
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

  func allocate(_ number: RegionNumber, byteCount: Int, writable: Int) {
    let base = UnsafeMutableRawPointer.allocate(byteCount: max(byteCount, 1), alignment: 16)
    base.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
    set(number, base: base, readable: byteCount, writable: writable)
  }

  func deallocate(_ number: RegionNumber, byteCount: Int) {
    UnsafeMutableRawPointer(bitPattern: entry(number).pointee.base)?.deallocate()
  }

  func resize(_ number: RegionNumber, readable: Int, writable: Int) {
    entry(number).pointee.readable = UInt64(readable)
    entry(number).pointee.writable = UInt64(writable)
  }

  func clear(_ number: RegionNumber) {
    entry(number).pointee = RegionEntry(start: 0, base: 0, readable: 0, writable: 0)
  }

  func isMapped(_ number: RegionNumber) -> Bool { entry(number).pointee.start != 0 }

  func readable(_ number: RegionNumber) -> Int { Int(entry(number).pointee.readable) }

  /// The host address of at least one byte that a program may read, `nil` when one of them is out of bounds.
  @inline(__always)
  func readable(_ address: ProgramAddress, _ byteCount: UInt64) -> UnsafeMutableRawPointer? {
    let entry = entries + Int(truncatingIfNeeded: (address >> 32) & 0x7fff)
    // The bits of the region's number cancel, so adding a length of less than 4 GiB can not wrap around.
    let offset = address &- entry.pointee.start
    guard offset &+ byteCount <= entry.pointee.readable else { return nil }
    // Bounded: the entry has a length, so it is mapped and its base is not null.
    return UnsafeMutableRawPointer(bitPattern: entry.pointee.base &+ UInt(offset)).unsafelyUnwrapped
  }

  /// The host address of at least one byte that a program may write, `nil` when one of them is out of bounds or read-only.
  @inline(__always)
  func writable(_ address: ProgramAddress, _ byteCount: UInt64) -> UnsafeMutableRawPointer? {
    let entry = entries + Int(truncatingIfNeeded: (address >> 32) & 0x7fff)
    let offset = address &- entry.pointee.start
    guard offset &+ byteCount <= entry.pointee.writable else { return nil }
    // Bounded: the entry has a length, so it is mapped and its base is not null.
    return UnsafeMutableRawPointer(bitPattern: entry.pointee.base &+ UInt(offset)).unsafelyUnwrapped
  }
}
