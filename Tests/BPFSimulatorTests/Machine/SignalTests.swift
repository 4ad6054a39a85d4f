import BPFParity
import BPFSimulator
import Testing

/// Signals of simulated tasks: handlers, defaults, and what wakes whom.
@Suite("Signals") struct SignalTests {
  private func running(_ machine: Machine, _ comm: String = "app", on cpu: Int = 0) throws -> SimulatedTask {
    let task = try machine.spawn(comm)
    try machine.run(task, on: cpu)
    return task
  }

  @Test("a handler with SA_RESTART restarts the calls that Linux restarts, and ends the others with EINTR")
  func restarts() throws {
    for (call, restarts) in [
      (SystemCall.read, true), (.futex, true), (.waitpid, true), (.flock, true), (.nanosleep(1_000_000_000), false),
      (.poll(), false), (.pause, false), (.epollWait(), false), (.msgrcv, false),
    ] {
      for isRestarting in [true, false] {
        let machine = try Machine()
        let task = try running(machine)
        task.signalActions[10] = .handle(restart: isRestarting)
        try machine.block(task, in: call)
        try machine.send(signal: 10, to: task)
        #expect(task.handledSignals == [10], "\(call.name)")
        let goesOn = restarts && isRestarting
        #expect((task.state == .blocked) == goesOn, "\(call.name), SA_RESTART: \(isRestarting)")
        #expect(task.lastSystemCallResult == (goesOn ? nil : -4), "\(call.name), SA_RESTART: \(isRestarting)")
      }
    }
  }

  @Test("a signal that comes before a call sleeps keeps it from sleeping")
  func beforeSleep() throws {
    let machine = try Machine()
    let task = try running(machine)
    task.signalActions[10] = .handle(restart: false)
    try machine.block(task, in: .read) { () throws(MachineError) in try machine.send(signal: 10, to: task) }
    #expect(task.handledSignals == [10] && task.lastSystemCallResult == -4)
  }

  @Test("a timeout of a call that has ended does not end a later one")
  func staleTimeout() throws {
    let machine = try Machine()
    let task = try running(machine)
    try machine.block(task, in: .nanosleep(1_000_000))
    try machine.complete(task, result: 7)
    #expect(task.lastSystemCallResult == 7)
    try machine.block(task, in: .poll())
    try machine.advance(by: 5_000_000)
    #expect(task.state == .blocked)
    try machine.complete(task, result: 3)
    #expect(task.lastSystemCallResult == 3)
  }

  @Test("a copy of a process has its handlers, a new image keeps what is ignored only, and begins with fresh registers")
  func inheritance() throws {
    let machine = try Machine()
    let task = try running(machine)
    task.signalActions = [10: .handle(restart: false), 12: .ignore]
    task.registers.rip = 0x1234
    task.registers.rbp = 0x5678
    let child = try machine.fork(task)
    #expect(child.signalActions[10] == .handle(restart: false) && child.signalActions[12] == .ignore)
    #expect(child.registers.rip == 0x1234)
    try machine.execute(task, as: "fresh")
    #expect(task.signalActions[10] == nil && task.signalActions[12] == .ignore)
    #expect(task.registers.rip != 0x1234 && task.registers.rbp != 0x5678)
    try machine.send(signal: 12, to: task)
    #expect(task.isAlive)
    try machine.send(signal: 10, to: task)
    #expect(task.state == .zombie)
  }

  @Test("SIGKILL cannot be ignored or handled, and reaches who sleeps, who is stopped, and who cannot be interrupted")
  func kill() throws {
    for action in [SignalAction?.none, .ignore, .handle(restart: true)] {
      for state in ["running", "blocked", "uninterruptible", "stopped", "stopped in a call"] {
        let machine = try Machine()
        let task = try running(machine)
        task.signalActions[9] = action
        switch state {
        case "blocked": try machine.block(task, in: .read)
        case "uninterruptible": try machine.block(task, in: .vfork)
        case "stopped": try machine.send(signal: 19, to: task)
        case "stopped in a call":
          try machine.block(task, in: .read)
          try machine.stop(task)
        default: break
        }
        try machine.send(signal: 9, to: task)
        #expect(task.state == .zombie && task.handledSignals.isEmpty, "\(state)")
      }
    }
  }

  @Test("SIGCONT wakes what a signal has stopped, and its handler runs")
  func continuation() throws {
    for hasHandler in [false, true] {
      let machine = try Machine()
      let task = try running(machine)
      if hasHandler { task.signalActions[18] = .handle(restart: true) }
      try machine.send(signal: 19, to: task)
      #expect(task.state == .stopped)
      try machine.send(signal: 18, to: task)
      #expect(task.state != .stopped)
      if task.state == .runnable { try machine.run(task, on: 0) }
      #expect(task.handledSignals == (hasHandler ? [18] : []))
    }
  }

  @Test("the parent is told of the end of its child")
  func childEnds() throws {
    let machine = try Machine()
    let parent = try running(machine)
    parent.signalActions[17] = .handle(restart: true)
    let child = try machine.fork(parent)
    try machine.run(child, on: 1)
    try machine.exit(child)
    #expect(parent.handledSignals == [17])
  }

  @Test("of what is pending on the way to user mode, callbacks come before handlers")
  func order() async throws {
    let scenario = try await Scenario()
    let machine = scenario.machine
    scenario.asker.signalActions[10] = .handle(restart: false)
    try scenario.insert(1, into: .hash)
    try scenario.set("event_key", to: 1)
    let link = try scenario.object.attach("on_sample", to: .perfEvent(cpu: 0))
    try machine.interrupt(on: 0, .hardirq) { () throws(MachineError) in
      try machine.send(signal: 10, to: scenario.asker)
      try machine.nmi(on: 0)
    }
    link.detach()
    let order = machine.timeline.compactMap { event -> String? in
      switch event.kind {
      case .callbackEntered: "callback"
      case .signalHandled: "handler"
      default: nil
      }
    }
    #expect(order == ["callback", "handler"])
  }

  @Test("a thread that its tracer has stopped in a call sees work of either kind when it goes on, and sleeps again")
  func tracedInCall() async throws {
    for mode in Scenario.Mode.allCases {
      let scenario = try await Scenario()
      let sleeper = try scenario.sleeper()
      try scenario.insert(1, into: .hash)
      try scenario.machine.stop(sleeper, byTracer: true)
      try scenario.run(.hash, mode: mode, for: sleeper)
      #expect(try scenario.runs(1, of: .hash) == 0, "\(mode)")
      try scenario.machine.resume(sleeper)
      #expect(try scenario.runs(1, of: .hash) == 1, "\(mode)")
      #expect(sleeper.state == .blocked, "\(mode)")
    }
  }

  @Test("each interrupt finds fresh contexts again")
  func replenishment() async throws {
    var configuration = MachineConfiguration()
    configuration.freshContextsPerInterrupt = 8
    let scenario = try await Scenario(configuration)
    try scenario.set("event_map", to: UInt64(Scenario.MapChoice.array.rawValue))
    try scenario.set("event_count", to: 10)
    let link = try scenario.object.attach("on_sample", to: .perfEvent(cpu: 0))
    for round in 0..<3 as Range<UInt64> {
      try scenario.set("event_key", to: 100 * round)
      try scenario.set("event_accepted", to: 0)
      try scenario.machine.nmi(on: 0)
      #expect(try scenario.get("event_accepted") == 8, "\(round)")
    }
    link.detach()
  }
}
