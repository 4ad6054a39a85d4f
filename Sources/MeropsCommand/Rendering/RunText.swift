import Merops

/// What `merops run` prints for people about one program.
package struct RunText {
  private let style: Style

  /// Columns that a value may take before its members go below each other.
  private static let width = 100

  package init(style: Style = .plain) { self.style = style }

  /// The title above everything else.
  func title(of program: Program) -> String {
    let count = program.instructions.count
    return style.applied(.heading, to: program.name.printable)
      + " (SEC(\"\(program.section.printable)\"), \(count) instruction\(count == 1 ? "" : "s"))\n"
  }

  /// That the program was not verified though it was to be.
  func execution(of run: ScenarioRun) -> String {
    guard case .checked(let reason?) = run.execution else { return "" }
    return style.applied(.faint, to: "  not verified, each access is checked: \(reason)") + "\n"
  }

  /// The lines that a timeline has now, indented; it forgets them.
  func lines(takenFrom timeline: inout TimelineText) -> String {
    timeline.takeText(indentation: 2) { part, text in
      switch part {
      case .title, .time: style.applied(.faint, to: text)
      case .interrupt: style.applied(.interrupt, to: text)
      case .fault: style.applied(.failure, to: text)
      }
    }
  }

  /// The maps that hold anything.
  func maps(_ maps: [MapContents]) -> String {
    maps.map(self.text).joined()
  }

  /// What a syscall program has left in its context.
  func context(_ value: DecodedValue?) -> String {
    guard let value else { return "" }
    return "  " + style.applied(.name, to: "context") + "\n    \(text(of: value, after: 4))\n"
  }

  /// What the program has made of its packet.
  func packet(_ result: PacketResult?, of type: ProgramType, before: [UInt8]) -> String {
    guard let result else { return "" }
    let report = PacketReport(result, of: type, before: before)
    var text = "  " + style.applied(.name, to: "packet") + "\n    verdict \(report.action ?? "\(report.verdict)")"
    if let redirect = report.redirect { text += " to interface \(redirect)" }
    guard report.isChanged else { return text + ", unchanged\n" }
    text += "\n    " + DecodedValue(result.packet).lines(indent: 2) + "\n"
    return text
  }

  /// What programs printed.
  func trace(_ lines: [String]) -> String {
    guard !lines.isEmpty else { return "" }
    return "  " + style.applied(.name, to: "trace") + "\n" + lines.map { "    \($0.printable)\n" }.joined()
  }

  /// What a program of the real kernel was attached to, and what it gave besides maps.
  func outcome(_ outcome: LinuxRun.ProgramOutcome) -> String {
    var text = "  \(outcome.place.printable)"
    if let result = outcome.result { text += ": returned \(Int32(bitPattern: result))" }
    text += "\n"
    if let context = outcome.context { text += self.context(DecodedValue(context)) }
    for line in (outcome.text ?? "").split(separator: "\n") { text += "    \(String(line).printable)\n" }
    if let problem = outcome.problem { text += "  " + style.applied(.failure, to: problem.printable) + "\n" }
    return text
  }

  /// How a command ended.
  func end(_ end: TargetProcess.End?, of process: Int32, _ name: String) -> String {
    let what =
      switch end {
      case .exited(let status): "exited with status \(status)"
      case .killed(let signal): "was ended by signal \(signal)"
      case .lost: "has ended"
      case nil: "still runs"
      }
    return "\(name.printable) (process \(process)) \(what)\n"
  }

  private func text(of map: MapContents) -> String {
    var text = "  " + style.applied(.name, to: map.name.printable) + " (\(map.type)"
    if map.elements.contains(where: { $0.key != nil }) {
      text += ", \(map.elements.count) of \(map.maxEntries)"
    }
    text += ")\n"
    if let problem = map.problem { text += "    cannot be read: \(problem)\n" }
    for element in map.elements {
      let label = (element.name.map { "\($0) = " } ?? element.key.map { "[\($0)] = " } ?? "").printable
      if element.values.count == 1, let value = element.values.first {
        text += "    \(label)\(self.text(of: value, after: label.count + 4))\n"
        continue
      }
      for (cpu, value) in element.values.enumerated() where value.bytes.contains(where: { $0 != 0 }) {
        let label = "CPU \(cpu): \(label)"
        text += "    \(label)\(self.text(of: value, after: label.count + 4))\n"
      }
    }
    return text
  }

  private func text(of value: DecodedValue, after column: Int) -> String {
    let line = value.description.printable
    guard column + line.count > Self.width else { return style.applied(.value, to: line) }
    return value.lines(indent: 2).split(separator: "\n").map { style.applied(.value, to: String($0).printable) }
      .joined(separator: "\n")
  }
}
