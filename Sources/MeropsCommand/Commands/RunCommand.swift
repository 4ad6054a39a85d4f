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

  @OptionGroup
  package var input: ObjectOptions

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

  package init() {}

  package func run() async throws {
    var (object, name) = try await input.open()
    try scenario.apply(to: &object)
    let chosen = try input.programs.selection(of: object, where: \.loadsByDefault)
    guard engine == .simulated else {
      let run = LinuxRunCommand(session: try linux.session(scenario), json: json, log: log)
      return try await run.perform(chosen, of: object, named: name)
    }
    if let option = linux.given { throw CommandFailure(.usage, "'\(option)' is for '--engine linux' only") }
    if let symbol = scenario.symbol {
      throw CommandFailure(
        .usage,
        "'--set \(symbol)': the simulated task has no symbols; give a text with '@TEXT', or use '--engine linux'")
    }
    let scenario = try scenario.scenario()
    var report = RunReport(object: name, programs: [])
    var status = CommandStatus.success
    let style = Style(of: .standard)
    for (index, program) in chosen.enumerated() {
      do {
        let printer = TimelinePrinter(
          of: program, in: object, RunText(style: style), separator: index > 0 ? "\n" : "", showsTimeline: !noTimeline,
          origin: scenario.configuration.startTime)
        let run = try Self.perform(scenario, program, of: object, json ? nil : printer.print)
        let maps = run.takeMapContents()
        if json {
          printer.notice(run.machine.timeline)
          report.programs.append(.init(program, run, of: scenario, maps: maps))
        } else {
          try printer.finish(run, of: scenario, maps)
        }
        if Task.isCancelled {
          Output.error.report(
            "'\(program.name)' was interrupted after \(run.eventCount) of \(scenario.eventCount) events")
          throw ReportedFailure(status: .interrupted)
        }
        if status == .success { status = Self.status(of: run, program, printer) }
      } catch let failure as LoadFailure {
        // The other programs may still run.
        failure.tell()
        report.programs.append(.init(program, failure))
        if status == .success { status = .load }
      }
    }
    if json { try Output.standard.write(JSONText.document(report)) }
    if status != .success { throw ReportedFailure(status: status) }
  }

  private static func perform(
    _ scenario: Scenario, _ program: Program, of object: ObjectFile, _ takeTimeline: (([TimelineEvent]) -> Bool)?
  ) throws -> ScenarioRun {
    do throws(ScenarioError) {
      return try scenario.run(program.name, of: object, takeTimeline: takeTimeline)
    } catch {
      switch error {
      case .edit, .unknownProgram: throw CommandFailure(.usage, "\(error)")
      case .load(let error): throw LoadFailure(message: "\(error)", diagnostic: error.diagnostic)
      case .noEvent, .machine: throw LoadFailure(message: "\(error)")
      }
    }
  }

  /// A fault is a failure, and so is a negative result of a program that is run for its result.
  private static func status(of run: ScenarioRun, _ program: Program, _ printer: TimelinePrinter) -> CommandStatus {
    guard run.machine.faults.isEmpty else { return .failed }
    return program.kind.type == .systemCall && printer.hasNegativeResult ? .failed : .success
  }
}

/// Why one program of several does not run.
package struct LoadFailure: Error {
  var message: String
  /// What the verifier has found, if it is the verifier that refuses the program.
  var diagnostic: Diagnostic?

  /// Says it to the user: a finding as a compiler would, and how to run the program all the same.
  func tell() {
    guard let diagnostic else { return Output.error.report(message) }
    try? Output.error.write(DiagnosticText(Style(of: .error)).text(diagnostic))
    Output.error.report(
      "'\(diagnostic.program)' is refused as Linux would; with '--unverified' it runs until it does what it may not")
  }
}
