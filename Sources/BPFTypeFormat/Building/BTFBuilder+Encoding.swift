extension BTFBuilder {
  /// Encodes the types as the contents of `.BTF`, each string once.
  ///
  /// - Throws: ``BTFError`` when a type cannot be expressed: more than 65535 members, a bit offset of 2^24 or more
  ///   beside bit fields, an enumerator that is too large, a name with a zero byte in it, or more than 4 GiB.
  public func encode(byteOrder: BTF.ByteOrder = .host) throws(BTFError) -> [UInt8] {
    var encoder = BTFEncoder(base: base, byteOrder: byteOrder)
    for type in types {
      try encoder.append(type)
    }
    return try encoder.finish()
  }
}

/// The two sections of a blob while types are appended.
private struct BTFEncoder {
  private let byteOrder: BTF.ByteOrder
  private let stringsStart: Int
  private var types: [UInt8] = []
  private var strings: [UInt8]
  private var offsets: [String: UInt32] = [:]

  init(base: BTF?, byteOrder: BTF.ByteOrder) {
    self.byteOrder = byteOrder
    stringsStart = base.map { $0.contents.baseStringsLength + $0.contents.strings.count } ?? 0
    // Offset 0 is the empty string: the base's, or the one that every string section begins with.
    strings = base == nil ? [0] : []
  }

  mutating func append(_ type: BTFType) throws(BTFError) {
    let name = try offset(of: type.name)
    switch type.kind {
    case .void:
      throw BTFError(
        .encoding, .badValue(field: "a type's kind", value: 0, expected: "other than void, which is identifier 0"))
    case .integer(let integer):
      begin(name, .integer, integer.byteCount)
      let encoding: UInt32 =
        (integer.isSigned ? 1 : 0) | (integer.isCharacter ? 2 : 0) | (integer.isBoolean ? 4 : 0)
      word(encoding << 24 | UInt32(integer.bitOffset) << 16 | UInt32(integer.bitCount))
    case .pointer(let target): begin(name, .pointer, target.rawValue)
    case .typedef(let target): begin(name, .typedef, target.rawValue)
    case .volatile(let target): begin(name, .volatile, target.rawValue)
    case .const(let target): begin(name, .const, target.rawValue)
    case .restrict(let target): begin(name, .restrict, target.rawValue)
    case .typeTag(let target): begin(name, .typeTag, target.rawValue, flag: type.isAttribute)
    case .forward(let isUnion): begin(name, .forward, 0, flag: isUnion)
    case .float(let byteCount): begin(name, .float, byteCount)
    case .array(let array):
      begin(name, .array, 0)
      word(array.element.rawValue)
      word(array.index.rawValue)
      word(array.count)
    case .structure(let composite): try append(name, .structure, composite)
    case .union(let composite): try append(name, .union, composite)
    case .enumeration(let enumeration): try append(name, enumeration)
    case .function(let prototype, let linkage):
      begin(name, .function, prototype.rawValue, count: Int(linkage.rawValue))
    case .functionPrototype(let prototype):
      try check(prototype.parameters.count, "parameters")
      begin(name, .functionPrototype, prototype.result.rawValue, count: prototype.parameters.count)
      for parameter in prototype.parameters {
        word(try offset(of: parameter.name))
        word(parameter.type.rawValue)
      }
    case .variable(let target, let linkage):
      begin(name, .variable, target.rawValue)
      word(linkage.rawValue)
    case .dataSection(let section):
      try check(section.variables.count, "variables")
      begin(name, .dataSection, section.byteCount, count: section.variables.count)
      for variable in section.variables {
        word(variable.type.rawValue)
        word(variable.offset)
        word(variable.byteCount)
      }
    case .declarationTag(let target, let component):
      begin(name, .declarationTag, target.rawValue, flag: type.isAttribute)
      word(UInt32(bitPattern: component))
    }
  }

  private mutating func append(
    _ name: UInt32, _ kind: BTFKind, _ composite: BTFType.Composite
  ) throws(BTFError) {
    try check(composite.members.count, "members")
    let hasBitFields = composite.members.contains { $0.bitFieldWidth != 0 }
    begin(name, kind, composite.byteCount, count: composite.members.count, flag: hasBitFields)
    for member in composite.members {
      word(try offset(of: member.name))
      word(member.type.rawValue)
      guard hasBitFields else {
        word(member.bitOffset)
        continue
      }
      guard member.bitOffset < 1 << 24 else {
        throw BTFError(
          .encoding,
          .badValue(
            field: "the bit offset of \(member.name)", value: UInt64(member.bitOffset),
            expected: "less than 2^24 in a structure with bit fields"))
      }
      word(UInt32(member.bitFieldWidth) << 24 | member.bitOffset)
    }
  }

  private mutating func append(_ name: UInt32, _ enumeration: BTFType.Enumeration) throws(BTFError) {
    try check(enumeration.values.count, "enumerators")
    begin(
      name, enumeration.is64Bit ? .enumeration64 : .enumeration, enumeration.byteCount,
      count: enumeration.values.count, flag: enumeration.isSigned)
    for value in enumeration.values {
      word(try offset(of: value.name))
      let low = UInt32(truncatingIfNeeded: value.value)
      let widened = enumeration.isSigned ? UInt64(bitPattern: Int64(Int32(bitPattern: low))) : UInt64(low)
      guard enumeration.is64Bit || widened == value.value else {
        throw BTFError(
          .encoding,
          .badValue(
            field: "the enumerator \(value.name)", value: value.value, expected: "within 32 bits unless is64Bit is set")
        )
      }
      word(low)
      if enumeration.is64Bit { word(UInt32(truncatingIfNeeded: value.value >> 32)) }
    }
  }

  private func check(_ count: Int, _ what: String) throws(BTFError) {
    guard count <= 0xffff else { throw BTFError(.encoding, .tooMany(what, count: count)) }
  }

  private mutating func begin(
    _ name: UInt32, _ kind: BTFKind, _ sizeOrType: UInt32, count: Int = 0, flag: Bool = false
  ) {
    word(name)
    word(UInt32(truncatingIfNeeded: count) | UInt32(kind.rawValue) << 24 | (flag ? 1 << 31 : 0))
    word(sizeOrType)
  }

  private mutating func word(_ value: UInt32) {
    Self.append(value, byteOrder, to: &types)
  }

  private static func append(_ value: UInt32, _ byteOrder: BTF.ByteOrder, to bytes: inout [UInt8]) {
    let ordered = byteOrder == .little ? value : value.byteSwapped
    for shift in stride(from: 0, to: 32, by: 8) {
      bytes.append(UInt8(truncatingIfNeeded: ordered >> UInt32(shift)))
    }
  }

  private mutating func offset(of text: String) throws(BTFError) -> UInt32 {
    guard !text.isEmpty else { return 0 }
    if let offset = offsets[text] { return offset }
    guard text.utf8.count <= BTF.maximumStringLength else { throw BTFError(.encoding, .stringTooLong) }
    guard !text.utf8.contains(0) else {
      throw BTFError(.encoding, .badValue(field: "a byte of a name", value: 0, expected: "other than 0"))
    }
    guard let offset = UInt32(exactly: stringsStart + strings.count) else {
      throw BTFError(.encoding, .outputLimit(Int(UInt32.max)))
    }
    strings.append(contentsOf: text.utf8)
    strings.append(0)
    offsets[text] = offset
    return offset
  }

  consuming func finish() throws(BTFError) -> [UInt8] {
    guard let typesLength = UInt32(exactly: types.count), let stringsLength = UInt32(exactly: strings.count),
      types.count + strings.count + BTFHeader.byteCount <= Int(UInt32.max)
    else { throw BTFError(.encoding, .outputLimit(Int(UInt32.max))) }
    let magic = BTF.magic
    var blob: [UInt8] =
      byteOrder == .little
      ? [UInt8(magic & 0xff), UInt8(magic >> 8), 1, 0] : [UInt8(magic >> 8), UInt8(magic & 0xff), 1, 0]
    blob.reserveCapacity(types.count + strings.count + BTFHeader.byteCount)
    for field in [UInt32(BTFHeader.byteCount), 0, typesLength, typesLength, stringsLength] {
      Self.append(field, byteOrder, to: &blob)
    }
    blob += types
    blob += strings
    return blob
  }
}
