extension CDeclarationParser {
  /// The outcome of reading `struct`, `union` or `enum` with what follows.
  struct Tagged {
    var type: BTFTypeID
    var isAnonymousComposite: Bool
  }

  /// Reads what follows the keyword.
  mutating func parseTagged(_ kind: CTypeTable.TagKind) throws(CDeclarationError) -> Tagged {
    var attributes = CAttributes()
    try parseDeclarationAttributes(into: &attributes)
    let start = peek()
    let name = takeIdentifier() ?? ""
    if kind == .enumeration {
      return Tagged(type: try parseEnumeration(name, attributes, at: start), isAnonymousComposite: false)
    }
    if isPunctuator("{") {
      let type = try parseComposite(kind, name, attributes, at: start)
      return Tagged(type: type, isAnonymousComposite: name.isEmpty)
    }
    guard !name.isEmpty else { throw unexpected("a tag or '{'") }
    return Tagged(type: try reference(kind, name, at: start), isAnonymousComposite: false)
  }

  /// The type of a tag, which is declared if it was not before.
  mutating func reference(
    _ kind: CTypeTable.TagKind, _ name: String, at start: CToken
  ) throws(CDeclarationError) -> BTFTypeID {
    let key = CTypeTable.TagKey(kind: kind, name: name)
    if let known = table.tags[key] { return known.type }
    for other in [CTypeTable.TagKind.structure, .union, .enumeration] where other != kind {
      if table.tags[.init(kind: other, name: name)] != nil { throw error(.redefinition(name), at: start) }
    }
    let placeholder: BTFType.Kind =
      kind == .enumeration
      ? .enumeration(.init(byteCount: 4, isSigned: false, is64Bit: false, values: []))
      : .forward(isUnion: kind == .union)
    let type = table.add(BTFType(name: name, kind: placeholder))
    table.tags[key] = .init(type: type, isDefined: false)
    return type
  }

  /// The identifier under which a body is to be stored.
  mutating func define(
    _ kind: CTypeTable.TagKind, _ name: String, at start: CToken
  ) throws(CDeclarationError) -> BTFTypeID {
    guard !name.isEmpty else { return table.add(BTFType(kind: .forward(isUnion: kind == .union))) }
    let type = try reference(kind, name, at: start)
    let key = CTypeTable.TagKey(kind: kind, name: name)
    guard table.tags[key]?.isDefined == false else { throw error(.redefinition("\(kind.keyword) \(name)"), at: start) }
    return type
  }

  private mutating func parseComposite(
    _ kind: CTypeTable.TagKind, _ name: String, _ leading: CAttributes, at start: CToken
  ) throws(CDeclarationError) -> BTFTypeID {
    let type = try define(kind, name, at: start)
    try expect("{")
    var fields: [CField] = []
    var names: Set<String> = []
    while !isPunctuator("}") {
      guard peek().kind != .end else { throw unexpected("'}'") }
      if take(";") { continue }
      try parseMemberDeclaration(into: &fields)
      guard fields.count <= 0xffff else { throw error(.tooLarge("more than 65535 members")) }
    }
    try expect("}")
    for field in fields where !field.name.isEmpty {
      guard names.insert(field.name).inserted else { throw error(.redefinition(field.name), at: field.place) }
    }
    var attributes = leading
    try parseDeclarationAttributes(into: &attributes)

    // `packed` may stand behind the body, so the layout is done once that is known.
    var layout = CRecordLayout(isUnion: kind == .union, isPacked: attributes.isPacked)
    for field in fields { try place(field, in: &layout) }
    let extent = layout.finished(demandedAlignment: attributes.alignment)
    guard let byteCount = UInt32(exactly: extent.byteCount) else {
      throw error(.tooLarge("\(kind.keyword) \(name) of \(extent.byteCount) bytes"), at: start)
    }
    let hasBitFields = layout.members.contains { $0.bitFieldWidth > 0 }
    if hasBitFields, layout.members.contains(where: { $0.bitOffset >= 1 << 24 }) {
      throw error(.tooLarge("a member 2 MiB or more into a structure that has bit fields"), at: start)
    }
    let body = BTFType.Composite(byteCount: byteCount, members: layout.members)
    table.replace(type, with: BTFType(name: name, kind: kind == .union ? .union(body) : .structure(body)))
    table.alignments[type] = extent.alignment
    if !name.isEmpty { table.tags[.init(kind: kind, name: name)] = .init(type: type, isDefined: true) }
    table.tag(type, with: attributes.declarationTags)
    tagMembers(of: type, fields)
    return type
  }

  /// A member as it was declared, before it has a place.
  private struct CField {
    var name: String
    var type: BTFTypeID
    var width: UInt64?
    var attributes: CAttributes
    var place: CToken
  }

  private mutating func parseMemberDeclaration(into fields: inout [CField]) throws(CDeclarationError) {
    if isIdentifier("_Static_assert") || isIdentifier("static_assert") {
      throw error(.unsupported("an assertion inside a structure"))
    }
    let start = peek()
    let specifiers = try parseSpecifiers()
    guard specifiers.storage == .none else { throw error(.invalidSpecifiers("a storage class"), at: start) }
    if take(";") {
      if specifiers.isAnonymousComposite {
        fields.append(
          CField(
            name: "", type: specifiers.type.wrapped(in: &table), width: nil, attributes: specifiers.attributes,
            place: start))
      }
      return
    }
    repeat {
      let place = peek()
      let declarator = isPunctuator(":") ? CDeclarator() : try parseDeclarator()
      let type = try apply(declarator, to: specifiers.type, at: place).wrapped(in: &table)
      var attributes = specifiers.attributes
      attributes.merge(declarator.attributes)
      try rejectMode(attributes, at: place)
      var width: UInt64?
      if take(":") {
        width = try parseWidth(name: declarator.name, type: type)
        try parseDeclarationAttributes(into: &attributes)
      } else if declarator.name.isEmpty {
        throw unexpected("the name of a member")
      }
      fields.append(CField(name: declarator.name, type: type, width: width, attributes: attributes, place: place))
    } while take(",")
    try expect(";")
  }

  private mutating func parseWidth(name: String, type: BTFTypeID) throws(CDeclarationError) -> UInt64 {
    let start = peek()
    let value = try parseConditional().value
    switch table.resolved(type)?.kind {
    case .integer?, .enumeration?: break
    default: throw error(.invalidBitField("'\(name)' is no integer"), at: start)
    }
    guard let layout = table.layout(of: type), value >= 0, value <= Int128(layout.byteCount * 8) else {
      throw error(.invalidBitField("'\(name)' has \(value) bits, more than its type"), at: start)
    }
    guard value > 0 || name.isEmpty else {
      throw error(.invalidBitField("'\(name)' has no bits; only a field without a name may"), at: start)
    }
    return UInt64(clamping: value)
  }

  private mutating func place(_ field: CField, in layout: inout CRecordLayout) throws(CDeclarationError) {
    guard let extent = table.layout(of: field.type) else { throw incomplete(field.type, at: field.place) }
    let demand = CRecordLayout.Demand(isPacked: field.attributes.isPacked, alignment: field.attributes.alignment)
    let outcome: CRecordLayout.Outcome
    if let width = field.width {
      outcome = layout.addBitField(
        name: field.name, type: field.type, width: width, layout: extent, demand: demand)
    } else {
      outcome = layout.add(name: field.name, type: field.type, layout: extent, demand: demand)
    }
    if outcome == .tooLarge { throw error(.tooLarge("the offset of '\(field.name)'"), at: field.place) }
  }

  private mutating func tagMembers(of type: BTFTypeID, _ fields: [CField]) {
    var component: Int32 = 0
    for field in fields {
      // A bit field without a name is no member and has no number.
      if field.width != nil, field.name.isEmpty { continue }
      table.tag(type, component: component, with: field.attributes.declarationTags)
      component += 1
    }
  }
}
