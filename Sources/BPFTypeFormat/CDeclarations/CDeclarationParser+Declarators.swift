/// A parameter of a function, its type already adjusted to what is passed.
struct CParameter {
  var name: String
  var type: BTFTypeID
  var declarationTags: [String]
}

/// A name and how its type is derived from that of the specifiers.
struct CDeclarator {
  enum Derivation {
    case pointer(CQualifiedType)
    /// The number of elements, 0 for none given.
    case array(count: UInt32)
    case function([CParameter])
  }

  /// Empty where there is none.
  var name = ""
  /// From the name outwards: what the name *is* comes first.
  var derivations: [Derivation] = []
  var attributes = CAttributes()
}

extension CDeclarationParser {
  /// Reads a declarator, with a name or without.
  mutating func parseDeclarator() throws(CDeclarationError) -> CDeclarator {
    try nested { (parser) throws(CDeclarationError) in try parser.parseDeclaratorBody() }
  }

  private mutating func parseDeclaratorBody() throws(CDeclarationError) -> CDeclarator {
    var pointers: [CDeclarator.Derivation] = []
    var leading = CAttributes()
    try parseDeclarationAttributes(into: &leading)
    while take("*") {
      var qualifiers = CQualifiedType(base: .void)
      while case .identifier(let word) = peek().kind {
        if try parseQualifier(word, &qualifiers) { continue }
        guard Self.isAttributeWord(word) else { break }
        try parseAttributes(into: &leading, typeTags: &qualifiers.typeTags)
      }
      pointers.append(.pointer(qualifiers))
      try limit(pointers.count)
    }
    var result = CDeclarator()
    if isPunctuator("("), parenthesisOpensDeclarator() {
      advance()
      result = try parseDeclarator()
      try expect(")")
    } else if let name = takeIdentifier() {
      result.name = name
    }
    while true {
      if isPunctuator("[") {
        result.derivations.append(try parseArraySuffix())
      } else if isPunctuator("(") {
        result.derivations.append(try parseFunctionSuffix())
      } else {
        break
      }
      try limit(result.derivations.count)
    }
    result.derivations += pointers.reversed()
    try limit(result.derivations.count)
    result.attributes.merge(leading)
    try parseDeclarationAttributes(into: &result.attributes)
    return result
  }

  /// The types of BTF form a chain here; readers of it limit its length too.
  private func limit(_ count: Int) throws(CDeclarationError) {
    guard count <= CDeclarations.maximumDepth else { throw error(.tooDeep) }
  }

  /// Tells `(*name)` from the parameters of a declarator without a name.
  private func parenthesisOpensDeclarator() -> Bool {
    if isPunctuator("*", at: 1) || isPunctuator("(", at: 1) || isPunctuator("[", at: 1) { return true }
    guard case .identifier(let name) = peek(1).kind else { return false }
    if Self.isAttributeWord(name) { return true }
    return !beginsSpecifiers(at: 1)
  }

  private mutating func parseArraySuffix() throws(CDeclarationError) -> CDeclarator.Derivation {
    try expect("[")
    if take("]") { return .array(count: 0) }
    let start = peek()
    let value = try parseConstant().value
    guard value >= 0 else { throw error(.invalidConstant("an array of \(value) elements"), at: start) }
    guard let count = UInt32(exactly: value) else { throw error(.tooLarge("an array of \(value) elements"), at: start) }
    try expect("]")
    return .array(count: count)
  }

  private mutating func parseFunctionSuffix() throws(CDeclarationError) -> CDeclarator.Derivation {
    try expect("(")
    if take(")") { return .function([]) }
    if isIdentifier("void"), isPunctuator(")", at: 1) {
      advance()
      advance()
      return .function([])
    }
    var parameters: [CParameter] = []
    repeat {
      if take("...") {
        parameters.append(CParameter(name: "", type: .void, declarationTags: []))
        break
      }
      parameters.append(try parseParameter())
      guard parameters.count <= 0xffff else { throw error(.tooLarge("a function of more than 65535 parameters")) }
    } while take(",")
    try expect(")")
    return .function(parameters)
  }

  private mutating func parseParameter() throws(CDeclarationError) -> CParameter {
    let start = peek()
    let specifiers = try parseSpecifiers()
    let declarator = try parseDeclarator()
    var derivations = declarator.derivations
    // An array and a function are passed as a pointer.
    switch derivations.first {
    case .array?: derivations[0] = .pointer(CQualifiedType(base: .void))
    case .function?: derivations.insert(.pointer(CQualifiedType(base: .void)), at: 0)
    default: break
    }
    let adjusted = CDeclarator(name: declarator.name, derivations: derivations)
    let type = try apply(adjusted, to: specifiers.type, at: start).wrapped(in: &table)
    guard type != .void else { throw error(.invalidSpecifiers("void"), at: start) }
    return CParameter(
      name: declarator.name, type: type,
      declarationTags: specifiers.attributes.declarationTags + declarator.attributes.declarationTags)
  }

  /// The type that a declarator derives from another.
  mutating func apply(
    _ declarator: CDeclarator, to type: CQualifiedType, at start: CToken
  ) throws(CDeclarationError) -> CQualifiedType {
    var result = type
    for derivation in declarator.derivations.reversed() {
      switch derivation {
      case .pointer(let qualifiers):
        var pointer = result.pointer(in: &table)
        pointer.isConst = qualifiers.isConst
        pointer.isVolatile = qualifiers.isVolatile
        pointer.isRestrict = qualifiers.isRestrict
        pointer.typeTags = qualifiers.typeTags
        result = pointer
      case .array(let count):
        let element = result.wrapped(in: &table)
        guard let extent = table.layout(of: element) else { throw incomplete(element, at: start) }
        guard extent.byteCount % extent.alignment == 0 else {
          throw error(.invalidAttribute("an array whose elements are smaller than their alignment"), at: start)
        }
        let index = table.arrayIndex()
        result = CQualifiedType(base: table.share(.array(.init(element: element, index: index, count: count))))
      case .function(let parameters):
        let value = result.wrapped(in: &table)
        let prototype = BTFType.FunctionPrototype(
          result: value, parameters: parameters.map { .init(name: "", type: $0.type) })
        result = CQualifiedType(base: table.share(.functionPrototype(prototype)))
      }
    }
    return result
  }

  /// The error for a type whose size is needed and not known.
  func incomplete(_ type: BTFTypeID, at token: CToken) -> CDeclarationError {
    let found = table.resolved(type)
    if case .array? = found?.kind { return error(.tooLarge("an array beyond 2^64 bytes"), at: token) }
    let name = found?.name ?? "void"
    return error(.incompleteType(name.isEmpty ? "a function" : name), at: token)
  }
}
