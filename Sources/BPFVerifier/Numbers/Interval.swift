/// The integers from a smallest to a largest; empty when the smallest is above the largest.
public struct Interval<Bound: FixedWidthInteger & BitwiseCopyable & Sendable>: Hashable, Sendable, BitwiseCopyable {
  /// The smallest integer.
  public var minimum: Bound
  /// The largest integer.
  public var maximum: Bound

  /// The integers between two, both included.
  @inline(__always)
  public init(_ minimum: Bound, _ maximum: Bound) {
    self.minimum = minimum
    self.maximum = maximum
  }

  /// A single integer.
  @inline(__always)
  public init(_ value: Bound) { self.init(value, value) }

  /// All integers of the type.
  @inline(__always)
  public static var full: Interval { Interval(.min, .max) }

  /// Whether no integer is in it.
  @inline(__always)
  public var isEmpty: Bool { minimum > maximum }

  /// Whether exactly one integer is in it.
  @inline(__always)
  public var isConstant: Bool { minimum == maximum }

  /// Whether an integer is in it.
  @inline(__always)
  public func contains(_ value: Bound) -> Bool { minimum <= value && value <= maximum }

  /// Whether every integer of another interval is in this one.
  @inline(__always)
  func covers(_ other: Interval) -> Bool { minimum <= other.minimum && other.maximum <= maximum }

  @inline(__always)
  func overlaps(_ other: Interval) -> Bool { minimum <= other.maximum && other.minimum <= maximum }

  @inline(__always)
  mutating func intersect(_ low: Bound, _ high: Bound) {
    minimum = max(minimum, low)
    maximum = min(maximum, high)
  }

  /// Takes the smallest and the largest integer away, except where there is none beyond.
  mutating func narrowEnds() {
    maximum = min(maximum, maximum &- 1)
    minimum = max(minimum, minimum &+ 1)
  }

  @inline(__always)
  mutating func intersect(_ other: Interval) { intersect(other.minimum, other.maximum) }
}

// MARK: Arithmetic

extension Interval {
  /// The sums. Where only some of them wrap around, everything is possible; where all do, the order stays.
  @inline(__always)
  func adding(_ other: Interval) -> Interval {
    let low = minimum.addingReportingOverflow(other.minimum)
    let high = maximum.addingReportingOverflow(other.maximum)
    // Signed sums that wrap are not told apart by direction, as in Linux.
    let isLost = Bound.isSigned ? low.overflow || high.overflow : low.overflow != high.overflow
    return isLost ? .full : Interval(low.partialValue, high.partialValue)
  }

  /// The differences, with the same rule for those that wrap around.
  @inline(__always)
  func subtracting(_ other: Interval) -> Interval {
    let low = minimum.subtractingReportingOverflow(other.maximum)
    let high = maximum.subtractingReportingOverflow(other.minimum)
    let isLost = Bound.isSigned ? low.overflow || high.overflow : low.overflow != high.overflow
    return isLost ? .full : Interval(low.partialValue, high.partialValue)
  }

  /// The products; everything when one of the corners overflows.
  func multiplied(by other: Interval) -> Interval {
    guard Bound.isSigned else {
      let low = minimum.multipliedReportingOverflow(by: other.minimum)
      let high = maximum.multipliedReportingOverflow(by: other.maximum)
      return low.overflow || high.overflow ? .full : Interval(low.partialValue, high.partialValue)
    }
    let a = minimum.multipliedReportingOverflow(by: other.minimum)
    let b = minimum.multipliedReportingOverflow(by: other.maximum)
    let c = maximum.multipliedReportingOverflow(by: other.minimum)
    let d = maximum.multipliedReportingOverflow(by: other.maximum)
    guard !a.overflow, !b.overflow, !c.overflow, !d.overflow else { return .full }
    let low = min(min(a.partialValue, b.partialValue), min(c.partialValue, d.partialValue))
    let high = max(max(a.partialValue, b.partialValue), max(c.partialValue, d.partialValue))
    return Interval(low, high)
  }
}
