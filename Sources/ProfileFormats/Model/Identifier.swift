extension Profile {
  /// The index of a row in one of the profile's tables; rows of different tables cannot be confused.
  public struct Identifier<Row>: Hashable, Sendable, Comparable {
    /// The index in the table.
    public let rawValue: UInt32

    /// The row with an index.
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    init(_ index: Int) { rawValue = UInt32(truncatingIfNeeded: index) }

    /// The index in the table.
    public var index: Int { Int(rawValue) }

    /// In the table's order.
    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
  }
}
