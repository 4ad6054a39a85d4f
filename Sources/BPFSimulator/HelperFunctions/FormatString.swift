import BPFMaps

/// A format string as `bpf_trace_printk`, `bpf_snprintf` and their kin take it: a subset of printf's.
///
/// Conversions: `%d %i %u %x %X`, with `l` and `ll`; `%c`; `%s %pks %pus` for strings of kernel and user memory;
/// `%p %px %pK` for addresses, `%pB %ps %pS` for symbols; `%pi4 %pI4 %pi6 %pI6` for Internet addresses; `%%`. In front of
/// the letter the flags `0 + -` and space, and a width. The tests compare what is taken and what comes of it with Linux.
struct FormatString {
  enum Piece {
    case text([UInt8])
    case conversion(Conversion)
  }

  struct Conversion {
    enum Kind {
      case signed
      case unsigned(isUppercase: Bool)
      case hexadecimal(isUppercase: Bool)
      case character
      case string(StringSpace, isPreformatted: Bool)
      case address
      /// A function's name, with the distance from its beginning or without.
      case symbol(hasOffset: Bool, isPreformatted: Bool)
      /// The separator is left out of the older notation of six groups (`%pi6`), which also keeps zeros in `%pi4`.
      case internet(byteCount: Int, isPlain: Bool)
    }
    var kind: Kind = .signed
    /// 4 without `l`, 8 with it.
    var byteCount = 4
    /// `nil` without one.
    var width: Int?
    var flags: Set<UInt8> = []

    func has(_ flag: Character) -> Bool { flag.asciiValue.map(flags.contains) ?? false }
  }

  /// Where a string is: `%s` tells by the address.
  enum StringSpace { case kernel, user, either }

  let pieces: [Piece]

  /// How many arguments the format takes.
  var argumentCount: Int {
    pieces.count { if case .conversion = $0 { true } else { false } }
  }

  /// Reads a format.
  ///
  /// - Throws: EINVAL for what Linux does not take: an unknown conversion, control characters.
  init(_ bytes: [UInt8]) throws(LinuxErrno) {
    var parser = Parser(bytes: bytes)
    while try parser.readPiece() {}
    pieces = parser.pieces
  }

  private struct Parser {
    let bytes: [UInt8]
    var pieces: [Piece] = []
    private var text: [UInt8] = []
    private var index = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    /// The byte so far ahead; 0 at the end, as behind a C string.
    private func byte(_ offset: Int = 0) -> UInt8 { index + offset < bytes.count ? bytes[index + offset] : 0 }

    private mutating func take(_ letter: Character) -> Bool {
      guard byte() == letter.asciiValue else { return false }
      index += 1
      return true
    }

    /// Reads a character of text or a conversion; false at the end.
    mutating func readPiece() throws(LinuxErrno) -> Bool {
      guard index < bytes.count else {
        flushText()
        return false
      }
      let current = byte()
      guard current != 0x7f, current >= 0x20 || current.isSpace else { throw .invalidArgument }
      guard take("%") else {
        text.append(current)
        index += 1
        return true
      }
      if take("%") {
        text.append(current)
        return true
      }
      flushText()
      var conversion = Conversion()
      while "0+- ".utf8.contains(byte()) {
        conversion.flags.insert(byte())
        index += 1
      }
      while byte().isDigit {
        // A field of 24 bits with a sign.
        conversion.width = min((conversion.width ?? 0) * 10 + Int(byte() - UInt8(ascii: "0")), 0x7f_ffff)
        index += 1
      }
      try readKind(&conversion)
      pieces.append(.conversion(conversion))
      return true
    }

    private mutating func flushText() {
      if !text.isEmpty { pieces.append(.text(text)) }
      text = []
    }

    private mutating func readKind(_ conversion: inout Conversion) throws(LinuxErrno) {
      if take("p") {
        conversion.byteCount = 8
        conversion.kind = try readPointer()
        // What prints the text passes over every letter behind, known or not.
        while byte().isAlphanumeric { index += 1 }
      } else if take("s") {
        guard byte().endsWord else { throw .invalidArgument }
        conversion.kind = .string(.either, isPreformatted: false)
      } else if take("c") {
        conversion.kind = .character
      } else {
        if take("l") { conversion.byteCount = 8 }
        if conversion.byteCount == 8 { _ = take("l") }
        switch byte() {
        case UInt8(ascii: "d"), UInt8(ascii: "i"): conversion.kind = .signed
        case UInt8(ascii: "u"): conversion.kind = .unsigned(isUppercase: false)
        case UInt8(ascii: "x"): conversion.kind = .hexadecimal(isUppercase: false)
        case UInt8(ascii: "X"): conversion.kind = .hexadecimal(isUppercase: true)
        default: throw .invalidArgument
        }
        index += 1
      }
    }

    /// What follows `%p`.
    private mutating func readPointer() throws(LinuxErrno) -> Conversion.Kind {
      if byte().endsWord || byte().isOne(of: "Kx") { return .address }
      if byte().isOne(of: "sSB") {
        return .symbol(hasOffset: byte() != UInt8(ascii: "s"), isPreformatted: byte() == UInt8(ascii: "B"))
      }
      if byte().isOne(of: "ku"), byte(1) == UInt8(ascii: "s") {
        let space: StringSpace = byte() == UInt8(ascii: "k") ? .kernel : .user
        index += 2
        guard byte().endsWord else { throw .invalidArgument }
        return .string(space, isPreformatted: true)
      }
      guard byte().isOne(of: "iI"), byte(1).isOne(of: "46") else { throw .invalidArgument }
      let kind = Conversion.Kind.internet(
        byteCount: byte(1) == UInt8(ascii: "4") ? 4 : 16, isPlain: byte() == UInt8(ascii: "i"))
      index += 2
      return kind
    }
  }
}

extension UInt8 {
  // Linux reads the upper half as Latin-1, in which there are spaces, signs and letters.
  fileprivate var isSpace: Bool { (0x09...0x0d).contains(self) || self == 0x20 || self == 0xa0 }
  fileprivate var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
  fileprivate var isAlphanumeric: Bool {
    isDigit || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self | 0x20)
      || (self >= 0xc0 && self != 0xd7 && self != 0xf7)
  }
  /// Whether a conversion of a pointer or string may end in front of this byte.
  fileprivate var endsWord: Bool { self == 0 || isSpace || isSign }
  private var isSign: Bool { ((0x21...0x7e).contains(self) || self > 0xa0) && !isAlphanumeric }
  fileprivate func isOne(of letters: String) -> Bool { letters.utf8.contains(self) }
}
