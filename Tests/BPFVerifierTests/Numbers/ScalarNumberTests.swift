import BPFInstructions
import Testing

@testable import BPFVerifier

/// Numbers of few values at the places where widths and signs meet, against every value that they stand for.
@Suite struct ScalarNumberTests {
  /// A set of values and the number that was made of it.
  struct Sample {
    var number: ScalarNumber
    var values: [UInt64]
  }

  /// The values of a short range in each of the places where something changes, in every interval of it.
  static let samples: [Sample] = {
    var result: [Sample] = []
    let places: [UInt64] = [0, 0x7fff_ffff, 0xffff_ffff, 0x7fff_ffff_ffff_ffff, .max, 0x1_7fff_ffff]
    for place in places {
      for low in -2...2 as ClosedRange<Int64> {
        for high in low...2 {
          let values = (low...high).map { place &+ UInt64(bitPattern: $0) }
          result.append(Sample(number: number(of: values), values: values))
        }
      }
    }
    // Sets with holes, of which only bits are known.
    for mask in [0x5, 0x8000_0001, 0x1_0000_0001, 0x8000_0000_0000_0001] as [UInt64] {
      for value in [0, 2, 0x8000_0000_0000_0002, 0xffff_fff0] as [UInt64] where value & mask == 0 {
        let bits = TristateNumber(value: value, mask: mask)
        result.append(Sample(number: made(bits), values: TristateNumberTests.values(of: bits)))
      }
    }
    result.append(Sample(number: .unknown, values: places + [1, 2, 0x8000_0000, 0x8000_0000_0000_0000]))
    return result
  }()

  static func made(_ bits: TristateNumber) -> ScalarNumber {
    var number = ScalarNumber(bits: bits)
    number.synchronize()
    return number
  }

  /// The best number that has some values.
  static func number(of values: [UInt64]) -> ScalarNumber {
    let all = values.reduce(UInt64.max, &)
    let any = values.reduce(0, |)
    var number = ScalarNumber(bits: TristateNumber(value: all, mask: any & ~all))
    number.unsigned = Interval(values.min() ?? 0, values.max() ?? 0)
    let signed = values.map { Int64(bitPattern: $0) }
    number.signed = Interval(signed.min() ?? 0, signed.max() ?? 0)
    let low = values.map { UInt32(truncatingIfNeeded: $0) }
    number.unsigned32 = Interval(low.min() ?? 0, low.max() ?? 0)
    let signedLow = low.map { Int32(bitPattern: $0) }
    number.signed32 = Interval(signedLow.min() ?? 0, signedLow.max() ?? 0)
    number.synchronize()
    return number
  }

  @Test("reduction takes no value away")
  func reduction() {
    for sample in Self.samples {
      for value in sample.values where !sample.number.contains(value) {
        Issue.record("\(sample.number) lacks \(value)")
      }
      #expect(!sample.number.isContradictory)
    }
  }

  /// The value of an operation on values.
  static func result(
    _ operation: ArithmeticOperation, _ width: OperandWidth, _ left: UInt64, _ right: UInt64
  ) -> UInt64? {
    let isWide = width == .bits64
    let a = isWide ? left : left & 0xffff_ffff
    let b = isWide ? right : right & 0xffff_ffff
    let bits: UInt64 = isWide ? 64 : 32
    let value: UInt64
    switch operation {
    case .add: value = a &+ b
    case .subtract: value = a &- b
    case .multiply: value = a &* b
    case .and: value = a & b
    case .or: value = a | b
    case .xor: value = a ^ b
    case .shiftLeft: value = a << (b % bits)
    case .shiftRight: value = a >> (b % bits)
    case .arithmeticShiftRight:
      value =
        isWide
        ? UInt64(bitPattern: Int64(bitPattern: a) >> Int64(b % 64))
        : UInt64(UInt32(bitPattern: Int32(truncatingIfNeeded: a) >> Int32(b % 32)))
    default: return nil
    }
    return isWide ? value : value & 0xffff_ffff
  }

  @Test("the result of an operation has every result on values, in both widths")
  func arithmetic() {
    let operations: [ArithmeticOperation] = [
      .add, .subtract, .multiply, .and, .or, .xor, .shiftLeft, .shiftRight, .arithmeticShiftRight,
    ]
    for operation in operations {
      for width in OperandWidth.allCases {
        for left in Self.samples {
          for right in Self.samples {
            var number = left.number
            number.apply(operation, width, right.number)
            for first in left.values {
              for second in right.values {
                guard let value = Self.result(operation, width, first, second) else { continue }
                if !number.contains(value) {
                  Issue.record("\(operation) \(width) of \(first) and \(second): \(number) lacks \(value)")
                  return
                }
              }
            }
          }
        }
      }
    }
  }

  static func holds(_ condition: JumpCondition, _ width: OperandWidth, _ left: UInt64, _ right: UInt64) -> Bool {
    let a = width == .bits64 ? left : left & 0xffff_ffff
    let b = width == .bits64 ? right : right & 0xffff_ffff
    let signedA = width == .bits64 ? Int64(bitPattern: left) : Int64(Int32(truncatingIfNeeded: left))
    let signedB = width == .bits64 ? Int64(bitPattern: right) : Int64(Int32(truncatingIfNeeded: right))
    return switch condition {
    case .equal: a == b
    case .notEqual: a != b
    case .greater: a > b
    case .greaterOrEqual: a >= b
    case .less: a < b
    case .lessOrEqual: a <= b
    case .anyBitSet: a & b != 0
    case .signedGreater: signedA > signedB
    case .signedGreaterOrEqual: signedA >= signedB
    case .signedLess: signedA < signedB
    case .signedLessOrEqual: signedA <= signedB
    }
  }

  @Test("a comparison that is decided is so for all values, and each outcome keeps the values that have it")
  func comparisons() {
    for condition in JumpCondition.allCases {
      for width in OperandWidth.allCases {
        for left in Self.samples {
          for right in Self.samples {
            let decided = left.number.decide(condition, width, right.number)
            for outcome in [true, false] {
              var (first, second) = (left.number, right.number)
              ScalarNumber.refine(&first, &second, condition, width, holds: outcome)
              for a in left.values {
                for b in right.values where Self.holds(condition, width, a, b) == outcome {
                  if decided == !outcome || !first.contains(a) || !second.contains(b) {
                    Issue.record("\(condition) \(width) \(outcome) loses \(a) and \(b): \(first), \(second)")
                    return
                  }
                }
              }
            }
          }
        }
      }
    }
  }

  @Test("numbers cut to a size, or extended from it, keep every value")
  func widths() {
    for sample in Self.samples {
      for size in [1, 2, 4] {
        let kept = (1 as UInt64) << UInt64(size * 8) - 1
        var cut = sample.number
        cut.truncate(toBytes: size)
        var extended = sample.number
        extended.signExtend(fromBytes: size)
        let shift = Int64(64 - size * 8)
        for value in sample.values {
          if !cut.contains(value & kept) { Issue.record("\(value) cut to \(size): \(cut)") }
          let wide = UInt64(bitPattern: Int64(bitPattern: value << UInt64(shift)) >> shift)
          if !extended.contains(wide) { Issue.record("\(value) extended from \(size): \(extended)") }
          if size < 4 {
            var narrow = sample.number
            narrow.signExtend32(fromBytes: size)
            if !narrow.contains(wide & 0xffff_ffff) { Issue.record("\(value) extended to 32 bits: \(narrow)") }
          }
        }
      }
      var zeroExtended = sample.number
      zeroExtended.zeroExtend32()
      for value in sample.values where !zeroExtended.contains(value & 0xffff_ffff) {
        Issue.record("\(value) in 32 bits: \(zeroExtended)")
      }
      for width in OperandWidth.allCases {
        var negated = sample.number
        negated.negate(width)
        for value in sample.values {
          let expected = width == .bits64 ? 0 &- value : (0 &- value) & 0xffff_ffff
          if !negated.contains(expected) { Issue.record("-\(value) in \(width): \(negated)") }
        }
      }
      for size in [MemorySize.half, .word, .doubleWord] {
        let swapped = Self.made(sample.number.bits.swapped(.reverse, size))
        let shift = UInt64(64 - size.bitCount)
        for value in sample.values where !swapped.contains(value.byteSwapped >> shift) {
          Issue.record("\(value) swapped in \(size): \(swapped)")
        }
      }
    }
  }

  @Test("a number that covers another has all its values")
  func inclusion() {
    for left in Self.samples {
      for right in Self.samples where left.number.covers(right.number) {
        for value in right.values where !left.number.contains(value) {
          Issue.record("\(left.number) covers \(right.number) without \(value)")
        }
      }
    }
  }
}
