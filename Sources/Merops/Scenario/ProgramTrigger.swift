import BPFObject
import BPFSimulator

/// What has to happen in a machine so that a program runs, and where it is attached for that.
struct ProgramTrigger {
  /// What happens.
  enum Event: Hashable {
    /// A performance counter overflows.
    case overflow
    /// The task makes a system call; `nil` for any.
    case systemCall(SystemCall?)
    /// The CPU goes over to another task and back.
    case taskSwitch
    /// The task makes a copy of its process.
    case fork
    /// The task gets a new image.
    case execute
    /// The task ends.
    case exit
    /// The CPU goes through a function of the kernel, in a system call of the task if the function is that of one.
    case kernelFunction(String, in: SystemCall?)
    /// The task goes through a function of its own.
    case userFunction(String)
    /// The program is run as `BPF_PROG_TEST_RUN` does.
    case testRun
    /// A packet arrives, with the same command.
    case packet
  }

  var event: Event
  /// `nil` where nothing needs to be attached.
  var point: AttachPoint?

  /// The scheduler's tracepoints that the machine has, by name.
  private static let schedulerEvents: [String: Event] = [
    "sched_switch": .taskSwitch, "sched_process_fork": .fork, "sched_process_exec": .execute,
    "sched_process_exit": .exit,
  ]

  /// The trigger for a program.
  ///
  /// - Parameter period: the sample period that `perf_event` programs see, in nanoseconds.
  init(for program: Program, period: UInt64) throws(ScenarioError) {
    func impossible(_ reason: String) -> ScenarioError {
      .noEvent(program.name, section: program.section, reason: reason)
    }
    let target = program.kind.target
    switch program.kind.type {
    case .perfEvent:
      self.init(.overflow, .perfEvent(cpu: 0, period: period))
    case .systemCall:
      self.init(.testRun, nil)
    case .xdp, .trafficClassifier, .trafficAction, .socketFilter:
      self.init(.packet, nil)
    case .tracepoint:
      let parts = target.split(separator: "/", maxSplits: 1).map(String.init)
      guard parts.count == 2 else {
        throw impossible("the section does not say which tracepoint: name it SEC(\"tp/GROUP/NAME\")")
      }
      guard let event = Self.event(ofTracepoint: parts[1], in: parts[0]) else {
        throw impossible(Self.missingTracepoint(target))
      }
      self.init(event, .tracepoint(group: parts[0], name: parts[1]))
    case .rawTracepoint, .rawTracepointWritable:
      guard let event = Self.event(ofRawTracepoint: target) else { throw impossible(Self.missingTracepoint(target)) }
      self.init(event, .rawTracepoint(name: target))
    case .tracing where program.kind.prefix.hasPrefix("tp_btf"):
      guard let event = Self.event(ofRawTracepoint: target) else { throw impossible(Self.missingTracepoint(target)) }
      self.init(event, .rawTracepoint(name: target))
    case .tracing where ["fentry", "fexit"].contains { program.kind.prefix.hasPrefix($0) && !target.isEmpty }:
      let isReturn = program.kind.prefix.hasPrefix("fexit")
      self.init(Self.call(of: target), .kernelFunction(name: target, isReturn: isReturn))
    case .kprobe:
      guard let trigger = Self.probe(prefix: program.kind.prefix, target: target) else {
        throw impossible("the section does not say which function: name it SEC(\"kprobe/FUNCTION\")")
      }
      self = trigger
    default:
      throw impossible("the simulated kernel has no events for programs of this type")
    }
  }

  private init(_ event: Event, _ point: AttachPoint?) {
    self.event = event
    self.point = point
  }

  private static func event(ofTracepoint name: String, in group: String) -> Event? {
    switch group {
    case "raw_syscalls": name == "sys_enter" || name == "sys_exit" ? .systemCall(nil) : nil
    case "syscalls":
      ["sys_enter_", "sys_exit_"].lazy.filter(name.hasPrefix)
        .compactMap { SystemCall.named(String(name.dropFirst($0.count))) }.first
        .map { .systemCall($0) }
    case "sched": schedulerEvents[name]
    default: nil
    }
  }

  private static func event(ofRawTracepoint name: String) -> Event? {
    name == "sys_enter" || name == "sys_exit" ? .systemCall(nil) : schedulerEvents[name]
  }

  private static func missingTracepoint(_ name: String) -> String {
    let scheduler = schedulerEvents.keys.sorted().map { "sched/\($0)" }.joined(separator: ", ")
    return "the simulated kernel has no tracepoint '\(name)'; it has raw_syscalls/sys_enter, raw_syscalls/sys_exit, "
      + "syscalls/sys_enter_NAME, syscalls/sys_exit_NAME, \(scheduler)"
  }

  /// The functions that carry out system calls, each named after its call.
  private static let systemCallPrefix = "__x64_sys_"

  /// The call of a kernel function, within the system call that it carries out.
  private static func call(of function: String) -> Event {
    let isSystemCall = function.hasPrefix(systemCallPrefix)
    let call = isSystemCall ? SystemCall.named(String(function.dropFirst(systemCallPrefix.count))) : nil
    return .kernelFunction(function, in: call)
  }

  /// A probe's section is `kprobe/function`, `uprobe/binary:function+offset` or `ksyscall/call`.
  private static func probe(prefix: String, target: String) -> ProgramTrigger? {
    let kind = String(prefix.prefix { $0 != "." })
    let isReturn = kind.contains("ret")
    let function = String((target.split(separator: ":").last ?? "").prefix { $0 != "+" })
    guard !function.isEmpty else { return nil }
    switch kind {
    case "kprobe", "kretprobe":
      return ProgramTrigger(call(of: function), .kernelFunction(name: function, isReturn: isReturn))
    case "ksyscall", "kretsyscall":
      let whole = systemCallPrefix + function
      return ProgramTrigger(call(of: whole), .kernelFunction(name: whole, isReturn: isReturn))
    case "uprobe", "uretprobe", "usdt":
      return ProgramTrigger(.userFunction(function), .userFunction(name: function, isReturn: isReturn))
    default:
      return nil
    }
  }
}
