/// Reads values out of bytes.
struct BTFValueReader {
  let btf: BTF
  let bytes: [UInt8]
  /// How many nodes the tree may still get; nested unions could make it far larger than the bytes.
  private var room = 1 << 20

  init(btf: BTF, bytes: [UInt8]) {
    self.btf = btf
    self.bytes = bytes
  }

  private func look<Value>(_ body: () throws(BTFError) -> Value) throws(BTFValueError) -> Value {
    do throws(BTFError) {
      return try body()
    } catch {
      throw .types(error)
    }
  }

  private func slice(_ offset: Int, _ count: Int) throws(BTFValueError) -> ArraySlice<UInt8> {
    guard offset >= 0, count >= 0, offset <= bytes.count, count <= bytes.count - offset else {
      throw .truncated(needed: offset + count, available: bytes.count)
    }
    return bytes[offset..<offset + count]
  }

  mutating func value(of id: BTFTypeID, at offset: Int, depth: Int) throws(BTFValueError) -> BTFValue {
    guard depth <= BTF.maximumDepth else { throw .types(BTFError(.query, .tooDeep(id))) }
    room -= 1
    guard room > 0 else { throw .tooLarge }
    let resolved = try look { () throws(BTFError) in try btf.resolve(id) }
    let type = try look { () throws(BTFError) in try btf.type(resolved) }
    switch type.kind {
    case .integer(let integer):
      let field = BTF.BitField(
        offset: 8 * offset + Int(integer.bitOffset), width: Int(integer.bitCount), unit: 8 * Int(integer.byteCount))
      return Self.number(try bits(field), integer)
    case .enumeration(let enumeration):
      let width = 8 * Int(enumeration.byteCount)
      return Self.enumerator(try bits(.init(offset: 8 * offset, width: width, unit: width)), width, enumeration)
    case .pointer:
      let address = try bits(.init(offset: 8 * offset, width: 64, unit: 64))
      return .pointer(UInt64(truncatingIfNeeded: address))
    case .float(let byteCount):
      let bits = try bits(.init(offset: 8 * offset, width: 8 * Int(byteCount), unit: 8 * Int(byteCount)))
      switch byteCount {
      case 4: return .float(Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits))))
      case 8: return .float(Double(bitPattern: UInt64(truncatingIfNeeded: bits)))
      default: return .opaque(Array(try slice(offset, Int(byteCount))))
      }
    case .array(let array):
      return try self.array(array, at: offset, depth: depth)
    case .structure(let composite):
      let size = Int(composite.byteCount)
      if let kind = SpecialFields.Kind.byStructureName[type.name], kind.byteCount == size {
        _ = try slice(offset, size)
        return .special(kind)
      }
      return .structure(try members(of: composite, at: offset, depth: depth))
    case .union(let composite):
      return .union(try members(of: composite, at: offset, depth: depth))
    case .variable(let target, _):
      return try value(of: target, at: offset, depth: depth + 1)
    case .dataSection(let section):
      var members: [BTFValue.Member] = []
      for variable in section.variables {
        let name = try look { () throws(BTFError) in try btf.name(of: variable.type) }
        // `.ksyms` lists functions, which have no bytes.
        guard try look({ () throws(BTFError) in try btf.kind(of: variable.type) }) == .variable else { continue }
        let value = try value(of: variable.type, at: offset + Int(variable.offset), depth: depth + 1)
        members.append(.init(name: name, value: value))
      }
      return .structure(members)
    case .void, .forward, .function, .functionPrototype, .declarationTag, .typedef, .volatile, .const, .restrict,
      .typeTag:
      throw .types(BTFError(.query, .noSize(resolved, type.kind.code.description)))
    }
  }

  private mutating func members(
    of composite: BTFType.Composite, at offset: Int, depth: Int
  ) throws(BTFValueError) -> [BTFValue.Member] {
    _ = try slice(offset, Int(composite.byteCount))
    var members: [BTFValue.Member] = []
    for member in composite.members {
      let value: BTFValue
      if var field = try look({ () throws(BTFError) in try btf.bitField(of: member) }) {
        field.offset += 8 * offset
        value = try bitField(member.type, field)
      } else {
        value = try self.value(of: member.type, at: offset + Int(member.bitOffset / 8), depth: depth + 1)
      }
      if member.name.isEmpty, case .structure(let inner) = value {
        members += inner
      } else {
        members.append(.init(name: member.name, value: value))
      }
    }
    return members
  }

  private func bitField(_ id: BTFTypeID, _ field: BTF.BitField) throws(BTFValueError) -> BTFValue {
    let type = try look { () throws(BTFError) in try btf.type(btf.resolve(id)) }
    let bits = try bits(field)
    switch type.kind {
    case .integer(var integer):
      integer.bitCount = UInt8(clamping: field.width)
      return Self.number(bits, integer)
    case .enumeration(let enumeration):
      return Self.enumerator(bits, field.width, enumeration)
    default:
      throw .types(BTFError(.query, .noSize(id, type.kind.code.description)))
    }
  }

  private mutating func array(
    _ array: BTFType.Array, at offset: Int, depth: Int
  ) throws(BTFValueError) -> BTFValue {
    let size = try look { () throws(BTFError) in try btf.size(of: array.element) }
    let count = Int(array.count)
    let (byteCount, overflow) = size.multipliedReportingOverflow(by: count)
    guard !overflow, byteCount <= Int(UInt32.max) else {
      throw .types(BTFError(.query, .sizeOverflow(array.element)))
    }
    let contents = try slice(offset, byteCount)
    if try look({ () throws(BTFError) in try btf.isCharacter(array.element) }) {
      let text = contents.prefix { $0 != 0 }
      let rest = contents[text.endIndex...]
      // A character after the zero may be left over, or the array may hold no text.
      if let string = String(validating: text, as: UTF8.self), rest.allSatisfy({ $0 == 0 }) || !string.isEmpty {
        return .text(string)
      }
      return .bytes(Array(contents))
    }
    guard size > 0 else { return .array([]) }
    guard count <= room else { throw .tooLarge }
    var values: [BTFValue] = []
    values.reserveCapacity(count)
    for index in 0..<count {
      values.append(try value(of: array.element, at: offset + index * size, depth: depth + 1))
    }
    return .array(values)
  }

  // MARK: Bits

  /// The bits of a field as a number, counted from the least significant bit in little endian and from the most
  /// significant one in big endian.
  private func bits(_ field: BTF.BitField) throws(BTFValueError) -> UInt128 {
    let start = field.offset / 8
    let shift = field.offset % 8
    let count = (shift + field.width + 7) / 8
    let contents = try slice(start, count)
    // Up to 17 bytes of 128 bits: what does not fit at the top is shifted out below.
    var value: UInt128 = 0
    var dropped: UInt128 = 0
    switch btf.byteOrder {
    case .little:
      for byte in contents.reversed() {
        dropped = value >> 120
        value = value << 8 | UInt128(byte)
      }
      value >>= UInt128(shift)
      if shift > 0 { value |= dropped << UInt128(128 - shift) }
    case .big:
      let below = 8 * count - shift - field.width
      for byte in contents {
        dropped = value >> 120
        value = value << 8 | UInt128(byte)
      }
      value >>= UInt128(below)
      if below > 0 { value |= dropped << UInt128(128 - below) }
    }
    return field.width >= 128 ? value : value & ((1 << UInt128(field.width)) - 1)
  }

  private static func number(_ bits: UInt128, _ integer: BTFType.Integer) -> BTFValue {
    if integer.isBoolean { return .boolean(bits != 0) }
    guard integer.isSigned else { return .unsigned(bits) }
    return .signed(signExtended(bits, Int(integer.bitCount)))
  }

  private static func signExtended(_ bits: UInt128, _ width: Int) -> Int128 {
    guard width > 0, width < 128 else { return Int128(truncatingIfNeeded: bits) }
    let shift = Int128(128 - width)
    return (Int128(truncatingIfNeeded: bits) << shift) >> shift
  }

  private static func enumerator(_ bits: UInt128, _ width: Int, _ enumeration: BTFType.Enumeration) -> BTFValue {
    let value = enumeration.isSigned ? signExtended(bits, width) : Int128(truncatingIfNeeded: bits)
    let match = enumeration.values.first { enumeration.number(of: $0) == value }
    return .enumerator(match?.name, value)
  }
}

extension BTFType.Enumeration {
  /// The number of an enumerator.
  func number(of value: Value) -> Int128 {
    isSigned ? Int128(Int64(bitPattern: value.value)) : Int128(value.value)
  }
}

extension BTF {
  /// Whether a type is a character, so that an array of it may be a text.
  ///
  /// clang marks no type as a character and gives `char` and `signed char` their names; `u8` is a number.
  func isCharacter(_ id: BTFTypeID) throws(BTFError) -> Bool {
    let type = try type(resolve(id))
    guard case .integer(let integer) = type.kind, integer.byteCount == 1, !integer.isBoolean else { return false }
    return integer.isCharacter || type.name == "char"
  }
}
