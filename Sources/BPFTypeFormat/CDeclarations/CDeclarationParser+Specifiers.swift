/// A type with what a later pointer has to know: its qualifiers, and the type tags that stand behind the pointer.
struct CQualifiedType {
  var base: BTFTypeID
  var isConst = false
  var isVolatile = false
  var isRestrict = false
  var typeTags: [String] = []

  /// The type with its qualifiers as types around it, `const` outermost as clang has it. Type tags are dropped: they
  /// count only behind a pointer.
  func wrapped(in table: inout CTypeTable) -> BTFTypeID {
    var type = base
    if isRestrict { type = table.share(.restrict(type)) }
    if isVolatile { type = table.share(.volatile(type)) }
    if isConst { type = table.share(.const(type)) }
    return type
  }

  /// A pointer to the type.
  func pointer(in table: inout CTypeTable) -> CQualifiedType {
    var type = wrapped(in: &table)
    for text in typeTags { type = table.share(BTFType(name: text, kind: .typeTag(type))) }
    return CQualifiedType(base: table.share(.pointer(type)))
  }
}

/// What stands before the declarators of a declaration.
struct CSpecifiers {
  enum Storage: Hashable {
    case none
    case typedef
    case extern
    case `static`
  }

  var type: CQualifiedType
  var storage: Storage
  var attributes: CAttributes
  /// Whether the type is a structure or a union without a tag, whose members may stand for themselves.
  var isAnonymousComposite: Bool
}

extension CDeclarationParser {
  /// Whether a token begins declaration specifiers.
  func beginsSpecifiers(at offset: Int = 0) -> Bool {
    guard case .identifier(let name) = peek(offset).kind else { return false }
    return Self.specifierWords.contains(name) || table.typedefs[name] != nil
  }

  mutating func parseSpecifiers() throws(CDeclarationError) -> CSpecifiers {
    let start = peek()
    var result = CSpecifiers(
      type: CQualifiedType(base: .void), storage: .none, attributes: CAttributes(), isAnonymousComposite: false)
    var words: [String] = []
    var isComplete = false
    while case .identifier(let name) = peek().kind {
      if try parseQualifier(name, &result.type) { continue }
      if let storage = Self.storageWords[name] {
        guard result.storage == .none || storage == .none else { throw error(.invalidSpecifiers(name)) }
        if storage != .none { result.storage = storage }
        advance()
      } else if name == "__bpf_kfunc" {
        result.attributes.isKernelFunction = true
        advance()
      } else if Self.isAttributeWord(name) {
        try parseAttributes(into: &result.attributes, typeTags: &result.type.typeTags)
      } else if Self.integerWords.contains(name) {
        guard !isComplete else { throw error(.invalidSpecifiers(name)) }
        words.append(name)
        advance()
      } else if let kind = Self.tagWords[name] {
        guard !isComplete, words.isEmpty else { throw error(.invalidSpecifiers(name)) }
        advance()
        let tagged = try nested { (parser) throws(CDeclarationError) in try parser.parseTagged(kind) }
        result.type.base = tagged.type
        result.isAnonymousComposite = tagged.isAnonymousComposite
        isComplete = true
      } else if name == "typeof" || name == "__typeof__" || name == "_Atomic" {
        throw error(.unsupported("'\(name)'"))
      } else if !isComplete, words.isEmpty, let type = table.typedefs[name] {
        result.type.base = type
        isComplete = true
        advance()
      } else {
        break
      }
    }
    if isComplete { return result }
    guard !words.isEmpty else {
      if case .identifier(let name) = peek().kind, !Self.keywords.contains(name) { throw error(.unknownType(name)) }
      throw unexpected("a type")
    }
    guard let type = basicType(words) else {
      throw error(.invalidSpecifiers(words.joined(separator: " ")), at: start)
    }
    result.type.base = type
    return result
  }

  /// Takes a qualifier if the word is one.
  mutating func parseQualifier(_ name: String, _ type: inout CQualifiedType) throws(CDeclarationError) -> Bool {
    switch name {
    case "const", "__const": type.isConst = true
    case "volatile", "__volatile__": type.isVolatile = true
    case "restrict", "__restrict", "__restrict__": type.isRestrict = true
    default: return false
    }
    advance()
    return true
  }

  /// The type that a set of words such as `unsigned long int` names, in any order.
  private mutating func basicType(_ words: [String]) -> BTFTypeID? {
    var longs = 0
    var isUnsigned = false
    var isSigned = false
    var bases: [String] = []
    for word in words {
      switch word {
      case "long": longs += 1
      case "unsigned":
        if isUnsigned { return nil }
        isUnsigned = true
      case "signed", "__signed__", "__signed":
        if isSigned { return nil }
        isSigned = true
      default: bases.append(word)
      }
    }
    guard !(isSigned && isUnsigned), longs <= 2 else { return nil }
    let hasSign = isSigned || isUnsigned
    // `short` and `long` may be followed by `int`.
    if bases.count == 2, bases.contains("short"), bases.contains("int") { bases = ["short"] }
    guard bases.count <= 1 else { return nil }
    switch (bases.first ?? "int", longs) {
    case ("int", 0): return table.integer(isUnsigned ? "unsigned int" : "int", byteCount: 4, isSigned: !isUnsigned)
    case ("int", 1): return table.integer(isUnsigned ? "unsigned long" : "long", byteCount: 8, isSigned: !isUnsigned)
    case ("int", _):
      return table.integer(isUnsigned ? "unsigned long long" : "long long", byteCount: 8, isSigned: !isUnsigned)
    case ("short", 0):
      return table.integer(isUnsigned ? "unsigned short" : "short", byteCount: 2, isSigned: !isUnsigned)
    case ("char", 0):
      return table.integer(
        isUnsigned ? "unsigned char" : isSigned ? "signed char" : "char", byteCount: 1, isSigned: !isUnsigned)
    case ("__int128", 0):
      return table.integer(isUnsigned ? "unsigned __int128" : "__int128", byteCount: 16, isSigned: !isUnsigned)
    case ("_Bool", 0) where !hasSign: return table.integer("_Bool", byteCount: 1, isBoolean: true)
    case ("void", 0) where !hasSign: return .void
    case ("float", 0) where !hasSign: return table.share(BTFType(name: "float", kind: .float(byteCount: 4)))
    case ("double", 0) where !hasSign: return table.share(BTFType(name: "double", kind: .float(byteCount: 8)))
    case ("double", 1) where !hasSign: return table.share(BTFType(name: "long double", kind: .float(byteCount: 16)))
    default: return nil
    }
  }

  static func isAttributeWord(_ name: String) -> Bool {
    name == "__attribute__" || name == "__attribute" || name == "_Alignas"
  }

  private static let storageWords: [String: CSpecifiers.Storage] = [
    "typedef": .typedef, "extern": .extern, "static": .static, "inline": .none, "__inline": .none,
    "__inline__": .none, "register": .none, "__extension__": .none,
  ]

  private static let integerWords: Set<String> = [
    "void", "char", "short", "int", "long", "float", "double", "signed", "unsigned", "__signed__", "__signed", "_Bool",
    "__int128",
  ]

  private static let tagWords: [String: CTypeTable.TagKind] = [
    "struct": .structure, "union": .union, "enum": .enumeration,
  ]

  private static let specifierWords: Set<String> =
    integerWords.union(storageWords.keys).union(tagWords.keys).union([
      "const", "__const", "volatile", "__volatile__", "restrict", "__restrict", "__restrict__", "__attribute__",
      "__attribute", "_Alignas", "__bpf_kfunc", "typeof", "__typeof__", "_Atomic",
    ])
}
