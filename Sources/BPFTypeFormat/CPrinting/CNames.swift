/// The names that a C file has given away: tags in one space, everything else in another.
struct CNames {
  private var tags: Set<String> = []
  private var ordinary: Set<String> = reserved

  /// The tag for a structure, union or enumeration that is called `name`.
  mutating func claimTag(_ name: String) -> String { Self.claim(name, in: &tags) }

  /// The identifier for a typedef, enumerator, function or variable that is called `name`.
  mutating func claimOrdinary(_ name: String) -> String { Self.claim(name, in: &ordinary) }

  /// Whether an identifier means something at file scope.
  func isTaken(_ name: String) -> Bool { ordinary.contains(name) }

  private static func claim(_ name: String, in space: inout Set<String>) -> String {
    let name = identifier(name)
    if space.insert(name).inserted { return name }
    var number = 2
    while !space.insert("\(name)___\(number)").inserted { number += 1 }
    return "\(name)___\(number)"
  }

  /// The name with all that C does not allow in an identifier replaced by underscores.
  static func identifier(_ name: String) -> String {
    let isPlain = name.utf8.allSatisfy { isLetter($0) || isDigit($0) }
    if isPlain, let first = name.utf8.first, !isDigit(first) { return keywords.contains(name) ? name + "_" : name }
    var text = ""
    for byte in name.utf8 {
      if text.isEmpty, isDigit(byte) { text = "_" }
      text.unicodeScalars.append(isLetter(byte) || isDigit(byte) ? Unicode.Scalar(byte) : "_")
    }
    return text.isEmpty ? "_" : text
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
      || byte == UInt8(ascii: "_")
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

  /// The keywords of C17 with GNU extensions.
  private static let keywords: Set<String> = [
    "asm", "auto", "break", "case", "char", "const", "continue", "default", "do", "double", "else", "enum", "extern",
    "float", "for", "goto", "if", "inline", "int", "long", "register", "restrict", "return", "short", "signed",
    "sizeof", "static", "struct", "switch", "typedef", "typeof", "union", "unsigned", "void", "volatile", "while",
    "_Alignas", "_Alignof", "_Atomic", "_Bool", "_Complex", "_Generic", "_Imaginary", "_Noreturn", "_Static_assert",
    "_Thread_local", "__int128",
  ]

  /// Identifiers that mean something to clang for BPF, and possibly something else to the types.
  private static let reserved: Set<String> = ["__builtin_va_list", "__int128_t", "__uint128_t"]
}
