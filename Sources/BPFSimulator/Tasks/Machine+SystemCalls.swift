import BPFTaskWork

/// System calls of simulated tasks.
extension Machine {
  /// Lets a running task make a system call that does not sleep.
  ///
  /// - Parameters:
  ///   - call: the call, for its tracepoints.
  ///   - task: a task that a CPU runs in user mode.
  ///   - body: what the kernel does for it, in the task's context; its result is the call's.
  /// - Returns: the result that the task sees.
  @discardableResult
  public func systemCall(
    _ call: SystemCall, by task: SimulatedTask, _ body: () throws(MachineError) -> Int64 = { 0 }
  ) throws(MachineError) -> Int64 {
    try operate { () throws(MachineError) -> Int64 in
      let cpu = try begin(call, by: task)
      cpu.activityDepth += 1
      let result: Int64
      do throws(MachineError) {
        result = try body()
      } catch {
        cpu.activityDepth -= 1
        finish(call, of: task, result: -4, on: cpu)
        throw error
      }
      cpu.activityDepth -= 1
      if task.isAlive { finish(call, of: task, result: result, on: cpu) }
      return result
    }
  }

  /// Lets a running task make a system call that sleeps until it is completed, interrupted, or times out.
  ///
  /// - Parameters:
  ///   - task: a task that a CPU runs in user mode.
  ///   - call: the call.
  ///   - body: what happens in the call before it sleeps, such as an interrupt.
  public func block(
    _ task: SimulatedTask, in call: SystemCall, _ body: () throws(MachineError) -> Void = {}
  ) throws(MachineError) {
    try operate { () throws(MachineError) in
      let cpu = try begin(call, by: task)
      cpu.activityDepth += 1
      defer { cpu.activityDepth -= 1 }
      try body()
      if let timeout = call.timeout {
        task.sleepDeadline = events.insert(.systemCallTimeout(task), at: now &+ timeout)
      }
      record(.blocked(name: call.name), on: cpu)
      task.state = .blocked
      switchTo(cpu.idleTask, on: cpu)
      // Work that asked for a signal before the task slept keeps it from sleeping.
      if task.notification == .signal, call.whenInterrupted != .isUninterruptible { wake(task) }
      if !task.pendingSignals.isEmpty { wake(task) }
    }
  }

  /// Ends the system call in which a task sleeps, as the event that it waits for would.
  public func complete(_ task: SimulatedTask, result: Int64 = 0) throws(MachineError) {
    guard task.state == .blocked, let call = task.systemCall else {
      throw MachineError("\(task.name) does not sleep in a system call")
    }
    try operate { () throws(MachineError) in
      try endSleep(of: task, in: call, result: result)
    }
  }

  func handleTimeout(of task: SimulatedTask) {
    task.sleepDeadline = nil
    guard task.state == .blocked, let call = task.systemCall else { return }
    try? endSleep(of: task, in: call, result: call.timeoutResult)
  }

  private func endSleep(of task: SimulatedTask, in call: SystemCall, result: Int64) throws(MachineError) {
    let idle = cpus.first { $0.number == task.lastCPU && $0.current === $0.idleTask && $0.activityDepth == 0 }
    guard
      let cpu = idle ?? cpus.first(where: { $0.current === $0.idleTask && $0.activityDepth == 0 })
        ?? cpus.first(where: { $0.activityDepth == 0 && $0.contexts.isEmpty })
    else { throw MachineError("no CPU is free to run \(task.name)") }
    task.state = .runnable
    switchTo(task, on: cpu)
    finish(call, of: task, result: result, on: cpu)
  }

  private func begin(_ call: SystemCall, by task: SimulatedTask) throws(MachineError) -> CPU {
    guard task.kind == .user else { throw MachineError("\(task.name) has no user mode: it makes no system calls") }
    guard case .running(let number) = task.state else {
      throw MachineError("\(task.name) is not running: put it on a CPU first")
    }
    let cpu = cpus[number]
    guard cpu.context == .user else {
      throw MachineError("\(task.name) is in \(cpu.context) context: a system call begins in user mode")
    }
    spend(configuration.costs.systemCall)
    task.systemCall = call
    task.registers.originalRAX = UInt64(bitPattern: call.number)
    record(.systemCallEntered(name: call.name), on: cpu)
    fireSystemCallEntry(call, of: task, on: cpu)
    return cpu
  }

  /// Leaves the kernel with a result; the way to user mode is the next step of the machine.
  func finish(_ call: SystemCall, of task: SimulatedTask, result: Int64, on cpu: CPU) {
    if let deadline = task.sleepDeadline { events.remove(deadline) }
    task.sleepDeadline = nil
    fireSystemCallExit(call, of: task, result: result, on: cpu)
    task.lastSystemCallResult = result
    task.registers.rax = UInt64(bitPattern: result)
    record(.systemCallLeft(name: call.name, result: result), on: cpu)
    task.systemCall = nil
    spend(configuration.costs.systemCall)
  }
}
