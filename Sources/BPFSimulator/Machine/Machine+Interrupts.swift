import BPFTaskWork

/// Contexts and what happens at their ends.
extension Machine {
  /// Interrupts a CPU, runs `body` in the interrupt's context, and returns from it.
  ///
  /// - Parameters:
  ///   - number: the CPU.
  ///   - context: `.softirq`, `.hardirq` or `.nmi`; it has to be above what the CPU does now.
  ///   - body: what happens in the interrupt; steps of the script in it run in its context.
  public func interrupt(
    on number: Int, _ context: ExecutionContext, _ body: () throws(MachineError) -> Void = {}
  ) throws(MachineError) {
    let cpu = try cpu(number)
    guard context > .task else { throw MachineError("\(context) is not an interrupt") }
    guard context > cpu.context || cpu.contexts.isEmpty else {
      throw MachineError("CPU \(number) is in \(cpu.context) context, which a \(context) cannot interrupt")
    }
    guard context == .nmi || cpu.interruptsOffDepth == 0 else {
      throw MachineError("interrupts are off on CPU \(number): only an NMI can interrupt it")
    }
    try operate { () throws(MachineError) in try enter(context, on: cpu, body) }
  }

  func enter(
    _ context: ExecutionContext, on cpu: CPU, _ body: () throws(MachineError) -> Void
  ) throws(MachineError) {
    cpu.enter(context)
    record(.interruptEntered, on: cpu)
    spend(configuration.costs.interrupt)
    cpu.activityDepth += 1
    actingCPUs.append(cpu)
    defer {
      actingCPUs.removeLast()
      cpu.activityDepth -= 1
      record(.interruptLeft, on: cpu)
      cpu.leave()
      runDeferredSteps(on: cpu)
    }
    try body()
  }

  /// Runs `body` with the interrupts of a CPU off, as in a section under `local_irq_save`.
  public func withInterruptsOff(
    on number: Int, _ body: () throws(MachineError) -> Void
  ) throws(MachineError) {
    let cpu = try cpu(number)
    try operate { () throws(MachineError) in
      cpu.interruptsOffDepth += 1
      cpu.activityDepth += 1
      defer {
        cpu.activityDepth -= 1
        enableInterrupts(on: cpu)
      }
      try body()
    }
  }

  /// Closes one section with interrupts off.
  func enableInterrupts(on cpu: CPU) {
    cpu.interruptsOffDepth -= 1
    runDeferredSteps(on: cpu)
  }

  /// A non-maskable interrupt in which the performance counter of the CPU has overflowed: the programs of its
  /// perf events run.
  public func nmi(on number: Int) throws(MachineError) {
    try interrupt(on: number, .nmi) { () throws(MachineError) in try firePerfEvents(on: cpu(number)) }
  }

  /// A timer interrupt in which a software clock event has overflowed: the programs of the CPU's perf events run.
  public func clockInterrupt(on number: Int) throws(MachineError) {
    try interrupt(on: number, .hardirq) { () throws(MachineError) in try firePerfEvents(on: cpu(number)) }
  }

  /// The self-interrupt of deferred steps, taken as soon as interrupts are on.
  func runDeferredSteps(on cpu: CPU) {
    guard cpu.interruptsAreOn, !cpu.deferredSteps.isEmpty || cpu.deferredSignal != nil else { return }
    cpu.enter(.hardirq)
    record(.interruptEntered, on: cpu)
    spend(configuration.costs.interrupt)
    taskWork.performDeferredSteps(on: cpu)
    if let (number, task) = cpu.deferredSignal {
      cpu.deferredSignal = nil
      if number > 0 { post(number, to: task) }
    }
    record(.interruptLeft, on: cpu)
    cpu.leave()
  }

  /// Carries out what the last step has set off: work on the way to user mode, interrupts between CPUs, tasks that
  /// were woken. Ends when nothing is left to do.
  func settle() {
    var isDone = false
    while !isDone {
      isDone = true
      for cpu in cpus where cpu.activityDepth == 0 {
        if cpu.hasInterprocessorInterrupt {
          cpu.hasInterprocessorInterrupt = false
          cpu.enter(.hardirq)
          record(.interruptEntered, on: cpu)
          spend(configuration.costs.interprocessorInterrupt)
          record(.interruptLeft, on: cpu)
          cpu.leave()
          isDone = false
        }
        if runDueTimers(on: cpu) { isDone = false }
        if cpu.context == .user, returnToUserMode(cpu.current, on: cpu) { isDone = false }
      }
      if let task = awakened.first, let cpu = freeCPU(for: task) {
        awakened.removeFirst()
        runAwakened(task, on: cpu)
        isDone = false
      }
    }
  }

  /// The CPU on which a woken task runs: its last one when that is idle, an idle one, else its last one.
  private func freeCPU(for task: SimulatedTask) -> CPU? {
    let free = cpus.filter { $0.activityDepth == 0 && $0.contexts.isEmpty }
    let own = free.first { $0.number == task.lastCPU }
    if let own, own.current === own.idleTask { return own }
    return free.first { $0.current === $0.idleTask } ?? own ?? free.first
  }
}
