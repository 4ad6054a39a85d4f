public import BPFObject

/// What a program says about itself in the kernel's way of annotating tests: the declaration tags that `bpf_misc.h` makes of
/// `__success`, `__failure`, `__msg("…")`, `__retval(…)` and their relatives.
public struct ProgramExpectation: Hashable, Sendable {
  /// Whether the program is to be accepted; `nil` where it does not say.
  public var isAccepted: Bool?
  /// What the verifier's log is to contain, in this order.
  public var messages: [String] = []
  /// What the log is not to contain.
  public var absentMessages: [String] = []
  /// What the program is to return when it is run.
  public var result: Int64?
  /// What it is called in reports.
  public var description: String?
  /// Whether it is there for others only, and no test.
  public var isAuxiliary = false
  /// The log level that the messages are for, as `log_level` of `BPF_PROG_LOAD`.
  public var logLevel: UInt32?

  /// What the tags of a program say; `nil` when it is not annotated.
  public init?(_ program: Program) {
    let prefix = "comment:test_"
    let notes = program.declarationTags.filter { $0.hasPrefix(prefix) }.map { $0.dropFirst(prefix.count) }
    guard !notes.isEmpty else { return nil }
    var ordered: [(order: Int, text: String, isAbsent: Bool)] = []
    for note in notes {
      let equals = note.firstIndex(of: "=")
      let name = note[..<(equals ?? note.endIndex)]
      let value = equals.map { note[note.index(after: $0)...] } ?? ""
      switch name {
      case "expect_success": isAccepted = true
      case "expect_failure": isAccepted = false
      case "retval": result = Self.number(value)
      case "description": description = String(value)
      case "log_level": logLevel = UInt32(value)
      case "auxiliary": isAuxiliary = true
      case "expect_msg", "expect_not_msg":
        // The order of the notes in the source is the number in front of the text.
        let parts = value.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let order = Int(parts[0]) else { continue }
        ordered.append((order, String(parts[1]), name == "expect_not_msg"))
      default: break
      }
    }
    for note in ordered.sorted(by: { $0.order < $1.order }) {
      if note.isAbsent { absentMessages.append(note.text) } else { messages.append(note.text) }
    }
    if isAccepted == nil, result != nil { isAccepted = true }
  }

  /// A number of C: decimal or hexadecimal, with a sign, in parentheses; `POINTER_VALUE` has been replaced already.
  private static func number(_ text: Substring) -> Int64? {
    var text = text.filter { $0 != " " && $0 != "(" && $0 != ")" }[...]
    while let last = text.last, "uUlL".contains(last) { text.removeLast() }
    let isNegative = text.hasPrefix("-")
    if isNegative { text = text.dropFirst() }
    let magnitude = text.hasPrefix("0x") ? UInt64(text.dropFirst(2), radix: 16) : UInt64(text)
    return magnitude.map { isNegative ? Int64(bitPattern: 0 &- $0) : Int64(bitPattern: $0) }
  }

  /// The first message that a log does not have in its place, or has and must not; `nil` when all is as expected.
  ///
  /// A message may hold parts in double braces, which are regular expressions: `R0={{.*}}`.
  public func firstDifference(in log: String) -> String? {
    var rest = Substring(log)
    for message in messages {
      guard let end = Self.end(of: message, in: rest) else { return "the log does not say '\(message)'" }
      rest = rest[end...]
    }
    for message in absentMessages where Self.end(of: message, in: Substring(log)) != nil {
      return "the log says '\(message)'"
    }
    return nil
  }

  private static func end(of message: String, in text: Substring) -> Substring.Index? {
    guard message.contains("{{") else { return text.firstRange(of: message)?.upperBound }
    var pattern = ""
    var rest = Substring(message)
    while let open = rest.firstRange(of: "{{"), let close = rest[open.upperBound...].firstRange(of: "}}") {
      pattern += quoted(rest[..<open.lowerBound]) + "(?:" + rest[open.upperBound..<close.lowerBound] + ")"
      rest = rest[close.upperBound...]
    }
    pattern += quoted(rest)
    guard let expression = try? Regex(pattern) else { return nil }
    return text.firstMatch(of: expression)?.range.upperBound
  }

  private static func quoted(_ text: Substring) -> String {
    text.reduce(into: "") { result, character in
      if "\\^$.|?*+()[]{}".contains(character) { result += "\\" }
      result.append(character)
    }
  }
}
