import BPFMaps
import BPFParity
import BPFSimulator
import Testing

/// Specification of task work, section 13: C01 to C12, return codes and targets.
@Suite("Requests for task work")
struct RequestTests {
  @Test("C01, C03: a request for the current thread runs before the call returns, and can be made again")
  func selfRequest() async throws {
    let scenario = try await Scenario()
    for choice in Scenario.MapChoice.allCases {
      try scenario.insert(1, into: choice)
      for round in 1...3 {
        #expect(try scenario.run(choice).result == 0, "\(choice), round \(round)")
        #expect(try scenario.runs(1, of: choice) == UInt64(round), "\(choice), round \(round)")
      }
    }
  }

  @Test("C02: a second request in the same run is refused with EBUSY")
  func secondRequest() async throws {
    let scenario = try await Scenario()
    try scenario.insert(1, into: .hash)
    let order = try scenario.run("schedule_twice", .hash)
    #expect(order.result == 0)
    #expect(order.again == EBUSY)
    #expect(try scenario.runs(1, of: .hash) == 1)
  }

  @Test("C04: a callback that asks for its own element is refused with EBUSY")
  func requestForSelfInCallback() async throws {
    let scenario = try await Scenario()
    for choice in Scenario.MapChoice.allCases {
      try scenario.insert(1, into: choice, action: .scheduleSelf)
      try scenario.run(choice)
      let element = try scenario.element(1, of: choice)
      #expect(element.result == Int64(EBUSY), "\(choice)")
      #expect(element.runs == 1, "\(choice)")
    }
  }

  @Test("C05: what a callback asks for on its own thread runs in the same pass")
  func requestForOtherInCallback() async throws {
    let scenario = try await Scenario()
    try scenario.insert(1, into: .array, action: .scheduleOther, other: 2)
    try scenario.run(.array)
    #expect(try scenario.element(1, of: .array).result == 0)
    #expect(try scenario.runs(2, of: .array) == 1)
  }

  @Test("C06: two callbacks that ask for each other run 50 and 49 times before the thread is back in user mode")
  func pingPong() async throws {
    let scenario = try await Scenario()
    try scenario.insert(1, into: .array, action: .pingPong, other: 2, limit: 50)
    try scenario.insert(2, into: .array, action: .pingPong, other: 1, limit: 50)
    try scenario.run(.array)
    #expect(try scenario.runs(1, of: .array) == 50)
    #expect(try scenario.runs(2, of: .array) == 49)
  }

  @Test("C07: with RESUME a sleeping thread runs the callback when its call has ended, and the call is not disturbed")
  func resumeWaits() async throws {
    let scenario = try await Scenario()
    let sleeper = try scenario.sleeper()
    try scenario.insert(1, into: .hash)
    let order = try scenario.run(.hash, for: sleeper)
    #expect(order.result == 0)
    #expect(order.again == EBUSY)
    try scenario.machine.advance(by: 100_000_000)
    #expect(try scenario.runs(1, of: .hash) == 0)
    #expect(sleeper.state == .blocked)
    try scenario.machine.complete(sleeper, result: 1)
    #expect(try scenario.runs(1, of: .hash) == 1)
    #expect(sleeper.lastSystemCallResult == 1)
  }

  @Test("C08: with SIGNAL a sleeping thread runs the callback at once and sleeps on")
  func signalWakes() async throws {
    let scenario = try await Scenario()
    let sleeper = try scenario.sleeper()
    try scenario.insert(1, into: .hash)
    let start = scenario.machine.now
    let order = try scenario.run(.hash, mode: .signal, for: sleeper)
    #expect(order.result == 0)
    let element = try scenario.element(1, of: .hash)
    #expect(element.runs == 1)
    #expect(element.time - start < 1_000_000)
    #expect(sleeper.state == .blocked)
    try scenario.machine.complete(sleeper, result: 1)
    #expect(sleeper.lastSystemCallResult == 1)
    #expect(try scenario.runs(1, of: .hash) == 1)
  }

  @Test("C09: one element serves one thread at a time")
  func twoTargets() async throws {
    let scenario = try await Scenario()
    let first = try scenario.sleeper()
    let second = try scenario.sleeper()
    try scenario.insert(1, into: .hash)
    #expect(try scenario.run(.hash, for: first).result == 0)
    #expect(try scenario.run(.hash, for: second).result == EBUSY)
    try scenario.machine.complete(second)
    #expect(try scenario.runs(1, of: .hash) == 0)
    try scenario.machine.complete(first)
    #expect(try scenario.element(1, of: .hash).pidTGID & 0xffff_ffff == UInt64(first.pid))
  }

  @Test("C10: requests for a zombie are accepted, dropped in silence, and leave the element free for another thread")
  func zombie() async throws {
    let scenario = try await Scenario()
    let ended = try scenario.machine.spawn("short")
    try scenario.machine.run(ended, on: 1)
    try scenario.machine.exit(ended)
    #expect(ended.state == .zombie)
    try scenario.insert(1, into: .hash)
    for _ in 1...3 {
      let order = try scenario.run(.hash, for: ended)
      #expect(order.result == 0)
      #expect(order.again == 0)
    }
    #expect(try scenario.runs(1, of: .hash) == 0)
    #expect(try scenario.run(.hash).result == 0)
    #expect(try scenario.runs(1, of: .hash) == 1)
  }

  @Test("C11: a thread that never returns to user mode keeps the element busy until it is released")
  func kernelThread() async throws {
    let scenario = try await Scenario()
    let thread = try scenario.machine.spawnKernelThread("oom_reaper")
    try scenario.insert(1, into: .hash)
    let order = try scenario.run(.hash, for: thread)
    #expect(order.result == 0)
    #expect(order.again == EBUSY)
    #expect(try scenario.run(.hash).result == EBUSY)
    #expect(try scenario.runs(1, of: .hash) == 0)
    try scenario.insert(1, into: .hash)
    #expect(try scenario.run(.hash).result == 0)
    #expect(try scenario.runs(1, of: .hash) == 1)
  }

  @Test("C12: the idle thread of CPU 0 gives EBADF, that of another CPU takes the request and never runs it")
  func idleThreads() async throws {
    let scenario = try await Scenario()
    try scenario.machine.idle(0)
    let link = try scenario.object.attach("on_sample", to: .perfEvent())
    try scenario.insert(1, into: .hash)
    try scenario.set("event_map", to: 0)
    try scenario.set("event_key", to: 1)
    try scenario.machine.nmi(on: 0)
    #expect(try scenario.get("event_result") == Int64(EBADF))
    try scenario.machine.nmi(on: 1)
    #expect(try scenario.get("event_result") == 0)
    try scenario.machine.nmi(on: 1)
    #expect(try scenario.get("event_result") == Int64(EBUSY))
    #expect(try scenario.runs(1, of: .hash) == 0)
    link.detach()
  }

  @Test("ENOMEM: one section with interrupts off takes a bounded number of first-time requests")
  func freshContexts() async throws {
    var configuration = MachineConfiguration()
    configuration.freshContextsPerInterrupt = 48
    let scenario = try await Scenario(configuration)
    for key in 0..<200 { try scenario.insert(UInt32(key), into: .hash) }
    let order = try scenario.run("schedule_without_interrupts", .hash, key: 0, count: 200)
    #expect(order.accepted == 48)
    #expect(order.lastResult == ENOMEM)
    // Elements that have a context need none; with interrupts on again, others get theirs.
    #expect(try scenario.run("schedule_without_interrupts", .hash, key: 0, count: 48).accepted == 48)
    #expect(try scenario.run(.hash, key: 0, count: 200).accepted == 200)
  }

  @Test("C26: twenty thousand requests on one sleeping thread are accepted and run once each")
  func manyRequests() async throws {
    let scenario = try await Scenario()
    let sleeper = try scenario.sleeper()
    let count = 20_000
    for key in 0..<count { try scenario.insert(UInt32(key), into: .hash) }
    #expect(try scenario.run(.hash, key: 0, for: sleeper, count: UInt32(count)).accepted == UInt32(count))
    #expect(try scenario.get("sequence") == 0)
    try scenario.machine.complete(sleeper, result: 1)
    #expect(try scenario.get("sequence") == Int64(count))
    for key in stride(from: 0, to: count, by: 997) { #expect(try scenario.runs(UInt32(key), of: .hash) == 1) }
  }
}
