import ArgumentParser
import BPFProfiler

/// What `merops profile` samples, when, and how often.
package struct ProfileTargetOptions: ParsableArguments {
  @Option(
    name: [.customShort("p"), .customLong("pid")],
    help: ArgumentHelp("A process, and what it starts from then on; may be given more than once.", valueName: "number"))
  package var processes: [Int32] = []

  @Option(name: [.customShort("t"), .customLong("tid")], help: ArgumentHelp("One thread.", valueName: "number"))
  package var thread: Int32?

  @Flag(name: [.customShort("a"), .customLong("all")], help: "Everything that runs on the machine.")
  package var all = false

  @Option(help: ArgumentHelp("How long, such as 10s; without it until the target ends or Ctrl-C.", valueName: "time"))
  package var duration: Nanoseconds?

  @Option(
    name: [.customLong("hz"), .customLong("frequency")],
    help: ArgumentHelp("Samples a second and CPU.", valueName: "number"))
  package var frequency: UInt32 = 99

  @Option(help: ArgumentHelp("What makes the interrupts: cpu-clock, task-clock or cycles.", valueName: "event"))
  package var event = ProfilingOptions.Event.cpuClock

  @Flag(help: "Take user stacks in the interrupt, as kernels before 6.18 have to: what is not in memory is cut off.")
  package var noDeferral = false

  package init() {}

  package mutating func validate() throws {
    guard (1...100_000).contains(frequency) else {
      throw ValidationError("'--hz \(frequency)' is not between 1 and 100000")
    }
    guard processes.allSatisfy({ $0 > 0 }), (thread ?? 1) > 0 else {
      throw ValidationError("processes and threads have numbers above 0")
    }
  }

  /// The target, with the process of a command that was started.
  package func options(command: Int32?) -> ProfilingOptions {
    var target = ProfilingOptions.Target.all
    if let command {
      target = .processes([command])
    } else if let thread {
      target = .thread(thread)
    } else if !processes.isEmpty {
      target = .processes(processes)
    }
    return ProfilingOptions(target: target, event: event, frequency: frequency, defersStacks: !noDeferral)
  }
}

extension ProfilingOptions.Event: ExpressibleByArgument {}
