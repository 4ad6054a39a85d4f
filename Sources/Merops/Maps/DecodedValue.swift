public import BPFTypeFormat

/// Bytes with what their type makes of them.
public struct DecodedValue: Hashable, Sendable, CustomStringConvertible {
  /// The bytes.
  public var bytes: [UInt8]
  /// The value; `nil` when there is no type or the bytes are not one of it.
  public var value: BTFValue?

  /// Bytes without a type.
  public init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  /// Bytes of a type; without types, or for `void`, bytes alone.
  public init(_ bytes: [UInt8], as type: BTFTypeID, in types: BTF?) {
    self.bytes = bytes
    guard let types, type != .void else { return }
    value = try? BTFValue(reading: bytes, as: type, in: types)
  }

  /// The value in one line; without a type an integer where the size is an integer's, or bytes in hexadecimal.
  public var description: String {
    if let value { return value.description }
    switch bytes.count {
    case 1, 2, 4, 8: return "\(bytes.reversed().reduce(0 as UInt64) { $0 << 8 | UInt64($1) })"
    default: return bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
    }
  }

  /// The value in several lines: its members below each other, or bytes without a type as a table with their
  /// characters beside them.
  ///
  /// - Parameter indent: how far lines but the first are indented, in steps of two spaces.
  public func lines(indent: Int = 0) -> String {
    if let value { return value.lines(indent: indent) }
    guard bytes.count > 8 else { return description }
    let margin = "\n" + String(repeating: "  ", count: indent)
    var rows: [String] = []
    var isSkipping = false
    for start in stride(from: 0, to: bytes.count, by: 16) {
      let row = bytes[start..<min(start + 16, bytes.count)]
      // Rows of zeros after one say no more than that they are there.
      let isZero = row.allSatisfy { $0 == 0 } && start > 0 && start + 16 < bytes.count
      if isZero {
        if !isSkipping { rows.append("*") }
        isSkipping = true
        continue
      }
      isSkipping = false
      let offset = String(start, radix: 16)
      let codes = row.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
      let characters = row.map { 0x20..<0x7f ~= $0 ? String(UnicodeScalar($0)) : "." }.joined()
      rows.append(
        String(repeating: "0", count: max(0, 4 - offset.count)) + offset + "  " + codes
          + String(repeating: "   ", count: 16 - row.count) + "  |" + characters + "|")
    }
    return rows.joined(separator: margin)
  }
}
