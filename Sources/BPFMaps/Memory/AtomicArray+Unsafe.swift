// Unsafe: fixed arrays of atomics and of locks, which Swift's arrays cannot hold because they do not move. Each lives
// in a block of its own, made once by its owner and given back by the owner's `deinit`; every subscript is checked
// against the count in debug builds and follows from an index that the owner made.

import Synchronization

/// A fixed array of atomic 32-bit words that are zero at first, in host memory that is taken when it is first written.
struct AtomicArray32: @unchecked Sendable {
  private let block: MemoryBlock
  let count: Int

  init?(count: Int) {
    guard let block = MemoryBlock.allocate(byteCount: count * MemoryLayout<Atomic<UInt32>>.stride) else { return nil }
    self.block = block
    self.count = count
  }

  func deallocate() { block.deallocate() }

  @inline(__always)
  private func pointer(_ index: Int) -> UnsafeMutablePointer<Atomic<UInt32>> {
    assert(index >= 0 && index < count)
    return block.base.assumingMemoryBound(to: Atomic<UInt32>.self) + index
  }

  @inline(__always)
  func load(_ index: Int) -> UInt32 { pointer(index).pointee.load(ordering: .relaxed) }

  @inline(__always)
  func loadAcquiring(_ index: Int) -> UInt32 { pointer(index).pointee.load(ordering: .acquiring) }

  @inline(__always)
  func store(_ value: UInt32, at index: Int) { pointer(index).pointee.store(value, ordering: .relaxed) }

  @inline(__always)
  func storeReleasing(_ value: UInt32, at index: Int) { pointer(index).pointee.store(value, ordering: .releasing) }

  @inline(__always)
  func exchange(_ value: UInt32, at index: Int) -> UInt32 {
    pointer(index).pointee.exchange(value, ordering: .acquiringAndReleasing)
  }
}

/// A fixed array of atomic 64-bit words that are zero at first, in host memory that is taken when it is first written.
struct AtomicArray64: @unchecked Sendable {
  private let block: MemoryBlock
  let count: Int

  init?(count: Int) {
    guard let block = MemoryBlock.allocate(byteCount: count * MemoryLayout<Atomic<UInt64>>.stride) else { return nil }
    self.block = block
    self.count = count
  }

  func deallocate() { block.deallocate() }

  @inline(__always)
  private func pointer(_ index: Int) -> UnsafeMutablePointer<Atomic<UInt64>> {
    assert(index >= 0 && index < count)
    return block.base.assumingMemoryBound(to: Atomic<UInt64>.self) + index
  }

  @inline(__always)
  func load(_ index: Int) -> UInt64 { pointer(index).pointee.load(ordering: .relaxed) }

  @inline(__always)
  func loadAcquiring(_ index: Int) -> UInt64 { pointer(index).pointee.load(ordering: .acquiring) }

  @inline(__always)
  func store(_ value: UInt64, at index: Int) { pointer(index).pointee.store(value, ordering: .relaxed) }

  @inline(__always)
  func storeReleasing(_ value: UInt64, at index: Int) { pointer(index).pointee.store(value, ordering: .releasing) }

  @inline(__always)
  func insertBits(_ bits: UInt64, at index: Int) {
    pointer(index).pointee.bitwiseOr(bits, ordering: .relaxed)
  }
}

/// Locks, each in a cache line of its own.
struct LockArray: @unchecked Sendable {
  private struct Line: ~Copyable {
    let mutex = Mutex<Void>(())
    let padding: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0, 0, 0)
  }

  private let lines: UnsafeMutablePointer<Line>
  let count: Int

  init(count: Int) {
    lines = .allocate(capacity: count)
    for index in 0..<count { (lines + index).initialize(to: Line()) }
    self.count = count
  }

  func deallocate() {
    lines.deinitialize(count: count)
    lines.deallocate()
  }

  /// Runs `body` with the lock held.
  @inline(__always)
  func withLock<Result, Failure: Error>(
    _ index: Int, _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    assert(index >= 0 && index < count)
    let line = lines + index
    line.pointee.mutex._unsafeLock()
    defer { line.pointee.mutex._unsafeUnlock() }
    return try body()
  }
}
