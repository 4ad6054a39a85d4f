import BPFTaskWork

/// Birth, change and end of tasks.
extension Machine {
  /// Creates a process of one thread that can run.
  ///
  /// - Parameters:
  ///   - comm: its name; the first 15 characters count.
  ///   - parent: the thread that creates it.
  public func spawn(_ comm: String, parent: SimulatedTask? = nil) throws(MachineError) -> SimulatedTask {
    let memory = UserMemory()
    let stackSize = 16 * Int(UserMemory.pageSize)
    try memory.map(byteCount: stackSize, at: 0x0000_7fff_ffff_f000 - UInt64(stackSize) - UserMemory.pageSize)
    let pid = takePID()
    return try makeTask(pid: pid, tgid: pid, comm: comm, kind: .user, memory: memory, parent: parent)
  }

  /// Creates another thread in the process of a task; they share their memory.
  public func spawnThread(of task: SimulatedTask, _ comm: String? = nil) throws(MachineError) -> SimulatedTask {
    guard let memory = task.memory, task.isAlive else {
      throw MachineError("\(task.name) has no user memory: it cannot have threads")
    }
    return try makeTask(
      pid: takePID(), tgid: task.tgid, comm: comm ?? task.comm, kind: .user, memory: memory, parent: task.parent)
  }

  /// Creates a thread of the kernel: it has no user mode and never returns to one.
  public func spawnKernelThread(_ comm: String) throws(MachineError) -> SimulatedTask {
    let pid = takePID()
    return try makeTask(pid: pid, tgid: pid, comm: comm, kind: .kernelThread, memory: nil, parent: nil)
  }

  /// Lets a running task make a copy of its process; the child inherits no task work.
  public func fork(_ task: SimulatedTask) throws(MachineError) -> SimulatedTask {
    guard let memory = task.memory else { throw MachineError("\(task.name) has no user memory: it cannot fork") }
    let pid = takePID()
    let child = try makeTask(
      pid: pid, tgid: pid, comm: task.comm, kind: .user, memory: UserMemory(copying: memory), parent: task)
    child.registers = task.registers
    child.signalActions = task.signalActions
    try systemCall(.fork, by: task) { () throws(MachineError) -> Int64 in
      if case .running(let number) = task.state {
        record(.forked(child.name), on: cpus[number])
        fireFork(of: task, child: child, on: cpus[number])
      }
      return Int64(pid)
    }
    return child
  }

  /// Replaces the image of a running task: new name, new memory. Work that is pending runs in the new image.
  public func execute(_ task: SimulatedTask, as comm: String) throws(MachineError) {
    try systemCall(.execve, by: task) { () throws(MachineError) -> Int64 in
      let memory = UserMemory()
      let stackSize = 16 * Int(UserMemory.pageSize)
      try memory.map(byteCount: stackSize, at: 0x0000_7fff_ffff_f000 - UInt64(stackSize) - UserMemory.pageSize)
      task.memory = memory
      task.comm = String(comm.prefix(15))
      task.registers = UserRegisters()
      task.signalActions = task.signalActions.filter { $0.value == .ignore }
      try writeTaskObject(task)
      if case .running(let number) = task.state {
        record(.executed, on: cpus[number])
        fireExecute(task, on: cpus[number])
      }
      return 0
    }
  }

  /// Lets a running task end its process with `exit_group`. Pending work runs late in exit, when the task has no
  /// memory any more.
  public func exit(_ task: SimulatedTask, code: Int32 = 0) throws(MachineError) {
    guard case .running = task.state else {
      throw MachineError("\(task.name) is not running: only a running task can exit")
    }
    try systemCall(.exitGroup, by: task) { () throws(MachineError) -> Int64 in
      if case .running(let number) = task.state { end(task, on: cpus[number]) }
      return 0
    }
  }

  /// Takes a zombie out of the task table, as its parent's `wait` does.
  public func reap(_ task: SimulatedTask) throws(MachineError) {
    guard task.state == .zombie else { throw MachineError("\(task.name) is not a zombie") }
    task.state = .dead
    releaseReference(to: task)
  }

  /// Sends a signal to a thread.
  public func send(signal number: Int32, to task: SimulatedTask) throws(MachineError) {
    guard (1...64).contains(number) else { throw MachineError("there is no signal \(number)") }
    try operate { () throws(MachineError) in post(number, to: task) }
  }

  /// Stops a task where it is, as a tracer does; nothing of it runs until it continues.
  public func stop(_ task: SimulatedTask, byTracer: Bool = false) throws(MachineError) {
    guard task.isAlive else { throw MachineError("\(task.name) has ended") }
    try operate { () throws(MachineError) in
      task.isTraced = byTracer
      if case .running(let number) = task.state {
        record(.stopped, on: cpus[number])
        task.state = .stopped
        switchTo(cpus[number].idleTask, on: cpus[number])
      }
      task.state = .stopped
    }
  }

  /// Lets a stopped task go on: in the system call in which it slept, or in user mode on a free CPU.
  public func resume(_ task: SimulatedTask) throws(MachineError) {
    guard task.state == .stopped else { throw MachineError("\(task.name) is not stopped") }
    try operate { () throws(MachineError) in
      task.isTraced = false
      if let call = task.systemCall {
        task.state = .blocked
        if task.notification == .signal, call.whenInterrupted != .isUninterruptible { wake(task) }
        // A stop and its end interrupt the sleep: work of either kind is seen before it is taken up again.
        if task.notification != nil { wake(task) }
      } else {
        goOnInUserMode(task)
      }
      let cpu = cpus[task.lastCPU]
      record(.continued, on: cpu)
    }
  }

  // MARK: Inside

  func post(_ signal: Int32, to task: SimulatedTask) {
    guard task.isAlive, task.signalActions[signal] != .ignore || signal == 9 else { return }
    task.pendingSignals.append(signal)
    switch task.state {
    case .blocked:
      if task.systemCall?.whenInterrupted != .isUninterruptible || signal == 9 { wake(task) }
    case .stopped where signal == 18 || signal == 9:
      if task.systemCall == nil {
        goOnInUserMode(task)
      } else {
        task.state = .blocked
        wake(task)
      }
    case .running(let number) where cpus[number].activityDepth == 0:
      cpus[number].hasInterprocessorInterrupt = true
    default: break
    }
  }

  /// A task that was stopped in user mode runs on a free CPU, or as soon as a script puts it on one.
  private func goOnInUserMode(_ task: SimulatedTask) {
    task.state = .runnable
    let free = cpus.filter { $0.current === $0.idleTask && $0.activityDepth == 0 && $0.contexts.isEmpty }
    if let cpu = free.first(where: { $0.number == task.lastCPU }) ?? free.first { switchTo(task, on: cpu) }
  }

  func deliver(_ signal: Int32, to task: SimulatedTask, on cpu: CPU) {
    if case .handle = task.signalActions[signal], signal != 9, signal != 19 {
      task.handledSignals.append(signal)
      record(.signalHandled(signal), on: cpu)
      return
    }
    switch signal {
    case 17, 18, 23, 28: break  // SIGCHLD, SIGCONT, SIGURG, SIGWINCH do nothing by default
    case 19, 20, 21, 22:
      record(.stopped, on: cpu)
      task.state = .stopped
      if cpu.current === task, cpu.contexts.isEmpty { switchTo(cpu.idleTask, on: cpu) }
    default:
      task.systemCall = nil
      end(task, on: cpu)
    }
  }

  /// Ends a task: its last work, its place on the CPU, its table entry as a zombie.
  ///
  /// A signal is looked at only when no work is pending, so a killed task has run its work with its memory; work that
  /// the last system call has asked for runs here, without (specification, section 6.1).
  func end(_ task: SimulatedTask, on cpu: CPU) {
    task.isExiting = true
    // Programs at the tracepoint see by the flags that the task ends.
    try? writeTaskObject(task)
    fireExit(of: task, on: cpu)
    task.memory = nil
    try? writeTaskObject(task)
    if task.notification != nil { runTaskWork(of: task, on: cpu) }
    taskWork.close(task, on: cpu)
    record(.exited, on: cpu)
    if let deadline = task.sleepDeadline { events.remove(deadline) }
    task.sleepDeadline = nil
    task.systemCall = nil
    task.state = .zombie
    if cpu.current === task { cpu.current = cpu.idleTask }
    switchAwayFromEnded(task, on: cpu)
  }

  private func switchAwayFromEnded(_ task: SimulatedTask, on cpu: CPU) {
    if let parent = task.parent, parent.isAlive { post(17, to: parent) }
  }

  func takeReference(to task: SimulatedTask) -> Bool {
    guard task.referenceCount > 0, !(task.kind == .idle && task.lastCPU == 0) else { return false }
    task.referenceCount += 1
    return true
  }

  func releaseReference(to task: SimulatedTask) {
    task.referenceCount -= 1
    guard task.referenceCount == 0 else { return }
    tasks[task.pid] = nil
    tasksByAddress[task.object.address] = nil
    releaseStorage(of: task)
    releaseObjects(of: task)
  }

  private func takePID() -> Int32 {
    defer { nextPID += 1 }
    return nextPID
  }

  func makeTask(
    pid: Int32, tgid: Int32, comm: String, kind: SimulatedTask.Kind, memory: UserMemory?, parent: SimulatedTask?
  ) throws(MachineError) -> SimulatedTask {
    let object = try kernelObjects.make("task_struct")
    let task = SimulatedTask(
      pid: pid, tgid: tgid, comm: comm, kind: kind, memory: memory, startTime: now, object: object,
      scheduler: taskWork.scheduler)
    task.parent = parent
    if kind != .idle { tasks[pid] = task }
    tasksByAddress[object.address] = task
    try writeTaskObject(task)
    return task
  }
}
