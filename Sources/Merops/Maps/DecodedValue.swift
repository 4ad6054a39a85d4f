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
}
