import BPFSimulator

/// A thread of the simulated kernel that reads a byte.
struct SimulatedSleeper: Sleeper {
  static let handledSignal: Int32 = 12
  let machine: Machine
  let task: SimulatedTask
  var tid: Int32 { task.pid }
  var processID: Int32 { task.tgid }
  var isAsleep: Bool { task.state == .blocked }

  func release() throws { try machine.complete(task, result: 1) }

  func complete() throws -> Int64 {
    if isAsleep { try release() }
    return task.lastSystemCallResult ?? 0
  }

  func interrupt() throws { try machine.send(signal: Self.handledSignal, to: task) }
}

/// A thread of the simulated kernel that sleeps in one of the calls of the table.
final class SimulatedCallSleeper: CallSleeper {
  private static let sleep: UInt64 = 150_000_000
  static let calls: [String: SystemCall] = [
    "read": .read, "nanosleep": .nanosleep(sleep), "clock_nanosleep": .clockNanosleep(sleep), "poll": .poll(),
    "select": .select(), "pselect6": .pselect(), "futex": .futex, "recvfrom": .recv, "msgrcv": .msgrcv,
    "wait4": .waitpid, "fcntl": .fcntlSetLockWait, "flock": .flock, "pause": .pause, "epoll_wait": .epollWait(),
    "epoll_pwait": .epollPwait(), "rt_sigtimedwait": .sigtimedwait(),
    "recvfrom with a timeout": .recv(receiveTimeout: 1000 * sleep),
    "accept with a timeout": .accept(receiveTimeout: 1000 * sleep),
    "semtimedop": .semtimedop(timeout: 1000 * sleep), "write, half done": .write(partly: 4096),
  ]

  private let machine: Machine
  private let task: SimulatedTask
  private let call: BlockingCall
  var tid: Int32 { task.pid }

  init(machine: Machine, task: SimulatedTask, call: BlockingCall) {
    (self.machine, self.task, self.call) = (machine, task, call)
  }

  var result: Int64? { task.state == .blocked ? nil : task.lastSystemCallResult }

  func finish() throws -> Int64 {
    if call.endsByItself {
      try machine.advance(by: Self.sleep)
    } else if call.name == "pause" {
      // Only a signal with a handler ends it.
      task.signalActions[SimulatedSleeper.handledSignal] = .handle(restart: true)
      try machine.send(signal: SimulatedSleeper.handledSignal, to: task)
    } else {
      try machine.complete(task, result: call.result)
    }
    return task.lastSystemCallResult ?? 0
  }
}

/// A process of the simulated kernel that waits for orders.
struct SimulatedProcess: TargetProcess {
  private let machine: Machine
  private let task: SimulatedTask
  let readableAddress: UInt64
  var pid: Int32 { task.pid }

  init(_ machine: Machine, parent: SimulatedTask) throws {
    self.machine = machine
    task = try machine.spawn("sh", parent: parent)
    readableAddress = try task.memory?.map(bytes: [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0]) ?? 0
    try machine.run(task, on: 1)
    try machine.block(task, in: .read)
  }

  func fork() throws {
    try machine.complete(task, result: 1)
    let child = try machine.fork(task)
    try machine.block(task, in: .read)
    try machine.run(child, on: 1)
    try machine.exit(child)
  }

  func execute() throws {
    try machine.complete(task, result: 1)
    try machine.execute(task, as: "cat")
    try machine.block(task, in: .read)
  }

  func end() throws {
    try machine.complete(task, result: 0)
    try machine.exit(task)
  }

  func kill() throws { try machine.send(signal: 9, to: task) }

  func stop(byTracer: Bool) throws {
    if byTracer { try machine.stop(task, byTracer: true) } else { try machine.send(signal: 19, to: task) }
  }

  func resume(byTracer: Bool) throws {
    if byTracer { try machine.resume(task) } else { try machine.send(signal: 18, to: task) }
  }
}
