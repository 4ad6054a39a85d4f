// Unsafe: reads records in memory that programs in the kernel write at the same time. All that is read as a position or
// a length is checked before it is used: a record lies between the consumer's and the producer's position, which are no
// further apart than the buffer is long, and the buffer is mapped twice in a row. So every address is in the mapping.

import BPFObject
import Synchronization
import SystemPackage

/// The shared memory of one ring buffer map: a page with the consumer's position, which the process writes; a page with
/// the producer's; then the data, twice, so that a record at the end is in one piece.
struct RingBuffer: @unchecked Sendable {
  let name: String
  /// The size of the data in bytes, a power of two.
  let byteCount: Int
  private let consumerPage: MappedMemory
  private let producerPages: MappedMemory
  private let consumerPosition: UnsafeMutablePointer<Atomic<UInt64>>
  private let producerPosition: UnsafeMutablePointer<Atomic<UInt64>>
  private let data: UnsafeMutableRawPointer

  private static let headerSize = 8
  private static let busyBit: UInt32 = 1 << 31
  private static let discardBit: UInt32 = 1 << 30

  init(_ map: LinuxMap) throws(BPFError) {
    let subject = "map '\(map.name)'"
    guard map.type == .ringBuffer else {
      throw .refusal(subject, "it is no ring buffer", advice: "the map's type has to be BPF_MAP_TYPE_RINGBUF")
    }
    let page = RunningKernel.pageSize
    byteCount = Int(map.maxEntries)
    guard byteCount >= page, byteCount & (byteCount - 1) == 0 else {
      throw .refusal(subject, "its size of \(byteCount) bytes is not a power of two of pages")
    }
    name = map.name
    do throws(Errno) {
      consumerPage = try MappedMemory(
        map.descriptor, byteCount: page, protection: .readAndWrite, map.systemCalls)
      producerPages = try MappedMemory(
        map.descriptor, byteCount: page + 2 * byteCount, offset: page, protection: .read, map.systemCalls)
    } catch { throw BPFError(subject, .systemCall("mmap", error)) }
    consumerPosition = consumerPage.start.assumingMemoryBound(to: Atomic<UInt64>.self)
    producerPosition = producerPages.start.assumingMemoryBound(to: Atomic<UInt64>.self)
    data = producerPages.start + page
  }

  /// How many bytes were ever consumed.
  var consumed: UInt64 { consumerPosition.pointee.load(ordering: .acquiring) }
  /// How many bytes were ever reserved.
  var produced: UInt64 { producerPosition.pointee.load(ordering: .acquiring) }

  /// Hands out the finished records that are there, oldest first, until one is not finished or `limit` is reached.
  func consume(limit: Int, _ body: (RawSpan) -> Void) -> BufferPass {
    var pass = BufferPass()
    var position = consumerPosition.pointee.load(ordering: .acquiring)
    let end = producerPosition.pointee.load(ordering: .acquiring)
    var available = end &- position
    // Both are multiples of 8 unless something else has written over them.
    guard available <= UInt64(byteCount), (position | end) & 7 == 0 else { return skipping(pass, position, end) }
    let mask = UInt64(byteCount) - 1
    while available > 0 {
      guard pass.count < limit else { return pass }
      let header = header(at: position & mask)
      if header & Self.busyBit != 0 { break }
      let byteCount = header & ~Self.discardBit
      let length = (UInt64(byteCount) + UInt64(Self.headerSize) + 7) & ~7
      guard length <= available else { return skipping(pass, position, end) }
      if header & Self.discardBit == 0 {
        let record = data + Int(position & mask) + Self.headerSize
        body(UnsafeRawBufferPointer(start: record, count: Int(byteCount)).bytes)
        pass.count += 1
      }
      position &+= length
      available &-= length
      consumerPosition.pointee.store(position, ordering: .releasing)
    }
    // A program that finishes a record wakes the reader only if it sees the reader's position there. So the position has
    // to be visible before the reader may believe that there is nothing for it.
    atomicMemoryFence(ordering: .sequentiallyConsistent)
    pass.mayWait =
      available > 0
      ? header(at: position & mask) & Self.busyBit != 0
      : producerPosition.pointee.load(ordering: .acquiring) == position
    return pass
  }

  private func header(at offset: UInt64) -> UInt32 {
    (data + Int(offset)).assumingMemoryBound(to: Atomic<UInt32>.self).pointee.load(ordering: .acquiring)
  }

  /// Gives up what is in the buffer.
  private func skipping(_ pass: BufferPass, _ position: UInt64, _ end: UInt64) -> BufferPass {
    var pass = pass
    pass.skipped = end &- position
    consumerPosition.pointee.store(end, ordering: .releasing)
    return pass
  }
}
