internal import BPFInstructions

extension ScalarNumber {
  /// The result of an arithmetic operation, with the precision of Linux 6.18: not less, so that the same programs are
  /// accepted, and not more.
  ///
  /// Moves are not arithmetic, and division and modulo tell nothing of their result.
  mutating func apply(_ operation: ArithmeticOperation, _ width: OperandWidth, _ other: ScalarNumber) {
    var other = other
    if width == .bits32 {
      bits = bits.low32
      other.bits = other.bits.low32
    }
    let isWide = width == .bits64
    switch operation {
    case .add:
      if isWide {
        signed = signed.adding(other.signed)
        unsigned = unsigned.adding(other.unsigned)
      }
      signed32 = signed32.adding(other.signed32)
      unsigned32 = unsigned32.adding(other.unsigned32)
      bits = bits &+ other.bits
    case .subtract:
      if isWide {
        signed = signed.subtracting(other.signed)
        unsigned = unsigned.subtracting(other.unsigned)
      }
      signed32 = signed32.subtracting(other.signed32)
      unsigned32 = unsigned32.subtracting(other.unsigned32)
      bits = bits &- other.bits
    case .multiply:
      bits = bits &* other.bits
      signed32 = signed32.multiplied(by: other.signed32)
      unsigned32 = unsigned32.multiplied(by: other.unsigned32)
      if isWide {
        signed = signed.multiplied(by: other.signed)
        unsigned = unsigned.multiplied(by: other.unsigned)
      }
    case .and: and(other)
    case .or: or(other)
    case .xor: xor(other)
    case .shiftLeft, .shiftRight, .arithmeticShiftRight:
      let limit: UInt64 = isWide ? 64 : 32
      guard other.bits.isConstant, other.unsigned.maximum < limit else {
        // All 64 bits, as Linux has it, although a result of 32 bits would have none above; and all 64 bits of the count
        // are looked at, although a shift of 32 bits uses the lower ones.
        self = .unknown
        return
      }
      shift(operation, width, by: other.bits.value)
    case .divide, .signedDivide, .modulo, .signedModulo, .move:
      self = .unknown
      return
    }
    if isWide { synchronize() } else { zeroExtend32() }
  }

  private mutating func and(_ other: ScalarNumber) {
    let wereConstant = (bits.isConstant && other.bits.isConstant, bits.isConstant32 && other.bits.isConstant32)
    bits = bits & other.bits
    set32(wereConstant.1) {
      Interval(UInt32(truncatingIfNeeded: $0.value), min($1, other.unsigned32.maximum))
    }
    set64(wereConstant.0) { Interval($0.value, min($1, other.unsigned.maximum)) }
  }

  private mutating func or(_ other: ScalarNumber) {
    let wereConstant = (bits.isConstant && other.bits.isConstant, bits.isConstant32 && other.bits.isConstant32)
    let low = max(unsigned.minimum, other.unsigned.minimum)
    let low32 = max(unsigned32.minimum, other.unsigned32.minimum)
    bits = bits | other.bits
    set32(wereConstant.1) { bits, _ in Interval(low32, UInt32(truncatingIfNeeded: bits.value | bits.mask)) }
    set64(wereConstant.0) { bits, _ in Interval(low, bits.value | bits.mask) }
  }

  private mutating func xor(_ other: ScalarNumber) {
    let wereConstant = (bits.isConstant && other.bits.isConstant, bits.isConstant32 && other.bits.isConstant32)
    bits = bits ^ other.bits
    set32(wereConstant.1) { bits, _ in
      Interval(UInt32(truncatingIfNeeded: bits.value), UInt32(truncatingIfNeeded: bits.value | bits.mask))
    }
    set64(wereConstant.0) { bits, _ in Interval(bits.value, bits.value | bits.mask) }
  }

  /// Sets the 32-bit ranges from an unsigned one, which is also a signed one if it does not cross the sign.
  @inline(__always)
  private mutating func set32(_ isConstant: Bool, _ range: (TristateNumber, UInt32) -> Interval<UInt32>) {
    if isConstant {
      let value = UInt32(truncatingIfNeeded: bits.value)
      unsigned32 = Interval(value)
      signed32 = Interval(Int32(bitPattern: value))
      return
    }
    unsigned32 = range(bits, unsigned32.maximum)
    let low = Int32(bitPattern: unsigned32.minimum)
    let high = Int32(bitPattern: unsigned32.maximum)
    signed32 = low <= high ? Interval(low, high) : .full
  }

  @inline(__always)
  private mutating func set64(_ isConstant: Bool, _ range: (TristateNumber, UInt64) -> Interval<UInt64>) {
    if isConstant {
      self = ScalarNumber(bits.value)
      return
    }
    unsigned = range(bits, unsigned.maximum)
    let low = Int64(bitPattern: unsigned.minimum)
    let high = Int64(bitPattern: unsigned.maximum)
    signed = low <= high ? Interval(low, high) : .full
  }

  private mutating func shift(_ operation: ArithmeticOperation, _ width: OperandWidth, by count: UInt64) {
    switch (operation, width) {
    case (.shiftLeft, .bits64):
      shiftLeft64(by: count)
      shiftLeft32(by: count)
      bits = bits.shiftedLeft(by: count)
      narrowRangesByBits()
    case (.shiftLeft, .bits32):
      shiftLeft32(by: count)
      bits = bits.low32.shiftedLeft(by: count).low32
      narrow32ByBits()
      forget64()
    case (.shiftRight, .bits64):
      signed = .full
      bits = bits.shiftedRight(by: count)
      unsigned = Interval(unsigned.minimum &>> count, unsigned.maximum &>> count)
      forget32()
      narrowRangesByBits()
    case (.shiftRight, .bits32):
      signed32 = .full
      bits = bits.low32.shiftedRight(by: count)
      unsigned32 = Interval(
        unsigned32.minimum &>> UInt32(count), unsigned32.maximum &>> UInt32(count))
      forget64()
      narrow32ByBits()
    case (.arithmeticShiftRight, .bits64):
      signed = Interval(signed.minimum &>> Int64(count), signed.maximum &>> Int64(count))
      bits = bits.arithmeticallyShiftedRight(by: count)
      unsigned = .full
      forget32()
      narrowRangesByBits()
    default:
      signed32 = Interval(signed32.minimum &>> Int32(count), signed32.maximum &>> Int32(count))
      bits = bits.arithmeticallyShiftedRight32(by: count)
      unsigned32 = .full
      forget64()
      narrow32ByBits()
    }
  }

  private mutating func shiftLeft64(by count: UInt64) {
    // The first half of a sign extension: what was the sign of the low half becomes that of the whole.
    if count == 32 {
      signed = Interval(
        signed32.minimum >= 0 ? Int64(signed32.minimum) << 32 : .min,
        signed32.maximum >= 0 ? Int64(signed32.maximum) << 32 : .max)
    } else {
      signed = .full
    }
    if unsigned.maximum > 1 << (63 - count) {
      unsigned = .full
    } else {
      unsigned = Interval(unsigned.minimum << count, unsigned.maximum << count)
    }
  }

  private mutating func shiftLeft32(by count: UInt64) {
    signed32 = .full
    if count > 31 || UInt64(unsigned32.maximum) > (1 as UInt64) << (31 - count) {
      unsigned32 = .full
    } else {
      unsigned32 = Interval(unsigned32.minimum << UInt32(count), unsigned32.maximum << UInt32(count))
    }
  }

  /// The value with its sign changed.
  mutating func negate(_ width: OperandWidth) {
    let operand = self
    self = .zero
    apply(.subtract, width, operand)
  }
}
