extension BTF {
  /// The largest array of characters that a text is written to, in bytes.
  static let maximumTextLength = 1 << 26

  /// The bytes of a value that a person wrote, checked against its type.
  ///
  /// Integers are decimal, hexadecimal (`0x`), octal (`0o`) or binary (`0b`), or a character between apostrophes;
  /// booleans are `true`, `false`, 1 or 0; enumerations take an enumerator's name or a number; pointers take a number
  /// or `NULL`. An array of characters takes a text, as it is or between quotes with C's escapes, and is filled up with zeros.
  ///
  /// - Returns: as many bytes as the type has, in the byte order of the types.
  /// - Throws: ``BTFValueError`` that says what would fit.
  public func encode(_ text: String, as id: BTFTypeID) throws(BTFValueError) -> [UInt8] {
    let type = try resolvedType(id)
    switch type.kind {
    case .integer(let integer) where integer.isBoolean:
      guard let value = ["true": 1, "false": 0, "1": 1, "0": 0][text] as Int128? else { throw .notBoolean(text) }
      return bytes(of: value, count: Int(integer.byteCount))
    case .integer, .pointer:
      guard let number = Self.number(text) else { throw .notNumber(text, type: try displayName(of: id)) }
      return try encode(number, as: id)
    case .enumeration(let enumeration):
      if let value = enumeration.values.first(where: { $0.name == text }) {
        return bytes(of: enumeration.number(of: value), count: Int(enumeration.byteCount))
      }
      guard let number = Self.number(text) else {
        throw .notEnumerator(text, type: try displayName(of: id), names: enumeration.values.map(\.name))
      }
      return try encode(number, as: id)
    case .array(let array):
      return try encode(text, as: array, id)
    case .structure, .union, .dataSection:
      throw .notWritable(type: try displayName(of: id), reason: "set its bytes, or make the members variables")
    case .float:
      throw .notWritable(type: try displayName(of: id), reason: "BPF programs have no floating-point numbers")
    default:
      throw .notWritable(type: try displayName(of: id), reason: "it has no bytes")
    }
  }

  /// The bytes of a number as an integer, boolean, enumeration or pointer.
  ///
  /// - Returns: as many bytes as the type has, in the byte order of the types.
  /// - Throws: ``BTFValueError`` when the type is no scalar or the number does not fit it.
  public func encode(_ number: Int128, as id: BTFTypeID) throws(BTFValueError) -> [UInt8] {
    let type = try resolvedType(id)
    let byteCount: Int
    let width: Int
    let isSigned: Bool
    var shift = 0
    switch type.kind {
    case .integer(let integer):
      byteCount = Int(integer.byteCount)
      width = integer.isBoolean ? 1 : Int(integer.bitCount)
      isSigned = integer.isSigned
      shift = Int(integer.bitOffset)
    case .enumeration(let enumeration):
      byteCount = Int(enumeration.byteCount)
      width = 8 * byteCount
      isSigned = enumeration.isSigned
    case .pointer:
      byteCount = Self.pointerByteCount
      width = 64
      isSigned = false
    default:
      throw .notWritable(type: try displayName(of: id), reason: "it is no number")
    }
    // The highest unsigned number of 128 bits is out of reach, which nothing here needs.
    let lowest: Int128 = isSigned ? (width >= 128 ? .min : -(1 << Int128(width - 1))) : 0
    let highest: Int128 =
      isSigned
      ? (width >= 128 ? .max : (1 << Int128(width - 1)) - 1) : (width >= 127 ? .max : (1 << Int128(width)) - 1)
    guard number >= lowest, number <= highest else {
      throw .outOfRange(String(number), type: try displayName(of: id), lowest: lowest, highest: highest)
    }
    return bytes(of: width < 128 ? number << Int128(shift) : number, count: byteCount)
  }

  private func encode(_ text: String, as array: BTFType.Array, _ id: BTFTypeID) throws(BTFValueError) -> [UInt8] {
    let element = try resolvedType(array.element)
    guard case .integer(let integer) = element.kind, integer.byteCount == 1, !integer.isBoolean else {
      throw .notWritable(type: try displayName(of: id), reason: "only arrays of characters take a text")
    }
    let contents = try Self.unquoted(text)
    let count = Int(array.count)
    guard contents.count < count else {
      throw .textTooLong(byteCount: contents.count, limit: max(0, count - 1), type: try displayName(of: id))
    }
    guard count <= Self.maximumTextLength else { throw .tooLarge }
    return contents + [UInt8](repeating: 0, count: count - contents.count)
  }

  // MARK: Parts

  private func resolvedType(_ id: BTFTypeID) throws(BTFValueError) -> BTFType {
    do throws(BTFError) {
      let resolved = try resolve(id)
      let type = try type(resolved)
      if case .variable(let target, _) = type.kind { return try self.type(resolve(target)) }
      return type
    } catch {
      throw .types(error)
    }
  }

  /// The type as C writes it, for messages.
  private func displayName(of id: BTFTypeID) throws(BTFValueError) -> String {
    do throws(BTFError) {
      if case .variable(let target, _) = try type(id).kind { return try CPrinter(self).declaration(of: target) }
      return try CPrinter(self).declaration(of: id)
    } catch {
      throw .types(error)
    }
  }

  private func bytes(of number: Int128, count: Int) -> [UInt8] {
    let little = (0..<count).map { UInt8(truncatingIfNeeded: number >> Int128(8 * $0)) }
    return byteOrder == .little ? little : little.reversed()
  }

  private static func number(_ text: String) -> Int128? {
    if text == "NULL" { return 0 }
    if text.utf8.count == 3, text.first == "'", text.last == "'" {
      return text.utf8.dropFirst().first.map { Int128($0) }
    }
    let isNegative = text.hasPrefix("-")
    let digits = isNegative || text.hasPrefix("+") ? text.dropFirst() : text[...]
    // A second sign would be taken by the conversion.
    guard let first = digits.utf8.first, first >= UInt8(ascii: "0"), first <= UInt8(ascii: "9") else { return nil }
    let sign = isNegative ? "-" : ""
    let lower = digits.lowercased()
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] where lower.hasPrefix(prefix) {
      let rest = lower.dropFirst(2)
      guard rest.utf8.first != UInt8(ascii: "-"), rest.utf8.first != UInt8(ascii: "+") else { return nil }
      return Int128(sign + rest, radix: radix)
    }
    return Int128(sign + lower)
  }

  /// The bytes of a text, which may stand between quotes.
  private static func unquoted(_ text: String) throws(BTFValueError) -> [UInt8] {
    let bytes = Array(text.utf8)
    let quote = UInt8(ascii: "\"")
    let backslash = UInt8(ascii: "\\")
    guard bytes.first == quote else { return bytes }
    var result: [UInt8] = []
    var index = 1
    while index < bytes.count {
      let byte = bytes[index]
      index += 1
      if byte == quote {
        guard index == bytes.count else { throw .badQuoting(text) }
        return result
      }
      guard byte == backslash else {
        result.append(byte)
        continue
      }
      guard index < bytes.count else { throw .badQuoting(text) }
      let escape = bytes[index]
      index += 1
      switch escape {
      case UInt8(ascii: "n"): result.append(10)
      case UInt8(ascii: "t"): result.append(9)
      case UInt8(ascii: "r"): result.append(13)
      case UInt8(ascii: "0"): result.append(0)
      case quote, backslash: result.append(escape)
      case UInt8(ascii: "x"):
        guard index + 2 <= bytes.count,
          let value = UInt8(String(decoding: bytes[index..<index + 2], as: UTF8.self), radix: 16)
        else { throw .badQuoting(text) }
        result.append(value)
        index += 2
      default: throw .badQuoting(text)
      }
    }
    throw .badQuoting(text)
  }
}
