import Merops

/// What `merops run --engine linux` tells; its members are the JSON document's.
package struct LinuxRunReport: Codable, Hashable, Sendable {
  package var object: String
  package var engine = "linux"
  package var programs: [ProgramEntry]
  /// The command after `--`.
  package var command: CommandEntry?
  /// The maps that hold anything at the end, in the form of the simulated engine.
  package var maps: [RunReport.MapEntry]

  /// A program and what it was attached to.
  package struct ProgramEntry: Codable, Hashable, Sendable {
    package var name: String
    package var section: String
    package var type: String
    /// The number of 8-byte slots.
    package var instructionCount: Int
    /// What it was attached to, in words.
    package var place: String
    /// What a syscall program returned.
    package var result: Int32?
    /// What a syscall program has left in its context, in hexadecimal.
    package var context: String?
    /// What an iterator has written.
    package var text: String?
    package var error: String?
  }

  /// How a command ended.
  package struct CommandEntry: Codable, Hashable, Sendable {
    package var name: String
    package var pid: Int32
    package var exitStatus: Int32?
    /// The number of the signal that has ended it.
    package var signal: Int32?
  }

  init(
    object: String, _ programs: [Program], _ run: LinuxRun, _ maps: [MapContents], _ session: LinuxSession
  ) {
    self.object = object
    self.programs = run.programs.compactMap { outcome in
      programs.first { $0.name == outcome.name }.map { ProgramEntry($0, outcome) }
    }
    self.maps = maps.map(RunReport.MapEntry.init)
    guard let process = run.process else { return }
    var entry = CommandEntry(name: session.commandName, pid: process)
    switch run.end {
    case .exited(let status): entry.exitStatus = status
    case .killed(let signal): entry.signal = signal
    case .lost, nil: break
    }
    command = entry
  }
}

extension LinuxRunReport.ProgramEntry {
  init(_ program: Program, _ outcome: LinuxRun.ProgramOutcome) {
    name = program.name
    section = program.section
    type = program.kind.type.description
    instructionCount = program.instructions.count
    place = outcome.place
    result = outcome.result.map { Int32(bitPattern: $0) }
    context = outcome.context.map { bytes in
      bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
    }
    text = outcome.text
    error = outcome.problem
  }
}
