extension CDeclarationParser {
  /// Reads a constant expression.
  mutating func parseConstant() throws(CDeclarationError) -> CConstant { try parseConditional() }

  mutating func parseConditional() throws(CDeclarationError) -> CConstant {
    try nested { (parser) throws(CDeclarationError) in
      let condition = try parser.parseBinary(minimumPrecedence: 1)
      guard parser.take("?") else { return condition }
      let first = try parser.parseConditional()
      try parser.expect(":")
      let second = try parser.parseConditional()
      let type = max(first.type, second.type)
      return CConstant.converted(condition.value != 0 ? first.value : second.value, to: type)
    }
  }

  private static let precedences: [String: Int] = [
    "||": 1, "&&": 2, "|": 3, "^": 4, "&": 5, "==": 6, "!=": 6, "<": 7, ">": 7, "<=": 7, ">=": 7, "<<": 8, ">>": 8,
    "+": 9, "-": 9, "*": 10, "/": 10, "%": 10,
  ]

  private mutating func parseBinary(minimumPrecedence: Int) throws(CDeclarationError) -> CConstant {
    var left = try parseUnary()
    while case .punctuator(let text) = peek().kind, let precedence = Self.precedences[text],
      precedence >= minimumPrecedence
    {
      let place = peek()
      advance()
      let right = try nested { (parser) throws(CDeclarationError) in
        try parser.parseBinary(minimumPrecedence: precedence + 1)
      }
      do {
        left = try CConstant.apply(text, left, right)
      } catch {
        throw self.error(.invalidConstant(error.reason), at: place)
      }
    }
    return left
  }

  private mutating func parseUnary() throws(CDeclarationError) -> CConstant {
    guard case .punctuator(let text) = peek().kind, ["+", "-", "~", "!"].contains(text) else {
      return try parsePrimary()
    }
    let place = peek()
    advance()
    let operand = try nested { (parser) throws(CDeclarationError) in try parser.parseUnary() }
    switch text {
    case "-":
      guard !operand.type.isSigned || operand.value > operand.type.range.lowerBound else {
        throw error(.invalidConstant("overflow in '-'"), at: place)
      }
      return CConstant.converted(-operand.value, to: operand.type)
    case "~": return CConstant.converted(~operand.value, to: operand.type)
    case "!": return CConstant(value: operand.value == 0 ? 1 : 0, type: .int)
    default: return operand
    }
  }

  private mutating func parsePrimary() throws(CDeclarationError) -> CConstant {
    let place = peek()
    switch place.kind {
    case .number(let constant):
      advance()
      return constant
    case .punctuator("("):
      advance()
      let value = try parseConditional()
      try expect(")")
      return value
    case .identifier("sizeof"), .identifier("_Alignof"): return try parseTypeProperty()
    case .identifier(let name) where !Self.keywords.contains(name):
      guard let value = table.enumerators[name], let constant = CConstant(fitting: value) else {
        throw error(.unknownConstant(name))
      }
      advance()
      return constant
    default: throw unexpected("a constant")
    }
  }

  /// `sizeof (type)` and `_Alignof (type)`.
  private mutating func parseTypeProperty() throws(CDeclarationError) -> CConstant {
    let wantsSize = isIdentifier("sizeof")
    advance()
    try expect("(")
    let place = peek()
    let type = try nested { (parser) throws(CDeclarationError) in
      let specifiers = try parser.parseSpecifiers()
      let declarator = try parser.parseDeclarator()
      return try parser.apply(declarator, to: specifiers.type, at: place).wrapped(in: &parser.table)
    }
    try expect(")")
    guard let layout = table.layout(of: type) else { throw incomplete(type, at: place) }
    return CConstant(value: Int128(wantsSize ? layout.byteCount : layout.alignment), type: .unsignedLong)
  }
}
