/// A message of the kernel with gaps: `R{} type={} expected={}`. A gap takes the shortest text that lets the rest fit.
struct MessagePattern {
  private let pieces: [Substring]

  init(_ pattern: String) {
    var pieces: [Substring] = []
    var rest = Substring(pattern)
    while let gap = rest.firstRange(of: "{}") {
      pieces.append(rest[..<gap.lowerBound])
      rest = rest[gap.upperBound...]
    }
    self.pieces = pieces + [rest]
  }

  /// What the gaps take, in order; `nil` when the message does not fit from its beginning to its end.
  func match(_ message: some StringProtocol) -> [String]? {
    guard let first = pieces.first, let last = pieces.last, message.hasPrefix(first) else { return nil }
    if pieces.count == 1 { return message.count == first.count ? [] : nil }
    var rest = Substring(message).dropFirst(first.count)
    var gaps: [String] = []
    for piece in pieces.dropFirst().dropLast() {
      guard let range = rest.firstRange(of: piece), !piece.isEmpty else { return nil }
      gaps.append(String(rest[..<range.lowerBound]))
      rest = rest[range.upperBound...]
    }
    guard rest.hasSuffix(last) else { return nil }
    gaps.append(String(rest.dropLast(last.count)))
    return gaps
  }
}
