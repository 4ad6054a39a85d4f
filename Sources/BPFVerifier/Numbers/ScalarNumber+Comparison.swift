internal import BPFInstructions

extension JumpCondition {
  /// The condition that holds when this one does not; nil for a test of bits, which has none.
  var negation: JumpCondition? {
    switch self {
    case .equal: .notEqual
    case .notEqual: .equal
    case .greater: .lessOrEqual
    case .greaterOrEqual: .less
    case .less: .greaterOrEqual
    case .lessOrEqual: .greater
    case .signedGreater: .signedLessOrEqual
    case .signedGreaterOrEqual: .signedLess
    case .signedLess: .signedGreaterOrEqual
    case .signedLessOrEqual: .signedGreater
    case .anyBitSet: nil
    }
  }

  /// The condition with its operands exchanged.
  var mirrored: JumpCondition {
    switch self {
    case .equal, .notEqual, .anyBitSet: self
    case .greater: .less
    case .greaterOrEqual: .lessOrEqual
    case .less: .greater
    case .lessOrEqual: .greaterOrEqual
    case .signedGreater: .signedLess
    case .signedGreaterOrEqual: .signedLessOrEqual
    case .signedLess: .signedGreater
    case .signedLessOrEqual: .signedGreaterOrEqual
    }
  }
}

// MARK: Deciding

extension ScalarNumber {
  /// Whether a comparison with another number holds for all values, for none (false), or for some (nil).
  @inline(__always)
  func decide(_ condition: JumpCondition, _ width: OperandWidth, _ other: ScalarNumber) -> Bool? {
    if condition == .anyBitSet { return decideBits(width, other) }
    if condition == .equal || condition == .notEqual {
      guard let isEqual = decideEqual(width, other) else { return nil }
      return isEqual == (condition == .equal)
    }
    return width == .bits64
      ? Self.decide(condition, unsigned, other.unsigned, signed, other.signed)
      : Self.decide(condition, unsigned32, other.unsigned32, signed32, other.signed32)
  }

  private func decideBits(_ width: OperandWidth, _ other: ScalarNumber) -> Bool? {
    var (left, right) = (bits, other.bits)
    if width == .bits32 { (left, right) = (left.low32, right.low32) }
    if !right.isConstant { swap(&left, &right) }
    guard right.isConstant else { return nil }
    if left.value & right.value != 0 { return true }
    if (left.value | left.mask) & right.value == 0 { return false }
    return nil
  }

  private func decideEqual(_ width: OperandWidth, _ other: ScalarNumber) -> Bool? {
    if width == .bits64 {
      if bits.isConstant, other.bits.isConstant { return bits.value == other.bits.value }
      guard bits.overlaps(other.bits), unsigned.overlaps(other.unsigned), signed.overlaps(other.signed) else {
        return false
      }
      guard unsigned32.overlaps(other.unsigned32), signed32.overlaps(other.signed32) else { return false }
      return nil
    }
    let (left, right) = (bits.low32, other.bits.low32)
    if left.isConstant, right.isConstant { return left.value == right.value }
    guard left.overlaps(right), unsigned32.overlaps(other.unsigned32), signed32.overlaps(other.signed32) else {
      return false
    }
    return nil
  }

  @inline(__always)
  private static func decide<U, S>(
    _ condition: JumpCondition, _ left: Interval<U>, _ right: Interval<U>, _ signedLeft: Interval<S>,
    _ signedRight: Interval<S>
  ) -> Bool? {
    switch condition {
    case .greater: left.minimum > right.maximum ? true : left.maximum <= right.minimum ? false : nil
    case .greaterOrEqual: left.minimum >= right.maximum ? true : left.maximum < right.minimum ? false : nil
    case .less: left.maximum < right.minimum ? true : left.minimum >= right.maximum ? false : nil
    case .lessOrEqual: left.maximum <= right.minimum ? true : left.minimum > right.maximum ? false : nil
    case .signedGreater:
      signedLeft.minimum > signedRight.maximum ? true : signedLeft.maximum <= signedRight.minimum ? false : nil
    case .signedGreaterOrEqual:
      signedLeft.minimum >= signedRight.maximum ? true : signedLeft.maximum < signedRight.minimum ? false : nil
    case .signedLess:
      signedLeft.maximum < signedRight.minimum ? true : signedLeft.minimum >= signedRight.maximum ? false : nil
    case .signedLessOrEqual:
      signedLeft.maximum <= signedRight.minimum ? true : signedLeft.minimum > signedRight.maximum ? false : nil
    case .equal, .notEqual, .anyBitSet: nil
    }
  }
}

// MARK: Refining

extension ScalarNumber {
  /// Narrows two numbers by what a comparison of them says.
  ///
  /// - Parameter holds: whether the comparison is true of them.
  static func refine(
    _ left: inout ScalarNumber, _ right: inout ScalarNumber, _ condition: JumpCondition, _ width: OperandWidth,
    holds: Bool
  ) {
    if condition == .anyBitSet {
      refineBits(&left, &right, width, holds: holds)
    } else if let condition = holds ? condition : condition.negation {
      switch condition {
      case .greater, .greaterOrEqual, .signedGreater, .signedGreaterOrEqual:
        refineOrder(&right, &left, condition.mirrored, width)
      case .equal: refineEqual(&left, &right, width)
      case .notEqual: refineNotEqual(&left, &right, width)
      default: refineOrder(&left, &right, condition, width)
      }
    }
    left.synchronize()
    right.synchronize()
    // On a branch that cannot be taken the parts may contradict each other: nothing is known then.
    if left.isContradictory { left.forgetRanges() }
    if right.isContradictory { right.forgetRanges() }
  }

  /// Narrows a number by a comparison with itself, on a branch that no value takes. Linux 6.18 does not know that it is
  /// dead and moves both ends of the range, which decides branches behind it.
  mutating func refineBySelf(_ condition: JumpCondition, _ width: OperandWidth, holds: Bool) {
    guard let outcome = holds ? condition : condition.negation else { return }
    switch (outcome, width) {
    case (.greater, .bits64), (.less, .bits64): unsigned.narrowEnds()
    case (.greater, .bits32), (.less, .bits32): unsigned32.narrowEnds()
    case (.signedGreater, .bits64), (.signedLess, .bits64): signed.narrowEnds()
    case (.signedGreater, .bits32), (.signedLess, .bits32): signed32.narrowEnds()
    default: return
    }
    synchronize()
    if isContradictory { forgetRanges() }
  }

  private static func refineOrder(
    _ left: inout ScalarNumber, _ right: inout ScalarNumber, _ condition: JumpCondition, _ width: OperandWidth
  ) {
    switch (condition, width) {
    case (.lessOrEqual, .bits64): order(&left.unsigned, &right.unsigned, strictly: false)
    case (.less, .bits64): order(&left.unsigned, &right.unsigned, strictly: true)
    case (.signedLessOrEqual, .bits64): order(&left.signed, &right.signed, strictly: false)
    case (.signedLess, .bits64): order(&left.signed, &right.signed, strictly: true)
    case (.lessOrEqual, .bits32): order(&left.unsigned32, &right.unsigned32, strictly: false)
    case (.less, .bits32): order(&left.unsigned32, &right.unsigned32, strictly: true)
    case (.signedLessOrEqual, .bits32): order(&left.signed32, &right.signed32, strictly: false)
    default: order(&left.signed32, &right.signed32, strictly: true)
    }
  }

  @inline(__always)
  private static func order<T>(_ left: inout Interval<T>, _ right: inout Interval<T>, strictly: Bool) {
    let step: T = strictly ? 1 : 0
    left.maximum = min(left.maximum, right.maximum &- step)
    right.minimum = max(left.minimum &+ step, right.minimum)
  }

  private static func refineEqual(_ left: inout ScalarNumber, _ right: inout ScalarNumber, _ width: OperandWidth) {
    if width == .bits64 {
      left.unsigned.intersect(right.unsigned)
      left.signed.intersect(right.signed)
      left.bits = left.bits.intersection(right.bits)
      right.unsigned = left.unsigned
      right.signed = left.signed
      right.bits = left.bits
    } else {
      left.unsigned32.intersect(right.unsigned32)
      left.signed32.intersect(right.signed32)
      let common = left.bits.low32.intersection(right.bits.low32)
      right.unsigned32 = left.unsigned32
      right.signed32 = left.signed32
      left.bits = left.bits.replacingLow32(with: common)
      right.bits = right.bits.replacingLow32(with: common)
    }
  }

  private static func refineNotEqual(_ left: inout ScalarNumber, _ right: inout ScalarNumber, _ width: OperandWidth) {
    if width == .bits64 {
      if let value = right.constant { left.exclude(value) } else if let value = left.constant { right.exclude(value) }
    } else {
      if right.bits.isConstant32 {
        left.exclude32(UInt32(truncatingIfNeeded: right.bits.value))
      } else if left.bits.isConstant32 {
        right.exclude32(UInt32(truncatingIfNeeded: left.bits.value))
      }
    }
  }

  /// Takes a value away where it is at the end of a range.
  private mutating func exclude(_ value: UInt64) {
    if unsigned.minimum == value { unsigned.minimum &+= 1 }
    if unsigned.maximum == value { unsigned.maximum &-= 1 }
    let value = Int64(bitPattern: value)
    if signed.minimum == value { signed.minimum &+= 1 }
    if signed.maximum == value { signed.maximum &-= 1 }
  }

  private mutating func exclude32(_ value: UInt32) {
    if unsigned32.minimum == value { unsigned32.minimum &+= 1 }
    if unsigned32.maximum == value { unsigned32.maximum &-= 1 }
    let value = Int32(bitPattern: value)
    if signed32.minimum == value { signed32.minimum &+= 1 }
    if signed32.maximum == value { signed32.maximum &-= 1 }
  }

  private static func refineBits(
    _ left: inout ScalarNumber, _ right: inout ScalarNumber, _ width: OperandWidth, holds: Bool
  ) {
    if isConstant(right, width) {
      left.refineBits(right.bits.value, width, holds: holds)
    } else if isConstant(left, width) {
      right.refineBits(left.bits.value, width, holds: holds)
    }
  }

  private static func isConstant(_ number: ScalarNumber, _ width: OperandWidth) -> Bool {
    width == .bits64 ? number.bits.isConstant : number.bits.isConstant32
  }

  private mutating func refineBits(_ tested: UInt64, _ width: OperandWidth, holds: Bool) {
    let tested = width == .bits64 ? tested : tested & 0xffff_ffff
    if holds {
      // Of a single tested bit it is now known that it is set.
      guard tested.nonzeroBitCount == 1 else { return }
      bits = TristateNumber(value: bits.value | tested, mask: bits.mask & ~tested)
    } else {
      // Linux 6.18 knows nothing but the bits any more.
      self = ScalarNumber(bits: TristateNumber(value: bits.value & ~tested, mask: bits.mask & ~tested))
    }
  }
}
