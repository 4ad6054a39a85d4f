/// An arithmetic operation of two operands (RFC 9669, section 4.1).
///
/// Division by zero gives zero and modulo by zero leaves the dividend; shifts use the low five or six bits of
/// their amount.
public enum ArithmeticOperation: Hashable, Sendable, CaseIterable {
  /// `dst += src`, wrapping.
  case add
  /// `dst -= src`, wrapping.
  case subtract
  /// `dst *= src`, wrapping.
  case multiply
  /// `dst /= src`, unsigned.
  case divide
  /// `dst s/= src`, signed and rounded towards zero.
  case signedDivide
  /// `dst |= src`.
  case or
  /// `dst &= src`.
  case and
  /// `dst <<= src`.
  case shiftLeft
  /// `dst >>= src`, filling with zeros.
  case shiftRight
  /// `dst %= src`, unsigned.
  case modulo
  /// `dst s%= src`; the result has the dividend's sign.
  case signedModulo
  /// `dst ^= src`.
  case xor
  /// `dst = src`.
  case move
  /// `dst s>>= src`, filling with the sign bit.
  case arithmeticShiftRight

  /// The high four bits of the opcode.
  package var code: UInt8 {
    switch self {
    case .add: 0x00
    case .subtract: 0x10
    case .multiply: 0x20
    case .divide, .signedDivide: 0x30
    case .or: 0x40
    case .and: 0x50
    case .shiftLeft: 0x60
    case .shiftRight: 0x70
    case .modulo, .signedModulo: 0x90
    case .xor: 0xa0
    case .move: 0xb0
    case .arithmeticShiftRight: 0xc0
    }
  }

  /// The offset that tells the signed form from the unsigned one of the same opcode.
  package var variantOffset: Int16 { self == .signedDivide || self == .signedModulo ? 1 : 0 }

  /// The form that the same opcode has with an offset of one; nil where there is none.
  package var signedVariant: ArithmeticOperation? {
    switch self {
    case .divide: .signedDivide
    case .modulo: .signedModulo
    default: nil
    }
  }

  /// The assignment operator in LLVM's syntax.
  package var symbol: String {
    switch self {
    case .add: "+="
    case .subtract: "-="
    case .multiply: "*="
    case .divide: "/="
    case .signedDivide: "s/="
    case .or: "|="
    case .and: "&="
    case .shiftLeft: "<<="
    case .shiftRight: ">>="
    case .modulo: "%="
    case .signedModulo: "s%="
    case .xor: "^="
    case .move: "="
    case .arithmeticShiftRight: "s>>="
    }
  }
}

/// What a byte swap does with the low bits of its register (RFC 9669, section 4.2).
public enum ByteSwap: Hashable, Sendable, CaseIterable {
  /// Between the machine's order and little endian: a truncation on a little-endian machine.
  case toLittleEndian
  /// Between the machine's order and big endian.
  case toBigEndian
  /// Always reverses.
  case reverse

  /// The name in LLVM's syntax, without the number of bits.
  package var symbol: String {
    switch self {
    case .toLittleEndian: "le"
    case .toBigEndian: "be"
    case .reverse: "bswap"
    }
  }
}

/// An atomic read-modify-write operation on memory (RFC 9669, section 5.3).
public enum AtomicOperation: Hashable, Sendable, CaseIterable {
  /// Adds; may fetch.
  case add
  /// Inclusive or; may fetch.
  case or
  /// And; may fetch.
  case and
  /// Exclusive or; may fetch.
  case xor
  /// Exchanges with the source register; always fetches into it.
  case exchange
  /// Stores the source register if the memory equals R0; always fetches into R0.
  case compareExchange

  /// The immediate without the fetch bit.
  package var code: Int32 {
    switch self {
    case .add: 0x00
    case .or: 0x40
    case .and: 0x50
    case .xor: 0xa0
    case .exchange: 0xe0
    case .compareExchange: 0xf0
    }
  }

  /// Whether the operation exists only with the fetch bit.
  package var alwaysFetches: Bool { self == .exchange || self == .compareExchange }
}

/// The comparison of a conditional jump (RFC 9669, section 4.3).
public enum JumpCondition: UInt8, Hashable, Sendable, CaseIterable {
  /// `==`.
  case equal = 0x10
  /// `>`, unsigned.
  case greater = 0x20
  /// `>=`, unsigned.
  case greaterOrEqual = 0x30
  /// `&`: some bit is set in both (`JSET`).
  case anyBitSet = 0x40
  /// `!=`.
  case notEqual = 0x50
  /// `s>`.
  case signedGreater = 0x60
  /// `s>=`.
  case signedGreaterOrEqual = 0x70
  /// `<`, unsigned.
  case less = 0xa0
  /// `<=`, unsigned.
  case lessOrEqual = 0xb0
  /// `s<`.
  case signedLess = 0xc0
  /// `s<=`.
  case signedLessOrEqual = 0xd0

  /// The comparison in LLVM's syntax.
  package var symbol: String {
    switch self {
    case .equal: "=="
    case .greater: ">"
    case .greaterOrEqual: ">="
    case .anyBitSet: "&"
    case .notEqual: "!="
    case .signedGreater: "s>"
    case .signedGreaterOrEqual: "s>="
    case .less: "<"
    case .lessOrEqual: "<="
    case .signedLess: "s<"
    case .signedLessOrEqual: "s<="
    }
  }
}
