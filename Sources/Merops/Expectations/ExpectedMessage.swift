/// A text that the verifier's log is to have, or is not to have.
///
/// It may hold parts in double braces, which are regular expressions: `R0={{.*}}`.
public struct ExpectedMessage: Hashable, Sendable {
  /// The text.
  public var text: String
  /// Whether it must not be there: between what is expected before it and what is expected after it.
  public var isAbsent: Bool

  /// A message.
  public init(_ text: String, isAbsent: Bool = false) {
    self.text = text
    self.isAbsent = isAbsent
  }

  /// What a log has otherwise than expected.
  public struct Difference: Hashable, Sendable, CustomStringConvertible {
    /// The message that is not there, or is and must not.
    public var message: ExpectedMessage

    /// A sentence without a full stop.
    public var description: String {
      message.isAbsent ? "the log says '\(message.text)'" : "the log does not say '\(message.text)'"
    }
  }

  /// The first message that a log does not have behind those before it, or has where it must not; `nil` when all is as
  /// expected.
  public static func firstDifference(of messages: [ExpectedMessage], in log: String) -> Difference? {
    var rest = Substring(log)
    var absent: [ExpectedMessage] = []
    for message in messages {
      if message.isAbsent {
        absent.append(message)
        continue
      }
      guard let range = message.range(in: rest) else { return Difference(message: message) }
      let skipped = rest[..<range.lowerBound]
      if let first = absent.first(where: { $0.range(in: skipped) != nil }) { return Difference(message: first) }
      absent = []
      rest = rest[range.upperBound...]
    }
    return absent.first { $0.range(in: rest) != nil }.map { Difference(message: $0) }
  }

  private func range(in log: Substring) -> Range<Substring.Index>? {
    guard text.contains("{{") else { return log.firstRange(of: text) }
    var pattern = ""
    var rest = Substring(text)
    while let open = rest.firstRange(of: "{{"), let close = rest[open.upperBound...].firstRange(of: "}}") {
      pattern += Self.quoted(rest[..<open.lowerBound]) + "(?:" + rest[open.upperBound..<close.lowerBound] + ")"
      rest = rest[close.upperBound...]
    }
    guard let expression = try? Regex(pattern + Self.quoted(rest)) else { return nil }
    return log.firstMatch(of: expression)?.range
  }

  private static func quoted(_ text: Substring) -> String {
    text.reduce(into: "") { result, character in
      if "\\^$.|?*+()[]{}".contains(character) { result += "\\" }
      result.append(character)
    }
  }
}
