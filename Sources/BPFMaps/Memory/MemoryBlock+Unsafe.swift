// Unsafe: the one place where map memory is touched through pointers. Every access is by an offset that the map
// computed from an index below its element count; `assert` states the bound. Words are moved by relaxed atomic loads
// and stores, because programs, updates and lookups of user space meet in the same value without a lock, as in Linux.

import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A piece of host memory, zero at first, that stays where it is as long as its map lives.
///
/// Pages are taken from the host when they are first written.
public struct MemoryBlock: @unchecked Sendable {
  /// The address of the first byte, aligned to a page.
  public let base: UnsafeMutableRawPointer
  /// The number of bytes that belong to the block.
  public let byteCount: Int

  /// A block of zero bytes, or `nil` when the host has no room.
  static func allocate(byteCount: Int) -> MemoryBlock? {
    guard byteCount >= 0, byteCount < 1 << 46 else { return nil }
    let result = mmap(
      nil, max(byteCount, 1), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON | MAP_NORESERVE, -1, 0)
    guard let result, result != MAP_FAILED else { return nil }
    return MemoryBlock(base: result, byteCount: byteCount)
  }

  /// Gives the memory back. Nobody may hold a pointer into it.
  func deallocate() { munmap(base, max(byteCount, 1)) }

  @inline(__always)
  private func byte(_ offset: Int) -> UnsafeMutablePointer<Atomic<UInt8>> {
    (base + offset).assumingMemoryBound(to: Atomic<UInt8>.self)
  }

  @inline(__always)
  private func half(_ offset: Int) -> UnsafeMutablePointer<Atomic<UInt32>> {
    (base + offset).assumingMemoryBound(to: Atomic<UInt32>.self)
  }

  @inline(__always)
  private func word(_ offset: Int) -> UnsafeMutablePointer<Atomic<UInt64>> {
    (base + offset).assumingMemoryBound(to: Atomic<UInt64>.self)
  }

  /// The aligned eight bytes at an offset.
  @inline(__always)
  func loadWord(at offset: Int) -> UInt64 {
    assert(offset >= 0 && offset & 7 == 0 && offset + 8 <= byteCount)
    return word(offset).pointee.load(ordering: .relaxed)
  }

  @inline(__always)
  func storeWord(_ value: UInt64, at offset: Int) {
    assert(offset >= 0 && offset & 7 == 0 && offset + 8 <= byteCount)
    word(offset).pointee.store(value, ordering: .relaxed)
  }

  /// The aligned four bytes at an offset, as an atomic that programs and the map share.
  @inline(__always)
  func withAtomicHalf<Result>(at offset: Int, _ body: (borrowing Atomic<UInt32>) -> Result) -> Result {
    assert(offset >= 0 && offset & 3 == 0 && offset + 4 <= byteCount)
    return body(half(offset).pointee)
  }

  /// Copies `source[range]` to `offset`.
  @inline(__always)
  func store(_ source: RawSpan, range: Range<Int>, at offset: Int) {
    assert(range.lowerBound >= 0 && range.upperBound <= source.byteCount)
    assert(offset >= 0 && offset + range.count <= byteCount)
    source.withUnsafeBytes { bytes in
      // Safe: an empty span may have no address, and then nothing is copied.
      guard let address = bytes.baseAddress else { return }
      store(address + range.lowerBound, count: range.count, at: offset)
    }
  }

  /// Copies all of `source` to `offset`.
  @inline(__always)
  func store(_ source: RawSpan, at offset: Int) { store(source, range: 0..<source.byteCount, at: offset) }

  @inline(__always)
  private func store(_ source: UnsafeRawPointer, count: Int, at offset: Int) {
    var done = 0
    while done < count, (offset + done) & 7 != 0 {
      byte(offset + done).pointee.store(source.load(fromByteOffset: done, as: UInt8.self), ordering: .relaxed)
      done += 1
    }
    while done + 8 <= count {
      word(offset + done).pointee.store(
        source.loadUnaligned(fromByteOffset: done, as: UInt64.self), ordering: .relaxed)
      done += 8
    }
    if done + 4 <= count {
      half(offset + done).pointee.store(
        source.loadUnaligned(fromByteOffset: done, as: UInt32.self), ordering: .relaxed)
      done += 4
    }
    while done < count {
      byte(offset + done).pointee.store(source.load(fromByteOffset: done, as: UInt8.self), ordering: .relaxed)
      done += 1
    }
  }

  /// Copies `count` bytes at `offset` to `destination`, which has room for them.
  private func load(_ destination: UnsafeMutableRawPointer, count: Int, at offset: Int) {
    assert(offset >= 0 && offset + count <= byteCount)
    var done = 0
    while done < count, (offset + done) & 7 != 0 {
      destination.storeBytes(
        of: byte(offset + done).pointee.load(ordering: .relaxed), toByteOffset: done, as: UInt8.self)
      done += 1
    }
    while done + 8 <= count {
      destination.storeBytes(
        of: word(offset + done).pointee.load(ordering: .relaxed), toByteOffset: done, as: UInt64.self)
      done += 8
    }
    while done < count {
      destination.storeBytes(
        of: byte(offset + done).pointee.load(ordering: .relaxed), toByteOffset: done, as: UInt8.self)
      done += 1
    }
  }

  /// The `count` bytes at `offset`, appended to `bytes`.
  func append(count: Int, at offset: Int, to bytes: inout [UInt8]) {
    let start = bytes.count
    bytes.append(contentsOf: repeatElement(0, count: count))
    bytes.withUnsafeMutableBytes { destination in
      guard let address = destination.baseAddress else { return }
      load(address + start, count: count, at: offset)
    }
  }

  /// The `count` bytes at `offset`.
  func bytes(count: Int, at offset: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      if let address = buffer.baseAddress { load(address, count: count, at: offset) }
      initialized = count
    }
  }

  /// Copies the `count` bytes at `offset` out, as far as `destination` has room.
  func load(into destination: inout MutableRawSpan, at offset: Int, count: Int) {
    destination.withUnsafeMutableBytes { buffer in
      if let address = buffer.baseAddress { load(address, count: min(count, buffer.count), at: offset) }
    }
  }

  /// Lends the `count` bytes at `offset`, which nobody writes meanwhile.
  func withBytes(count: Int, at offset: Int, _ body: (RawSpan) -> Void) {
    assert(offset >= 0 && offset + count <= byteCount)
    body(UnsafeRawBufferPointer(start: base + offset, count: count).bytes)
  }

  /// Copies `count` bytes, a multiple of 8, between aligned places of the block.
  func copy(count: Int, from source: Int, to destination: Int) {
    assert(count & 7 == 0)
    var done = 0
    while done < count {
      storeWord(loadWord(at: source + done), at: destination + done)
      done += 8
    }
  }

  /// Sets `count` bytes at `offset` to zero.
  func clear(count: Int, at offset: Int) {
    assert(offset >= 0 && offset + count <= byteCount)
    var position = offset
    let end = offset + count
    while position < end, position & 7 != 0 {
      byte(position).pointee.store(0, ordering: .relaxed)
      position += 1
    }
    while position + 8 <= end {
      word(position).pointee.store(0, ordering: .relaxed)
      position += 8
    }
    while position < end {
      byte(position).pointee.store(0, ordering: .relaxed)
      position += 1
    }
  }

  /// Whether the `source.byteCount` bytes at the aligned `offset`, padded with zero to a multiple of 8, equal `source`.
  @inline(__always)
  func padded(at offset: Int, equals source: RawSpan) -> Bool {
    let count = source.byteCount
    assert(offset & 7 == 0 && offset >= 0 && offset + (count + 7) & ~7 <= byteCount)
    return source.withUnsafeBytes { bytes in
      var done = 0
      while done + 8 <= count {
        if bytes.loadUnaligned(fromByteOffset: done, as: UInt64.self) != loadWord(at: offset + done) { return false }
        done += 8
      }
      return done == count || lastWord(of: bytes, from: done) == loadWord(at: offset + done)
    }
  }

  /// Copies `source` to the aligned `offset` and pads it with zero to a multiple of 8.
  @inline(__always)
  func storePadded(_ source: RawSpan, at offset: Int) {
    let count = source.byteCount
    source.withUnsafeBytes { bytes in
      var done = 0
      while done + 8 <= count {
        storeWord(bytes.loadUnaligned(fromByteOffset: done, as: UInt64.self), at: offset + done)
        done += 8
      }
      if done < count { storeWord(lastWord(of: bytes, from: done), at: offset + done) }
    }
  }

  /// The bytes from `start` to the end, fewer than 8, as the low bytes of a word.
  @inline(__always)
  private func lastWord(of bytes: UnsafeRawBufferPointer, from start: Int) -> UInt64 {
    if bytes.count - start == 4 {
      return UInt64(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: start, as: UInt32.self))).littleEndian
    }
    var word: UInt64 = 0
    for index in start..<bytes.count { word |= UInt64(bytes[index]) << (8 * UInt64(index - start)) }
    return word.littleEndian
  }
}

extension [UInt8] {
  /// The bytes of a span.
  init(copying span: RawSpan) {
    self = span.withUnsafeBytes { [UInt8]($0) }
  }
}
