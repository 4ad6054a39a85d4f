import BPFMaps

/// Something that the machine does by itself at a virtual time.
enum MachineEvent {
  /// A sleeping system call has slept long enough.
  case systemCallTimeout(SimulatedTask)
  /// A BPF timer expires.
  case timer(map: UInt32, element: ElementIndex)
  /// A periodic perf event overflows on a CPU, and again after its period.
  case sample(cpu: Int, period: UInt64, remaining: Int, context: ExecutionContext)
}

extension Machine {
  func handle(_ event: MachineEvent) {
    switch event {
    case .systemCallTimeout(let task): handleTimeout(of: task)
    case .timer(let number, let element):
      if let map = map(id: number) { expireTimer(of: element, in: map) }
    case .sample(let number, let period, let remaining, let context):
      if remaining > 1 {
        events.insert(
          .sample(cpu: number, period: period, remaining: remaining - 1, context: context), at: now &+ period)
      }
      let cpu = cpus[number]
      try? enter(context, on: cpu) { () throws(MachineError) in try firePerfEvents(on: cpu) }
    }
  }

  /// Lets the counter of a CPU overflow at regular times from now on.
  ///
  /// - Parameters:
  ///   - number: the CPU.
  ///   - period: nanoseconds between overflows.
  ///   - count: how often.
  ///   - context: `.nmi` for a hardware counter, `.hardirq` for a software clock.
  public func samplePeriodically(
    on number: Int, every period: UInt64, count: Int, in context: ExecutionContext = .nmi
  ) throws(MachineError) {
    _ = try cpu(number)
    guard period > 0, count > 0 else { throw MachineError("a period and a count of samples are positive") }
    events.insert(.sample(cpu: number, period: period, remaining: count, context: context), at: now &+ period)
  }
}
