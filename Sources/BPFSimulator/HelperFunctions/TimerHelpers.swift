import BPFExecution
import BPFMaps
import BPFObject

/// Timers in map values.
let timerHelpers: [HelperImplementation] = [
  .init("bpf_timer_init", timerInit),
  .init("bpf_timer_set_callback", timerSetCallback),
  .init("bpf_timer_start", timerStart),
  .init("bpf_timer_cancel", timerCancel),
]

/// The clocks that a timer may follow.
private enum Clock {
  static let realTime: UInt64 = 0
  static let monotonic: UInt64 = 1
  static let bootTime: UInt64 = 7
}

private struct TimerFlags: OptionSet {
  let rawValue: UInt64
  /// `BPF_F_TIMER_ABS`: the time is one of the clock, not from now.
  static let absolute = TimerFlags(rawValue: 1)
  /// `BPF_F_TIMER_CPU_PIN`: the callback runs on the CPU that started the timer. Here it always does.
  static let pinned = TimerFlags(rawValue: 2)
}

private func timerInit(_ run: ProgramRun, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
  let name = "bpf_timer_init"
  let (map, element) = try run.timer(invocation.r1, name)
  let named = try run.map(invocation.r2, name, argument: 2)
  guard named === map else {
    throw ExecutionFault(
      .environment(
        "\(name): the timer in R1 is of a value of map '\(map.name)', which doesn't match map '\(named.name)' in R2"))
  }
  let flags = invocation.r3
  guard [Clock.realTime, Clock.monotonic, Clock.bootTime].contains(flags) else {
    return LinuxErrno.invalidArgument.register
  }
  guard run.cpu.context < .nmi else { return LinuxErrno.notSupported.register }
  guard map.timers[element] == nil else { return LinuxErrno.busy.register }
  guard map.userReferenceCount > 0 else { return LinuxErrno.operationNotPermitted.register }
  map.timers[element] = SimulatedTimer(identity: run.machine.takeTimerIdentity(), clock: flags)
  return 0
}

/// The program stays loaded as long as the timer may call it.
private func timerSetCallback(_ run: ProgramRun, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
  let name = "bpf_timer_set_callback"
  let (map, element) = try run.timer(invocation.r1, name)
  let callback = try run.function(invocation.r2, name, argument: 2, invocation)
  guard run.cpu.context < .nmi else { return LinuxErrno.notSupported.register }
  // The map's last user has taken its timers along, so that there is one.
  guard var timer = map.timers[element] else { return LinuxErrno.invalidArgument.register }
  let program = run.program(of: invocation)
  let previous = timer.program
  if previous !== program {
    guard program.retain() else { return LinuxErrno.noSuchEntry.register }
    timer.program = program
  }
  timer.callback = callback
  map.timers[element] = timer
  if let previous, previous !== program { run.machine.release(previous) }
  return 0
}

/// Starts the timer, or sets a running one to another time.
private func timerStart(_ run: ProgramRun, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
  let (map, element) = try run.timer(invocation.r1, "bpf_timer_start")
  let (duration, flags) = (invocation.r2, TimerFlags(rawValue: invocation.r3))
  guard run.cpu.context < .nmi else { return LinuxErrno.notSupported.register }
  guard flags.subtracting([.absolute, .pinned]).isEmpty else { return LinuxErrno.invalidArgument.register }
  guard let timer = map.timers[element], timer.program != nil else { return LinuxErrno.invalidArgument.register }
  let machine = run.machine
  // A time that a signed clock does not reach is the clock's end.
  let limited = min(duration, UInt64(Int64.max))
  var time = machine.now + limited
  if flags.contains(.absolute) {
    time = timer.clock == Clock.realTime ? limited - min(limited, machine.configuration.realTimeAtStart) : limited
  }
  machine.start(timer, of: element, in: map, at: time, on: run.cpu)
  return 0
}

/// Stops the timer and drops its callback; returns 1 when it was running.
private func timerCancel(_ run: ProgramRun, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
  let (map, element) = try run.timer(invocation.r1, "bpf_timer_cancel")
  guard run.cpu.context < .nmi else { return LinuxErrno.notSupported.register }
  guard var timer = map.timers[element] else { return LinuxErrno.invalidArgument.register }
  // Waiting for the own end would never end.
  guard !run.machine.runningTimers.contains(timer.identity) else { return LinuxErrno.wouldDeadlock.register }
  let wasActive = run.machine.stop(&timer)
  let program = timer.program
  timer.program = nil
  timer.callback = nil
  map.timers[element] = timer
  if let program { run.machine.release(program) }
  return wasActive ? 1 : 0
}

extension ProgramRun {
  /// The element whose `struct bpf_timer` an argument points to.
  fileprivate func timer(
    _ address: UInt64, _ function: String
  ) throws(ExecutionFault) -> (LoadedMap, ElementIndex) {
    try refuseTracing(function, "bpf_timer")
    guard let map = machine.map(holding: address), let offset = map.offset(of: address),
      let element = map.map.element(containing: offset), let value = map.map.valueOffset(of: element)
    else { throw invalidArgument(function, 1, address, "in a map value") }
    guard let field = map.timerOffset else {
      throw ExecutionFault(.environment("\(function): map '\(map.name)' has no valid bpf_timer"))
    }
    guard offset - value == field else {
      throw ExecutionFault(
        .environment("\(function): off \(offset - value) doesn't point to 'struct bpf_timer' that is at \(field)"))
    }
    return (map, element)
  }

  /// Ends the run in program types that may be entered anywhere, and so may not take the locks of a special field.
  func refuseTracing(_ function: String, _ field: String) throws(ExecutionFault) {
    switch program.kind.type {
    case .kprobe, .tracepoint, .perfEvent, .rawTracepoint, .rawTracepointWritable:
      throw ExecutionFault(.environment("\(function): tracing progs cannot use \(field) yet"))
    default: return
    }
  }
}
