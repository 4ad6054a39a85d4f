import BPFMaps

/// A format string as `bpf_trace_printk`, `bpf_snprintf` and their kin take it: a subset of printf's.
///
/// Conversions: `%d %i %u %x %X %o %c`, with `l` and `ll`, a width, `0` and `-`; `%s %pks %pus` for strings of kernel
/// and user memory; `%p %px %pK %pB %ps %pS` for addresses; `%pi4 %pI4 %pi6 %pI6` for Internet addresses; `%%`.
struct FormatString {
  enum Piece {
    case text([UInt8])
    case conversion(Conversion)
  }

  struct Conversion {
    enum Kind {
      case signed
      case unsigned(radix: Int, isUppercase: Bool)
      case character
      case string(isUser: Bool)
      case address
      case symbol
      case internet(byteCount: Int)
    }
    var kind: Kind
    /// 4 without `l`, 8 with it.
    var byteCount: Int
    var width: Int
    var isPaddedWithZeros: Bool
    var isLeftAligned: Bool
  }

  let pieces: [Piece]

  /// How many arguments the format takes.
  var argumentCount: Int {
    pieces.count { if case .conversion = $0 { true } else { false } }
  }

  /// Reads a format.
  ///
  /// - Throws: EINVAL for what Linux does not take: an unknown conversion, bytes that are not ASCII.
  init(_ bytes: [UInt8]) throws(LinuxErrno) {
    var pieces: [Piece] = []
    var text: [UInt8] = []
    var index = 0
    func byte(_ offset: Int) -> UInt8? { index + offset < bytes.count ? bytes[index + offset] : nil }
    while let current = byte(0) {
      guard current < 0x80, current >= 0x20 || (0x09...0x0d).contains(current) else { throw .invalidArgument }
      guard current == UInt8(ascii: "%") else {
        text.append(current)
        index += 1
        continue
      }
      if byte(1) == UInt8(ascii: "%") {
        text.append(current)
        index += 2
        continue
      }
      index += 1
      var conversion = Conversion(
        kind: .signed, byteCount: 4, width: 0, isPaddedWithZeros: false, isLeftAligned: false)
      while let flag = byte(0), "0+- #".utf8.contains(flag) {
        if flag == UInt8(ascii: "0") { conversion.isPaddedWithZeros = true }
        if flag == UInt8(ascii: "-") { conversion.isLeftAligned = true }
        index += 1
      }
      while let digit = byte(0), (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) {
        conversion.width = min(conversion.width * 10 + Int(digit - UInt8(ascii: "0")), 255)
        index += 1
      }
      if !text.isEmpty { pieces.append(.text(text)) }
      text = []
      guard let letter = byte(0) else { throw .invalidArgument }
      if letter == UInt8(ascii: "p") {
        index += 1
        (conversion.kind, index) = Self.pointer(bytes, at: index)
        conversion.byteCount = 8
        pieces.append(.conversion(conversion))
        continue
      }
      var length = 0
      while byte(0) == UInt8(ascii: "l"), length < 2 {
        length += 1
        index += 1
      }
      if length > 0 { conversion.byteCount = 8 }
      guard let letter = byte(0) else { throw .invalidArgument }
      switch letter {
      case UInt8(ascii: "d"), UInt8(ascii: "i"): conversion.kind = .signed
      case UInt8(ascii: "u"): conversion.kind = .unsigned(radix: 10, isUppercase: false)
      case UInt8(ascii: "x"): conversion.kind = .unsigned(radix: 16, isUppercase: false)
      case UInt8(ascii: "X"): conversion.kind = .unsigned(radix: 16, isUppercase: true)
      case UInt8(ascii: "o"): conversion.kind = .unsigned(radix: 8, isUppercase: false)
      case UInt8(ascii: "c") where length == 0: conversion.kind = .character
      case UInt8(ascii: "s") where length == 0: conversion.kind = .string(isUser: false)
      default: throw .invalidArgument
      }
      index += 1
      pieces.append(.conversion(conversion))
    }
    if !text.isEmpty { pieces.append(.text(text)) }
    self.pieces = pieces
  }

  /// What follows `%p`, and the index after it.
  private static func pointer(_ bytes: [UInt8], at start: Int) -> (Conversion.Kind, Int) {
    let rest = bytes.dropFirst(start)
    let table: [(String, Conversion.Kind)] = [
      ("ks", .string(isUser: false)), ("us", .string(isUser: true)), ("i4", .internet(byteCount: 4)),
      ("I4", .internet(byteCount: 4)), ("i6", .internet(byteCount: 16)), ("I6", .internet(byteCount: 16)),
      ("x", .address), ("K", .address), ("B", .symbol), ("s", .symbol), ("S", .symbol),
    ]
    for (suffix, kind) in table where rest.starts(with: suffix.utf8) {
      return (kind, start + suffix.utf8.count)
    }
    return (.address, start)
  }

  /// What a format reads through its arguments.
  protocol Memory {
    func string(at address: UInt64, isUser: Bool) -> [UInt8]?
    func bytes(at address: UInt64, count: Int) -> [UInt8]?
    func symbol(at address: UInt64) -> String?
  }

  /// The text with the arguments filled in.
  func render(_ arguments: [UInt64], _ memory: some Memory) -> [UInt8] {
    var result: [UInt8] = []
    var next = 0
    for piece in pieces {
      switch piece {
      case .text(let text): result.append(contentsOf: text)
      case .conversion(let conversion):
        let argument = next < arguments.count ? arguments[next] : 0
        next += 1
        result.append(contentsOf: Self.padded(Self.text(of: argument, conversion, memory), conversion))
      }
    }
    return result
  }

  private static func text(of argument: UInt64, _ conversion: Conversion, _ memory: some Memory) -> [UInt8] {
    switch conversion.kind {
    case .signed:
      let value =
        conversion.byteCount == 4 ? Int64(Int32(truncatingIfNeeded: argument)) : Int64(bitPattern: argument)
      return Array(String(value).utf8)
    case .unsigned(let radix, let isUppercase):
      let value = conversion.byteCount == 4 ? UInt64(UInt32(truncatingIfNeeded: argument)) : argument
      return Array(String(value, radix: radix, uppercase: isUppercase).utf8)
    case .character: return [UInt8(truncatingIfNeeded: argument)]
    case .string(let isUser): return memory.string(at: argument, isUser: isUser) ?? Array("(efault)".utf8)
    case .address: return Array(padding("\(String(argument, radix: 16))", to: 16).utf8)
    case .symbol: return Array((memory.symbol(at: argument) ?? hexadecimal(argument)).utf8)
    case .internet(let count):
      guard let bytes = memory.bytes(at: argument, count: count) else { return Array("(efault)".utf8) }
      if count == 4 { return Array(bytes.map(String.init).joined(separator: ".").utf8) }
      let groups = stride(from: 0, to: 16, by: 2).map { index in
        padding(String(UInt16(bytes[index]) << 8 | UInt16(bytes[index + 1]), radix: 16), to: 4)
      }
      return Array(groups.joined(separator: ":").utf8)
    }
  }

  private static func padding(_ digits: String, to width: Int) -> String {
    String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
  }

  private static func padded(_ text: [UInt8], _ conversion: Conversion) -> [UInt8] {
    let missing = conversion.width - text.count
    guard missing > 0 else { return text }
    if conversion.isLeftAligned { return text + [UInt8](repeating: UInt8(ascii: " "), count: missing) }
    let isNumber =
      switch conversion.kind {
      case .signed, .unsigned, .address: true
      default: false
      }
    guard conversion.isPaddedWithZeros, isNumber else {
      return [UInt8](repeating: UInt8(ascii: " "), count: missing) + text
    }
    let zeros = [UInt8](repeating: UInt8(ascii: "0"), count: missing)
    return text.first == UInt8(ascii: "-") ? [UInt8(ascii: "-")] + zeros + text.dropFirst() : zeros + text
  }
}
