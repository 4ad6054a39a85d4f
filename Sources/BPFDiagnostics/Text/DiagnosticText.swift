/// A diagnostic as a good compiler would show it: at most a screen of lines, the cause first, then what to do.
public struct DiagnosticText: Sendable {
  /// How parts stand out.
  public var style: DiagnosticStyle
  /// Whether the kernel's log follows.
  public var showsLog = false
  /// A folder: files below it are shown by their path from there.
  public var folder = ""
  /// The number of columns that lines should keep to.
  public var width = 120

  /// A text in a style.
  public init(style: DiagnosticStyle = .plain) { self.style = style }

  /// The lines, with a newline at the end of each.
  public func text(_ diagnostic: Diagnostic) -> String {
    var lines: [String] = []
    let severity = diagnostic.severity == .error ? style(.error, "error") : style(.warning, "warning")
    lines.append("\(severity): \(style(.headline, diagnostic.headline))")
    let gutter = gutterWidth(diagnostic)
    lines += excerpt(diagnostic, gutter)
    lines += holdings(diagnostic)
    lines += history(diagnostic)
    lines += path(diagnostic)
    lines += diagnostic.remarks.flatMap { wrapped("note: ", $0) }
    if let suggestion = diagnostic.suggestion { lines += wrapped("help: ", suggestion) }
    lines += kernel(diagnostic)
    if showsLog, !diagnostic.log.isEmpty {
      lines.append(style(.title, "log:"))
      lines += diagnostic.log.split(separator: "\n", omittingEmptySubsequences: false).map { "  \($0)" }
      while lines.last == "  " { lines.removeLast() }
    }
    return lines.map { $0 + "\n" }.joined()
  }

  // MARK: Place

  private func gutterWidth(_ diagnostic: Diagnostic) -> Int {
    diagnostic.place.map { String($0.line).count } ?? 1
  }

  private func excerpt(_ diagnostic: Diagnostic, _ gutter: Int) -> [String] {
    var where_: [String] = []
    if let instruction = diagnostic.instruction { where_.append("instruction \(instruction)") }
    if let function = diagnostic.function { where_.append("function \(function)") }
    if !diagnostic.program.isEmpty { where_.append("program \(diagnostic.program)") }
    let details = where_.joined(separator: ", ")
    let indent = String(repeating: " ", count: gutter)
    guard let place = diagnostic.place else {
      var lines: [String] = []
      if !details.isEmpty { lines.append("\(indent)\(style(.place, "-->")) \(details)") }
      if let text = diagnostic.instructionText { lines.append("\(indent)    \(text)") }
      return lines
    }
    var head = shown(place.file)
    if place.line > 0 { head += ":\(place.line)" }
    if place.column > 0 { head += ":\(place.column)" }
    var lines = [
      "\(indent)\(style(.place, "-->")) \(head)" + (details.isEmpty ? "" : "   \(style(.faint, "(\(details))"))")
    ]
    let source = Array(place.text)
    let leading = source.prefix { $0 == " " || $0 == "\t" }.count
    guard source.count > leading else { return lines }
    lines.append("\(indent) \(style(.place, "|"))")
    lines.append("\(style(.place, "\(place.line) |")) \(String(source[leading...]))")
    lines += marks(diagnostic, leading, source.count).map { "\(indent) \(style(.place, "|")) \($0)" }
    return lines
  }

  private func shown(_ file: String) -> String {
    let prefix = folder.hasSuffix("/") ? folder : folder + "/"
    return !folder.isEmpty && file.hasPrefix(prefix) ? String(file.dropFirst(prefix.count)) : file
  }

  /// A line that underlines; labels with text get a line each below it when there are several.
  private func marks(_ diagnostic: Diagnostic, _ leading: Int, _ length: Int) -> [String] {
    var line = ""
    var last = 0
    let labels = diagnostic.labels.sorted { $0.columns.lowerBound < $1.columns.lowerBound }
    for label in labels {
      let start = max(label.columns.lowerBound - 1 - leading, last)
      let end = max(min(label.columns.upperBound - 1, length) - leading, start + 1)
      line += String(repeating: " ", count: start - last) + style(.mark, String(repeating: "^", count: end - start))
      last = end
    }
    if line.isEmpty { return [] }
    if labels.count == 1, let only = labels.first, !only.text.isEmpty { return [line + " " + style(.mark, only.text)] }
    return [line]
      + labels.reversed().filter { !$0.text.isEmpty }.map { label in
        String(repeating: " ", count: max(label.columns.lowerBound - 1 - leading, 0)) + style(.mark, label.text)
      }
  }

  // MARK: What is known

  private func holdings(_ diagnostic: Diagnostic) -> [String] {
    // What stands beside the excerpt is not said twice, and where it comes from may be a table of its own.
    let shown = Set(diagnostic.labels.map(\.text))
    return diagnostic.holdings.enumerated().compactMap { index, holding in
      let from = origin(holding, in: diagnostic.place?.file)
      guard shown.contains("\(holding.subject) is \(holding.contents)") else {
        return "\(style(.title, "\(holding.subject):")) \(holding.contents)"
          + (from.isEmpty ? "" : style(.faint, ", from \(from)"))
      }
      if from.isEmpty || diagnostic.history.count > 1 { return nil }
      let action = diagnostic.history.first.map { ": \($0.action)" } ?? ""
      return "\(style(.title, "\(holding.subject)")) comes from \(from)\(action)"
    }
  }

  private func origin(_ holding: Diagnostic.Holding, in file: String?) -> String {
    var parts: [String] = []
    if let place = holding.origin, place.line > 0 {
      parts.append(place.file == file ? "line \(place.line)" : "\(shown(place.file)):\(place.line)")
    }
    if let instruction = holding.instruction { parts.append("instruction \(instruction)") }
    return parts.joined(separator: ", ")
  }

  private func history(_ diagnostic: Diagnostic) -> [String] {
    guard diagnostic.history.count > 1 else { return [] }
    let rows = diagnostic.history.map { step in
      (number: String(step.instruction), line: step.place.map { $0.line > 0 ? ":\($0.line)" : "" } ?? "", step: step)
    }
    let numberWidth = rows.map(\.number.count).max() ?? 0
    let lineWidth = rows.map(\.line.count).max() ?? 0
    let actionWidth = min(rows.map(\.step.action.count).max() ?? 0, 44)
    return [style(.title, "where the value comes from:")]
      + rows.map { row in
        var line = "  " + row.number.padded(to: numberWidth, atEnd: false)
        if lineWidth > 0 { line += "  " + row.line.padded(to: lineWidth) }
        line += "  " + (row.step.effect.isEmpty ? row.step.action : row.step.action.padded(to: actionWidth))
        if !row.step.effect.isEmpty { line += "  " + row.step.effect }
        return line
      }
  }

  private func path(_ diagnostic: Diagnostic) -> [String] {
    guard !diagnostic.path.isEmpty else { return [] }
    var decisions: [(text: String, count: Int)] = []
    for decision in diagnostic.path {
      let place = decision.place.map { $0.line > 0 ? ":\($0.line) " : "" } ?? ""
      let text = "\(place)\(decision.condition) \(decision.isTaken ? "true" : "false")"
      if decisions.last?.text == text { decisions[decisions.count - 1].count += 1 } else { decisions.append((text, 1)) }
    }
    let total = diagnostic.path.count + diagnostic.omittedDecisionCount
    let rest =
      diagnostic.omittedDecisionCount > 0
      ? "   (\(diagnostic.path.count) of \(total) decisions have to do with it)" : ""
    let words = decisions.map { $0.count > 1 ? "\($0.text) (\($0.count) times)" : $0.text }
    return wrapped("path: ", words.joined(separator: ", ") + rest)
  }

  private func kernel(_ diagnostic: Diagnostic) -> [String] {
    guard !diagnostic.kernelMessage.isEmpty else { return [] }
    let title = diagnostic.kernelVersion.map { "kernel \($0): " } ?? "kernel: "
    let lines = diagnostic.kernelMessage.split(separator: "\n")
    let indent = String(repeating: " ", count: title.count)
    return lines.enumerated().map { index, line in
      (index == 0 ? style(.title, title) : indent) + style(.faint, String(line))
    }
  }

  // MARK: Lines

  /// Words in lines of the width, those after the first indented by the title.
  private func wrapped(_ title: String, _ text: String) -> [String] {
    var lines: [String] = []
    var line = ""
    for word in text.split(separator: " ", omittingEmptySubsequences: false) {
      if !line.isEmpty, title.count + line.count + 1 + word.count > width {
        lines.append(line)
        line = String(word)
      } else {
        line += line.isEmpty && lines.isEmpty ? String(word) : (line.isEmpty ? String(word) : " \(word)")
      }
    }
    lines.append(line)
    let indent = String(repeating: " ", count: title.count)
    return lines.enumerated().map { ($0 == 0 ? style(.title, title) : indent) + $1 }
  }
}

extension String {
  fileprivate func padded(to width: Int, atEnd: Bool = true) -> String {
    let padding = String(repeating: " ", count: max(width - count, 0))
    return atEnd ? self + padding : padding + self
  }
}
