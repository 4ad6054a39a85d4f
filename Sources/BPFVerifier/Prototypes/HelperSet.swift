/// A set of helper functions, by number.
package struct HelperSet: Hashable, Sendable {
  private var words: SIMD4<UInt64> = .zero

  /// The empty set.
  package init() {}

  /// The set of some numbers; those outside of 1 to 255 are left out.
  package init(_ identifiers: some Sequence<Int32>) {
    for identifier in identifiers { insert(identifier) }
  }

  /// Whether a number is in the set.
  package func contains(_ identifier: Int32) -> Bool {
    guard (1..<256).contains(identifier) else { return false }
    return words[Int(identifier) >> 6] >> UInt64(identifier & 63) & 1 == 1
  }

  /// Adds a number.
  package mutating func insert(_ identifier: Int32) {
    guard (1..<256).contains(identifier) else { return }
    words[Int(identifier) >> 6] |= 1 << UInt64(identifier & 63)
  }

  /// Removes a number.
  package mutating func remove(_ identifier: Int32) {
    guard (1..<256).contains(identifier) else { return }
    words[Int(identifier) >> 6] &= ~(1 << UInt64(identifier & 63))
  }

  /// What is in either.
  package func union(_ other: HelperSet) -> HelperSet {
    var result = self
    result.words |= other.words
    return result
  }

  /// What is in this one and not in the other.
  package func subtracting(_ other: HelperSet) -> HelperSet {
    var result = self
    result.words &= ~other.words
    return result
  }

  /// The numbers in ascending order.
  package var identifiers: [Int32] { (1..<256).filter(contains) }
}

extension HelperSet: ExpressibleByArrayLiteral {
  /// The set of the numbers in a literal.
  package init(arrayLiteral identifiers: Int32...) { self.init(identifiers) }
}
