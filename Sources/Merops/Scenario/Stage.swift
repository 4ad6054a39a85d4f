import BPFSimulator

/// The machine of a scenario while it is played.
struct Stage {
  let scenario: Scenario
  let trigger: ProgramTrigger
  let machine: Machine
  /// The task that the events happen to.
  let task: SimulatedTask
  /// The context of a `syscall` program, as the last run has left it.
  var context: [UInt8] = []
  /// What became of the last packet.
  var packetResult: PacketResult?
  /// How often the event has happened.
  private(set) var eventCount = 0
  /// Takes the timeline piece by piece, and says whether to go on.
  private var takeTimeline: (([TimelineEvent]) -> Bool)?

  /// How many events are kept before they are given out.
  private static let pieceLength = 8192

  init(_ scenario: Scenario, _ trigger: ProgramTrigger) throws(MachineError) {
    self.scenario = scenario
    self.trigger = trigger
    machine = try Machine(scenario.configuration)
    task = try machine.spawn(scenario.taskName)
  }

  /// Puts a text into the task's memory and returns its address.
  func map(_ text: String) throws(MachineError) -> UInt64 {
    guard let memory = task.memory else { return 0 }
    return try memory.map(string: text, isResident: scenario.userStringsAreResident)
  }

  /// Everything from the attachment of the program to the end.
  mutating func play(
    _ program: String, of object: LoadedObject, _ takeTimeline: (([TimelineEvent]) -> Bool)?
  ) throws(MachineError) {
    self.takeTimeline = takeTimeline
    var arguments: [UInt64] = []
    for argument in scenario.arguments {
      switch argument {
      case .number(let value): arguments.append(value)
      case .userString(let text): arguments.append(try map(text))
      }
    }
    try passing { () throws(MachineError) in try machine.run(task, on: 0) }
    if let point = trigger.point {
      let attachment = try object.attach(program, to: point)
      try playEvents(program, of: object, arguments)
      attachment.detach()
    } else {
      try playEvents(program, of: object, arguments)
    }
  }

  private mutating func playEvents(
    _ program: String, of object: LoadedObject, _ arguments: [UInt64]
  ) throws(MachineError) {
    if let call = scenario.blockingCall {
      try playBlocked(in: call.with(arguments: arguments), program, of: object, arguments)
    } else {
      try performEvents(program, of: object, arguments)
    }
    try advance(by: scenario.linger)
  }

  /// The task sleeps in a system call; the events happen in the call before it sleeps, where they can.
  private mutating func playBlocked(
    in call: SystemCall, _ program: String, of object: LoadedObject, _ arguments: [UInt64]
  ) throws(MachineError) {
    switch trigger.event {
    case .overflow, .kernelFunction:
      try passing { () throws(MachineError) in
        try machine.block(task, in: call) { () throws(MachineError) in
          try performEvents(program, of: object, arguments)
        }
      }
    case .systemCall(let wanted) where wanted == nil || wanted?.name == call.name:
      try passing { () throws(MachineError) in try machine.block(task, in: call) }
    case .testRun:
      // Somebody else runs the program while the task sleeps.
      try passing { () throws(MachineError) in try machine.block(task, in: call) }
      let runner = try machine.spawn("runner")
      try passing { () throws(MachineError) in try machine.run(runner, on: 0) }
      try performEvents(program, of: object, arguments)
    default:
      try performEvents(program, of: object, arguments)
      try passing { () throws(MachineError) in try machine.block(task, in: call) }
    }
    try advance(by: scenario.period)
    if task.state == .blocked {
      try passing { () throws(MachineError) in try machine.complete(task) }
    }
  }

  private mutating func perform(
    _ event: ProgramTrigger.Event, _ program: String, of object: LoadedObject, _ arguments: [UInt64]
  ) throws(MachineError) {
    switch event {
    case .overflow: try machine.nmi(on: 0)
    case .systemCall(let call): try machine.systemCall((call ?? .getppid).with(arguments: arguments), by: task)
    case .taskSwitch:
      let other = try machine.spawn("other")
      try machine.run(other, on: 0)
      try machine.run(task, on: 0)
    case .fork: _ = try machine.fork(task)
    case .execute: try machine.execute(task, as: task.comm)
    case .exit: try machine.exit(task)
    case .kernelFunction(let name, let call?) where scenario.blockingCall == nil:
      try machine.systemCall(call.with(arguments: arguments), by: task) { () throws(MachineError) in
        try Int64(bitPattern: machine.callKernelFunction(name, arguments, on: 0))
      }
    case .kernelFunction(let name, _): try machine.callKernelFunction(name, arguments, on: 0)
    case .userFunction(let name): try machine.callUserFunction(name, arguments, by: task)
    case .packet: packetResult = try object.run(program, packet: scenario.packet)
    case .testRun: context = try object.run(program, context: context).context
    }
  }

  /// The event as often as it is to happen, less often when the task ends or the wait for all this is given up.
  private mutating func performEvents(
    _ program: String, of object: LoadedObject, _ arguments: [UInt64]
  ) throws(MachineError) {
    while eventCount < scenario.eventCount, task.isAlive, !Task.isCancelled {
      if eventCount > 0 {
        try advance(by: scenario.period)
        guard task.isAlive else { return }
      }
      try passing { () throws(MachineError) in
        try perform(trigger.event, program, of: object, arguments)
      }
      eventCount += 1
      if let takeTimeline, machine.timeline.count >= Self.pieceLength {
        guard takeTimeline(machine.takeTimeline()) else { return }
      }
    }
  }

  private func advance(by duration: UInt64) throws(MachineError) {
    try passing { () throws(MachineError) in try machine.advance(by: duration) }
  }

  /// A step after which the scenario goes on even when a program in it was stopped.
  private func passing(_ body: () throws(MachineError) -> Void) throws(MachineError) {
    do {
      try body()
    } catch {
      guard error.fault != nil else { throw error }
    }
  }
}
