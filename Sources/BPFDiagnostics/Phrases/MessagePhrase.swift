import BPFObject

/// What a message of the kernel means, in words for people.
///
/// The table is by the shape of the message, so that the verifier of Merops, which writes the same messages, and the
/// kernel's log get the same words.
public struct MessagePhrase: Hashable, Sendable {
  /// What is wrong, without a full stop.
  public var headline: String
  /// What kind of rule is broken.
  public var category: Diagnostic.Category
  /// What to do, `nil` where it depends on more than the message.
  public var suggestion: String?

  /// The words for a message; for several lines, those that the most telling line has.
  ///
  /// - Parameter message: the message word for word, lines separated by newlines.
  /// - Returns: `nil` for a message that the table does not know.
  public init?(for message: String) {
    let lines = message.split(separator: "\n").map { $0.drop { $0 == " " } }
    // What comes later explains what came first: "R6 max value is outside of …".
    for line in lines.reversed() {
      for row in Self.table {
        guard let gaps = row.pattern.match(line) else { continue }
        self.init(
          headline: Self.filled(row.headline, gaps), category: row.category,
          suggestion: row.suggestion.map { Self.filled($0, gaps) })
        refine(lines.first ?? "")
        return
      }
    }
    return nil
  }

  private init(headline: String, category: Diagnostic.Category, suggestion: String?) {
    self.headline = headline
    self.category = category
    self.suggestion = suggestion
  }

  /// Puts in the numbers that the first line of several has, and says plainly what a special case means.
  private mutating func refine(_ first: Substring) {
    if let gaps = MessagePattern("invalid access to {}, {}_size={} off={} size={}").match(first),
      headline.contains("may be")
    {
      let numbers = gaps[2...].compactMap { Int32($0).map(Int.init) }
      if numbers.count == 3, numbers[1] >= 0, headline.contains("in front") {
        // Even the smallest offset is too large.
        headline =
          "the access goes \(Self.count("\(numbers[1] + numbers[2] - numbers[0])", "byte")) past the end: "
          + "\(gaps[4]) bytes at offset \(gaps[3]) of \(gaps[2])"
        suggestion =
          "make the size smaller, or what is accessed larger: pass sizeof() of the variable or member that is meant"
      } else {
        headline += ": \(gaps[4]) bytes at offset \(gaps[3]) of \(gaps[2])"
      }
    }
    if let gaps = MessagePattern("invalid access to packet, off={} size={}, R{}(id={},off={},r={})").match(first) {
      headline =
        "\(Self.count(gaps[1], "byte")) at offset \(gaps[0]) of the packet \(gaps[1] == "1" ? "is" : "are") accessed, "
        + "of which \(gaps[5] == "0" ? "no" : gaps[5]) bytes are known to be there"
    }
    if let gaps = MessagePattern("invalid read from stack R{} off={} size={}").match(first),
      let offset = Int32(gaps[1]),
      let size = UInt16(gaps[2]).map(Int32.init), offset < 0, offset + size > 0
    {
      headline =
        "\(size) bytes are read at fp\(offset), where the stack has only \(Self.count("\(-offset)", "byte")) left"
      suggestion = "the variable is smaller than what the function takes: give it the type of the map's key or value"
    }
    if let gaps = MessagePattern("invalid write to stack R{} off={} size={}").match(first), let offset = Int32(gaps[1]),
      let size = UInt16(gaps[2]).map(Int32.init), offset < 0, offset + size > 0
    {
      headline =
        "\(size) bytes are written at fp\(offset), where the stack has only \(Self.count("\(-offset)", "byte")) left"
      suggestion = "the buffer is smaller than the size that is passed with it: pass sizeof(buffer)"
    }
    if let gaps = MessagePattern("cannot pass map_type {} into func {}#{}").match(first),
      let type = UInt32(gaps[0]).flatMap(MapType.init(rawValue:))
    {
      headline = "\(gaps[1]) does not work on a map of the type \(type)"
    }
    for (whole, value) in headline.matches(of: /a number from (-?\d+) to (-?\d+)/).map({ ($0.range, ($0.1, $0.2)) })
      .reversed()
    where value.0 == value.1 {
      headline.replaceSubrange(whole, with: String(value.0))
    }
  }

  private static func count(_ number: String, _ noun: String) -> String {
    number == "1" ? "1 \(noun)" : "\(number) \(noun)s"
  }

  private static func filled(_ template: String, _ gaps: [String]) -> String {
    var text = template
    for (index, gap) in gaps.enumerated() {
      if let number = UInt8(gap) { text = text.replacing("$\(index + 1)th", with: ordinal(Int(number) + 1)) }
      text = text.replacing("$\(index + 1)", with: kinds[gap] ?? gap)
    }
    return text
  }

  private static func ordinal(_ number: Int) -> String {
    let words = ["first", "second", "third", "fourth", "fifth"]
    return words.indices.contains(number - 1) ? words[number - 1] : "\(number)th"
  }

  /// The kernel's names of what registers hold, with an article.
  private static let kinds: [String: String] = [
    "map_value": "a map value", "map_key": "a map key", "map_ptr": "a map", "ctx": "the context", "fp": "the stack",
    "pkt": "the packet", "pkt_meta": "the packet's metadata", "pkt_end": "the end of the packet", "scalar": "a number",
    "sock": "a socket", "sock_common": "a socket", "tcp_sock": "a TCP socket", "mem": "memory",
    "rdonly_mem": "read-only memory",
    "ringbuf_mem": "a record of a ring buffer", "map_value_or_null": "a map value or null", "func": "a function",
    "sock_or_null": "a socket or null", "mem_or_null": "memory or null", "trusted_ptr_": "an object of the kernel",
    "ptr_": "an object of the kernel", "flow_keys": "flow keys", "buf": "a buffer",
  ]

  struct Row {
    var pattern: MessagePattern
    var category: Diagnostic.Category
    var headline: String
    var suggestion: String?

    init(_ pattern: String, _ category: Diagnostic.Category, _ headline: String, help suggestion: String? = nil) {
      self.pattern = MessagePattern(pattern)
      self.category = category
      self.headline = headline
      self.suggestion = suggestion
    }
  }

  /// The rows in the order in which they are tried: what is more special comes first.
  private static let table: [Row] = taskWork + returns + memory + calls + lifetimes + structure
}

extension MessagePhrase {
  /// The numbers of the registers that a message names, in its order; an argument that it counts from 0 is a register.
  package static func registers(in message: String) -> [Int] {
    let lines = message.split(separator: "\n").filter { !$0.hasPrefix("cur state:") && !$0.hasPrefix("old state:") }
    let named = LoggedInstruction.registers(in: Substring(lines.joined(separator: "\n")))
    if !named.isEmpty { return named }
    for pattern in [
      "Possibly NULL pointer passed to trusted arg{}", "arg#{} {}", "arg{} expected pointer to func",
      "Expected an initialized dynptr as arg #{}", "expected an initialized {} as arg #{}",
      "expected uninitialized {} as arg #{}",
    ] {
      if let number = MessagePattern(pattern).match(message)?.compactMap({ UInt8($0) }).last {
        return [Int(number) + 1]
      }
    }
    return message == "expected prog array map for tail call" ? [2] : []
  }
}
