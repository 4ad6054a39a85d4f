import SystemPackage

/// Where a value of a USDT is while its program stands there: `-4@%edi`, `8@-16(%rbp)`, `4@$7`.
///
/// A number of bytes, with a minus sign where the value has one; then, as the assembler writes operands, a constant, a
/// register, or the memory at a distance from a register.
struct TracepointArgument: Equatable {
  enum Place: Equatable {
    case constant(Int64)
    /// By the offset in bytes of the register in `struct pt_regs`.
    case register(Int)
    case memory(register: Int, distance: Int64)
  }

  var byteCount: Int
  var isSigned: Bool
  var place: Place

  init(byteCount: Int, isSigned: Bool, place: Place) {
    (self.byteCount, self.isSigned, self.place) = (byteCount, isSigned, place)
  }

  /// Reads one; `nil` when it is of another form: numbers with a point, addresses of two registers, symbols.
  init?(_ text: Substring) {
    guard let at = text.firstIndex(of: "@") else { return nil }
    let size = text[..<at]
    guard let count = Int(size.hasPrefix("-") ? size.dropFirst() : size), [1, 2, 4, 8].contains(count) else {
      return nil
    }
    (byteCount, isSigned) = (count, size.hasPrefix("-"))
    let operand = text[text.index(after: at)...]
    if operand.hasPrefix("$") {
      guard let number = Self.number(operand.dropFirst()) else { return nil }
      place = .constant(number)
    } else if operand.hasPrefix("%") {
      guard let register = Self.registers[String(operand.dropFirst())] else { return nil }
      place = .register(register)
    } else {
      guard operand.hasSuffix(")"), let open = operand.firstIndex(of: "(") else { return nil }
      let distance = operand[..<open]
      let name = operand[operand.index(after: open)...].dropLast()
      guard name.hasPrefix("%"), let register = Self.registers[String(name.dropFirst())], register != Self.counter,
        let number = distance.isEmpty ? 0 : Self.number(distance)
      else { return nil }
      place = .memory(register: register, distance: number)
    }
  }

  /// The arguments of a note, in their order.
  ///
  /// - Throws: ``BPFError`` that names the first one that is of another form.
  static func all(of text: String, for subject: String) throws(BPFError) -> [TracepointArgument] {
    var arguments: [TracepointArgument] = []
    for part in text.split(separator: " ") {
      guard let argument = TracepointArgument(part) else {
        throw .refusal(
          subject, "its value \(arguments.count) is at '\(part)', which programs cannot be told",
          advice: "compile the program with other options, so that it is in a register or at a distance from one")
      }
      arguments.append(argument)
    }
    guard arguments.count <= TracepointRecord.argumentLimit else {
      throw .refusal(subject, "it has \(arguments.count) values; programs take \(TracepointRecord.argumentLimit)")
    }
    return arguments
  }

  private static func number(_ text: Substring) -> Int64? {
    let isNegative = text.hasPrefix("-")
    let digits = isNegative ? text.dropFirst() : text
    let number = digits.hasPrefix("0x") ? UInt64(digits.dropFirst(2), radix: 16) : UInt64(digits)
    return number.map { isNegative ? 0 &- Int64(bitPattern: $0) : Int64(bitPattern: $0) }
  }

  /// `rip`, relative to which symbols are.
  private static let counter = 128

  /// Registers of x86-64 by the names of their parts, with their offsets in `struct pt_regs`.
  private static let registers: [String: Int] = {
    #if arch(x86_64)
      var all: [String: Int] = ["rip": counter]
      let order = [
        "r15", "r14", "r13", "r12", "bp", "bx", "r11", "r10", "r9", "r8", "ax", "cx", "dx", "si", "di",
      ]
      for (index, name) in order.enumerated() {
        let offset = index * 8
        if name.hasPrefix("r") {
          for part in ["", "d", "w", "b"] { all[name + part] = offset }
        } else {
          for part in ["r" + name, "e" + name, name] { all[part] = offset }
          // The low byte: `al` of `ax`, `dil` of `di`.
          all[name.hasSuffix("x") ? "\(name.prefix(1))l" : name + "l"] = offset
        }
      }
      for name in ["rsp", "esp", "sp", "spl"] { all[name] = 152 }
      return all
    #else
      return [:]
    #endif
  }()
}

/// An element of the map `__bpf_usdt_specs`, by which programs find the values: `struct __bpf_usdt_spec` of
/// `<bpf/usdt.bpf.h>`.
struct TracepointRecord {
  static let argumentLimit = 12
  static let byteCount = 208

  var arguments: [TracepointArgument]
  var cookie: UInt64

  /// The bytes: of each value the constant or distance, what it is, its register, sign and unused bits; then the cookie
  /// and how many values there are.
  var bytes: [UInt8] {
    var bytes: [UInt8] = []
    func append<Number: FixedWidthInteger>(_ number: Number) {
      withUnsafeBytes(of: number.littleEndian) { bytes += $0 }
    }
    for argument in arguments {
      let (value, kind, register): (Int64, UInt32, Int16) =
        switch argument.place {
        case .constant(let number): (number, 0, 0)
        case .register(let offset): (0, 1, Int16(truncatingIfNeeded: offset))
        case .memory(let offset, let distance): (distance, 2, Int16(truncatingIfNeeded: offset))
        }
      append(value)
      append(kind)
      append(register)
      append(UInt8(argument.isSigned ? 1 : 0))
      append(UInt8(64 - 8 * argument.byteCount))
    }
    bytes += [UInt8](repeating: 0, count: max(0, Self.argumentLimit * 16 - bytes.count))
    append(cookie)
    append(UInt64(arguments.count))
    return bytes
  }
}
