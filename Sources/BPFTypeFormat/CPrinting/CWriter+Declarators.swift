extension CWriter {
  /// The C declaration of a name with a type, with types that have a name by their name.
  mutating func declaration(of id: BTFTypeID, name: String) throws(BTFError) -> String {
    try declarator(id, name)
  }

  /// The C declaration whose declarator so far is `inner`, read from the inside out as C declarations are.
  ///
  /// - Parameters:
  ///   - qualifiers: what qualifies the type.
  ///   - indent: the number of tabs in front of the lines of a definition within.
  mutating func declarator(
    _ id: BTFTypeID, _ inner: String, qualifiers: [String] = [], indent: Int = 0, depth: Int = 0
  ) throws(BTFError) -> String {
    guard depth <= BTF.maximumDepth else { throw BTFError(.query, .tooDeep(id)) }
    try check(inner.utf8.count)
    let type = try btf.type(id)
    switch type.kind {
    case .const(let target):
      return try qualified(target, inner, qualifiers, "const", indent, depth)
    case .volatile(let target):
      return try qualified(target, inner, qualifiers, "volatile", indent, depth)
    case .restrict(let target):
      return try qualified(target, inner, qualifiers, "restrict", indent, depth)
    case .typeTag(let target):
      let attribute = type.isAttribute ? type.name : "btf_type_tag(\"\(Self.escaped(type.name))\")"
      return try qualified(target, inner, qualifiers, "__attribute__((\(attribute)))", indent, depth)
    case .pointer(let target):
      var text = "*" + (qualifiers.isEmpty ? "" : " " + qualifiers.joined(separator: " "))
      if !inner.isEmpty { text += (qualifiers.isEmpty ? "" : " ") + inner }
      if try needsParentheses(target) { text = "(\(text))" }
      return try declarator(target, text, indent: indent, depth: depth + 1)
    case .array(let array):
      // What qualifies an array qualifies its elements. A flexible array is printed with 0 elements, since clang
      // takes `[]` neither in front of padding nor, without a warning, in a structure that is a member.
      return try declarator(
        array.element, "\(inner)[\(array.count)]", qualifiers: qualifiers, indent: indent, depth: depth + 1)
    case .functionPrototype(let prototype):
      let parameters = try parameters(of: prototype, indent: indent, depth: depth)
      return try declarator(prototype.result, "\(inner)(\(parameters))", indent: indent, depth: depth + 1)
    default:
      let base = try specifier(id, type, indent: indent, depth: depth)
      // An attribute in front would be read as one of the whole declaration.
      let attributes = qualifiers.filter { $0.hasPrefix("__attribute__") }
      let words = qualifiers.filter { !$0.hasPrefix("__attribute__") }
      return (words + [base] + attributes + (inner.isEmpty ? [] : [inner])).joined(separator: " ")
    }
  }

  private mutating func qualified(
    _ id: BTFTypeID, _ inner: String, _ qualifiers: [String], _ added: String, _ indent: Int, _ depth: Int
  ) throws(BTFError) -> String {
    try declarator(
      id, inner, qualifiers: qualifiers.contains(added) ? qualifiers : qualifiers + [added], indent: indent,
      depth: depth + 1)
  }

  /// Whether a pointer to the type has to be put in parentheses.
  private func needsParentheses(_ id: BTFTypeID) throws(BTFError) -> Bool {
    switch try btf.kind(of: btf.unqualified(id)) {
    case .array, .functionPrototype: true
    default: false
    }
  }

  private mutating func parameters(
    of prototype: BTFType.FunctionPrototype, indent: Int, depth: Int
  ) throws(BTFError) -> String {
    if prototype.parameters.isEmpty { return "void" }
    var texts: [String] = []
    for parameter in prototype.parameters {
      if parameter.type == .void, parameter.name.isEmpty {
        texts.append("...")
      } else {
        texts.append(
          try declarator(parameter.type, parameterName(parameter.name), indent: indent, depth: depth + 1))
      }
    }
    // C wants a named parameter in front of the dots.
    return texts == ["..."] ? "" : texts.joined(separator: ", ")
  }

  /// The specifier of a type that is no declarator: a name, or a definition of an anonymous type in place.
  private mutating func specifier(
    _ id: BTFTypeID, _ type: BTFType, indent: Int, depth: Int
  ) throws(BTFError) -> String {
    switch type.kind {
    case .void:
      return "void"
    case .integer(let integer):
      return Self.name(of: integer, type.name)
    case .float(let byteCount):
      return Self.name(ofFloat: byteCount)
    case .typedef, .function:
      return try name(of: id, type)
    case .variable(let target, _):
      return try declarator(target, "", indent: indent, depth: depth + 1)
    case .forward(let isUnion):
      return "\(isUnion ? "union" : "struct") \(try name(of: id, type))"
    case .structure, .union:
      if type.name.isEmpty { return try definition(of: id, indent: indent, depth: depth) }
      return "\(type.kind.code.description) \(try name(of: id, type))"
    case .enumeration(let enumeration):
      if !type.name.isEmpty { return "enum \(try name(of: id, type))" }
      if writtenEnumerations.contains(id) {
        // The enumerators exist already; what is left is a number of this size.
        return Self.integerName(byteCount: enumeration.byteCount, isSigned: enumeration.isSigned)
      }
      return try definition(of: id, indent: indent, depth: depth)
    case .dataSection, .declarationTag, .pointer, .array, .const, .volatile, .restrict, .functionPrototype, .typeTag:
      throw BTFError(.query, .noSize(id, type.kind.code.description))
    }
  }

  // MARK: Numbers

  /// The name of an integer in C for BPF, by its own name where that means an integer of this size.
  static func name(of integer: BTFType.Integer, _ name: String) -> String {
    let words = name.split(separator: " ")
    let known: Set<Substring> = ["signed", "unsigned", "char", "short", "int", "long", "__int128", "_Bool"]
    if !words.isEmpty, words.allSatisfy(known.contains) {
      let byteCount: UInt32 =
        if words.contains("__int128") {
          16
        } else if words.contains("char") || words.contains("_Bool") {
          1
        } else if words.contains("short") {
          2
        } else if words.contains("long") {
          8
        } else {
          4
        }
      if byteCount == integer.byteCount { return name }
    }
    if integer.isBoolean, integer.byteCount == 1 { return "_Bool" }
    return integerName(byteCount: integer.byteCount, isSigned: integer.isSigned)
  }

  static func integerName(byteCount: UInt32, isSigned: Bool) -> String {
    switch byteCount {
    case 1: isSigned ? "signed char" : "unsigned char"
    case 2: isSigned ? "short" : "unsigned short"
    case 4: isSigned ? "int" : "unsigned int"
    case 8: isSigned ? "long long" : "unsigned long long"
    default: isSigned ? "__int128" : "unsigned __int128"
    }
  }

  /// BPF has `float` and `double` as types in memory; others are represented by something of their size.
  private static func name(ofFloat byteCount: UInt32) -> String {
    switch byteCount {
    case 2: "unsigned short"
    case 4: "float"
    case 8: "double"
    case 12: "struct { unsigned int part[3]; }"
    default: "__int128"
    }
  }

  static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": result += "\\\(scalar)"
      case "\n": result += "\\n"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
