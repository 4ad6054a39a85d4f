import ArgumentParser
import Merops

/// Which kernel runs the programs.
package enum Engine: String, ExpressibleByArgument, CaseIterable, Sendable {
  /// A simulated machine.
  case simulated
  /// The kernel that this process runs on.
  case linux
}

/// The options that say what is looked at in the real kernel.
package struct LinuxOptions: ParsableArguments {
  @Option(help: ArgumentHelp("What perf_event programs count.", valueName: "event"))
  package var event: CountedEvent?

  @Option(name: .customLong("hz"), help: ArgumentHelp("Samples a second; 99 without it.", valueName: "n"))
  package var frequency: UInt64?

  @Option(help: ArgumentHelp("A process that runs, with all its threads.", valueName: "n"))
  package var pid: Int32?

  @Option(help: ArgumentHelp("A thread that runs.", valueName: "n"))
  package var tid: Int32?

  @Option(help: ArgumentHelp("Count on this CPU only.", valueName: "n"))
  package var cpu: Int32?

  @Flag(help: "Count on all CPUs, whatever runs there.")
  package var allCpus = false

  @Option(help: ArgumentHelp("When to end, unless the target ends before.", valueName: "time"))
  package var duration: Nanoseconds?

  @Option(help: ArgumentHelp("The network interface for XDP and tc programs.", valueName: "name"))
  package var interface: String?

  @Option(help: ArgumentHelp("The folder of a control group, for cgroup programs.", valueName: "path"))
  package var cgroup: String?

  @Argument(
    parsing: .postTerminator,
    help: ArgumentHelp("A command to run with the programs attached to it, after '--'.", valueName: "command"))
  package var command: [String] = []

  package init() {}

  /// What a counter counts.
  package enum CountedEvent: String, ExpressibleByArgument, CaseIterable, Sendable {
    case cpuClock = "cpu-clock"
    case taskClock = "task-clock"
    case pageFaults = "page-faults"
    case contextSwitches = "context-switches"
    case cycles

    func counter(_ sampling: PerfEvent.Sampling) -> PerfEvent {
      switch self {
      case .cpuClock: .cpuClock(sampling)
      case .taskClock: .taskClock(sampling)
      case .pageFaults: .pageFaults(sampling)
      case .contextSwitches: .contextSwitches(sampling)
      case .cycles: .cycles(sampling)
      }
    }

    /// Clocks and cycles are sampled so many times a second; of the others each one counts.
    var sampling: PerfEvent.Sampling {
      switch self {
      case .cpuClock, .taskClock, .cycles: .frequency(99)
      case .pageFaults, .contextSwitches: .period(1)
      }
    }
  }

  package func validate() throws {
    let targets = [pid != nil, tid != nil, !command.isEmpty].filter(\.self)
    guard targets.count <= 1 else { throw ValidationError("give one of '--pid', '--tid' and a command") }
    guard frequency != 0 else { throw ValidationError("'--hz' has to be more than 0") }
    guard pid ?? 1 > 0, tid ?? 1 > 0 else { throw ValidationError("a process has a number above 0") }
    guard cpu ?? 0 >= 0 else { throw ValidationError("'--cpu' has to be 0 or more") }
    guard !allCpus || (cpu == nil && pid == nil && tid == nil) else {
      throw ValidationError("'--all-cpus' goes with a command, or alone")
    }
  }

  /// The first option that was given, for a message that it is for another engine.
  var given: String? {
    let options: [(String, Bool)] = [
      ("--event", event != nil), ("--hz", frequency != nil), ("--pid", pid != nil), ("--tid", tid != nil),
      ("--cpu", cpu != nil), ("--all-cpus", allCpus), ("--duration", duration != nil),
      ("--interface", interface != nil), ("--cgroup", cgroup != nil),
    ]
    return options.first(where: \.1)?.0 ?? (command.isEmpty ? nil : "-- \(command[0])")
  }

  /// The session.
  func session(_ scenario: ScenarioOptions) throws(CommandFailure) -> LinuxSession {
    if let option = scenario.simulatedOnly {
      throw CommandFailure(.usage, "'\(option)' is for the simulated engine only")
    }
    guard frequency == nil || scenario.period == nil else {
      throw CommandFailure(.usage, "give '--hz' or '--period', not both")
    }
    var session = LinuxSession()
    let event = event ?? .cpuClock
    session.event = event.counter(
      frequency.map { .frequency($0) } ?? scenario.period.map { .period($0.value) } ?? event.sampling)
    if let pid {
      session.target = .process(pid)
    } else if let tid {
      session.target = .thread(tid)
    } else if !command.isEmpty {
      session.target = .command(command)
    }
    session.countsAllCPUs = allCpus
    session.cpu = cpu
    session.interface = interface.map { .name($0) }
    session.controlGroup = cgroup
    session.duration = duration.map { .nanoseconds(Int64(clamping: $0.value)) }
    if let context = scenario.context {
      session.context = try HexadecimalBytes(parsing: context, what: "the context").bytes
    }
    for assignment in scenario.assignments {
      switch assignment.value {
      case .value: break
      case .symbol(let symbol): session.symbols.append(.init(variable: assignment.variable, symbol: symbol))
      case .userString(let text):
        throw CommandFailure(
          .usage,
          "'--set \(assignment.variable)=@\(text)': Merops puts no texts into the memory of a real process; "
            + "name one that the program has, as '&SYMBOL'")
      }
    }
    return session
  }
}
