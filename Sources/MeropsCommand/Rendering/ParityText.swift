import BPFParity

/// The results of `merops parity` for people: a line a topic, and what differs with all that is known of it.
package struct ParityText {
  /// The text, with a line break at its end.
  package let text: String

  package init(_ results: [ParityResult], showsAll: Bool, style: Style) {
    var topics = Columns([.left, .right, .left, .right, .left])
    var names: [String] = []
    for result in results where !names.contains(result.topic) { names.append(result.topic) }
    for name in names { Self.add(name, results.filter { $0.topic == name }, to: &topics) }
    if names.count > 1 { Self.add("all", results, to: &topics) }
    var lines = topics.lines(style)
    for result in results where showsAll || !result.isExpected {
      let mark = result.isExpected ? "equal" : result.isEqual ? "not as specified" : "different"
      lines += [
        "", style.applied(result.isExpected ? .faint : .failure, to: mark) + "  \(result.number)  \(result.name)",
      ]
      var outcomes = Columns([.left, .left])
      outcomes.add("specification", result.expected.joined(separator: "; "))
      outcomes.add("simulated", result.simulated.joined(separator: "; "))
      outcomes.add("running", result.running.joined(separator: "; "))
      lines += outcomes.lines(style, indentation: 2)
    }
    text = lines.joined(separator: "\n") + "\n"
  }

  private static func add(_ name: String, _ results: [ParityResult], to topics: inout Columns) {
    let equal = results.count(where: \.isEqual)
    let different = results.count - equal
    topics.add(
      name, "\(results.count)", "cases, \(equal) equal", different > 0 ? "\(different)" : "",
      different > 0 ? "different" : "", role: different > 0 ? .failure : nil)
  }
}
