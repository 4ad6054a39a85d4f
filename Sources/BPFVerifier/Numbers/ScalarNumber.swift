/// What is known of a 64-bit value: its bits one by one, and four ranges that it lies in.
public struct ScalarNumber: Hashable, Sendable, BitwiseCopyable {
  /// The bits.
  public var bits: TristateNumber
  /// The whole, unsigned.
  public var unsigned: Interval<UInt64>
  /// The whole, signed.
  public var signed: Interval<Int64>
  /// The low 32 bits, unsigned.
  public var unsigned32: Interval<UInt32>
  /// The low 32 bits, signed.
  public var signed32: Interval<Int32>

  @inline(__always)
  init(bits: TristateNumber) {
    self.bits = bits
    unsigned = .full
    signed = .full
    unsigned32 = .full
    signed32 = .full
  }

  /// A value of which nothing is known.
  @inline(__always)
  public static var unknown: ScalarNumber { ScalarNumber(bits: .unknown) }

  /// A value that is known.
  @inline(__always)
  public init(_ value: UInt64) {
    bits = TristateNumber(value)
    unsigned = Interval(value)
    signed = Interval(Int64(bitPattern: value))
    unsigned32 = Interval(UInt32(truncatingIfNeeded: value))
    signed32 = Interval(Int32(truncatingIfNeeded: value))
  }

  /// Zero.
  @inline(__always)
  public static var zero: ScalarNumber { ScalarNumber(0) }

  /// A value of which only the given number of low bytes may be other than zero.
  @inline(__always)
  init(unknownBytes size: Int) {
    self.init(bits: TristateNumber.unknown.truncated(toBits: UInt64(size) * 8))
    synchronize()
  }

  /// The value, when it is known.
  @inline(__always)
  public var constant: UInt64? { bits.isConstant ? bits.value : nil }

  /// Whether a value is one of those that the number stands for.
  public func contains(_ value: UInt64) -> Bool {
    bits.contains(value) && unsigned.contains(value) && signed.contains(Int64(bitPattern: value))
      && unsigned32.contains(UInt32(truncatingIfNeeded: value)) && signed32.contains(Int32(truncatingIfNeeded: value))
  }

  /// Whether every value of another number is known, part by part, to be one of this one.
  @inline(__always)
  func covers(_ other: ScalarNumber) -> Bool {
    unsigned.covers(other.unsigned) && signed.covers(other.signed) && unsigned32.covers(other.unsigned32)
      && signed32.covers(other.signed32) && bits.covers(other.bits)
  }

  /// Whether a part says that there is no value at all, or parts contradict each other.
  @inline(__always)
  var isContradictory: Bool {
    if unsigned.isEmpty || signed.isEmpty || unsigned32.isEmpty || signed32.isEmpty { return true }
    if bits.isConstant {
      let value = bits.value
      return unsigned != Interval(value) || signed != Interval(Int64(bitPattern: value))
    }
    if bits.isConstant32 {
      let value = UInt32(truncatingIfNeeded: bits.value)
      return unsigned32 != Interval(value) || signed32 != Interval(Int32(bitPattern: value))
    }
    return false
  }

  /// Forgets the ranges and keeps the bits.
  @inline(__always)
  mutating func forgetRanges() { self = ScalarNumber(bits: bits) }

  @inline(__always)
  mutating func forget64() {
    unsigned = .full
    signed = .full
  }

  @inline(__always)
  mutating func forget32() {
    unsigned32 = .full
    signed32 = .full
  }
}

// MARK: Reduction

extension ScalarNumber {
  /// Lets each part narrow the others, in Linux's order and as often, since its verdicts depend on both.
  @inline(__always)
  mutating func synchronize() {
    narrowRangesByBits()
    deduce()
    deduce()
    deduce()
    narrowBitsByRanges()
    narrowRangesByBits()
  }

  /// Narrows the ranges by the smallest and largest value that the bits allow.
  @inline(__always)
  mutating func narrowRangesByBits() {
    narrow32ByBits()
    narrow64ByBits()
  }

  @inline(__always)
  mutating func narrow32ByBits() {
    let value = UInt32(truncatingIfNeeded: bits.value)
    let mask = UInt32(truncatingIfNeeded: bits.mask)
    signed32.intersect(
      Int32(bitPattern: value | mask & 0x8000_0000), Int32(bitPattern: value | mask & 0x7fff_ffff))
    unsigned32.intersect(value, value | mask)
  }

  @inline(__always)
  mutating func narrow64ByBits() {
    signed.intersect(
      Int64(bitPattern: bits.value | bits.mask & (1 << 63)), Int64(bitPattern: bits.value | bits.mask & ~(1 << 63)))
    unsigned.intersect(bits.value, bits.value | bits.mask)
    takeOnlyCommonValue()
  }

  /// Where the bits allow a single value of the unsigned range, it is that one. A range that has none, on a branch that no
  /// value takes, is known to be the greatest that the bits allow, as Linux has it.
  @inline(__always)
  private mutating func takeOnlyCommonValue() {
    let greatest = bits.value | bits.mask
    let isMinimum = bits.contains(unsigned.minimum)
    let next = bits.next(after: unsigned.minimum)
    if isMinimum {
      if next > unsigned.maximum { self = ScalarNumber(unsigned.minimum) }
    } else if next == greatest || next <= unsigned.maximum && bits.next(after: next) > unsigned.maximum {
      self = ScalarNumber(next)
    }
  }

  @inline(__always)
  private mutating func narrowBitsByRanges() {
    let whole = bits.intersection(TristateNumber(from: unsigned.minimum, through: unsigned.maximum))
    let half = whole.low32.intersection(
      TristateNumber(from: UInt64(unsigned32.minimum), through: UInt64(unsigned32.maximum)))
    bits = whole.replacingLow32(with: half)
  }

  @inline(__always)
  private mutating func deduce() {
    deduce32()
    deduce64()
    deduceAcross()
  }

  /// Narrows the 32-bit ranges by the 64-bit ones, then by each other.
  private mutating func deduce32() {
    if unsigned.minimum >> 32 == unsigned.maximum >> 32 {
      let low = UInt32(truncatingIfNeeded: unsigned.minimum)
      let high = UInt32(truncatingIfNeeded: unsigned.maximum)
      unsigned32.intersect(low, high)
      if Int32(bitPattern: low) <= Int32(bitPattern: high) {
        signed32.intersect(Int32(bitPattern: low), Int32(bitPattern: high))
      }
    }
    let low = UInt32(truncatingIfNeeded: signed.minimum)
    let high = UInt32(truncatingIfNeeded: signed.maximum)
    if signed.minimum >> 32 == signed.maximum >> 32 {
      if low <= high { unsigned32.intersect(low, high) }
      if Int32(bitPattern: low) <= Int32(bitPattern: high) {
        signed32.intersect(Int32(bitPattern: low), Int32(bitPattern: high))
      }
    }
    // Neighbouring upper halves: the low half goes up through -1 to 0 and on.
    if UInt32(truncatingIfNeeded: signed.minimum >> 32) &+ 1 == UInt32(truncatingIfNeeded: signed.maximum >> 32),
      Int32(bitPattern: low) < 0, Int32(bitPattern: high) >= 0
    {
      signed32.intersect(Int32(bitPattern: low), Int32(bitPattern: high))
    }
    if Int32(bitPattern: unsigned32.minimum) <= Int32(bitPattern: unsigned32.maximum) {
      signed32.intersect(Int32(bitPattern: unsigned32.minimum), Int32(bitPattern: unsigned32.maximum))
    }
    if UInt32(bitPattern: signed32.minimum) <= UInt32(bitPattern: signed32.maximum) {
      unsigned32.intersect(UInt32(bitPattern: signed32.minimum), UInt32(bitPattern: signed32.maximum))
    }
  }

  /// Narrows the 64-bit ranges by each other.
  private mutating func deduce64() {
    if Int64(bitPattern: unsigned.minimum) <= Int64(bitPattern: unsigned.maximum) {
      signed.intersect(Int64(bitPattern: unsigned.minimum), Int64(bitPattern: unsigned.maximum))
    }
    let low = UInt64(bitPattern: signed.minimum)
    let high = UInt64(bitPattern: signed.maximum)
    if low <= high {
      unsigned.intersect(low, high)
    } else if unsigned.maximum < low {
      // The signed range crosses zero, and the unsigned one meets only its part from zero up.
      signed.minimum = Int64(bitPattern: unsigned.minimum)
      unsigned.maximum = min(unsigned.maximum, high)
    } else if high < unsigned.minimum {
      signed.maximum = Int64(bitPattern: unsigned.maximum)
      unsigned.minimum = max(unsigned.minimum, low)
    }
  }

  /// Narrows the 64-bit ranges by the 32-bit ones.
  private mutating func deduceAcross() {
    unsigned.intersect(
      unsigned.minimum & ~0xffff_ffff | UInt64(unsigned32.minimum),
      unsigned.maximum & ~0xffff_ffff | UInt64(unsigned32.maximum))
    signed.intersect(
      signed.minimum & ~0xffff_ffff | Int64(unsigned32.minimum),
      signed.maximum & ~0xffff_ffff | Int64(unsigned32.maximum))
    if signed32.minimum >= 0, signed.minimum >= Int64(Int32.min), signed.maximum <= Int64(Int32.max) {
      signed = Interval(Int64(signed32.minimum), Int64(signed32.maximum))
      unsigned = Interval(UInt64(UInt32(bitPattern: signed32.minimum)), UInt64(UInt32(bitPattern: signed32.maximum)))
      bits = bits.intersection(TristateNumber(from: unsigned.minimum, through: unsigned.maximum))
    }
  }
}

// MARK: Widths

extension ScalarNumber {
  /// Sets the upper 32 bits to zero.
  @inline(__always)
  mutating func zeroExtend32() {
    bits = bits.low32
    unsigned = Interval(UInt64(unsigned32.minimum), UInt64(unsigned32.maximum))
    // A range of the low half that is never negative is one of the whole; otherwise the whole is only known to be positive.
    if signed32.minimum >= 0 {
      signed = Interval(Int64(signed32.minimum), Int64(signed32.maximum))
    } else {
      signed = Interval(0, Int64(UInt32.max))
    }
    synchronize()
  }

  /// Keeps the low bytes and sets the others to zero.
  mutating func truncate(toBytes size: Int) {
    guard size < 8 else { return }
    let kept = (1 as UInt64) << UInt64(size * 8) - 1
    bits = bits.truncated(toBits: UInt64(size * 8))
    if unsigned.minimum & ~kept == unsigned.maximum & ~kept {
      unsigned = Interval(unsigned.minimum & kept, unsigned.maximum & kept)
    } else {
      unsigned = Interval(0, kept)
    }
    signed = Interval(Int64(bitPattern: unsigned.minimum), Int64(bitPattern: unsigned.maximum))
    if size < 4 { forget32() }
    synchronize()
  }

  /// Keeps the low bytes and fills the others of 64 bits with copies of their sign.
  mutating func signExtend(fromBytes size: Int) {
    guard size < 8 else { return }
    let shift = Int64(64 - size * 8)
    func extended(_ value: Int64) -> Int64 { (value << shift) >> shift }
    if let value = constant {
      self = ScalarNumber(UInt64(bitPattern: extended(Int64(bitPattern: value))))
      return
    }
    let low = extended(signed.minimum)
    let high = extended(signed.maximum)
    let isKept = (signed.maximum >> (64 - shift)) == (signed.minimum >> (64 - shift)) && (low >= 0) == (high >= 0)
    guard isKept else {
      let limit = (1 as Int64) << (63 - shift)
      self = ScalarNumber(bits: .unknown)
      signed = Interval(-limit, limit - 1)
      unsigned32 = .full
      signed32 = Interval(Int32(truncatingIfNeeded: -limit), Int32(truncatingIfNeeded: limit - 1))
      return
    }
    signed = Interval(min(low, high), max(low, high))
    unsigned = Interval(UInt64(bitPattern: signed.minimum), UInt64(bitPattern: signed.maximum))
    signed32 = Interval(Int32(truncatingIfNeeded: signed.minimum), Int32(truncatingIfNeeded: signed.maximum))
    unsigned32 = Interval(UInt32(bitPattern: signed32.minimum), UInt32(bitPattern: signed32.maximum))
    bits = TristateNumber(from: unsigned.minimum, through: unsigned.maximum)
  }

  /// Keeps one or two low bytes, fills the others of 32 bits with copies of their sign, and sets the rest to zero.
  mutating func signExtend32(fromBytes size: Int) {
    let shift = Int32(32 - size * 8)
    func extended(_ value: Int32) -> Int32 { (value << shift) >> shift }
    if bits.isConstant32 {
      let value = extended(Int32(truncatingIfNeeded: bits.value))
      self = ScalarNumber(UInt64(UInt32(bitPattern: value)))
      return
    }
    let low = extended(signed32.minimum)
    let high = extended(signed32.maximum)
    let isKept = signed32.maximum >> (32 - shift) == signed32.minimum >> (32 - shift) && (low >= 0) == (high >= 0)
    if isKept {
      signed32 = Interval(min(low, high), max(low, high))
      unsigned32 = Interval(UInt32(bitPattern: signed32.minimum), UInt32(bitPattern: signed32.maximum))
      bits = TristateNumber(from: UInt64(unsigned32.minimum), through: UInt64(unsigned32.maximum))
    } else {
      let limit = (1 as Int32) << (31 - shift)
      signed32 = Interval(-limit, limit - 1)
      unsigned32 = .full
      bits = TristateNumber.unknown.low32
    }
    zeroExtend32()
  }
}
