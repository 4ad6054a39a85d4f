/// A 64-bit value of which some bits are known ("tnum").
///
/// A bit that is set in ``mask`` is unknown and clear in ``value``; the others are those of ``value``. After Vishwanathan
/// and others, "Sound, Precise, and Fast Abstract Interpretation with Tristate Numbers" (CGO 2022).
public struct TristateNumber: Hashable, Sendable, BitwiseCopyable {
  /// The known bits.
  public var value: UInt64
  /// The unknown bits.
  public var mask: UInt64

  /// The number whose known bits are those of `value` outside of `mask`.
  @inline(__always)
  public init(value: UInt64, mask: UInt64) {
    self.value = value & ~mask
    self.mask = mask
  }

  /// A number of which every bit is known.
  @inline(__always)
  public init(_ value: UInt64) { self.init(value: value, mask: 0) }

  /// A number of which nothing is known.
  public static var unknown: TristateNumber { TristateNumber(value: 0, mask: .max) }

  /// What the numbers from `minimum` to `maximum` have in common: their leading bits.
  @inline(__always)
  public init(from minimum: UInt64, through maximum: UInt64) {
    let difference = minimum ^ maximum
    let mask = difference == 0 ? 0 : UInt64.max >> UInt64(difference.leadingZeroBitCount)
    self.init(value: minimum, mask: mask)
  }

  /// Whether every bit is known.
  @inline(__always)
  public var isConstant: Bool { mask == 0 }

  /// Whether nothing is known.
  @inline(__always)
  public var isUnknown: Bool { mask == .max }

  /// Whether a value is one of those that the number stands for.
  @inline(__always)
  public func contains(_ number: UInt64) -> Bool { number & ~mask == value }

  /// Whether every value of another number is one of this one.
  @inline(__always)
  public func covers(_ other: TristateNumber) -> Bool { other.mask & ~mask == 0 && other.value & ~mask == value }

  /// Whether some value is one of both.
  @inline(__always)
  public func overlaps(_ other: TristateNumber) -> Bool { (value ^ other.value) & ~mask & ~other.mask == 0 }

  /// Whether every value is a multiple of a power of two.
  @inline(__always)
  public func isAligned(to size: UInt64) -> Bool { (value | mask) & (size &- 1) == 0 }

  /// The smallest value above a number; the greatest of all where there is none above it.
  @inline(__always)
  func next(after number: UInt64) -> UInt64 {
    guard number < value | mask else { return value | mask }
    guard number >= value else { return value }
    // What is added to the smallest value has only unknown bits. A bit of the distance that is not one of them is passed by
    // the next sum of those above it.
    let distance = number - value
    let foreign = distance & ~mask
    let passed = foreign == 0 ? 0 : UInt64.max >> UInt64(foreign.leadingZeroBitCount)
    return value | (((distance | ~mask | passed) &+ 1) & mask)
  }

  /// The values of both; meaningless where there are none.
  @inline(__always)
  public func intersection(_ other: TristateNumber) -> TristateNumber {
    TristateNumber(value: value | other.value, mask: mask & other.mask)
  }

  /// The smallest number that has the values of both.
  @inline(__always)
  public func union(_ other: TristateNumber) -> TristateNumber {
    TristateNumber(value: value & other.value, mask: (value ^ other.value) | mask | other.mask)
  }
}

// MARK: Halves

extension TristateNumber {
  /// The low 32 bits, with zeros above them.
  @inline(__always)
  public var low32: TristateNumber { truncated(toBits: 32) }

  /// The number with its low 32 bits cleared.
  @inline(__always)
  public var clearingLow32: TristateNumber {
    TristateNumber(value: value & ~0xffff_ffff, mask: mask & ~0xffff_ffff)
  }

  /// The number with its low 32 bits replaced by those of another.
  @inline(__always)
  public func replacingLow32(with other: TristateNumber) -> TristateNumber {
    let upper = clearingLow32
    let lower = other.low32
    return TristateNumber(value: upper.value | lower.value, mask: upper.mask | lower.mask)
  }

  /// Whether the low 32 bits are known.
  @inline(__always)
  public var isConstant32: Bool { mask & 0xffff_ffff == 0 }

  /// The low bits, with zeros above them.
  @inline(__always)
  public func truncated(toBits bits: UInt64) -> TristateNumber {
    guard bits < 64 else { return self }
    let kept = (1 as UInt64) << bits &- 1
    return TristateNumber(value: value & kept, mask: mask & kept)
  }

  /// The low bits, with copies of the highest of them above.
  public func signExtended(fromBits bits: UInt64) -> TristateNumber {
    guard bits < 64 else { return self }
    let shift = 64 - bits
    func extend(_ number: UInt64) -> UInt64 { UInt64(bitPattern: Int64(bitPattern: number << shift) >> shift) }
    return TristateNumber(value: extend(value), mask: extend(mask))
  }
}

// MARK: Arithmetic

extension TristateNumber {
  /// The sum, wrapping. An unknown bit can change every bit that a carry from it reaches.
  @inline(__always)
  public static func &+ (left: TristateNumber, right: TristateNumber) -> TristateNumber {
    let least = left.value &+ right.value
    let most = (left.mask &+ right.mask) &+ least
    return TristateNumber(value: least, mask: (most ^ least) | left.mask | right.mask)
  }

  /// The difference, wrapping.
  @inline(__always)
  public static func &- (left: TristateNumber, right: TristateNumber) -> TristateNumber {
    let middle = left.value &- right.value
    let most = middle &+ left.mask
    let least = middle &- right.mask
    return TristateNumber(value: middle, mask: (most ^ least) | left.mask | right.mask)
  }

  /// The product, wrapping: a long multiplication in which an unknown bit of the left operand adds the right one or not.
  public static func &* (left: TristateNumber, right: TristateNumber) -> TristateNumber {
    var (left, right) = (left, right)
    var sum = TristateNumber(0)
    while left.value | left.mask != 0 {
      if left.value & 1 != 0 {
        sum = sum &+ right
      } else if left.mask & 1 != 0 {
        sum = sum.union(sum &+ right)
      }
      left = left.shiftedRight(by: 1)
      right = right.shiftedLeft(by: 1)
    }
    return sum
  }

  /// The bits that are set in both.
  @inline(__always)
  public static func & (left: TristateNumber, right: TristateNumber) -> TristateNumber {
    let possible = (left.value | left.mask) & (right.value | right.mask)
    let certain = left.value & right.value
    return TristateNumber(value: certain, mask: possible & ~certain)
  }

  /// The bits that are set in one or both.
  @inline(__always)
  public static func | (left: TristateNumber, right: TristateNumber) -> TristateNumber {
    let certain = left.value | right.value
    return TristateNumber(value: certain, mask: (left.mask | right.mask) & ~certain)
  }

  /// The bits that are set in one and not in both.
  @inline(__always)
  public static func ^ (left: TristateNumber, right: TristateNumber) -> TristateNumber {
    TristateNumber(value: left.value ^ right.value, mask: left.mask | right.mask)
  }

  /// A shift by fewer than 64 bits.
  @inline(__always)
  public func shiftedLeft(by bits: UInt64) -> TristateNumber {
    TristateNumber(value: value &<< bits, mask: mask &<< bits)
  }

  /// A shift by fewer than 64 bits that fills with zeros.
  @inline(__always)
  public func shiftedRight(by bits: UInt64) -> TristateNumber {
    TristateNumber(value: value &>> bits, mask: mask &>> bits)
  }

  /// A shift by fewer than 64 bits that fills with copies of the sign bit.
  @inline(__always)
  public func arithmeticallyShiftedRight(by bits: UInt64) -> TristateNumber {
    TristateNumber(
      value: UInt64(bitPattern: Int64(bitPattern: value) &>> Int64(bits)),
      mask: UInt64(bitPattern: Int64(bitPattern: mask) &>> Int64(bits)))
  }

  /// The same on the low 32 bits, with zeros above the result.
  @inline(__always)
  func arithmeticallyShiftedRight32(by bits: UInt64) -> TristateNumber {
    func shift(_ number: UInt64) -> UInt64 {
      UInt64(UInt32(bitPattern: Int32(truncatingIfNeeded: number) &>> Int32(bits)))
    }
    return TristateNumber(value: shift(value), mask: shift(mask))
  }
}
