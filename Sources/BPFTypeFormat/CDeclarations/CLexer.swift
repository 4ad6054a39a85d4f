/// A token of C with its place.
struct CToken: Sendable {
  enum Kind: Hashable, Sendable {
    case identifier(String)
    /// An integer constant with the type that its suffix and its size give it.
    case number(CConstant)
    case string(String)
    /// One or two characters, or the ellipsis.
    case punctuator(String)
    case end
  }

  var kind: Kind
  var line: Int
  var column: Int

  /// The token as a message quotes it.
  var quoted: String {
    switch kind {
    case .identifier(let name): "'\(name)'"
    case .number(let constant): "the number \(constant.value)"
    case .string(let text): "\"\(text)\""
    case .punctuator(let text): "'\(text)'"
    case .end: "the end of the text"
    }
  }
}

/// Splits a text into tokens. Comments and lines that begin with `#` are skipped.
struct CLexer {
  private let bytes: [UInt8]
  private let file: String
  private var position = 0
  private var line = 1
  private var lineStart = 0
  /// Whether nothing but blanks came on this line so far.
  private var isAtLineStart = true

  /// The tokens of a text; the last is always the end.
  static func tokens(of text: String, file: String) throws(CDeclarationError) -> [CToken] {
    var lexer = CLexer(bytes: Array(text.utf8), file: file)
    var tokens: [CToken] = []
    tokens.reserveCapacity(lexer.bytes.count / 5)
    while true {
      let token = try lexer.next()
      tokens.append(token)
      if token.kind == .end { return tokens }
    }
  }

  private init(bytes: [UInt8], file: String) {
    self.bytes = bytes
    self.file = file
  }

  private func byte(at offset: Int) -> UInt8 {
    let index = position + offset
    return index < bytes.count ? bytes[index] : 0
  }

  private func error(_ text: String) -> CDeclarationError {
    CDeclarationError(file: file, line: line, column: position - lineStart + 1, reason: .malformedToken(text))
  }

  private mutating func startLine() {
    line += 1
    lineStart = position
    isAtLineStart = true
  }

  private mutating func next() throws(CDeclarationError) -> CToken {
    try skipBlanks()
    let column = position - lineStart + 1
    guard position < bytes.count else { return CToken(kind: .end, line: line, column: column) }
    isAtLineStart = false
    let kind = try kindAtPosition()
    return CToken(kind: kind, line: line, column: column)
  }

  private mutating func kindAtPosition() throws(CDeclarationError) -> CToken.Kind {
    let first = byte(at: 0)
    if Self.isIdentifierStart(first) { return .identifier(identifier()) }
    if Self.isDigit(first) { return .number(try number()) }
    switch first {
    case UInt8(ascii: "\""): return .string(try quotedText(until: first))
    case UInt8(ascii: "'"):
      let text = try quotedText(until: first)
      guard text.utf8.count == 1, let value = text.utf8.first else { throw error("'\(text)'") }
      return .number(CConstant(value: Int128(value), type: .int))
    case UInt8(ascii: "."):
      guard byte(at: 1) == first, byte(at: 2) == first else { throw error(".") }
      position += 3
      return .punctuator("...")
    default: return .punctuator(try punctuator(first))
    }
  }

  private mutating func skipBlanks() throws(CDeclarationError) {
    while position < bytes.count {
      let current = bytes[position]
      switch current {
      case UInt8(ascii: "\n"):
        position += 1
        startLine()
      case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"), 0x0b, 0x0c: position += 1
      case UInt8(ascii: "/") where byte(at: 1) == UInt8(ascii: "/"): skipLine()
      case UInt8(ascii: "/") where byte(at: 1) == UInt8(ascii: "*"): try skipComment()
      case UInt8(ascii: "#") where isAtLineStart: skipLine()
      default: return
      }
    }
  }

  /// Skips up to the end of the line, over line ends that a backslash hides.
  private mutating func skipLine() {
    while position < bytes.count, bytes[position] != UInt8(ascii: "\n") {
      if bytes[position] == UInt8(ascii: "\\"), byte(at: 1) == UInt8(ascii: "\n") {
        position += 2
        startLine()
      } else {
        position += 1
      }
    }
  }

  private mutating func skipComment() throws(CDeclarationError) {
    let start = self
    position += 2
    while position < bytes.count {
      if bytes[position] == UInt8(ascii: "*"), byte(at: 1) == UInt8(ascii: "/") {
        position += 2
        return
      }
      let isLineEnd = bytes[position] == UInt8(ascii: "\n")
      position += 1
      if isLineEnd { startLine() }
    }
    throw start.error("a comment that does not end")
  }

  private mutating func identifier() -> String {
    let start = position
    while position < bytes.count, Self.isIdentifierStart(bytes[position]) || Self.isDigit(bytes[position]) {
      position += 1
    }
    return String(decoding: bytes[start..<position], as: UTF8.self)
  }

  private mutating func quotedText(until quote: UInt8) throws(CDeclarationError) -> String {
    let start = position
    position += 1
    while position < bytes.count, bytes[position] != quote {
      guard bytes[position] != UInt8(ascii: "\n"), bytes[position] != UInt8(ascii: "\\") else {
        throw error("a string with an escape or a line end")
      }
      position += 1
    }
    guard position < bytes.count else { throw error("a string that does not end") }
    position += 1
    return String(decoding: bytes[(start + 1)..<(position - 1)], as: UTF8.self)
  }

  private mutating func number() throws(CDeclarationError) -> CConstant {
    let start = position
    while position < bytes.count, Self.isIdentifierStart(bytes[position]) || Self.isDigit(bytes[position]) {
      position += 1
    }
    let text = bytes[start..<position]
    guard let constant = CConstant(literal: text) else {
      position = start
      throw error(String(decoding: text, as: UTF8.self))
    }
    return constant
  }

  private mutating func punctuator(_ first: UInt8) throws(CDeclarationError) -> String {
    let second = byte(at: 1)
    let pair: String? =
      switch (first, second) {
      case (UInt8(ascii: "<"), UInt8(ascii: "<")): "<<"
      case (UInt8(ascii: ">"), UInt8(ascii: ">")): ">>"
      case (UInt8(ascii: "<"), UInt8(ascii: "=")): "<="
      case (UInt8(ascii: ">"), UInt8(ascii: "=")): ">="
      case (UInt8(ascii: "="), UInt8(ascii: "=")): "=="
      case (UInt8(ascii: "!"), UInt8(ascii: "=")): "!="
      case (UInt8(ascii: "&"), UInt8(ascii: "&")): "&&"
      case (UInt8(ascii: "|"), UInt8(ascii: "|")): "||"
      default: nil
      }
    if let pair {
      position += 2
      return pair
    }
    guard "(){}[];,:*=+-~!/%<>&|^?".utf8.contains(first) else {
      throw error(first < 0x80 ? String(UnicodeScalar(first)) : "a byte outside of ASCII")
    }
    position += 1
    return String(UnicodeScalar(first))
  }

  private static func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }

  private static func isIdentifierStart(_ byte: UInt8) -> Bool {
    (byte | 0x20) &- UInt8(ascii: "a") < 26 || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "$")
  }
}
