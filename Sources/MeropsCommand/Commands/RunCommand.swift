import ArgumentParser
import Merops

/// `merops run`: the programs of an object in a simulated machine, or in the real kernel.
package struct RunCommand: AsyncParsableCommand {
  package static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Runs the programs of an object and shows what happened.",
    discussion: """
      Each program gets a machine of its own, in which CPU 0 runs a task ('app', number 1000) in user mode. Then comes \
      what the program waits for: an NMI for perf_event, the system call or the scheduler's doing for tracepoints, a call \
      of the function for probes, a packet for XDP, tc and socket filters, a run for syscall programs. C source is compiled first.

      With '--engine linux' the object goes into the kernel that runs here, with its programs attached to the command \
      after '--', to a process, or to the machine; afterwards the maps are shown.

      EXAMPLES:
        merops run task_work.bpf.c --set user_ptr=@"hello world"
        merops run task_work.bpf.o --program oncpu_hash_map --nmi 3 --period 250us
        merops run task_work.bpf.c --set user_ptr=@"hello world" --block read
        merops run trace.bpf.c --argument 0 --argument @"/etc/passwd" --json
        merops run count_packets.bpf.c --set dropped_port=53 --packet @query.bin
        cat task_work.bpf.c | merops run - --program oncpu_hash_map
        merops run --engine linux task_work.bpf.o --program oncpu_hash_map --set user_ptr=&greeting -- ./workload
      """)

  @Argument(help: "An object or C source (.c); '-' is standard input.", completion: .file(extensions: ["o", "c"]))
  package var file: String

  @Option(help: ArgumentHelp("Only this program; may be given more than once.", valueName: "name"))
  package var program: [String] = []

  @Option(help: ArgumentHelp("The kernel: 'simulated' or 'linux'.", valueName: "name"))
  package var engine = Engine.simulated

  @OptionGroup(title: "What happens")
  package var scenario: ScenarioOptions

  @OptionGroup(title: "The real kernel")
  package var linux: LinuxOptions

  @Flag(help: "Print one JSON document.")
  package var json = false

  @Flag(help: "Show the log of the kernel's verifier as it is, when a program is refused.")
  package var log = false

  @Flag(help: "Leave out the timeline.")
  package var noTimeline = false

  @OptionGroup(title: "C source")
  package var compiler: CompilerOptions

  package init() {}

  package func run() async throws {
    let source = try ObjectSource(reading: file)
    var object = try await source.open(compiler)
    try scenario.apply(to: &object)
    guard engine == .simulated else {
      let run = LinuxRunCommand(session: try linux.session(scenario), json: json, log: log)
      return try await run.perform(try selection(of: object), of: object, named: source.name)
    }
    if let option = linux.given { throw CommandFailure(.usage, "'\(option)' is for '--engine linux' only") }
    if let symbol = scenario.symbol {
      throw CommandFailure(
        .usage,
        "'--set \(symbol)': the simulated task has no symbols; give a text with '@TEXT', or use '--engine linux'")
    }
    let scenario = try scenario.scenario()
    var report = RunReport(object: source.name, programs: [])
    var status = CommandStatus.success
    for (index, program) in try selection(of: object).enumerated() {
      do {
        let run = try Self.perform(scenario, program, of: object)
        let maps = run.takeMapContents()
        if Task.isCancelled { try tellInterrupted(run, program, scenario, maps) }
        if json {
          report.programs.append(.init(program, run, of: scenario, maps: maps))
        } else {
          try Output.standard.write(
            (index > 0 ? "\n" : "") + text(of: run, program, scenario, maps, hasTimeline: !noTimeline))
        }
        if status == .success { status = Self.status(of: run, program) }
      } catch let failure as CommandFailure where failure.status == .load {
        // The other programs may still run.
        Output.error.report(failure.message)
        report.programs.append(.init(program, error: failure.message))
        if status == .success { status = failure.status }
      }
    }
    if json { try Output.standard.write(JSONText.document(report)) }
    if status != .success { throw ReportedFailure(status: status) }
  }

  /// What there was until Ctrl-C: the maps, and how far it came. The timeline may be longer than anyone waits for.
  private func tellInterrupted(
    _ run: ScenarioRun, _ program: Program, _ scenario: Scenario, _ maps: [MapContents]
  ) throws {
    if !json { try Output.standard.write(text(of: run, program, scenario, maps, hasTimeline: false)) }
    Output.error.report(
      "'\(program.name)' was interrupted after \(run.eventCount) of \(scenario.eventCount) events; without the timeline"
    )
    throw ReportedFailure(status: .interrupted)
  }

  /// The programs that the options ask for; without any, those that are loaded by default.
  package func selection(of object: ObjectFile) throws(CommandFailure) -> [Program] {
    for name in program { try object.requireProgram(name) }
    let programs = object.programs.values.filter { program.isEmpty ? $0.loadsByDefault : program.contains($0.name) }
    guard !programs.isEmpty else {
      throw CommandFailure(
        .usage,
        object.programs.isEmpty
          ? "the object has no programs: each needs a section such as SEC(\"perf_event\")"
          : "no program is loaded by default; name one with '--program': \(object.programs.keys.joined(separator: ", "))"
      )
    }
    return Array(programs)
  }

  private static func perform(
    _ scenario: Scenario, _ program: Program, of object: ObjectFile
  ) throws(CommandFailure) -> ScenarioRun {
    do throws(ScenarioError) {
      return try scenario.run(program.name, of: object)
    } catch {
      switch error {
      case .edit, .unknownProgram: throw CommandFailure(.usage, "\(error)")
      case .load, .noEvent, .machine: throw CommandFailure(.load, "\(error)")
      }
    }
  }

  private func text(
    of run: ScenarioRun, _ program: Program, _ scenario: Scenario, _ maps: [MapContents], hasTimeline: Bool
  ) -> String {
    let text = RunText(style: Style(of: .standard))
    var parts = [text.title(of: program)]
    if hasTimeline { parts.append(text.timeline(of: run)) }
    parts.append(
      text.packet(run.packetResult, of: program.kind.type, before: scenario.packet) + text.context(run.context)
        + text.maps(maps) + text.trace(run.machine.traceLog))
    return parts.filter { !$0.isEmpty }.joined(separator: "\n")
  }

  /// A fault is a failure, and so is a negative result of a program that is run for its result.
  private static func status(of run: ScenarioRun, _ program: Program) -> CommandStatus {
    guard run.machine.faults.isEmpty else { return .failed }
    guard program.kind.type == .systemCall else { return .success }
    for case .programRan(program.name, let result, _) in run.machine.timeline.map(\.kind)
    where Int32(truncatingIfNeeded: result) < 0 {
      return .failed
    }
    return .success
  }
}
