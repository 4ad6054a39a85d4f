// Unsafe: reads records in memory that the kernel writes at the same time. All that is read as a position or a length is
// checked before it is used: a record lies between the reader's and the kernel's position, which are no further apart
// than the ring is long, and what goes beyond the ring's end is copied, from both ends, into 64 KiB of the reader's own,
// which is more than the 16 bits of a record's length can say.

import Synchronization
import SystemPackage

/// The shared memory of one perf event: a page with positions and then the records, 2ⁿ pages.
final class PerfRing: @unchecked Sendable {
  /// The number of the CPU.
  let cpu: Int
  /// How many records were lost so far.
  let lost = Atomic<UInt64>(0)
  let event: Descriptor
  private let memory: MappedMemory
  private let head: UnsafeMutablePointer<Atomic<UInt64>>
  private let tail: UnsafeMutablePointer<Atomic<UInt64>>
  private let data: UnsafeMutableRawPointer
  private let byteCount: Int
  /// A record that goes beyond the end; only the one consumer uses it.
  private let whole = UnsafeMutableRawPointer.allocate(byteCount: 1 << 16, alignment: 8)

  private static let (headOffset, tailOffset) = (1024, 1032)
  private static let (lostRecord, sampleRecord): (UInt32, UInt32) = (2, 9)

  /// Maps the ring of an event; `byteCount` is a power of two of pages.
  init(_ event: Descriptor, cpu: Int, byteCount: Int, _ systemCalls: any SystemCalls) throws(Errno) {
    let page = RunningKernel.pageSize
    memory = try MappedMemory(event, byteCount: page + byteCount, protection: .readAndWrite, systemCalls)
    head = (memory.start + Self.headOffset).assumingMemoryBound(to: Atomic<UInt64>.self)
    tail = (memory.start + Self.tailOffset).assumingMemoryBound(to: Atomic<UInt64>.self)
    data = memory.start + page
    self.byteCount = byteCount
    self.cpu = cpu
    self.event = event
  }

  deinit { whole.deallocate() }

  /// Hands out the records that are there, oldest first, until `limit` samples are reached.
  func consume(
    limit: Int, lost lostBody: (UInt64) -> Void, _ body: (RawSpan) -> Void
  ) -> BufferPass {
    var pass = BufferPass()
    var position = tail.pointee.load(ordering: .relaxed)
    let end = head.pointee.load(ordering: .acquiring)
    guard end &- position <= UInt64(byteCount), (position | end) & 7 == 0 else { return skipping(pass, position, end) }
    while position != end {
      guard pass.count < limit else { return pass }
      let offset = Int(position & UInt64(byteCount - 1))
      // A header of 8 bytes at a multiple of 8 is in one piece: type, what else there is to say, length.
      let header = (data + offset).load(as: UInt64.self)
      let length = Int(header >> 48)
      guard length >= 8, length & 7 == 0, UInt64(length) <= end &- position else {
        return skipping(pass, position, end)
      }
      switch UInt32(truncatingIfNeeded: header) {
      case Self.sampleRecord:
        let record = bytes(at: offset, count: length)
        let rawSize = length >= 12 ? Int(record.load(fromByteOffset: 8, as: UInt32.self)) : 0
        guard length >= 12, rawSize <= length - 12 else { return skipping(pass, position, end) }
        body(UnsafeRawBufferPointer(rebasing: record[12..<12 + rawSize]).bytes)
        pass.count += 1
      case Self.lostRecord where length >= 24:
        let count = bytes(at: offset, count: length).load(fromByteOffset: 16, as: UInt64.self)
        lost.wrappingAdd(count, ordering: .relaxed)
        lostBody(count)
      default: break
      }
      position &+= UInt64(length)
      tail.pointee.store(position, ordering: .releasing)
    }
    // The kernel wakes for every record, whatever has been read.
    pass.mayWait = true
    return pass
  }

  /// A record in one piece.
  private func bytes(at offset: Int, count: Int) -> UnsafeRawBufferPointer {
    let first = byteCount - offset
    guard count > first else { return UnsafeRawBufferPointer(start: data + offset, count: count) }
    whole.copyMemory(from: data + offset, byteCount: first)
    (whole + first).copyMemory(from: data, byteCount: count - first)
    return UnsafeRawBufferPointer(start: whole, count: count)
  }

  /// Gives up what is in the ring.
  private func skipping(_ pass: BufferPass, _ position: UInt64, _ end: UInt64) -> BufferPass {
    var pass = pass
    pass.skipped = end &- position
    tail.pointee.store(end, ordering: .releasing)
    return pass
  }
}
