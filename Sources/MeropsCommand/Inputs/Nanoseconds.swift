import ArgumentParser

/// A duration: a number of nanoseconds, or one with a unit as `10us`, `5ms`, `1s`.
package struct Nanoseconds: ExpressibleByArgument, Hashable, Sendable {
  /// The number of nanoseconds.
  package var value: UInt64

  package init(_ value: UInt64) { self.value = value }

  package init?(argument: String) {
    let units: [(String, UInt64)] = [("ns", 1), ("us", 1_000), ("µs", 1_000), ("ms", 1_000_000), ("s", 1_000_000_000)]
    let unit = units.first { argument.hasSuffix($0.0) }
    guard let number = UInt64(argument.dropLast(unit?.0.count ?? 0)) else { return nil }
    let (value, overflow) = number.multipliedReportingOverflow(by: unit?.1 ?? 1)
    guard !overflow else { return nil }
    self.value = value
  }

  package var defaultValueDescription: String {
    value % 1_000_000 == 0 ? "\(value / 1_000_000)ms" : "\(value)"
  }
}
