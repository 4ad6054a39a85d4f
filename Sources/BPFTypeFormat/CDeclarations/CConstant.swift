/// The value of an integer constant expression, with the type that C gives it.
struct CConstant: Hashable, Sendable {
  /// The integer types that matter for constants: `long long` is `long`.
  enum IntegerType: Int, Hashable, Sendable, Comparable {
    case int
    case unsignedInt
    case long
    case unsignedLong

    static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

    var isSigned: Bool { self == .int || self == .long }
    var bitCount: Int { self <= .unsignedInt ? 32 : 64 }
    var range: ClosedRange<Int128> {
      isSigned ? -(1 << (bitCount - 1))...((1 << (bitCount - 1)) - 1) : 0...((1 << bitCount) - 1)
    }
  }

  var value: Int128
  var type: IntegerType

  init(value: Int128, type: IntegerType) {
    self.value = value
    self.type = type
  }

  /// The value in the narrowest type that holds it, `int` first; nothing if there is none.
  init?(fitting value: Int128) {
    for type in [IntegerType.int, .unsignedInt, .long, .unsignedLong] where type.range.contains(value) {
      self.init(value: value, type: type)
      return
    }
    return nil
  }

  /// An integer constant as it is written: decimal, octal, hexadecimal or binary, with a suffix.
  init?(literal: some Collection<UInt8>) {
    var text = String(decoding: literal, as: UTF8.self).lowercased()
    var isUnsigned = false
    var isLong = false
    let radix = text.hasPrefix("0x") ? 16 : text.hasPrefix("0b") ? 2 : text.hasPrefix("0") ? 8 : 10
    while let last = text.last, last == "u" || last == "l" {
      if last == "u" { isUnsigned = true } else { isLong = true }
      text.removeLast()
    }
    if radix == 16 || radix == 2 { text.removeFirst(2) }
    guard let value = UInt64(text, radix: radix), text.first != "+" else { return nil }
    let candidates: [IntegerType] =
      switch (isUnsigned, isLong) {
      case (true, true): [.unsignedLong]
      case (true, false): [.unsignedInt, .unsignedLong]
      case (false, true): [.long, .unsignedLong]
      case (false, false): radix == 10 ? [.int, .long, .unsignedLong] : [.int, .unsignedInt, .long, .unsignedLong]
      }
    for type in candidates where type.range.contains(Int128(value)) {
      self.init(value: Int128(value), type: type)
      return
    }
    return nil
  }

  /// The value brought into the range of a type, as a conversion to it does.
  static func converted(_ value: Int128, to type: IntegerType) -> CConstant {
    let mask: Int128 = (1 << type.bitCount) - 1
    var bits = value & mask
    if type.isSigned, bits > type.range.upperBound { bits -= 1 << type.bitCount }
    return CConstant(value: bits, type: type)
  }

  /// The result of an operation of two operands, or what is wrong with it.
  static func apply(_ operation: String, _ left: CConstant, _ right: CConstant) throws(InvalidOperation) -> CConstant {
    switch operation {
    case "<<", ">>": return try shift(operation, left, right)
    case "&&": return truth(left.value != 0 && right.value != 0)
    case "||": return truth(left.value != 0 || right.value != 0)
    default: break
    }
    let type = max(left.type, right.type)
    let first = converted(left.value, to: type).value
    let second = converted(right.value, to: type).value
    let result: (partialValue: Int128, overflow: Bool)
    switch operation {
    case "==": return truth(first == second)
    case "!=": return truth(first != second)
    case "<": return truth(first < second)
    case ">": return truth(first > second)
    case "<=": return truth(first <= second)
    case ">=": return truth(first >= second)
    case "|": return CConstant(value: first | second, type: type)
    case "^": return CConstant(value: first ^ second, type: type)
    case "&": return CConstant(value: first & second, type: type)
    case "+": result = first.addingReportingOverflow(second)
    case "-": result = first.subtractingReportingOverflow(second)
    case "*": result = first.multipliedReportingOverflow(by: second)
    case "/": result = first.dividedReportingOverflow(by: second)
    default: result = first.remainderReportingOverflow(dividingBy: second)
    }
    if second == 0, operation == "/" || operation == "%" { throw InvalidOperation(reason: "division by zero") }
    guard !result.overflow else { throw InvalidOperation(reason: "overflow in '\(operation)'") }
    guard !type.isSigned || type.range.contains(result.partialValue) else {
      throw InvalidOperation(reason: "overflow in '\(operation)'")
    }
    return converted(result.partialValue, to: type)
  }

  private static func shift(_ operation: String, _ left: CConstant, _ right: CConstant) throws(InvalidOperation)
    -> CConstant
  {
    guard (0..<Int128(left.type.bitCount)).contains(right.value) else {
      throw InvalidOperation(reason: "a shift by \(right.value) of a value of \(left.type.bitCount) bits")
    }
    let count = Int(right.value)
    return operation == "<<"
      ? converted(left.value << count, to: left.type) : CConstant(value: left.value >> count, type: left.type)
  }

  private static func truth(_ value: Bool) -> CConstant { CConstant(value: value ? 1 : 0, type: .int) }

  /// Why an operation has no value.
  struct InvalidOperation: Error {
    var reason: String
  }
}
