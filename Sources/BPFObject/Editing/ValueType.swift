internal import BPFInstructions
internal import BPFTypeFormat

/// What a variable, or a part of one, can be set to, as its type says.
struct ValueType {
  enum Shape {
    case integer(bits: Int, isSigned: Bool)
    case boolean
    case enumeration(BTFType.Enumeration)
    case pointer
    /// An array of characters, which takes text.
    case text(count: Int)
    /// Something that is not set as a whole, or of which no type is known.
    case other
  }

  var shape: Shape
  /// The type in words, for errors.
  var name: String
  var byteCount: Int

  /// The shape of bytes without a type: an integer of either sign, if the size is one that integers have.
  init(byteCount: Int) {
    self.byteCount = byteCount
    name = "\(byteCount) bytes"
    shape = .other
  }

  init(_ id: BTFTypeID, byteCount: Int, in types: BTF) throws(BTFError) {
    self.byteCount = byteCount
    let resolved = try types.resolve(id)
    let type = try types.type(resolved)
    let outer = try types.name(of: types.unqualified(id))
    var typeSize = byteCount
    if case .array = type.kind {} else { typeSize = try types.size(of: resolved) }
    guard typeSize == byteCount else {
      // Damaged types: the variable has another size than its type.
      name = "\(byteCount) bytes"
      shape = .other
      return
    }
    switch type.kind {
    case .integer(let integer):
      shape =
        integer.isBoolean
        ? .boolean : .integer(bits: min(Int(integer.bitCount), byteCount * 8), isSigned: integer.isSigned)
      name = outer
    case .enumeration(let enumeration):
      shape = .enumeration(enumeration)
      name = outer.isEmpty ? "enum" : type.name == outer ? "enum \(outer)" : outer
    case .pointer:
      shape = .pointer
      name = outer.isEmpty ? "pointer" : outer
    case .array(let array):
      let element = try types.type(types.resolve(array.element))
      if case .integer(let integer) = element.kind, integer.byteCount == 1, !integer.isBoolean {
        shape = .text(count: byteCount)
      } else {
        shape = .other
      }
      name = "\(try types.name(of: types.unqualified(array.element)))[\(array.count)]"
    case .structure, .union:
      shape = .other
      name = outer.isEmpty ? "structure" : type.name == outer ? "struct \(outer)" : outer
    default:
      shape = .other
      name = outer.isEmpty ? type.kind.code.description : outer
    }
  }

  /// The bytes of an integer, or `nil` when it does not fit.
  func encode(_ value: some BinaryInteger, _ byteOrder: ByteOrder) -> [UInt8]? {
    guard 1...16 ~= byteCount, isAllowed(value) else { return nil }
    var bytes: [UInt8] = []
    var rest = value
    for _ in 0..<byteCount {
      bytes.append(UInt8(truncatingIfNeeded: rest))
      rest >>= 8
    }
    return byteOrder == .little ? bytes : bytes.reversed()
  }

  private func isAllowed(_ value: some BinaryInteger) -> Bool {
    switch shape {
    case .integer(let bits, let isSigned):
      guard bits < 64 else {
        return bits > 64 || (isSigned ? Int64(exactly: value) != nil : UInt64(exactly: value) != nil)
      }
      let range = isSigned ? -(Int64(1) << (bits - 1))...(Int64(1) << (bits - 1)) - 1 : 0...(Int64(1) << bits) - 1
      return Int64(exactly: value).map(range.contains) ?? false
    case .boolean: return value == 0 || value == 1
    case .pointer: return UInt64(exactly: value) != nil
    case .enumeration, .other:
      // Of either sign: an enumeration may be written as both, and bytes without a type have none.
      guard byteCount < 8 else { return Int64(exactly: value) != nil || UInt64(exactly: value) != nil }
      let range = -(Int64(1) << (8 * byteCount - 1))...(Int64(1) << (8 * byteCount)) - 1
      return Int64(exactly: value).map(range.contains) ?? false
    case .text: return false
    }
  }

  /// The integers that are allowed, in words.
  var allowed: String {
    switch shape {
    case .integer(let bits, let isSigned) where bits < 64:
      isSigned
        ? "\(-(Int64(1) << (bits - 1))) to \((Int64(1) << (bits - 1)) - 1)" : "0 to \((Int64(1) << bits) - 1)"
    case .integer(_, let isSigned): isSigned ? "\(Int64.min) to \(Int64.max)" : "0 to \(UInt64.max)"
    case .boolean: "0 or 1"
    case .pointer: "an address of 64 bits"
    case .enumeration(let enumeration): enumeration.values.prefix(8).map(\.name).joined(separator: ", ")
    case .text(let count): "a text of up to \(max(0, count - 1)) bytes"
    case .other: "\(byteCount) bytes"
    }
  }

  var isInteger: Bool {
    switch shape {
    case .integer, .boolean, .enumeration, .pointer: true
    case .text: false
    case .other: false
    }
  }
}
