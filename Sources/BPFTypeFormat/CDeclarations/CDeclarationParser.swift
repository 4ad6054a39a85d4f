/// Reads the tokens of a translation unit into a table of types.
///
/// Recursive descent; each function that can call itself goes through ``nested(_:)``, which limits the depth.
struct CDeclarationParser {
  private let tokens: [CToken]
  private var position = 0
  private let file: String
  private var depth = 0
  var table: CTypeTable

  init(tokens: [CToken], file: String, table: CTypeTable) {
    self.tokens = tokens
    self.file = file
    self.table = table
  }

  // MARK: Tokens

  /// The token `offset` further on; past the end it is the end.
  func peek(_ offset: Int = 0) -> CToken {
    let index = position + offset
    if index < tokens.count { return tokens[index] }
    return tokens.last ?? CToken(kind: .end, line: 1, column: 1)
  }

  mutating func advance() { position += 1 }

  func isPunctuator(_ text: String, at offset: Int = 0) -> Bool { peek(offset).kind == .punctuator(text) }

  func isIdentifier(_ text: String, at offset: Int = 0) -> Bool { peek(offset).kind == .identifier(text) }

  /// Takes the punctuator if it is next.
  mutating func take(_ text: String) -> Bool {
    guard isPunctuator(text) else { return false }
    advance()
    return true
  }

  mutating func expect(_ text: String) throws(CDeclarationError) {
    guard take(text) else { throw unexpected("'\(text)'") }
  }

  mutating func takeIdentifier() -> String? {
    guard case .identifier(let name) = peek().kind, !Self.keywords.contains(name) else { return nil }
    advance()
    return name
  }

  // MARK: Errors

  func error(_ reason: CDeclarationError.Reason, at token: CToken? = nil) -> CDeclarationError {
    let place = token ?? peek()
    return CDeclarationError(file: file, line: place.line, column: place.column, reason: reason)
  }

  func unexpected(_ expected: String) -> CDeclarationError {
    error(.unexpected(found: peek().quoted, expected: expected))
  }

  /// Runs what may call itself, one level deeper.
  mutating func nested<Result>(
    _ body: (inout CDeclarationParser) throws(CDeclarationError) -> Result
  ) throws(CDeclarationError) -> Result {
    guard depth < CDeclarations.maximumDepth else { throw error(.tooDeep) }
    depth += 1
    defer { depth -= 1 }
    return try body(&self)
  }

  // MARK: Declarations

  mutating func parseTranslationUnit() throws(CDeclarationError) {
    while peek().kind != .end {
      if take(";") { continue }
      try parseDeclaration()
    }
  }

  private mutating func parseDeclaration() throws(CDeclarationError) {
    if isIdentifier("_Static_assert") || isIdentifier("static_assert") { return try parseAssertion() }
    let specifiers = try parseSpecifiers()
    if take(";") { return }
    repeat {
      let start = peek()
      let declarator = try parseDeclarator()
      guard !declarator.name.isEmpty else { throw unexpected("a name") }
      var attributes = specifiers.attributes
      attributes.merge(declarator.attributes)
      try rejectMode(attributes, at: start)
      try declare(declarator, specifiers, attributes, at: start)
    } while take(",")
    if isPunctuator("{") { throw error(.unsupported("a function body")) }
    if isPunctuator("=") { throw error(.unsupported("an initializer")) }
    try expect(";")
  }

  private mutating func parseAssertion() throws(CDeclarationError) {
    let start = peek()
    advance()
    try expect("(")
    let condition = try parseConstant()
    var text = ""
    if take(",") {
      guard case .string(let message) = peek().kind else { throw unexpected("a string") }
      text = message
      advance()
    }
    try expect(")")
    try expect(";")
    guard condition.value != 0 else { throw error(.assertionFailed(text), at: start) }
  }

  /// A mode would change the type of what is declared, which is understood for enumerations only.
  func rejectMode(_ attributes: CAttributes, at start: CToken) throws(CDeclarationError) {
    guard attributes.enumerationByteCount == nil else {
      throw error(.invalidAttribute("'mode' is known for enumerations only"), at: start)
    }
  }

  private mutating func declare(
    _ declarator: CDeclarator, _ specifiers: CSpecifiers, _ attributes: CAttributes, at start: CToken
  ) throws(CDeclarationError) {
    if specifiers.storage == .typedef {
      let type = try apply(declarator, to: specifiers.type, at: start).wrapped(in: &table)
      return try declareTypedef(declarator.name, as: type, attributes, at: start)
    }
    if case .function(let parameters)? = declarator.derivations.first {
      return try declareFunction(declarator, parameters, specifiers, attributes, at: start)
    }
    let type = try apply(declarator, to: specifiers.type, at: start).wrapped(in: &table)
    try declareVariable(declarator.name, of: type, specifiers.storage, attributes, at: start)
  }

  private mutating func declareTypedef(
    _ name: String, as type: BTFTypeID, _ attributes: CAttributes, at start: CToken
  ) throws(CDeclarationError) {
    if let known = table.typedefs[name] {
      // C11 allows the same type name twice, as long as it means the same.
      guard table.type(known)?.kind == .typedef(type) else { throw error(.redefinition(name), at: start) }
      return
    }
    let identifier = table.add(BTFType(name: name, kind: .typedef(type)))
    table.typedefs[name] = identifier
    if attributes.alignment > 0 { table.alignments[identifier] = attributes.alignment }
    table.tag(identifier, with: attributes.declarationTags)
  }

  private mutating func declareFunction(
    _ declarator: CDeclarator, _ parameters: [CParameter], _ specifiers: CSpecifiers, _ attributes: CAttributes,
    at start: CToken
  ) throws(CDeclarationError) {
    var resultDeclarator = declarator
    resultDeclarator.derivations.removeFirst()
    let result = try apply(resultDeclarator, to: specifiers.type, at: start).wrapped(in: &table)
    let prototype = table.share(
      .functionPrototype(
        .init(result: result, parameters: parameters.map { .init(name: $0.name, type: $0.type) })))
    let name = declarator.name
    if let known = table.objects[name] {
      guard case .function(prototype, _)? = table.type(known)?.kind else { throw error(.redefinition(name), at: start) }
      return
    }
    let isStatic = specifiers.storage == .static || attributes.isKernelFunction
    let identifier = table.add(
      BTFType(name: name, kind: .function(prototype: prototype, linkage: isStatic ? .static : .extern)))
    table.objects[name] = identifier
    for (index, parameter) in parameters.enumerated() {
      table.tag(identifier, component: Int32(clamping: index), with: parameter.declarationTags)
    }
    table.tag(identifier, with: (attributes.isKernelFunction ? ["bpf_kfunc"] : []) + attributes.declarationTags)
  }

  private mutating func declareVariable(
    _ name: String, of type: BTFTypeID, _ storage: CSpecifiers.Storage, _ attributes: CAttributes, at start: CToken
  ) throws(CDeclarationError) {
    guard table.objects[name] == nil else { throw error(.redefinition(name), at: start) }
    let linkage: BTFType.Linkage =
      switch storage {
      case .extern: .extern
      case .static: .static
      default: .global
      }
    let identifier = table.add(BTFType(name: name, kind: .variable(type: type, linkage: linkage)))
    table.objects[name] = identifier
    table.tag(identifier, with: attributes.declarationTags)
    guard let section = attributes.section else { return }
    guard var layout = table.layout(of: type) else { throw error(.incompleteType(name), at: start) }
    guard layout.byteCount <= UInt64(UInt32.max) else { throw error(.tooLarge(name), at: start) }
    layout.alignment = max(layout.alignment, attributes.alignment)
    table.put(.init(type: identifier, layout: layout), into: section)
  }

  /// Words that are no names of types, members or variables.
  static let keywords: Set<String> = [
    "void", "char", "short", "int", "long", "float", "double", "signed", "unsigned", "__signed__", "_Bool", "__int128",
    "struct", "union", "enum", "typedef", "extern", "static", "inline", "__inline", "__inline__", "register",
    "const", "__const", "volatile", "__volatile__", "restrict", "__restrict", "__restrict__", "_Atomic", "_Alignas",
    "__attribute__", "__attribute", "__extension__", "sizeof", "_Alignof", "typeof", "__typeof__", "_Static_assert",
    "__bpf_kfunc",
  ]
}
