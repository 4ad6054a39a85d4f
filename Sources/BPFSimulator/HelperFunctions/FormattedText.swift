import BPFMaps

/// What a format's arguments point to.
protocol FormatMemory {
  /// A string without its zero byte, at most so long; `nil` where there is none.
  func string(at address: UInt64, in space: FormatString.StringSpace, limit: Int) -> [UInt8]?
  func bytes(at address: UInt64, count: Int) -> [UInt8]?
  func symbol(at address: UInt64, hasOffset: Bool) -> String?
}

/// A format filled in, as far as a buffer of a given size holds it.
struct FormattedText {
  /// How much room Linux has for the arguments, strings and numbers together (`MAX_BPRINTF_BIN_ARGS`).
  private static let argumentRoom = 512

  /// The first bytes, as many as there is room for.
  private(set) var bytes: [UInt8] = []
  /// How many there would be with enough room.
  private(set) var count = 0
  private let limit: Int
  private var usedArgumentRoom = 0

  /// Fills in the arguments.
  ///
  /// - Parameter limit: how many bytes of text there is room for, the zero byte at the end included.
  /// - Throws: ENOSPC when the arguments take too much room.
  init(
    _ format: FormatString, _ arguments: [UInt64], _ memory: some FormatMemory, limit: Int
  ) throws(LinuxErrno) {
    self.limit = limit
    var next = 0
    for piece in format.pieces {
      switch piece {
      case .text(let text): append(text)
      case .conversion(let conversion):
        let argument = next < arguments.count ? arguments[next] : 0
        next += 1
        try append(argument, conversion, memory)
      }
    }
    bytes = Array(bytes.prefix(max(limit - 1, 0)))
  }

  private mutating func append(_ text: some Collection<UInt8>) {
    bytes.append(contentsOf: text.prefix(max(limit - bytes.count, 0)))
    count += text.count
  }

  private mutating func append(_ byte: Character, times: Int) {
    guard times > 0 else { return }
    append(repeatElement(byte.asciiValue ?? 0, count: times))
  }

  private mutating func append(
    _ argument: UInt64, _ conversion: FormatString.Conversion, _ memory: some FormatMemory
  ) throws(LinuxErrno) {
    switch conversion.kind {
    case .signed:
      try takeRoom(conversion.byteCount, isNumber: true)
      let value =
        conversion.byteCount == 4 ? Int64(Int32(truncatingIfNeeded: argument)) : Int64(bitPattern: argument)
      let sign = value < 0 ? "-" : conversion.has("+") ? "+" : conversion.has(" ") ? " " : ""
      appendNumber(sign, String(value.magnitude), conversion)
    case .unsigned, .hexadecimal:
      try takeRoom(conversion.byteCount, isNumber: true)
      let value = conversion.byteCount == 4 ? UInt64(UInt32(truncatingIfNeeded: argument)) : argument
      if case .hexadecimal(let isUppercase) = conversion.kind {
        appendNumber("", String(value, radix: 16, uppercase: isUppercase), conversion)
      } else {
        appendNumber("", String(value), conversion)
      }
    case .address:
      try takeRoom(8, isNumber: true)
      var full = conversion
      if full.width == nil {
        full.width = 16
        full.flags.insert(UInt8(ascii: "0"))
      }
      appendNumber("", String(argument, radix: 16), full)
    case .character:
      try takeRoom(1)
      appendPadded([UInt8(truncatingIfNeeded: argument)], conversion)
    case .string(let space, let isPreformatted):
      let room = Self.argumentRoom - usedArgumentRoom
      guard room > 0 else { throw .noSpace }
      let text = memory.string(at: argument, in: space, limit: room - 1) ?? []
      try takeRoom(text.count + 1)
      if isPreformatted { appendPreformatted(text) } else { appendPadded(text, conversion) }
    case .symbol(let hasOffset, let isPreformatted):
      let text = Array((memory.symbol(at: argument, hasOffset: hasOffset) ?? hexadecimal(argument)).utf8)
      try takeRoom(isPreformatted ? text.count + 1 : 8, isNumber: !isPreformatted)
      if isPreformatted { appendPreformatted(text) } else { appendPadded(text, conversion) }
    case .internet(let byteCount, let isPlain):
      guard Self.argumentRoom - usedArgumentRoom >= byteCount else { throw .noSpace }
      let address = memory.bytes(at: argument, count: byteCount) ?? [UInt8](repeating: 0, count: byteCount)
      let text = Array(Self.internetText(address, isPlain: isPlain).utf8)
      try takeRoom(text.count + 1)
      appendPreformatted(text)
    }
  }

  /// Numbers lie at multiples of four bytes.
  private mutating func takeRoom(_ count: Int, isNumber: Bool = false) throws(LinuxErrno) {
    if isNumber { usedArgumentRoom = (usedArgumentRoom + 3) & ~3 }
    guard usedArgumentRoom + count <= Self.argumentRoom else { throw .noSpace }
    usedArgumentRoom += count
  }

  /// Text that was made before the rest is printed: no width, and nothing where the room has ended.
  private mutating func appendPreformatted(_ text: [UInt8]) {
    if count < limit { append(text) }
  }

  private mutating func appendPadded(_ text: [UInt8], _ conversion: FormatString.Conversion) {
    let missing = (conversion.width ?? 0) - text.count
    if !conversion.has("-") { append(" ", times: missing) }
    append(text)
    if conversion.has("-") { append(" ", times: missing) }
  }

  private mutating func appendNumber(_ sign: String, _ digits: String, _ conversion: FormatString.Conversion) {
    let missing = (conversion.width ?? 0) - sign.utf8.count - digits.utf8.count
    let isLeftAligned = conversion.has("-")
    let hasZeros = conversion.has("0") && !isLeftAligned
    if !hasZeros, !isLeftAligned { append(" ", times: missing) }
    append(sign.utf8)
    if hasZeros { append("0", times: missing) }
    append(digits.utf8)
    if isLeftAligned { append(" ", times: missing) }
  }

  /// `%pI4` is 1.2.3.4 and `%pi4` 001.002.003.004; `%pI6` has colons, `%pi6` none.
  private static func internetText(_ bytes: [UInt8], isPlain: Bool) -> String {
    if bytes.count == 4 {
      return bytes.map { isPlain ? padding(String($0), to: 3) : String($0) }.joined(separator: ".")
    }
    let groups = stride(from: 0, to: bytes.count - 1, by: 2).map { index in
      padding(String(UInt16(bytes[index]) << 8 | UInt16(bytes[index + 1]), radix: 16), to: 4)
    }
    return groups.joined(separator: isPlain ? "" : ":")
  }

  private static func padding(_ digits: String, to width: Int) -> String {
    String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
  }
}
