/// What registers and stack slots hold, as a line of the log says it: `R0=scalar() R2_w=map_value(…) fp-8=mmmm`.
struct LoggedState {
  /// One register or slot with the kernel's words for what it holds.
  struct Entry {
    /// `R2` or `fp-8`.
    var subject: Substring
    /// The kernel's words.
    var contents: Substring
  }

  /// The entries in the order of the line.
  var entries: [Entry] = []
  /// The number of the frame; 0 when the line has none.
  var frame = 0

  /// Reads the part of a line that lists what is held. What does not look like an entry is skipped.
  init(_ text: Substring) {
    var rest = text.drop { $0 == " " }
    if rest.hasPrefix("frame"), let colon = rest.firstIndex(of: ":") {
      frame = Int(rest[rest.index(rest.startIndex, offsetBy: 5)..<colon]) ?? 0
      rest = rest[rest.index(after: colon)...]
    }
    for word in Self.words(rest) {
      guard let equals = word.firstIndex(of: "=") else { continue }
      var subject = word[..<equals]
      // Marks for registers that have been written, and for halves.
      if let mark = subject.firstIndex(of: "_") { subject = subject[..<mark] }
      guard subject.hasPrefix("R") || subject.hasPrefix("fp-") else { continue }
      var contents = word[word.index(after: equals)...]
      // A number that the kernel tracks exactly.
      if contents.hasPrefix("P") { contents = contents.dropFirst() }
      entries.append(Entry(subject: subject, contents: contents))
    }
  }

  /// The words of a line; spaces within parentheses separate nothing.
  private static func words(_ text: Substring) -> [Substring] {
    var words: [Substring] = []
    var depth = 0
    var start = text.startIndex
    var index = text.startIndex
    while index < text.endIndex {
      let next = text.utf8.index(after: index)
      switch text.utf8[index] {
      case UInt8(ascii: "("): depth += 1
      case UInt8(ascii: ")"): depth = max(depth - 1, 0)
      case 0x20 where depth == 0:
        if start < index { words.append(text[start..<index]) }
        start = next
      default: break
      }
      index = next
    }
    if start < text.endIndex { words.append(text[start...]) }
    return words
  }
}

/// The kernel's words for what a register holds, in words for people.
package enum HoldingText {
  /// A phrase without a full stop, such as `a value of map 'counts', or null`.
  package static func words(for contents: Substring) -> String {
    if let number = Int64(contents) { return "the number \(number)" }
    if contents.hasPrefix("0x"), let number = UInt64(contents.dropFirst(2), radix: 16) { return "the number \(number)" }
    if contents.hasPrefix("fp"), let offset = Int(contents.dropFirst(2)) {
      return offset == 0 ? "the frame pointer" : "the stack at fp\(offset)"
    }
    guard let open = contents.firstIndex(of: "("), contents.last == ")" else { return slotWords(contents) }
    let kind = contents[..<open]
    let fields = Fields(contents[contents.index(after: open)...].dropLast())
    return words(String(kind), fields)
  }

  private static func words(_ kind: String, _ fields: Fields) -> String {
    let at = fields.place
    let map = fields["map"].map { " of map '\($0)'" } ?? ""
    var base = Substring(kind)
    var suffix = ""
    if base.hasSuffix("_or_null") {
      base = base.dropLast(8)
      suffix = ", or null"
    } else if let range = base.firstRange(of: "_or_null_") {
      base = Substring(base[..<range.lowerBound] + "_" + base[range.upperBound...])
      suffix = ", or null"
    }
    switch base {
    case "scalar": return numberWords(fields)
    case "fp": return "the stack\(at)"
    case "ctx": return "the context\(at)"
    case "map_value": return "a value\(map)\(at)\(suffix)"
    case "map_key": return "a key\(map)\(at)\(suffix)"
    case "map_ptr": return fields["map"].map { "map '\($0)'" } ?? "a map"
    case "pkt":
      let proven = fields["r"].flatMap { $0 == "0" ? nil : ", of which \($0) bytes are known to be there" }
      return "the packet\(at)\(proven ?? "")"
    case "pkt_end": return "the end of the packet"
    case "pkt_meta": return "the metadata of the packet\(at)"
    case "mem", "rdonly_mem":
      let size = fields["sz"].map { " of \($0) bytes" } ?? ""
      return "memory\(size)\(at)\(suffix)"
    case "ringbuf_mem":
      let size = fields["sz"].map { " of \($0) bytes" } ?? ""
      return "a record\(size) of a ring buffer\(at)\(suffix)"
    case "sock", "sock_common", "tcp_sock", "xdp_sock": return "a socket (\(base))\(suffix)"
    case "func": return "a function"
    case "dynptr_ptr": return "a dynptr"
    case "buf", "rdonly_buf", "tp_buffer": return "a buffer\(at)\(suffix)"
    default:
      for (prefix, article) in [
        ("trusted_ptr_", "a trusted pointer to"), ("rcu_ptr_", "a pointer, protected by RCU, to"),
        ("untrusted_ptr_", "an untrusted pointer to"), ("user_ptr_", "a user's pointer to"),
        ("percpu_ptr_", "a pointer for each CPU to"), ("ptr_", "a pointer to"),
      ] where base.hasPrefix(prefix) {
        let target = base.dropFirst(prefix.count)
        return "\(article) \(target.isEmpty ? "an object" : "struct \(target)")\(at)\(suffix)"
      }
      return "\(kind)\(at)"
    }
  }

  private static func numberWords(_ fields: Fields) -> String {
    let low = fields.number("smin"), high = fields.number("smax")
    let unsignedLow = fields.number("umin"), unsignedHigh = fields.number("umax")
    switch (low, high, unsignedLow, unsignedHigh) {
    case (let low?, let high?, _, _): return "a number from \(low) to \(high)"
    case (let low?, nil, _, _): return "a number not less than \(low)"
    case (nil, _, let low?, let high?): return "a number from \(low) to \(high)"
    case (nil, _, let low?, nil): return "a number not less than \(low)"
    case (nil, let high?, nil, nil): return "a number not greater than \(high)"
    case (nil, _, nil, let high?): return "a number from 0 to \(high)"
    default:
      if let low = fields.number("smin32"), let high = fields.number("smax32") {
        return "a number of 64 bits, the lower 32 from \(low) to \(high)"
      }
      return "an unknown number"
    }
  }

  /// The letters of eight bytes of the stack, or words that nothing is known about.
  private static func slotWords(_ contents: Substring) -> String {
    guard (4...8).contains(contents.utf8.count), contents.utf8.allSatisfy({ "?m0rdif".utf8.contains($0) }) else {
      return String(contents)
    }
    if contents.utf8.allSatisfy({ $0 == UInt8(ascii: "?") }) { return "nothing that was written" }
    if contents.utf8.allSatisfy({ $0 == UInt8(ascii: "0") }) { return "zero" }
    if contents.utf8.contains(UInt8(ascii: "?")) { return "bytes of which some were never written (\(contents))" }
    return "bytes (\(contents))"
  }

  /// The comma-separated list `name=value` within parentheses; `a=b=5` gives both names the value.
  private struct Fields {
    private var values: [Substring: Substring] = [:]

    init(_ text: Substring) {
      for field in text.split(separator: ",") {
        let parts = field.split(separator: "=")
        guard let value = parts.last, parts.count > 1 else { continue }
        for name in parts.dropLast() { values[name] = value }
      }
    }

    subscript(name: Substring) -> Substring? { values[name] }

    func number(_ name: Substring) -> Int128? {
      guard let text = values[name] else { return nil }
      guard text.hasPrefix("0x"), let bits = UInt64(text.dropFirst(2), radix: 16) else { return Int128(text) }
      // The kernel writes large numbers as bits.
      guard name.hasPrefix("s") else { return Int128(bits) }
      return name.hasSuffix("32") ? Int128(Int32(truncatingIfNeeded: bits)) : Int128(Int64(bitPattern: bits))
    }

    /// ` at offset 8 plus 0 to 64`: the constant part unless it is 0, and the range of the other.
    var place: String {
      let constant = values["off"].flatMap { $0 == "0" ? nil : $0 } ?? values["imm"]
      let low = number("smin") ?? number("umin") ?? 0
      let high = number("smax") ?? number("umax")
      guard let high else { return constant.map { " at offset \($0)" } ?? "" }
      return " at offset \(constant.map { "\($0) plus " } ?? "")\(low) to \(high)"
    }
  }
}
