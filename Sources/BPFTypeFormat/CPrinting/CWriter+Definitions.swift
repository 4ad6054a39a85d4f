extension CWriter {
  /// The definition of a structure, union, enumeration or typedef, without a semicolon at its end.
  mutating func definition(
    of id: BTFTypeID, indent: Int = 0, depth: Int = 0
  ) throws(BTFError) -> String {
    let type = try btf.type(id)
    switch type.kind {
    case .structure(let composite), .union(let composite):
      let tag = type.name.isEmpty ? "" : " " + (try name(of: id, type))
      return try "\(type.kind.code.description)\(tag) "
        + body(of: composite, isUnion: type.kind.code == .union, indent: indent, depth: depth)
    case .enumeration(let enumeration):
      let tag = type.name.isEmpty ? "" : " " + (try name(of: id, type))
      if type.name.isEmpty { writtenEnumerations.insert(id) }
      return "enum\(tag) " + body(of: enumeration, tag: tag, indent: indent)
    case .typedef(let target):
      return try "typedef " + declarator(target, name(of: id, type), indent: indent, depth: depth + 1)
    case .function(let prototype, _):
      return try declarator(prototype, CNames.identifier(type.name), indent: indent, depth: depth + 1)
    case .variable(let target, _):
      return try declarator(target, CNames.identifier(type.name), indent: indent, depth: depth + 1)
    default:
      return try declarator(id, "", indent: indent, depth: depth)
    }
  }

  // MARK: Enumerations

  private mutating func body(of enumeration: BTFType.Enumeration, tag: String, indent: Int) -> String {
    let tabs = String(repeating: "\t", count: indent)
    var text = "{\n"
    for value in enumeration.values {
      text += "\(tabs)\t\(enumeratorName(value.name)) = \(Self.number(value.value, enumeration)),\n"
    }
    if enumeration.values.isEmpty {
      // C has no enumeration without enumerators.
      text += "\(tabs)\t\(enumeratorName(tag.isEmpty ? "nothing" : "\(tag.dropFirst())___none")) = 0,\n"
    }
    return text + "\(tabs)}\(Self.mode(of: enumeration))"
  }

  private static func number(_ bits: UInt64, _ enumeration: BTFType.Enumeration) -> String {
    if enumeration.isSigned {
      let value = Int64(bitPattern: bits)
      if value == Int64.min { return "(-9223372036854775807LL - 1)" }
      return Int32(exactly: value) == nil ? "\(value)LL" : "\(value)"
    }
    return UInt32(exactly: bits) == nil ? "\(bits)ULL" : "\(bits)"
  }

  /// The attribute that gives an enumeration its size, when the values alone would give it another one.
  private static func mode(of enumeration: BTFType.Enumeration) -> String {
    let fits = enumeration.values.allSatisfy { value in
      enumeration.isSigned
        ? Int32(exactly: Int64(bitPattern: value.value)) != nil : UInt32(exactly: value.value) != nil
    }
    guard enumeration.byteCount != (fits ? 4 : 8) else { return "" }
    let modes: [UInt32: String] = [1: "QI", 2: "HI", 4: "SI", 8: "DI"]
    return modes[enumeration.byteCount].map { " __attribute__((mode(\($0))))" } ?? ""
  }

  // MARK: Structures and unions

  func layout(of composite: BTFType.Composite, isUnion: Bool) throws(BTFError) -> BTF.CompositeLayout {
    var known: [BTFTypeID: Int] = [:]
    return try btf.layout(of: composite, isUnion: isUnion, depth: 0, known: &known)
  }

  private mutating func body(
    of composite: BTFType.Composite, isUnion: Bool, indent: Int, depth: Int
  ) throws(BTFError) -> String {
    guard depth <= BTF.maximumDepth else { throw BTFError(.query, .tooDeep(.void)) }
    let tabs = String(repeating: "\t", count: indent)
    let layout = try btf.layout(of: composite, isUnion: isUnion, depth: 0, known: &alignments)
    guard case .members(let alignment, let isPacked) = layout else {
      return "{\n\(tabs)\tunsigned char opaque[\(composite.byteCount)];\n\(tabs)}"
    }
    var text = "{\n"
    var end = 0
    for member in composite.members {
      let field = try btf.bitField(of: member)
      let offset = isUnion ? 0 : field?.offset ?? Int(member.bitOffset)
      if !isUnion, try naturalOffset(of: member, field, after: end, isPacked: isPacked) != offset {
        text += fill(from: end, to: offset, tabs)
      }
      let declaration = try self.declaration(of: member, indent: indent + 1, depth: depth + 1)
      text += "\(tabs)\t\(declaration)\(field.map { " : \($0.width)" } ?? "");\n"
      try check(text.utf8.count)
      end = max(end, offset + (field != nil ? field?.width ?? 0 : try 8 * btf.size(of: member.type)))
    }
    let total = 8 * Int(composite.byteCount)
    if Self.roundUp(end, 8 * alignment) < total {
      text += isUnion ? paddingBytes(total / 8, tabs) : fill(from: end, to: total, tabs)
    }
    return text + "\(tabs)}\(isPacked ? " __attribute__((packed))" : "")"
  }

  /// Where C puts a member when the members in front of it end at a bit.
  private mutating func naturalOffset(
    of member: BTFType.Member, _ field: BTF.BitField?, after end: Int, isPacked: Bool
  ) throws(BTFError) -> Int {
    if let field {
      let isWithinUnit = end % field.unit + field.width <= field.unit
      return isPacked || isWithinUnit ? end : Self.roundUp(end, field.unit)
    }
    if isPacked { return Self.roundUp(end, 8) }
    return Self.roundUp(end, 8 * (try btf.alignment(of: member.type, depth: 0, known: &alignments)))
  }

  private static func roundUp(_ value: Int, _ unit: Int) -> Int { (value + unit - 1) / unit * unit }

  /// Fills a gap between two bits with unnamed bit fields, which change neither alignment nor names.
  private mutating func fill(from start: Int, to end: Int, _ tabs: String) -> String {
    var text = ""
    var position = start
    while position < end {
      if position % 64 == 0, end - position >= 16 * 64 {
        // Many words are easier to read as one array, and an array of characters has no alignment.
        let words = (end - position) / 64
        text += paddingBytes(8 * words, tabs)
        position += 64 * words
      } else {
        let width = min(64 - position % 64, end - position)
        text += "\(tabs)\tlong : \(width);\n"
        position += width
      }
    }
    return text
  }

  private mutating func paddingBytes(_ count: Int, _ tabs: String) -> String {
    paddingCount += 1
    return "\(tabs)\tunsigned char padding_\(paddingCount)[\(count)];\n"
  }

  private mutating func declaration(
    of member: BTFType.Member, indent: Int, depth: Int
  ) throws(BTFError) -> String {
    if member.name.isEmpty {
      let inner = try btf.unqualified(member.type)
      let type = try btf.type(inner)
      switch type.kind {
      case .structure(let composite) where !type.name.isEmpty, .union(let composite) where !type.name.isEmpty:
        // A named structure as an anonymous member is an extension that clang has off; its members do the same.
        let keyword = type.kind.code.description
        let isUnion = type.kind.code == .union
        return try "\(keyword) " + body(of: composite, isUnion: isUnion, indent: indent, depth: depth)
      case .structure, .union:
        return try declarator(member.type, "", indent: indent, depth: depth)
      default:
        break
      }
    }
    let name = member.name.isEmpty ? "unnamed_\(member.bitOffset)" : CNames.identifier(member.name)
    return try declarator(member.type, name, indent: indent, depth: depth)
  }
}
