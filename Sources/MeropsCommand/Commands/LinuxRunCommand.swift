import Merops

/// `merops run --engine linux`: the programs of an object in the kernel that this process runs on.
struct LinuxRunCommand {
  var session: LinuxSession
  var json: Bool
  /// Whether the verifier's log is shown as it is, besides what it says.
  var log: Bool

  /// Runs programs and prints what became of them.
  func perform(_ programs: [Program], of object: ObjectFile, named name: String) async throws {
    let run: LinuxRun
    do {
      run = try await session.run(programs.map(\.name), of: object)
    } catch {
      var message = error.description
      if case .load(var refusal) = error, let diagnostic = refusal.diagnostic(in: object, on: session.kernel) {
        let style = Style(of: .error)
        try? Output.error.write(DiagnosticText(style).text(diagnostic))
        if log {
          try? Output.error.write(
            "\n" + refusal.verifierLog.split(separator: "\n").map { String($0).printable + "\n" }.joined())
        }
        refusal.verifierLog = ""
        message = refusal.description
      }
      let status: CommandStatus =
        switch error {
        case .unknownProgram, .symbol: .usage
        case .target: .input
        case .load, .attach: .load
        }
      throw CommandFailure(status, message)
    }
    let maps = run.takeMapContents()
    if json {
      try Output.standard.write(JSONText.document(LinuxRunReport(object: name, programs, run, maps, session)))
    } else {
      try Output.standard.write(text(of: run, programs, maps))
    }
    guard !Task.isCancelled, run.hasFailed else { return }
    throw ReportedFailure(status: .failed)
  }

  private func text(of run: LinuxRun, _ programs: [Program], _ maps: [MapContents]) -> String {
    let text = RunText(style: Style(of: .standard))
    var parts = run.programs.map { outcome in
      programs.first { $0.name == outcome.name }.map(text.title(of:)) ?? ""
    }
    for (index, outcome) in run.programs.enumerated() { parts[index] += text.outcome(outcome) }
    if let process = run.process { parts.append(text.end(run.end, of: process, session.commandName)) }
    parts.append(text.maps(maps))
    return parts.filter { !$0.isEmpty }.joined(separator: "\n")
  }
}

extension LinuxSession {
  /// The name of the command, empty when there is none.
  var commandName: String {
    if case .command(let arguments) = target { arguments.first ?? "" } else { "" }
  }
}

extension LinuxRun {
  /// Whether the command failed, or a program that is run for its result.
  var hasFailed: Bool {
    switch end {
    case nil, .exited(0): break
    default: return true
    }
    return programs.contains { Int32(bitPattern: $0.result ?? 0) < 0 || $0.problem != nil }
  }
}
