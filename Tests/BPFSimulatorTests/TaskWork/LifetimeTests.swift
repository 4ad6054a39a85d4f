import BPFMaps
import BPFParity
import BPFSimulator
import Testing

/// Specification of task work, section 5.8 and C20 to C24: what lives how long.
@Suite("Lifetimes around a pending request")
struct LifetimeTests {
  @Test("C20: a program whose handle is closed lives until its callback is done")
  func programClosed() async throws {
    let scenario = try await Scenario()
    let sleeper = try scenario.sleeper()
    try scenario.insert(1, into: .hash)
    #expect(try scenario.run(.hash, for: sleeper).result == 0)
    let program = try scenario.object.program("schedule")
    try scenario.object.closeProgram("schedule")
    #expect(!program.isFreed)
    #expect(scenario.machine.programIDs.contains(program.id))
    try scenario.machine.complete(sleeper)
    #expect(try scenario.runs(1, of: .hash) == 1)
    #expect(program.isFreed)
    #expect(!scenario.machine.programIDs.contains(program.id))
  }

  @Test("C21: closing the last handle of a map cancels, and every later request is refused with EBUSY")
  func mapClosed() async throws {
    let scenario = try await Scenario()
    let sleeper = try scenario.sleeper()
    try scenario.insert(1, into: .hash)
    try scenario.insert(2, into: .hash)
    let map = try scenario.map(.hash)
    #expect(try scenario.run(.hash, for: sleeper).result == 0)
    try scenario.object.closeMap("hash")
    try scenario.machine.complete(sleeper)
    #expect(try scenario.get("sequence") == 0)
    #expect(try scenario.run(.hash, key: 1).result == EBUSY)
    #expect(try scenario.run(.hash, key: 2).result == EBUSY)
    #expect(!map.hasUserReferences)
  }

  @Test("C22: a further handle on the map keeps its requests alive")
  func duplicateHandle() async throws {
    let scenario = try await Scenario()
    let sleeper = try scenario.sleeper()
    try scenario.insert(1, into: .hash)
    try scenario.object.duplicateMap("hash")
    #expect(try scenario.run(.hash, for: sleeper).result == 0)
    try scenario.object.closeMap("hash")
    try scenario.machine.complete(sleeper)
    #expect(try scenario.runs(1, of: .hash) == 1)
    try scenario.object.closeDuplicate(of: "hash")
    #expect(try scenario.run(.hash).result == EBUSY)
  }

  @Test("C23: a callback that sleeps in a page fault is not waited for: its element can be overwritten and used again")
  func callbackInPageFault() async throws {
    for operation in ["update", "delete"] {
      let scenario = try await Scenario()
      let machine = scenario.machine
      let target = try machine.spawn("faulting")
      try machine.run(target, on: 1)
      guard let memory = target.memory else { continue }
      let address = try memory.map(bytes: [1, 2, 3, 4, 5, 6, 7, 8], isResident: false)
      try machine.block(target, in: .read)
      try scenario.insert(1, into: .hash, action: .copyFromUser, address: address)
      let other = try machine.spawn("other")
      var requestsDuringFault: [Int32] = []
      memory.onFault(at: address) {
        // The thread sleeps inside its callback; others go on.
        do {
          #expect(target.state == .waitingForPage)
          try machine.run(other, on: 1)
          requestsDuringFault.append(try scenario.run(.hash, for: target).result)
          if operation == "delete" { try scenario.map(.hash).deleteElement(UInt32(1).bytes) }
          try scenario.insert(1, into: .hash)
          requestsDuringFault.append(try scenario.run(.hash, for: target).result)
        } catch {
          Issue.record(error)
        }
      }
      #expect(try scenario.run(.hash, for: target).result == 0)
      try machine.complete(target, result: 1)
      #expect(other.state == .runnable)
      #expect(target.state == .running(cpu: 1))
      #expect(requestsDuringFault == [EBUSY, 0], "\(operation)")
      #expect(try scenario.get("sequence") == 2, "\(operation): both callbacks finish")
    }
  }

  @Test("C24: of two requests in one batch, the one whose element the other overwrites is skipped")
  func cancelWithinBatch() async throws {
    let scenario = try await Scenario()
    let sleeper = try scenario.sleeper()
    try scenario.insert(1, into: .array)
    try scenario.insert(2, into: .array, action: .overwriteOther, other: 1)
    #expect(try scenario.run(.array, key: 1, for: sleeper).result == 0)
    #expect(try scenario.run(.array, key: 2, for: sleeper).result == 0)
    try scenario.machine.complete(sleeper)
    #expect(try scenario.get("sequence") == 1)
    #expect(try scenario.runs(2, of: .array) == 1)
    #expect(try scenario.element(1, of: .array).magic == 0xfeed)
  }

  @Test("5.8: a map that only an attached program uses refuses requests")
  func attachmentKeepsNoUser() async throws {
    let scenario = try await Scenario()
    try scenario.insert(1, into: .hash)
    try scenario.set("event_map", to: 0)
    try scenario.set("event_key", to: 1)
    let link = try scenario.object.attach("on_sample", to: .perfEvent(cpu: 0))
    try scenario.machine.nmi(on: 0)
    #expect(try scenario.get("event_result") == 0)
    try scenario.object.closeMap("hash")
    try scenario.machine.nmi(on: 0)
    #expect(try scenario.get("event_result") == Int64(EBUSY))
    link.detach()
  }
}
