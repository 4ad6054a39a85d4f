import Synchronization

// Atomic words behind pointers, because slots, list heads and contexts are reached from several owners and must not
// move. Reasons and bounds: a `WordPointer` is made only from a `WordStorage` that outlives it (the structure that holds
// the storage also holds every pointer into it) or from a segment of `ContextTable`, which lives as long as the
// scheduler that all structures keep a reference to. Indices are checked where they enter (`WordStorage.subscript`).

/// A pointer to one atomic word.
struct WordPointer: AtomicWord, @unchecked Sendable {
  let pointer: UnsafeMutablePointer<Atomic<UInt64>>

  @inline(__always)
  func load() -> UInt64 {
    pointer.pointee.load(ordering: .acquiring)
  }

  @inline(__always)
  func store(_ value: UInt64) {
    pointer.pointee.store(value, ordering: .releasing)
  }

  @inline(__always)
  func exchange(_ value: UInt64) -> UInt64 {
    pointer.pointee.exchange(value, ordering: .sequentiallyConsistent)
  }

  @inline(__always)
  func compareExchange(expected: UInt64, desired: UInt64) -> UInt64 {
    pointer.pointee.compareExchange(expected: expected, desired: desired, ordering: .sequentiallyConsistent).original
  }

  @inline(__always)
  func subtract(_ value: UInt64) -> UInt64 {
    pointer.pointee.wrappingSubtract(value, ordering: .sequentiallyConsistent).oldValue
  }
}

/// A row of atomic words at a fixed place, all zero at first.
struct WordStorage: ~Copyable, @unchecked Sendable {
  private let base: UnsafeMutablePointer<Atomic<UInt64>>
  let count: Int

  init(count: Int) {
    precondition(count >= 0, "a row of words has no negative length")
    self.count = count
    base = .allocate(capacity: count)
    for index in 0..<count {
      (base + index).initialize(to: Atomic(0))
    }
  }

  deinit {
    base.deinitialize(count: count)
    base.deallocate()
  }

  subscript(index: Int) -> WordPointer {
    precondition(index >= 0 && index < count, "no such word")
    return WordPointer(pointer: base + index)
  }
}
