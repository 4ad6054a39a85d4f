import Testing

@testable import BPFVerifier

/// Every tristate number of a few bits, against every value that it stands for.
///
/// The bits are put at the bottom and at the top of the word: there carries and borrows run out of it.
@Suite struct TristateNumberTests {
  static let width: UInt64 = 4

  /// All numbers of four bits, moved up by some.
  static func numbers(shift: UInt64) -> [TristateNumber] {
    var result: [TristateNumber] = []
    for mask in 0..<(1 as UInt64) << width {
      for value in 0..<(1 as UInt64) << width where value & mask == 0 {
        result.append(TristateNumber(value: value << shift, mask: mask << shift))
      }
    }
    return result
  }

  static func values(of number: TristateNumber) -> [UInt64] {
    var result: [UInt64] = []
    var part: UInt64 = 0
    repeat {
      result.append(number.value | part)
      part = (part &- number.mask) & number.mask
    } while part != 0
    return result
  }

  @Test("a number stands for as many values as its unknown bits make, and for no other")
  func membership() {
    #expect(Self.numbers(shift: 0).count == 81)
    for number in Self.numbers(shift: 0) {
      let values = Set(Self.values(of: number))
      #expect(values.count == 1 << number.mask.nonzeroBitCount)
      for value in 0..<16 as Range<UInt64> where number.contains(value) != values.contains(value) {
        Issue.record("\(number) and \(value)")
      }
    }
  }

  /// An operation on numbers and the one on values that it stands for.
  struct Operation: Sendable {
    var name: String
    var abstract: @Sendable (TristateNumber, TristateNumber) -> TristateNumber
    var concrete: @Sendable (UInt64, UInt64) -> UInt64
    /// Whether the result is the smallest that has all values.
    var isOptimal: Bool
  }

  static let operations = [
    Operation(name: "sum", abstract: { $0 &+ $1 }, concrete: { $0 &+ $1 }, isOptimal: true),
    Operation(name: "difference", abstract: { $0 &- $1 }, concrete: { $0 &- $1 }, isOptimal: true),
    Operation(name: "product", abstract: { $0 &* $1 }, concrete: { $0 &* $1 }, isOptimal: false),
    Operation(name: "and", abstract: { $0 & $1 }, concrete: { $0 & $1 }, isOptimal: true),
    Operation(name: "or", abstract: { $0 | $1 }, concrete: { $0 | $1 }, isOptimal: true),
    Operation(name: "exclusive or", abstract: { $0 ^ $1 }, concrete: { $0 ^ $1 }, isOptimal: true),
  ]

  @Test("the result of an operation has every result on values, and no more where it is said to be optimal")
  func soundness() {
    for shift in [0, 60] as [UInt64] {
      let numbers = Self.numbers(shift: shift)
      for operation in Self.operations {
        for left in numbers {
          for right in numbers {
            let result = operation.abstract(left, right)
            var all = UInt64.max
            var any: UInt64 = 0
            for first in Self.values(of: left) {
              for second in Self.values(of: right) {
                let value = operation.concrete(first, second)
                all &= value
                any |= value
                if !result.contains(value) {
                  Issue.record("\(operation.name) of \(left) and \(right) lacks \(value)")
                  return
                }
              }
            }
            if operation.isOptimal, result != TristateNumber(value: all, mask: any & ~all) {
              Issue.record("\(operation.name) of \(left) and \(right) is \(result)")
              return
            }
          }
        }
      }
    }
  }

  @Test("shifts, truncation and extension keep every value and are optimal")
  func unary() {
    for shift in [0, 28, 60] as [UInt64] {
      for number in Self.numbers(shift: shift) {
        for count in [0, 1, 3, 31, 32, 63] as [UInt64] {
          check(number, number.shiftedLeft(by: count), "left by \(count)") { $0 << count }
          check(number, number.shiftedRight(by: count), "right by \(count)") { $0 >> count }
          check(number, number.arithmeticallyShiftedRight(by: count), "arithmetically right by \(count)") {
            UInt64(bitPattern: Int64(bitPattern: $0) >> Int64(count))
          }
          if count < 32 {
            check(number, number.arithmeticallyShiftedRight32(by: count), "32 bits right by \(count)") {
              UInt64(UInt32(bitPattern: Int32(truncatingIfNeeded: $0) >> Int32(count)))
            }
          }
        }
        check(number, number.truncated(toBits: 32), "32 bits") { $0 & 0xffff_ffff }
        check(number, number.signExtended(fromBits: 32), "extended from 32 bits") {
          UInt64(bitPattern: Int64(Int32(truncatingIfNeeded: $0)))
        }
      }
    }
  }

  private func check(
    _ number: TristateNumber, _ result: TristateNumber, _ what: String, _ concrete: (UInt64) -> UInt64
  ) {
    let values = Self.values(of: number).map(concrete)
    let all = values.reduce(UInt64.max, &)
    let any = values.reduce(0, |)
    if result != TristateNumber(value: all, mask: any & ~all) { Issue.record("\(what): \(number) gives \(result)") }
  }

  @Test("intersection, union, inclusion and overlap are those of the sets of values")
  func sets() {
    let numbers = Self.numbers(shift: 0)
    for left in numbers {
      let leftValues = Set(Self.values(of: left))
      for right in numbers {
        let rightValues = Set(Self.values(of: right))
        let common = leftValues.intersection(rightValues)
        if left.overlaps(right) == common.isEmpty { Issue.record("overlap of \(left) and \(right)") }
        if !common.isEmpty, Set(Self.values(of: left.intersection(right))) != common {
          Issue.record("intersection of \(left) and \(right)")
        }
        if !leftValues.union(rightValues).isSubset(of: Self.values(of: left.union(right))) {
          Issue.record("union of \(left) and \(right)")
        }
        if left.covers(right) != rightValues.isSubset(of: leftValues) { Issue.record("\(left) covers \(right)") }
      }
    }
  }

  @Test("the next value is the smallest above a number, or the greatest of all")
  func next() throws {
    for shift in [0, 60] as [UInt64] {
      for number in Self.numbers(shift: shift) {
        let values = Self.values(of: number).sorted()
        let greatest = try #require(values.last)
        for probe in (0..<16 as Range<UInt64>).flatMap({ [$0 << shift, $0 << shift &+ 1, $0 << shift &- 1] }) {
          let expected = values.first { $0 > probe } ?? greatest
          if number.next(after: probe) != expected {
            Issue.record("\(number) after \(probe): \(number.next(after: probe)) and not \(expected)")
          }
        }
      }
    }
  }

  @Test("what a range has in common is every leading bit of it")
  func ranges() {
    for minimum in 0..<40 as Range<UInt64> {
      for maximum in minimum..<40 {
        let number = TristateNumber(from: minimum, through: maximum)
        for value in minimum...maximum where !number.contains(value) {
          Issue.record("\(minimum)...\(maximum) lacks \(value)")
        }
      }
    }
    #expect(TristateNumber(from: 8, through: 11) == TristateNumber(value: 8, mask: 3))
    #expect(TristateNumber(from: 5, through: 5).isConstant)
  }
}
