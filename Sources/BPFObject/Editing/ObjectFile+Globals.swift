internal import BPFInstructions
internal import BPFTypeFormat

extension ObjectFile {
  /// Sets a variable, or a part of one, to an integer.
  ///
  /// - Parameters:
  ///   - path: the variable's name, which `.member` and `[index]` may follow.
  ///   - value: an integer that the variable's type can hold; a pointer takes an address, an enumeration any number of
  ///     its size.
  /// - Throws: ``EditError`` when there is no such variable, or the value does not fit its type.
  public mutating func set(_ path: String, to value: some FixedWidthInteger) throws(EditError) {
    let place = try place(of: path)
    let type = try valueType(of: place)
    let hasType = place.type != nil
    guard type.isInteger || (!hasType && [1, 2, 4, 8].contains(type.byteCount)) else {
      throw .wrongType(path, type: type.name, given: "the integer \(value)")
    }
    guard let bytes = type.encode(value, byteOrder) else {
      throw .outOfRange(path, value: "\(value)", type: type.name, allowed: type.allowed)
    }
    try store(bytes, at: place)
  }

  /// Sets a variable, or a part of one, to true or false: a `bool` or an integer, to 1 or 0.
  ///
  /// - Throws: ``EditError`` when there is no such variable, or it is no integer.
  public mutating func set(_ path: String, to value: Bool) throws(EditError) {
    try set(path, to: value ? 1 as UInt8 : 0)
  }

  /// Sets an array of characters to a text, with zero bytes after it.
  ///
  /// - Parameters:
  ///   - path: the variable's name, which `.member` and `[index]` may follow.
  ///   - text: a text without zero bytes, in UTF-8 at least one byte shorter than the array.
  /// - Throws: ``EditError`` when there is no such array, or the text does not fit.
  public mutating func set(_ path: String, to text: String) throws(EditError) {
    let place = try place(of: path)
    let type = try valueType(of: place)
    guard case .text(let count) = type.shape else { throw .wrongType(path, type: type.name, given: "a text") }
    guard !text.utf8.contains(0) else { throw .unreadable(path, text: text, expected: "a text without zero bytes") }
    guard text.utf8.count < count else {
      throw .textTooLong(path, limit: max(0, count - 1), given: text.utf8.count)
    }
    try store(Array(text.utf8) + [UInt8](repeating: 0, count: count - text.utf8.count), at: place)
  }

  /// Sets the bytes of a variable, or of a part of one, in the object's byte order.
  ///
  /// - Throws: ``EditError`` when there is no such variable, or it has another number of bytes.
  public mutating func setGlobal(_ path: String, bytes: [UInt8]) throws(EditError) {
    let place = try place(of: path)
    guard bytes.count == place.byteCount else {
      throw .wrongSize(path, expected: place.byteCount, given: bytes.count)
    }
    try store(bytes, at: place)
  }

  /// Sets a variable, or a part of one, to what a text says, as a command line gives it.
  ///
  /// An integer or a pointer takes a decimal number, one with `0x`, `0o` or `0b`, or a character in single quotes; a
  /// `bool` also takes `true`, `false`, `y` and `n`; an enumeration also takes the name of a value; an array of
  /// characters takes the text itself.
  ///
  /// - Throws: ``EditError`` when there is no such variable, or the text is no value of its type.
  public mutating func set(_ path: String, parsing text: String) throws(EditError) {
    let place = try place(of: path)
    let type = try valueType(of: place)
    switch type.shape {
    case .text: return try set(path, to: text)
    case .boolean where ["true", "y", "yes"].contains(text): return try set(path, to: true)
    case .boolean where ["false", "n", "no"].contains(text): return try set(path, to: false)
    case .enumeration(let enumeration):
      if let value = enumeration.values.first(where: { $0.name == text }) {
        let bits = value.value
        return enumeration.isSigned ? try set(path, to: Int64(bitPattern: bits)) : try set(path, to: bits)
      }
    default: break
    }
    guard type.isInteger || place.type == nil else {
      throw .wrongType(path, type: type.name, given: "'\(text)'")
    }
    if let value = IntegerLiteral(text)?.value { return try set(path, to: value) }
    throw .unreadable(path, text: text, expected: "a number (\(type.allowed))")
  }

  /// The bytes that a variable, or a part of one, has before a program changes them, in the object's byte order.
  ///
  /// - Throws: ``EditError`` when there is no such variable.
  public func bytes(of path: String) throws(EditError) -> [UInt8] {
    let place = try place(of: path)
    let contents = maps[place.map]?.initialContents ?? []
    let start = min(place.offset, contents.count)
    let found = contents[start..<min(place.offset + place.byteCount, contents.count)]
    return found + [UInt8](repeating: 0, count: place.byteCount - found.count)
  }

  /// Sets how many elements a map may have.
  ///
  /// - Throws: ``EditError`` when there is no such map.
  public mutating func setMaxEntries(of map: String, to count: UInt32) throws(EditError) {
    guard let index = maps.index(forKey: map) else {
      throw .unknownMap(map, near: NearNames(to: map, among: maps.keys).names)
    }
    maps.values[index].maxEntries = count
  }

  private func valueType(of place: GlobalPlace) throws(EditError) -> ValueType {
    guard let type = place.type, let types else { return ValueType(byteCount: place.byteCount) }
    do throws(BTFError) {
      return try ValueType(type, byteCount: place.byteCount, in: types)
    } catch {
      throw .types(place.path, error)
    }
  }

  private mutating func store(_ bytes: [UInt8], at place: GlobalPlace) throws(EditError) {
    guard bytes.count == place.byteCount else {
      throw .wrongSize(place.path, expected: place.byteCount, given: bytes.count)
    }
    guard let index = maps.index(forKey: place.map) else { throw .unknownMap(place.map, near: []) }
    var contents = maps.values[index].initialContents ?? []
    maps.values[index].initialContents = nil
    let end = place.offset + place.byteCount
    if contents.count < end { contents += [UInt8](repeating: 0, count: end - contents.count) }
    contents.replaceSubrange(place.offset..<end, with: bytes)
    maps.values[index].initialContents = contents
  }
}

/// An integer as C writes it.
struct IntegerLiteral {
  /// The value, wide enough for all integers of 64 bits of either sign.
  let value: Int128

  init?(_ text: String) {
    var digits = Substring(text)
    if digits.count >= 3, digits.first == "'", digits.last == "'" {
      let character = digits.dropFirst().dropLast()
      guard character.utf8.count == 1, let byte = character.utf8.first else { return nil }
      value = Int128(byte)
      return
    }
    let isNegative = digits.first == "-"
    if isNegative || digits.first == "+" { digits = digits.dropFirst() }
    let radixes: [(String, Int)] = [("0x", 16), ("0X", 16), ("0o", 8), ("0b", 2)]
    let radix = radixes.first { digits.hasPrefix($0.0) }
    if radix != nil { digits = digits.dropFirst(2) }
    guard let first = digits.first, first != "-", first != "+",
      let magnitude = UInt64(digits, radix: radix?.1 ?? 10)
    else { return nil }
    value = isNegative ? -Int128(magnitude) : Int128(magnitude)
  }
}
