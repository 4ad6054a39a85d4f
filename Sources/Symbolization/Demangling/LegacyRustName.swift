/// Names of Rust's older mangling: `_ZN`, the parts of the path with their lengths, a hash as the last part, `E`.
enum LegacyRustName {
  /// What a name stands for; `nil` when it is none of Rust's, which C++'s names are not.
  ///
  /// - Parameter isVerbose: whether the hash is told.
  static func demangle(_ name: String, isVerbose: Bool = false) -> String? {
    let bytes = Array(name.utf8)
    var position = 3
    var parts: [ArraySlice<UInt8>] = []
    while position < bytes.count, bytes[position] != UInt8(ascii: "E") {
      var length = 0
      while position < bytes.count, bytes[position] >= 0x30, bytes[position] <= 0x39 {
        length = length * 10 + Int(bytes[position] - 0x30)
        position += 1
        guard length <= bytes.count else { return nil }
      }
      guard length > 0, length <= bytes.count - position else { return nil }
      parts.append(bytes[position..<position + length])
      position += length
    }
    // The closing letter ends the name, or a suffix follows that LLVM appended.
    guard position < bytes.count, position + 1 == bytes.count || bytes[position + 1] == UInt8(ascii: ".") else {
      return nil
    }
    guard let hash = parts.popLast(), !parts.isEmpty, isHash(hash) else { return nil }
    var text = parts.map(unescape).joined(separator: "::")
    if isVerbose { text += "::" + String(decoding: hash, as: UTF8.self) }
    return text
  }

  private static func isHash(_ part: ArraySlice<UInt8>) -> Bool {
    part.count == 17 && part.first == UInt8(ascii: "h")
      && part.dropFirst().allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
  }

  private static let escapes: [String: String] = [
    "SP": "@", "BP": "*", "RF": "&", "LT": "<", "GT": ">", "LP": "(", "RP": ")", "C": ",",
  ]

  /// A part with its escapes undone: `$LT$` and the like, `$u20$` for a character by its number, `..` for `::`.
  private static func unescape(_ part: ArraySlice<UInt8>) -> String {
    var part = part
    // An underscore stands before an escape that begins the part, since no identifier begins with a dollar.
    if part.starts(with: [UInt8(ascii: "_"), UInt8(ascii: "$")]) { part = part.dropFirst() }
    var result: [UInt8] = []
    while let first = part.first {
      if first == UInt8(ascii: ".") {
        let isDouble = part.dropFirst().first == first
        result += isDouble ? Array("::".utf8) : [first]
        part = part.dropFirst(isDouble ? 2 : 1)
      } else if first == UInt8(ascii: "$"), let end = part.dropFirst().firstIndex(of: first),
        let text = escape(String(decoding: part[part.startIndex + 1..<end], as: UTF8.self))
      {
        result += Array(text.utf8)
        part = part[(end + 1)...]
      } else {
        result.append(first)
        part = part.dropFirst()
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  private static func escape(_ code: String) -> String? {
    if let text = escapes[code] { return text }
    guard code.first == "u", code.utf8.count <= 7, let number = UInt32(code.dropFirst(), radix: 16),
      let scalar = Unicode.Scalar(number), scalar.properties.generalCategory != .control
    else { return nil }
    return String(Character(scalar))
  }
}
