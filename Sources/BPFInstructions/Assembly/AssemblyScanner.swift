/// A place in a source text, and the steps with which the assembler reads words from there.
///
/// No step goes past the end of a line: a statement never spans two.
struct AssemblyScanner {
  private let bytes: [UInt8]
  private var position = 0
  private var lineStart = 0
  private(set) var line = 1

  init(_ source: String) { bytes = Array(source.utf8) }

  private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

  /// The place for an error.
  var column: Int { position - lineStart + 1 }

  func error(_ reason: AssemblerError.Reason) -> AssemblerError {
    AssemblerError(line: line, column: column, reason: reason)
  }

  /// Whether the text has ended.
  var isAtEnd: Bool { position >= bytes.count }

  mutating func skipSpaces() {
    while let byte = current, byte == 0x20 || byte == 0x09 || byte == 0x0d { position += 1 }
    let isComment =
      current == UInt8(ascii: "#")
      || (current == UInt8(ascii: "/") && position + 1 < bytes.count && bytes[position + 1] == UInt8(ascii: "/"))
    if isComment { while let byte = current, byte != 0x0a { position += 1 } }
  }

  /// Steps over the end of a statement: a line's end, a semicolon or the end of the text.
  mutating func acceptEndOfStatement() -> Bool {
    skipSpaces()
    switch current {
    case nil: return true
    case UInt8(ascii: ";"):
      position += 1
      return true
    case 0x0a:
      position += 1
      line += 1
      lineStart = position
      return true
    default: return false
    }
  }

  /// Steps over spaces and then an exact text, if it is there.
  mutating func accept(_ text: String) -> Bool {
    skipSpaces()
    guard bytes[position...].starts(with: text.utf8) else { return false }
    position += text.utf8.count
    return true
  }

  mutating func expect(_ text: String) throws(AssemblerError) {
    guard accept(text) else { throw error(.expected("'\(text)'")) }
  }

  /// The word that begins here: a letter, an underscore, a dot or a dollar, then the same or digits.
  func word() -> String? {
    var scanner = self
    scanner.skipSpaces()
    var end = scanner.position
    while end < bytes.count, Self.isWord(bytes[end], first: end == scanner.position) { end += 1 }
    return end == scanner.position ? nil : String(decoding: bytes[scanner.position..<end], as: UTF8.self)
  }

  /// Steps over a word that `word` found.
  mutating func skip(_ word: String) {
    skipSpaces()
    position += word.utf8.count
  }

  private static func isWord(_ byte: UInt8, first: Bool) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"),
      UInt8(ascii: "."), UInt8(ascii: "$"):
      true
    case UInt8(ascii: "0")...UInt8(ascii: "9"): !first
    default: false
    }
  }

  /// Like `number`, but only with a sign before it: what is added to something.
  mutating func signedNumber(_ range: ClosedRange<Int64>) throws(AssemblerError) -> Int64? {
    var ahead = self
    return ahead.accept("+") || ahead.accept("-") ? try number(range) : nil
  }

  /// A number in decimal or, after `0x`, in hexadecimal, with an optional sign; nil where none stands.
  ///
  /// What does not fit in 64 bits is an error. Up to 2⁶⁴ - 1 the bit pattern is taken if `wide` says so.
  mutating func number(_ range: ClosedRange<Int64>, wide: Bool = false) throws(AssemblerError) -> Int64? {
    skipSpaces()
    var scanner = self
    let isNegative = scanner.accept("-")
    if !isNegative { _ = scanner.accept("+") }
    scanner.skipSpaces()
    let isHexadecimal = scanner.accept("0x") || scanner.accept("0X")
    let start = scanner.position
    var end = start
    while end < bytes.count, Self.isWord(bytes[end], first: false) { end += 1 }
    let digits = String(decoding: bytes[start..<end], as: UTF8.self)
    guard digits.utf8.allSatisfy({ Self.digit($0, isHexadecimal) }), !digits.isEmpty else {
      if isHexadecimal { throw scanner.error(.expected("hexadecimal digits")) }
      return nil
    }
    let text = String(decoding: bytes[position..<end], as: UTF8.self)
    guard let magnitude = UInt64(digits, radix: isHexadecimal ? 16 : 10) else {
      throw error(.numberOutOfRange(text, range))
    }
    let value: Int64?
    if isNegative {
      value = magnitude <= 1 << 63 ? Int64(bitPattern: 0 &- magnitude) : nil
    } else {
      value = wide ? Int64(bitPattern: magnitude) : Int64(exactly: magnitude)
    }
    guard let value, range.contains(value) else { throw error(.numberOutOfRange(text, range)) }
    position = end
    return value
  }

  private static func digit(_ byte: UInt8, _ isHexadecimal: Bool) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): true
    case UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "A")...UInt8(ascii: "F"): isHexadecimal
    default: false
    }
  }

  /// Steps over the `<name+0x10>` that a disassembly has behind a jump.
  mutating func skipAnnotation() {
    guard accept("<") else { return }
    while let byte = current, byte != 0x0a {
      position += 1
      if byte == UInt8(ascii: ">") { return }
    }
  }
}
