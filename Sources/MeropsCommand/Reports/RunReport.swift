import Merops

/// What `merops run` tells; its members are the JSON document's.
package struct RunReport: Codable, Hashable, Sendable {
  package var object: String
  package var programs: [ProgramEntry]

  /// A program and what came of it, in a machine of its own.
  package struct ProgramEntry: Codable, Hashable, Sendable {
    package var name: String
    package var section: String
    package var type: String
    /// The number of 8-byte slots.
    package var instructionCount: Int
    /// How it was executed: `verified` or `checked`.
    package var execution: String?
    /// Why it was not executed as verified, when it was to be.
    package var unverifiedBecause: String?
    /// Why it did not run.
    package var error: String?
    /// What the verifier has found, when that is why.
    package var diagnostic: DiagnosticReport?
    /// What a syscall program has left in its context.
    package var context: JSONValue?
    /// What the program has made of its packet, if it works on packets.
    package var packet: PacketReport?
    /// What happened, in order.
    package var timeline: [TimelineEntry]
    /// The maps that hold anything at the end.
    package var maps: [MapEntry]
    /// What programs printed.
    package var trace: [String]
    /// Why programs were stopped.
    package var faults: [String]
  }

  /// A map at the end.
  package struct MapEntry: Codable, Hashable, Sendable {
    package var name: String
    package var type: String
    package var maxEntries: Int
    package var elements: [Element]
    package var problem: String?

    /// An element, a record or a variable.
    package struct Element: Codable, Hashable, Sendable {
      package var key: JSONValue?
      package var name: String?
      /// The value; absent in per-CPU maps.
      package var value: JSONValue?
      /// The values by CPU; absent in other maps.
      package var values: [JSONValue]?
    }
  }
}

extension RunReport.ProgramEntry {
  /// A program that has not run.
  init(_ program: Program, _ failure: LoadFailure) {
    self.init(program)
    error = failure.message
    diagnostic = failure.diagnostic.map(DiagnosticReport.init)
  }

  /// A program that has run. `maps` is what they held at the end.
  init(_ program: Program, _ run: ScenarioRun, of scenario: Scenario, maps: [MapContents]) {
    self.init(program)
    switch run.execution {
    case .verified: execution = "verified"
    case .checked(let reason): (execution, unverifiedBecause) = ("checked", reason)
    case nil: break
    }
    packet = run.packetResult.map { PacketReport($0, of: program.kind.type, before: scenario.packet) }
    context = run.context.map(JSONValue.init)
    timeline = run.machine.timeline.map { TimelineEntry($0, run) }
    self.maps = maps.map(RunReport.MapEntry.init)
    trace = run.machine.traceLog
    faults = run.machine.faults.map(\.message)
  }

  private init(_ program: Program) {
    name = program.name
    section = program.section
    type = program.kind.type.description
    instructionCount = program.instructions.count
    timeline = []
    maps = []
    trace = []
    faults = []
  }
}

extension RunReport.MapEntry {
  init(_ contents: MapContents) {
    name = contents.name
    type = contents.type.description
    maxEntries = contents.maxEntries
    problem = contents.problem
    let isPerCPU = [.perCPUHash, .perCPUArray, .lruPerCPUHash].contains(contents.type)
    elements = contents.elements.map { element in
      Element(
        key: element.key.map(JSONValue.init), name: element.name,
        value: isPerCPU ? nil : element.values.first.map(JSONValue.init),
        values: isPerCPU ? element.values.map(JSONValue.init) : nil)
    }
  }
}
