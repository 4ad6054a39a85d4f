/// Slots that are to be looked at again, each once: the last one first.
struct SlotWorklist {
  private var slots: [Int32]
  private var isWaiting: [Bool]
  private let first: Int

  /// All slots of a range.
  init(_ range: Range<Int>) {
    first = range.lowerBound
    slots = range.map { Int32($0) }
    isWaiting = [Bool](repeating: true, count: range.count)
  }

  mutating func next() -> Int? {
    guard let slot = slots.popLast() else { return nil }
    isWaiting[Int(slot) - first] = false
    return Int(slot)
  }

  mutating func add(_ slot: Int32) {
    guard !isWaiting[Int(slot) - first] else { return }
    isWaiting[Int(slot) - first] = true
    slots.append(slot)
  }
}
