import BPFTaskWork

/// Which task a CPU runs, and the way back to user mode.
extension Machine {
  /// Lets a CPU run a task; the one that it ran before can run again later.
  public func run(_ task: SimulatedTask, on number: Int) throws(MachineError) {
    let cpu = try cpu(number)
    guard cpu.activityDepth == 0, cpu.contexts.isEmpty else {
      throw MachineError("CPU \(number) is in the middle of something: it cannot switch to \(task.name) now")
    }
    switch task.state {
    case .runnable: break
    case .running(let other) where other == number: return
    case .running(let other): throw MachineError("\(task.name) already runs on CPU \(other)")
    case .blocked, .waitingForPage: throw MachineError("\(task.name) sleeps: complete its system call first")
    case .stopped: throw MachineError("\(task.name) is stopped: let it continue first")
    case .zombie, .dead: throw MachineError("\(task.name) has ended")
    }
    try operate { () throws(MachineError) in
      switchTo(task, on: cpu)
    }
  }

  /// Lets a CPU have nothing to do.
  public func idle(_ number: Int) throws(MachineError) {
    let cpu = try cpu(number)
    guard cpu.activityDepth == 0, cpu.contexts.isEmpty else {
      throw MachineError("CPU \(number) is in the middle of something: it cannot become idle now")
    }
    try operate { () throws(MachineError) in
      switchTo(cpu.idleTask, on: cpu)
    }
  }

  func switchTo(_ next: SimulatedTask, on cpu: CPU) {
    let previous = cpu.current
    guard previous !== next else { return }
    spend(configuration.costs.contextSwitch)
    fireScheduleSwitch(from: previous, to: next, on: cpu)
    if case .running = previous.state, previous !== cpu.idleTask { previous.state = .runnable }
    cpu.current = next
    cpu.switchCount += 1
    if next !== cpu.idleTask { next.state = .running(cpu: cpu.number) }
    next.lastCPU = cpu.number
    record(.switchedTo, on: cpu)
  }

  /// The last steps before user mode: task work until none is left, then signals. Returns whether anything ran.
  @discardableResult
  func returnToUserMode(_ task: SimulatedTask, on cpu: CPU) -> Bool {
    var didSomething = false
    while task.isAlive {
      if task.notification != nil {
        runTaskWork(of: task, on: cpu)
      } else if let signal = task.pendingSignals.first {
        task.pendingSignals.removeFirst()
        deliver(signal, to: task, on: cpu)
      } else {
        break
      }
      didSomething = true
    }
    return didSomething
  }

  func runTaskWork(of task: SimulatedTask, on cpu: CPU) {
    task.notification = nil
    cpu.enter(.task)
    cpu.activityDepth += 1
    taskWork.runAll(of: task, on: cpu)
    cpu.activityDepth -= 1
    cpu.leave()
  }

  /// Tells a task that work is attached to it.
  func notify(_ task: SimulatedTask, _ mode: TaskWorkMode, from cpu: CPU) {
    if task.notification != .signal { task.notification = mode }
    switch task.state {
    case .running(let number) where number != cpu.number:
      cpus[number].hasInterprocessorInterrupt = true
    case .blocked where mode == .signal:
      guard let call = task.systemCall, call.whenInterrupted != .isUninterruptible else { return }
      wake(task)
    default: break
    }
  }

  func wake(_ task: SimulatedTask) {
    if !awakened.contains(where: { $0 === task }) { awakened.append(task) }
  }

  /// Lets a sleeping task look at what it was woken for, and sleep again or end its call.
  func runAwakened(_ task: SimulatedTask, on cpu: CPU) {
    guard task.state == .blocked, let call = task.systemCall else { return }
    let previous = cpu.current
    task.state = .runnable
    switchTo(task, on: cpu)
    cpu.enter(.task)
    cpu.activityDepth += 1
    defer {
      cpu.activityDepth -= 1
      cpu.leave()
      if task.isAlive, task.state == .blocked || task.state == .stopped {
        switchTo(previous === task ? cpu.idleTask : previous, on: cpu)
      }
    }
    if task.notification != nil { runTaskWork(of: task, on: cpu) }
    while task.isAlive, let signal = task.pendingSignals.first {
      if case .handle(let restart) = task.signalActions[signal], !(restart && call.restartsAfterHandler) {
        // The handler runs on the way to user mode, with the call already ended.
        finish(call, of: task, result: -4, on: cpu)
        return
      }
      task.pendingSignals.removeFirst()
      deliver(signal, to: task, on: cpu)
    }
    guard task.isAlive, task.state != .stopped else { return }
    switch call.whenInterrupted {
    case .restarts, .isUninterruptible:
      record(.restarted(name: call.name), on: cpu)
      task.state = .blocked
    case .fails:
      finish(call, of: task, result: -4, on: cpu)
    case .endsEarly(let count):
      finish(call, of: task, result: count, on: cpu)
    }
  }
}
