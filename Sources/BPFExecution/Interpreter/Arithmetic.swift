// The operations on registers that RFC 9669 defines otherwise than Swift does: none of them traps.

/// Division; by zero it is zero.
@inline(__always)
func divide<Value: FixedWidthInteger & UnsignedInteger>(_ dividend: Value, _ divisor: Value) -> Value {
  divisor == 0 ? 0 : dividend / divisor
}

/// The remainder; by zero it is the dividend.
@inline(__always)
func modulo<Value: FixedWidthInteger & UnsignedInteger>(_ dividend: Value, _ divisor: Value) -> Value {
  divisor == 0 ? dividend : dividend % divisor
}

/// Signed division, rounding towards zero; by zero it is zero, and the least value by -1 is itself.
@inline(__always)
func signedDivide(_ dividend: UInt64, _ divisor: UInt64) -> UInt64 {
  switch divisor {
  case 0: 0
  case .max: 0 &- dividend
  default: UInt64(bitPattern: Int64(bitPattern: dividend) / Int64(bitPattern: divisor))
  }
}

/// Signed division of 32-bit values, as of 64-bit ones.
@inline(__always)
func signedDivide(_ dividend: UInt32, _ divisor: UInt32) -> UInt32 {
  switch divisor {
  case 0: 0
  case .max: 0 &- dividend
  default: UInt32(bitPattern: Int32(bitPattern: dividend) / Int32(bitPattern: divisor))
  }
}

/// The signed remainder, with the dividend's sign; by zero it is the dividend, and by -1 it is zero.
@inline(__always)
func signedModulo(_ dividend: UInt64, _ divisor: UInt64) -> UInt64 {
  switch divisor {
  case 0: dividend
  case .max: 0
  default: UInt64(bitPattern: Int64(bitPattern: dividend) % Int64(bitPattern: divisor))
  }
}

/// The signed remainder of 32-bit values, as of 64-bit ones.
@inline(__always)
func signedModulo(_ dividend: UInt32, _ divisor: UInt32) -> UInt32 {
  switch divisor {
  case 0: dividend
  case .max: 0
  default: UInt32(bitPattern: Int32(bitPattern: dividend) % Int32(bitPattern: divisor))
  }
}

/// A shift to the right that keeps the sign; the count is taken modulo 64.
@inline(__always)
func arithmeticShiftRight(_ value: UInt64, _ count: UInt64) -> UInt64 {
  UInt64(bitPattern: Int64(bitPattern: value) &>> Int64(bitPattern: count))
}

/// A shift of a 32-bit value to the right that keeps the sign; the count is taken modulo 32.
@inline(__always)
func arithmeticShiftRight(_ value: UInt32, _ count: UInt32) -> UInt32 {
  UInt32(bitPattern: Int32(bitPattern: value) &>> Int32(bitPattern: count))
}

/// The low bits of a value, sign-extended to 64 bits.
@inline(__always)
func signExtend<Narrow: FixedWidthInteger & SignedInteger>(_ value: UInt64, _ type: Narrow.Type) -> UInt64 {
  UInt64(bitPattern: Int64(Narrow(truncatingIfNeeded: value)))
}
