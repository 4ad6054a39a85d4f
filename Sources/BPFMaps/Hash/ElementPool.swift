import Synchronization

/// The free elements of a hash: last in, first out, then those that were never used, in order.
///
/// A pointer of a program into an element that was just deleted is therefore a pointer into the next one that is
/// inserted, as in Linux.
struct ElementPool: ~Copyable {
  /// The number that stands for no element.
  static let none = UInt32.max

  /// For each free element the next one, plus 1; 0 ends the list.
  private let next: AtomicArray32
  /// The first free element plus 1 in the low half; a count of changes above it, so that a compare-and-swap notices
  /// that the list has changed and changed back.
  private let head = Atomic<UInt64>(0)
  private let fresh: Atomic<UInt32>
  private let used = Atomic<Int>(0)
  private let limit: Int

  /// - Parameters:
  ///   - capacity: the number of elements.
  ///   - reserved: how many of the first are never handed out by the pool.
  ///   - limit: how many may be in use as entries of the map.
  init?(capacity: Int, reserved: Int, limit: Int) {
    guard let next = AtomicArray32(count: capacity) else { return nil }
    self.next = next
    self.limit = limit
    fresh = Atomic(UInt32(reserved))
  }

  deinit { next.deallocate() }

  /// One more than the highest element that was ever handed out.
  var highWater: UInt32 { min(fresh.load(ordering: .relaxed), UInt32(next.count)) }

  /// The number of entries.
  var count: Int { used.load(ordering: .relaxed) }

  /// Counts one more entry; false when the map is full.
  func reserveEntry() -> Bool {
    if used.wrappingAdd(1, ordering: .relaxed).newValue <= limit { return true }
    used.wrappingSubtract(1, ordering: .relaxed)
    return false
  }

  func giveBackEntry() { used.wrappingSubtract(1, ordering: .relaxed) }

  /// A free element, or `none` when each is in use.
  func pop() -> UInt32 {
    while true {
      // In this order: when all were handed out before, and the list is empty after, there was none in between.
      let isExhausted = Int(fresh.load(ordering: .acquiring)) >= next.count
      let element = popReturned()
      if element != Self.none || isExhausted { return element }
      let new = fresh.wrappingAdd(1, ordering: .acquiringAndReleasing).oldValue
      if Int(new) < next.count { return new }
      fresh.wrappingSubtract(1, ordering: .acquiringAndReleasing)
    }
  }

  private func popReturned() -> UInt32 {
    var old = head.load(ordering: .acquiring)
    while true {
      let first = UInt32(truncatingIfNeeded: old)
      guard first != 0 else { return Self.none }
      let following = next.load(Int(first - 1))
      let (exchanged, original) = head.compareExchange(
        expected: old, desired: Self.changed(old, first: following), ordering: .acquiringAndReleasing)
      if exchanged { return first - 1 }
      old = original
    }
  }

  /// Gives an element back, to be the next that is handed out.
  func push(_ element: UInt32) {
    var old = head.load(ordering: .relaxed)
    while true {
      next.store(UInt32(truncatingIfNeeded: old), at: Int(element))
      let (exchanged, original) = head.compareExchange(
        expected: old, desired: Self.changed(old, first: element + 1), ordering: .acquiringAndReleasing)
      if exchanged { return }
      old = original
    }
  }

  private static func changed(_ old: UInt64, first: UInt32) -> UInt64 { ((old >> 32) &+ 1) << 32 | UInt64(first) }
}
