import Synchronization

// The memory of all contexts: a table of segments, each twice the size of the one before it, so that the pool can grow
// while others use it and a context never moves. Reasons and bounds: a context is `ContextTable.stride` bytes; its words
// lie at `ContextField.rawValue * 8`, its request at `requestOffset`, both inside the stride (checked when the table is
// made). An index is turned into an address only through a segment that has been published, and an index becomes known
// only after its segment was. Segments are freed with the scheduler, to which every structure with an index keeps a
// reference.

/// A pointer to the table of segments; a value that may be copied as long as the scheduler lives.
struct ContextTable: TaskWorkMemory, @unchecked Sendable {
  /// Two cache lines: what other CPUs compete for, and what only the request's owner touches.
  static var stride: Int { 128 }
  static var requestOffset: Int { 64 }
  /// The first segment holds this many contexts.
  static var firstSegmentCount: UInt32 { 64 }
  /// So many segments that the greatest index stays far below `TaskWorkContext.indexLimit`.
  static var segmentCount: Int { 18 }
  /// 64 · (2¹⁸ − 1), some 16.7 million.
  static var greatestCount: Int { Int(firstSegmentCount) * (1 << segmentCount - 1) }

  /// Word 0 is the head of the free list, word 1 the number of free contexts, then the addresses of the segments.
  private let header: UnsafeMutablePointer<Atomic<UInt64>>

  init() {
    precondition(
      ContextField.allCases.count * 8 <= Self.requestOffset
        && Self.requestOffset + MemoryLayout<HeldRequest>.size <= Self.stride)
    header = .allocate(capacity: 2 + Self.segmentCount)
    for index in 0..<(2 + Self.segmentCount) {
      (header + index).initialize(to: Atomic(0))
    }
  }

  /// Frees everything; only the owner calls this, at its end.
  func destroy() {
    for segment in 0..<Self.segmentCount {
      let address = header[2 + segment].load(ordering: .acquiring)
      UnsafeMutableRawPointer(bitPattern: UInt(address))?.deallocate()
    }
    header.deinitialize(count: 2 + Self.segmentCount)
    header.deallocate()
  }

  /// The segment of an index and its place in it.
  @inline(__always)
  static func place(of index: UInt32) -> (segment: Int, offset: Int) {
    let group = index / firstSegmentCount &+ 1
    let segment = 31 &- group.leadingZeroBitCount
    let before = firstSegmentCount &* (1 &<< UInt32(truncatingIfNeeded: segment) &- 1)
    return (segment, Int(index &- before))
  }

  @inline(__always)
  private func address(of index: UInt32) -> UnsafeMutableRawPointer {
    let (segment, offset) = Self.place(of: index)
    precondition(segment < Self.segmentCount, "a context of another scheduler")
    let bits = header[2 + segment].load(ordering: .acquiring)
    guard let base = UnsafeMutableRawPointer(bitPattern: UInt(bits)) else {
      preconditionFailure("a context of another scheduler")
    }
    return base + offset * Self.stride
  }

  var freeList: WordPointer { WordPointer(pointer: header) }

  @inline(__always)
  func word(_ field: ContextField, of index: UInt32) -> WordPointer {
    let raw = address(of: index) + field.rawValue * 8
    return WordPointer(pointer: raw.assumingMemoryBound(to: Atomic<UInt64>.self))
  }

  @inline(__always)
  func request(of index: UInt32) -> HeldRequest {
    (address(of: index) + Self.requestOffset).assumingMemoryBound(to: HeldRequest.self).pointee
  }

  @inline(__always)
  func setRequest(_ request: HeldRequest, of index: UInt32) {
    (address(of: index) + Self.requestOffset).assumingMemoryBound(to: HeldRequest.self).pointee = request
  }

  @inline(__always)
  func stockChanged(by change: Int) {
    header[1].wrappingAdd(UInt64(bitPattern: Int64(change)), ordering: .relaxed)
  }

  /// How many contexts are free; a moment's figure while others take and give back.
  var stock: Int {
    Int(truncatingIfNeeded: Int64(bitPattern: header[1].load(ordering: .relaxed)))
  }

  /// Makes the segment of an index if it is not there. Not for two threads at once, nor where allocation is forbidden.
  func prepareSegment(of index: UInt32) {
    let (segment, _) = Self.place(of: index)
    guard header[2 + segment].load(ordering: .acquiring) == 0 else { return }
    let count = Int(Self.firstSegmentCount) << segment
    let base = UnsafeMutableRawPointer.allocate(byteCount: count * Self.stride, alignment: Self.stride)
    for place in 0..<count {
      let raw = base + place * Self.stride
      for field in ContextField.allCases {
        (raw + field.rawValue * 8).bindMemory(to: Atomic<UInt64>.self, capacity: 1).initialize(to: Atomic(0))
      }
      (raw + Self.requestOffset).bindMemory(to: HeldRequest.self, capacity: 1).initialize(to: .nothing)
    }
    header[2 + segment].store(UInt64(UInt(bitPattern: base)), ordering: .releasing)
  }
}
