extension BTFValue: CustomStringConvertible {
  /// The value in one line, such as `{count: 3, data: "hello world"}`.
  public var description: String {
    var text = ""
    append(to: &text, indent: nil)
    return text
  }

  /// The value in several lines, members below each other and indented by two spaces a level.
  public func lines(indent: Int = 0) -> String {
    var text = ""
    append(to: &text, indent: indent)
    return text
  }

  private func append(to text: inout String, indent: Int?) {
    switch self {
    case .signed(let number): text += String(number)
    case .unsigned(let number): text += String(number)
    case .boolean(let value): text += value ? "true" : "false"
    case .enumerator(let name, let number): text += name ?? String(number)
    case .float(let number): text += "\(number)"
    case .pointer(let address): text += address == 0 ? "NULL" : "0x" + String(address, radix: 16)
    case .text(let string): text += Self.quoted(string)
    case .bytes(let bytes), .opaque(let bytes): text += Self.hexadecimal(bytes)
    case .special(let kind): text += "<\(kind)>"
    case .array(let values): Self.append(values, to: &text, indent: indent)
    case .structure(let members): Self.append(members, separator: ",", to: &text, indent: indent)
    case .union(let members): Self.append(members, separator: " |", to: &text, indent: indent)
    }
  }

  private static func append(
    _ members: [Member], separator: String, to text: inout String, indent: Int?
  ) {
    guard !members.isEmpty else { return text += "{}" }
    text += "{"
    for (index, member) in members.enumerated() {
      if index > 0 { text += separator }
      if let indent {
        text += "\n" + String(repeating: "  ", count: indent + 1)
      } else if index > 0 {
        text += " "
      }
      if !member.name.isEmpty { text += "\(member.name): " }
      member.value.append(to: &text, indent: indent.map { $0 + 1 })
    }
    if let indent { text += "\n" + String(repeating: "  ", count: indent) }
    text += "}"
  }

  private static func append(_ values: [BTFValue], to text: inout String, indent: Int?) {
    text += "["
    var isFirst = true
    var index = 0
    while index < values.count {
      var end = index + 1
      while end < values.count, values[end] == values[index] { end += 1 }
      // A long run of one value says no more than its length.
      let shown = end - index > 4 ? 1 : end - index
      for _ in 0..<shown {
        if isFirst { isFirst = false } else { text += ", " }
        values[index].append(to: &text, indent: indent)
      }
      if shown < end - index { text += " × \(end - index)" }
      index = end
    }
    text += "]"
  }

  private static func hexadecimal(_ bytes: [UInt8]) -> String {
    let used = bytes.count - bytes.reversed().prefix { $0 == 0 }.count
    let shown = bytes.prefix(max(used, 1)).map { byte in
      (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }
    let rest = bytes.count - shown.count
    return "<" + shown.joined(separator: " ") + (rest > 0 ? " 00 × \(rest)" : "") + ">"
  }

  private static func quoted(_ string: String) -> String {
    var text = "\""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      case _ where scalar.value < 0x20 || scalar.value == 0x7f:
        text += "\\x" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
      default: text.unicodeScalars.append(scalar)
      }
    }
    return text + "\""
  }
}
