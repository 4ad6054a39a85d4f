import Merops

/// A decoded value as JSON has it.
///
/// Integers are numbers, pointers and bytes texts in hexadecimal, enumerators their names, structures and unions
/// objects, fields that the kernel manages null.
package indirect enum JSONValue: Codable, Hashable, Sendable {
  case null
  case boolean(Bool)
  case integer(Int64)
  case unsigned(UInt64)
  case number(Double)
  case text(String)
  case array([JSONValue])
  case object([String: JSONValue])

  init(_ decoded: DecodedValue) {
    if let value = decoded.value {
      self.init(value)
    } else if [1, 2, 4, 8].contains(decoded.bytes.count) {
      self = .unsigned(decoded.bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) })
    } else {
      self = .text(Self.hexadecimal(decoded.bytes))
    }
  }

  private init(_ value: BTFValue) {
    switch value {
    case .signed(let number): self = Self.integer(number)
    case .unsigned(let number): self = UInt64(exactly: number).map(JSONValue.unsigned) ?? .text("\(number)")
    case .boolean(let value): self = .boolean(value)
    case .enumerator(let name, let number): self = name.map(JSONValue.text) ?? Self.integer(number)
    case .float(let number): self = number.isFinite ? .number(number) : .text("\(number)")
    case .pointer(let address): self = .text("0x" + String(address, radix: 16))
    case .text(let text): self = .text(text)
    case .bytes(let bytes), .opaque(let bytes): self = .text(Self.hexadecimal(bytes))
    case .array(let values): self = .array(values.map(JSONValue.init))
    case .structure(let members), .union(let members):
      self = .object(
        Dictionary(members.map { ($0.name, JSONValue($0.value)) }, uniquingKeysWith: { first, _ in first }))
    case .special: self = .null
    }
  }

  private static func integer(_ number: Int128) -> JSONValue {
    Int64(exactly: number).map(JSONValue.integer) ?? UInt64(exactly: number).map(JSONValue.unsigned)
      ?? .text("\(number)")
  }

  private static func hexadecimal(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
  }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Bool.self) {
      self = .boolean(value)
    } else if let value = try? container.decode(Int64.self) {
      self = .integer(value)
    } else if let value = try? container.decode(UInt64.self) {
      self = .unsigned(value)
    } else if let value = try? container.decode(Double.self) {
      self = .number(value)
    } else if let value = try? container.decode(String.self) {
      self = .text(value)
    } else if let value = try? container.decode([JSONValue].self) {
      self = .array(value)
    } else {
      self = .object(try container.decode([String: JSONValue].self))
    }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .null: try container.encodeNil()
    case .boolean(let value): try container.encode(value)
    case .integer(let value): try container.encode(value)
    case .unsigned(let value): try container.encode(value)
    case .number(let value): try container.encode(value)
    case .text(let value): try container.encode(value)
    case .array(let value): try container.encode(value)
    case .object(let value): try container.encode(value)
    }
  }
}
