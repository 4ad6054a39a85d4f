/// Bytes read by their type: a tree of numbers, texts, arrays and structures.
public indirect enum BTFValue: Hashable, Sendable {
  /// A signed integer.
  case signed(Int128)
  /// An unsigned integer.
  case unsigned(UInt128)
  /// A boolean.
  case boolean(Bool)
  /// An enumerator by name, `nil` when no enumerator has the number.
  case enumerator(String?, Int128)
  /// A floating-point number.
  case float(Double)
  /// A pointer.
  case pointer(UInt64)
  /// An array of characters up to its first zero, when that is valid UTF-8.
  case text(String)
  /// An array of characters that is no text.
  case bytes([UInt8])
  /// An array.
  case array([BTFValue])
  /// The members of a structure or the variables of a data section; those of an anonymous member stand in its place.
  case structure([Member])
  /// The members of a union, each read from the same bytes.
  case union([Member])
  /// A field that the kernel manages, such as `bpf_task_work`; its bytes mean nothing.
  case special(SpecialFields.Kind)
  /// Bytes of a type that says nothing of them, such as an unusual floating-point number.
  case opaque([UInt8])

  /// A member with its name.
  public struct Member: Hashable, Sendable {
    /// The name.
    public var name: String
    /// The value.
    public var value: BTFValue
    /// A member of the given name and value.
    public init(name: String, value: BTFValue) {
      self.name = name
      self.value = value
    }
  }

  /// The value of a member or variable by its name, `nil` when there is none.
  public subscript(_ name: String) -> BTFValue? {
    switch self {
    case .structure(let members), .union(let members): members.first { $0.name == name }?.value
    default: nil
    }
  }

  /// Reads bytes as a value of a type, in the byte order of the types.
  ///
  /// - Parameters:
  ///   - bytes: at least as many bytes as the type has; more are not looked at.
  ///   - id: the type; a data section reads as its variables.
  ///   - btf: the types.
  /// - Throws: ``BTFValueError`` when bytes are missing, the type has no size, or the tree would have more than a
  ///   million nodes.
  public init(reading bytes: [UInt8], as id: BTFTypeID, in btf: BTF) throws(BTFValueError) {
    var reader = BTFValueReader(btf: btf, bytes: bytes)
    self = try reader.value(of: id, at: 0, depth: 0)
  }
}

/// Why bytes cannot be read as a type, or a text is no value of it.
public enum BTFValueError: Error, Hashable, Sendable {
  /// The types are damaged.
  case types(BTFError)
  /// The type needs more bytes than there are.
  case truncated(needed: Int, available: Int)
  /// The tree of values would be too large.
  case tooLarge
  /// The text is no number.
  case notNumber(String, type: String)
  /// The number does not fit the type, which takes those from `lowest` to `highest`.
  case outOfRange(String, type: String, lowest: Int128, highest: Int128)
  /// The text is neither a boolean nor 0 or 1.
  case notBoolean(String)
  /// The text is neither an enumerator nor a number.
  case notEnumerator(String, type: String, names: [String])
  /// The text is longer than an array of characters can hold with a zero at its end.
  case textTooLong(byteCount: Int, limit: Int, type: String)
  /// A quoted text has no closing quote or an escape that C does not have.
  case badQuoting(String)
  /// Values of this type cannot be written as text.
  case notWritable(type: String, reason: String)
}

extension BTFValueError: CustomStringConvertible {
  /// A sentence that says what is wrong and what would fit.
  public var description: String {
    switch self {
    case .types(let error):
      error.description
    case .truncated(let needed, let available):
      "the value's type has \(needed) bytes, and only \(available) are there"
    case .tooLarge:
      "the value has too many parts to be shown"
    case .notNumber(let text, let type):
      "\"\(text)\" is no number, which \(type) needs; write it in decimal, or in hexadecimal after 0x"
    case .outOfRange(let text, let type, let lowest, let highest):
      "\(text) does not fit \(type), which takes \(lowest) to \(highest)"
    case .notBoolean(let text):
      "\"\(text)\" is no boolean; write true or false"
    case .notEnumerator(let text, let type, let names):
      "\"\(text)\" is no value of \(type); it has "
        + (names.count > 12 ? names.prefix(12).joined(separator: ", ") + ", …" : names.joined(separator: ", "))
    case .textTooLong(let byteCount, let limit, let type):
      "the text has \(byteCount) bytes, and \(type) holds \(limit) and the zero at the end"
    case .badQuoting(let text):
      "\(text) is not a complete quoted text; end it with a quote, and write \\\\ for a backslash"
    case .notWritable(let type, let reason):
      "a value of type \(type) cannot be set: \(reason)"
    }
  }
}
