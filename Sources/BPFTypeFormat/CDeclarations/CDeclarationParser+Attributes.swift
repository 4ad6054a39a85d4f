/// The attributes of one declaration.
struct CAttributes {
  var isPacked = false
  /// In bytes, 0 for none.
  var alignment: UInt64 = 0
  var declarationTags: [String] = []
  var section: String?
  /// The size of an enumeration in bytes, where `mode` gives it.
  var enumerationByteCount: UInt32?
  /// Whether the declaration is marked `__bpf_kfunc`.
  var isKernelFunction = false

  mutating func merge(_ other: CAttributes) {
    isPacked = isPacked || other.isPacked
    alignment = max(alignment, other.alignment)
    declarationTags += other.declarationTags
    section = other.section ?? section
    enumerationByteCount = other.enumerationByteCount ?? enumerationByteCount
    isKernelFunction = isKernelFunction || other.isKernelFunction
  }
}

extension CDeclarationParser {
  /// Reads as many attribute specifiers as there are.
  mutating func parseAttributes(into attributes: inout CAttributes, typeTags: inout [String]) throws(CDeclarationError)
  {
    while case .identifier(let name) = peek().kind, Self.isAttributeWord(name) {
      advance()
      try expect("(")
      if name == "_Alignas" {
        attributes.alignment = max(attributes.alignment, try parseAlignment())
        try expect(")")
        continue
      }
      try expect("(")
      while !isPunctuator(")") {
        if take(",") { continue }
        try parseAttribute(into: &attributes, typeTags: &typeTags)
      }
      try expect(")")
      try expect(")")
    }
  }

  /// Reads attributes in a place where a type tag has no meaning.
  mutating func parseDeclarationAttributes(into attributes: inout CAttributes) throws(CDeclarationError) {
    let start = peek()
    var typeTags: [String] = []
    try parseAttributes(into: &attributes, typeTags: &typeTags)
    if let text = typeTags.first {
      throw error(.invalidAttribute("the type tag \"\(text)\" belongs before the '*' of a pointer"), at: start)
    }
  }

  private mutating func parseAttribute(
    into attributes: inout CAttributes, typeTags: inout [String]
  ) throws(CDeclarationError) {
    let start = peek()
    guard case .identifier(var name) = start.kind else { throw unexpected("the name of an attribute") }
    advance()
    if name.count > 4, name.hasPrefix("__"), name.hasSuffix("__") { name = String(name.dropFirst(2).dropLast(2)) }
    switch name {
    case "packed": attributes.isPacked = true
    case "aligned":
      guard take("(") else {
        throw error(.invalidAttribute("'aligned' needs the alignment in parentheses"), at: start)
      }
      attributes.alignment = max(attributes.alignment, try parseAlignment())
      try expect(")")
    case "btf_decl_tag": attributes.declarationTags.append(try parseAttributeText())
    case "btf_type_tag": typeTags.append(try parseAttributeText())
    case "mode": attributes.enumerationByteCount = try parseMode()
    case "section": attributes.section = try parseAttributeText()
    // These say nothing about a type's layout or name.
    case "preserve_access_index", "unused", "used", "may_alias", "designated_init", "noderef", "weak", "deprecated":
      break
    default: throw error(.invalidAttribute("'\(name)' is not known"), at: start)
    }
  }

  /// The machine mode of an integer, in bytes.
  private mutating func parseMode() throws(CDeclarationError) -> UInt32 {
    try expect("(")
    let start = peek()
    let modes: [String: UInt32] = ["byte": 1, "QI": 1, "HI": 2, "SI": 4, "DI": 8, "word": 8]
    guard case .identifier(let name) = start.kind,
      let byteCount = modes[name.hasPrefix("__") ? String(name.dropFirst(2).dropLast(2)) : name]
    else { throw unexpected("the name of a mode") }
    advance()
    try expect(")")
    return byteCount
  }

  private mutating func parseAttributeText() throws(CDeclarationError) -> String {
    try expect("(")
    guard case .string(let text) = peek().kind else { throw unexpected("a string") }
    advance()
    try expect(")")
    return text
  }

  private mutating func parseAlignment() throws(CDeclarationError) -> UInt64 {
    let start = peek()
    let value = try parseConstant().value
    guard value > 0, value <= 1 << 20, value & (value - 1) == 0 else {
      throw error(.invalidAttribute("an alignment of \(value); it must be a power of two up to 1048576"), at: start)
    }
    return UInt64(clamping: value)
  }
}
