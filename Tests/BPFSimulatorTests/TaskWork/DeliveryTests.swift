import BPFMaps
import BPFParity
import BPFSimulator
import Testing

/// Specification of task work, sections 6 and 8: when, where and in which order callbacks run; C25 to C37.
@Suite("Delivery of task work")
struct DeliveryTests {
  /// The keys of the array's elements in the order in which their callbacks ran.
  private func order(of keys: Range<UInt32>, in scenario: Scenario) throws -> [UInt32] {
    let elements = try keys.map { (key: $0, order: try scenario.element($0, of: .array).order) }
    return elements.filter { $0.order > 0 }.sorted { $0.order < $1.order }.map(\.key)
  }

  // MARK: Order (6.3)

  @Test("C25: requests one after another with interrupts on run last in, first out")
  func lastInFirstOut() async throws {
    let scenario = try await Scenario()
    try scenario.run(.array, key: 100, count: 8)
    #expect(try order(of: 100..<108, in: scenario) == [107, 106, 105, 104, 103, 102, 101, 100])
  }

  @Test("C25: requests within one section with interrupts off run first in, first out")
  func firstInFirstOut() async throws {
    let scenario = try await Scenario()
    try scenario.run("schedule_without_interrupts", .array, key: 100, count: 8)
    #expect(try order(of: 100..<108, in: scenario) == Array(100..<108))
  }

  @Test("C25: requests within one NMI run first in, first out")
  func firstInFirstOutFromNMI() async throws {
    let scenario = try await Scenario()
    try scenario.set("event_map", to: UInt64(Scenario.MapChoice.array.rawValue))
    try scenario.set("event_count", to: 8)
    let link = try scenario.object.attach("on_sample", to: .perfEvent(cpu: 0))
    try scenario.machine.nmi(on: 0)
    #expect(try order(of: 0..<8, in: scenario) == Array(0..<8))
    link.detach()
  }

  @Test("6.3: a request with SIGNAL wakes the thread and brings the earlier ones with it, newest first")
  func signalBringsOthers() async throws {
    let scenario = try await Scenario()
    let sleeper = try scenario.sleeper()
    for key in 100..<108 { try scenario.run(.array, key: UInt32(key), for: sleeper) }
    #expect(try order(of: 100..<109, in: scenario) == [])
    try scenario.run(.array, key: 108, mode: .signal, for: sleeper)
    #expect(try order(of: 100..<109, in: scenario) == [108, 107, 106, 105, 104, 103, 102, 101, 100])
    #expect(sleeper.state == .blocked)
  }

  @Test("6.1: a request with RESUME does not take back the signal of an earlier one: the thread does not go to sleep")
  func resumeAfterSignal() async throws {
    let orders: [[Scenario.Mode]] = [
      [.signal, .resume], [.resume, .signal], [.signal], [.resume], [.signal, .resume, .resume], [.resume, .resume],
    ]
    for modes in orders {
      let scenario = try await Scenario()
      for key in 0..<UInt32(modes.count) { try scenario.insert(key, into: .hash) }
      let link = try scenario.object.attach("on_sample", to: .perfEvent(cpu: 0))
      try scenario.machine.block(scenario.asker, in: .read) { () throws(MachineError) in
        for (key, mode) in modes.enumerated() {
          try? scenario.set("event_key", to: UInt64(key))
          try? scenario.set("event_mode", to: UInt64(mode.rawValue))
          try scenario.machine.nmi(on: 0)
        }
      }
      let runs = try (0..<UInt32(modes.count)).map { try scenario.runs($0, of: .hash) }
      #expect(Set(runs) == [modes.contains(.signal) ? 1 : 0], "\(modes)")
      #expect(scenario.asker.state == .blocked, "\(modes)")
      link.detach()
    }
  }

  // MARK: Environment (8)

  @Test("C27: the callback gets the key of the element that was asked for, and the map")
  func keyAndMap() async throws {
    let scenario = try await Scenario()
    for choice in Scenario.MapChoice.allCases {
      for key in [3, 5, 7] as [UInt32] {
        try scenario.insert(key, into: choice)
        try scenario.run(choice, key: key)
        let element = try scenario.element(key, of: choice)
        #expect(element.key == key, "\(choice)")
        let identifier = try scenario.map(choice).identifier
        #expect(element.mapID == identifier, "\(choice)")
      }
    }
  }

  @Test("C28: current is the thread that was addressed, not its process")
  func currentThread() async throws {
    let scenario = try await Scenario()
    let process = try scenario.machine.spawn("server")
    let thread = try scenario.machine.spawnThread(of: process, "worker")
    try scenario.machine.run(thread, on: 1)
    try scenario.machine.block(thread, in: .futex)
    try scenario.insert(1, into: .hash)
    try scenario.run(.hash, for: thread)
    try scenario.machine.complete(thread)
    let element = try scenario.element(1, of: .hash)
    #expect(element.pidTGID == UInt64(process.pid) << 32 | UInt64(thread.pid))
    #expect(element.comm == "worker")
  }

  @Test("C29: the callback reads user memory that is not resident; a bad address gives EFAULT")
  func userMemory() async throws {
    let scenario = try await Scenario()
    guard let memory = scenario.asker.memory else { return }
    let bytes: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8]
    let resident = try memory.map(bytes: bytes)
    let untouched = try memory.map(bytes: bytes, isResident: false)
    let file = try memory.map(bytes: bytes, isResident: false, backing: .file("libc.so"))
    let rows: [(UInt64, Int64, UInt64)] = [
      (resident, 0, bytes.word(0)), (untouched, 0, bytes.word(0)), (file, 0, bytes.word(0)), (0x10, EFAULT, 0),
      (0xffff_8000_0000_0000, EFAULT, 0),
    ]
    for (address, result, copied) in rows {
      try scenario.insert(1, into: .hash, action: .copyFromUser, address: address)
      try scenario.run(.hash)
      let element = try scenario.element(1, of: .hash)
      #expect(element.result == result, "\(address)")
      #expect(element.copied == copied, "\(address)")
    }
    #expect(memory.minorFaults == 1)
    #expect(memory.majorFaults == 1)
  }

  @Test("C36: the user stack in the callback is the one of the sample")
  func userStack() async throws {
    let scenario = try await Scenario()
    guard let memory = scenario.asker.memory else { return }
    let stack = try memory.map(byteCount: 4096)
    memory.store([stack + 64, 0x1111].flatMap(\.bytes), at: stack + 32)
    memory.store([0, 0x2222].flatMap(\.bytes), at: stack + 64)
    scenario.asker.registers.rip = 0x5555_0000_1234
    scenario.asker.registers.rbp = stack + 32
    try scenario.insert(1, into: .hash, action: .copyStack)
    try scenario.set("event_key", to: 1)
    let link = try scenario.object.attach("on_sample", to: .perfEvent(cpu: 0))
    try scenario.machine.nmi(on: 0)
    let element = try scenario.element(1, of: .hash)
    #expect(element.result > 0)
    let sampledSize = try scenario.get("event_stack_size")
    #expect(element.result == sampledSize)
    #expect(element.copied == 0x5555_0000_1234)
    #expect(element.address == 0x1111)
    link.detach()
  }

  // MARK: Modes and states of the target (6.1)

  @Test("6.1: a thread that runs in user mode on another CPU is interrupted for either mode")
  func otherCPU() async throws {
    for mode in Scenario.Mode.allCases {
      let scenario = try await Scenario()
      let other = try scenario.machine.spawn("spinning")
      try scenario.machine.run(other, on: 1)
      try scenario.insert(1, into: .hash)
      try scenario.run(.hash, mode: mode, for: other)
      let interrupts = scenario.machine.timeline.filter {
        if case .interruptEntered = $0.kind { $0.cpu == 1 } else { false }
      }
      #expect(interrupts.count == 1, "\(mode)")
      #expect(try scenario.element(1, of: .hash).pidTGID & 0xffff_ffff == UInt64(other.pid), "\(mode)")
    }
  }

  @Test("C30: exit_group runs the callback without memory; SIGKILL runs it before death, with memory")
  func exitAndKill() async throws {
    let exiting: UInt64 = 4  // PF_EXITING
    for isKilled in [false, true] {
      let scenario = try await Scenario()
      let target = try scenario.machine.spawn("ending")
      try scenario.machine.run(target, on: 1)
      let address = try target.memory?.map(bytes: [9, 0, 0, 0, 0, 0, 0, 0], isResident: false) ?? 0
      try scenario.insert(1, into: .hash, action: .copyFromUser, address: address)
      if isKilled {
        try scenario.machine.block(target, in: .read)
        try scenario.run(.hash, for: target)
        try scenario.machine.send(signal: 9, to: target)
      } else {
        try scenario.set("event_key", to: 1)
        let link = try scenario.object.attach("on_system_call", to: .rawTracepoint(name: "sys_enter"))
        try scenario.machine.exit(target)
        link.detach()
      }
      #expect(target.state == .zombie)
      let element = try scenario.element(1, of: .hash)
      #expect(element.runs == 1, "killed: \(isKilled)")
      #expect(element.result == (isKilled ? 0 : EFAULT), "killed: \(isKilled)")
      #expect(element.flags & exiting == (isKilled ? 0 : exiting), "killed: \(isKilled)")
    }
  }

  @Test("C31: work asked for at execve runs once, in the new image; at fork once, in the parent")
  func executeAndFork() async throws {
    for mode in Scenario.Mode.allCases {
      let scenario = try await Scenario()
      try scenario.set("event_key", to: 1)
      try scenario.set("event_mode", to: UInt64(mode.rawValue))
      let link = try scenario.object.attach("on_system_call", to: .rawTracepoint(name: "sys_enter"))
      try scenario.insert(1, into: .hash)
      try scenario.machine.execute(scenario.asker, as: "true")
      #expect(try scenario.element(1, of: .hash).comm == "true", "\(mode)")
      #expect(try scenario.runs(1, of: .hash) == 1, "\(mode)")
      try scenario.insert(1, into: .hash)
      let child = try scenario.machine.fork(scenario.asker)
      try scenario.machine.run(child, on: 1)
      let element = try scenario.element(1, of: .hash)
      #expect(element.runs == 1, "\(mode)")
      #expect(element.pidTGID & 0xffff_ffff == UInt64(scenario.asker.pid), "\(mode)")
      link.detach()
    }
  }

  @Test("C32: a stopped thread runs nothing until it continues, in both modes, by signal or by tracer")
  func stoppedThread() async throws {
    for mode in Scenario.Mode.allCases {
      for byTracer in [false, true] {
        let scenario = try await Scenario()
        let target = try scenario.machine.spawn("stopped")
        try scenario.machine.run(target, on: 1)
        try scenario.machine.stop(target, byTracer: byTracer)
        try scenario.insert(1, into: .hash)
        #expect(try scenario.run(.hash, mode: mode, for: target).result == 0)
        try scenario.machine.advance(by: 1_000_000_000)
        #expect(try scenario.runs(1, of: .hash) == 0, "\(mode), tracer: \(byTracer)")
        try scenario.machine.resume(target)
        #expect(try scenario.runs(1, of: .hash) == 1, "\(mode), tracer: \(byTracer)")
      }
    }
  }

  @Test("C33: work of a uprobe runs before the probed function, that of a uretprobe after it")
  func probes() async throws {
    let scenario = try await Scenario()
    try scenario.insert(1, into: .hash)
    try scenario.set("event_key", to: 1)
    do {
      let link = try scenario.object.attach("on_function", to: .userFunction(name: "compute", isReturn: false))
      var runsSeenByBody: UInt64?
      try scenario.machine.callUserFunction("compute", by: scenario.asker) {
        runsSeenByBody = try? scenario.runs(1, of: .hash)
        return 0
      }
      #expect(runsSeenByBody == 1)
      link.detach()
    }
    do {
      let link = try scenario.object.attach("on_return", to: .userFunction(name: "compute", isReturn: true))
      var runsSeenByBody: UInt64?
      try scenario.machine.callUserFunction("compute", by: scenario.asker) {
        runsSeenByBody = try? scenario.runs(1, of: .hash)
        return 0
      }
      #expect(runsSeenByBody == 1)
      #expect(try scenario.runs(1, of: .hash) == 2)
      link.detach()
    }
  }

  @Test("C34: with work pending and a signal with a handler, the callback runs first")
  func signalHandler() async throws {
    let scenario = try await Scenario()
    let target = try scenario.machine.spawn("handling")
    target.signalActions[10] = .handle(restart: false)
    try scenario.machine.run(target, on: 1)
    try scenario.machine.block(target, in: .read)
    try scenario.insert(1, into: .hash)
    try scenario.run(.hash, for: target)
    try scenario.machine.send(signal: 10, to: target)
    #expect(target.handledSignals == [10])
    #expect(target.lastSystemCallResult == -4)
    #expect(try scenario.runs(1, of: .hash) == 1)
    let kinds = scenario.machine.timeline.map(\.kind)
    let callback = kinds.firstIndex { if case .callbackEntered = $0 { true } else { false } }
    let handler = kinds.firstIndex { if case .signalHandled = $0 { true } else { false } }
    if let callback, let handler { #expect(callback < handler) } else { Issue.record("one of the two did not happen") }
  }

  // MARK: System calls (6.2)

  struct CallRow {
    var call: SystemCall
    /// What the application sees at once, `nil` when the call goes on.
    var result: Int64?
  }

  static let milliseconds: UInt64 = 1_000_000

  static let calls: [CallRow] = [
    CallRow(call: .read), CallRow(call: .nanosleep(150 * milliseconds)),
    CallRow(call: .clockNanosleep(150 * milliseconds)), CallRow(call: .poll(timeout: 150 * milliseconds)),
    CallRow(call: .poll()), CallRow(call: .select(timeout: 150 * milliseconds)),
    CallRow(call: .pselect(timeout: 150 * milliseconds)), CallRow(call: .pause), CallRow(call: .sigsuspend),
    CallRow(call: .futex), CallRow(call: .recv), CallRow(call: .msgrcv), CallRow(call: .waitpid),
    CallRow(call: .fcntlSetLockWait), CallRow(call: .flock),
    CallRow(call: .epollWait(timeout: 150 * milliseconds), result: -4), CallRow(call: .epollWait(), result: -4),
    CallRow(call: .epollPwait(), result: -4), CallRow(call: .sigtimedwait(), result: -4),
    CallRow(call: .recv(receiveTimeout: 150 * milliseconds), result: -4),
    CallRow(call: .accept(receiveTimeout: 150 * milliseconds), result: -4),
    CallRow(call: .semtimedop(timeout: 150 * milliseconds), result: -4),
    CallRow(call: .write(partly: 4096), result: 4096),
  ]

  @Test(
    "C37: SIGNAL restarts most calls, ends some with EINTR and a partial write with its count; RESUME disturbs none")
  func systemCalls() async throws {
    for row in Self.calls {
      for mode in Scenario.Mode.allCases {
        let scenario = try await Scenario()
        let sleeper = try scenario.sleeper(in: row.call)
        try scenario.insert(1, into: .hash)
        try scenario.machine.advance(by: 40 * Self.milliseconds)
        try scenario.run(.hash, mode: mode, for: sleeper)
        let label = "\(row.call.name), \(mode)"
        if mode == .signal, let result = row.result {
          #expect(sleeper.lastSystemCallResult == result, "\(label)")
          #expect(try scenario.runs(1, of: .hash) == 1, "\(label)")
          continue
        }
        #expect(sleeper.lastSystemCallResult == nil, "\(label)")
        #expect(try scenario.runs(1, of: .hash) == (mode == .signal ? 1 : 0), "\(label)")
        if row.call.timeout != nil {
          // The sleep keeps its whole length: 110 of 150 ms are left.
          try scenario.machine.advance(by: 105 * Self.milliseconds)
          #expect(sleeper.state == .blocked, "\(label)")
          try scenario.machine.advance(by: 10 * Self.milliseconds)
          #expect(sleeper.lastSystemCallResult == row.call.timeoutResult, "\(label)")
        } else {
          try scenario.machine.complete(sleeper, result: 5)
          #expect(sleeper.lastSystemCallResult == 5, "\(label)")
        }
        #expect(try scenario.runs(1, of: .hash) == 1, "\(label)")
      }
    }
  }

  @Test("6.2: an uninterruptible sleep makes both modes wait")
  func uninterruptible() async throws {
    for mode in Scenario.Mode.allCases {
      let scenario = try await Scenario()
      let sleeper = try scenario.sleeper(in: .vfork)
      try scenario.insert(1, into: .hash)
      try scenario.run(.hash, mode: mode, for: sleeper)
      #expect(try scenario.runs(1, of: .hash) == 0, "\(mode)")
      try scenario.machine.complete(sleeper, result: 77)
      #expect(try scenario.runs(1, of: .hash) == 1, "\(mode)")
      #expect(sleeper.lastSystemCallResult == 77, "\(mode)")
    }
  }

  @Test("6.5: work asked for at the entry of nanosleep runs at its end with RESUME, at once with SIGNAL")
  func requestAtEntryOfSleep() async throws {
    for mode in Scenario.Mode.allCases {
      let scenario = try await Scenario()
      try scenario.insert(1, into: .hash)
      try scenario.set("event_key", to: 1)
      try scenario.set("event_mode", to: UInt64(mode.rawValue))
      let link = try scenario.object.attach("on_system_call", to: .rawTracepoint(name: "sys_enter"))
      let start = scenario.machine.now
      try scenario.machine.block(scenario.asker, in: .nanosleep(200 * Self.milliseconds))
      #expect(try scenario.runs(1, of: .hash) == (mode == .signal ? 1 : 0), "\(mode)")
      link.detach()
      try scenario.machine.advance(by: 199 * Self.milliseconds)
      #expect(scenario.asker.state == .blocked, "\(mode)")
      try scenario.machine.advance(by: 2 * Self.milliseconds)
      #expect(scenario.asker.lastSystemCallResult == 0, "\(mode)")
      let element = try scenario.element(1, of: .hash)
      #expect(element.runs == 1, "\(mode)")
      #expect((element.time - start >= 200 * Self.milliseconds) == (mode == .resume), "\(mode)")
    }
  }

  @Test("C35: the run count counts runs of the program and not of its callbacks")
  func runCount() async throws {
    let scenario = try await Scenario()
    try scenario.insert(1, into: .hash)
    for _ in 0..<10 { try scenario.run(.hash) }
    #expect(try scenario.object.program("schedule").runCount == 10)
    #expect(try scenario.runs(1, of: .hash) == 10)
  }
}
