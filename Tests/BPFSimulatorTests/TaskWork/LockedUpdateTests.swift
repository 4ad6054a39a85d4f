import BPFMaps
import BPFSimulator
import Testing

/// Specification of task work, section 7, C18: an update with `BPF_F_LOCK` cancels on arrays and keeps on hashes.
@Suite("Updates under a value's lock")
struct LockedUpdateTests {
  @Test("C18: an update under the lock cancels the request of an array's element and keeps that of a hash's")
  func updateWithLock() async throws {
    let rows: [(map: String, number: UInt32, callbacks: UInt64)] = [
      ("locked_hash", 0, 1), ("locked_preallocated", 1, 1), ("locked_array", 2, 0),
    ]
    for row in rows {
      let machine = try Machine()
      let object = try machine.load(try await TestPrograms.taskWorkLocks.object())
      let asker = try machine.spawn("asker")
      try machine.run(asker, on: 0)
      let sleeper = try machine.spawn("sleeper")
      try machine.run(sleeper, on: 1)
      try machine.block(sleeper, in: .read)
      let map = try object.map(row.map)
      let key = UInt32(1).bytes
      try map.updateElement(key, to: [UInt8](repeating: 0, count: 24))
      let order = [row.number, 1, UInt32(bitPattern: sleeper.pid), 99].flatMap(\.bytes)
      let (_, answer) = try object.run("schedule", context: order, on: 0)
      #expect(answer.word(8) >> 32 == 0, "\(row.map)")
      try map.updateElement(key, to: [7] + [UInt8](repeating: 0, count: 23), flags: .lock)
      let updated = try map.lookupElement(key)
      #expect(updated[0] == 7, "\(row.map)")
      try machine.complete(sleeper, result: 1)
      let callbacks = try object.map(".bss").lookupElement([0, 0, 0, 0]).word(0)
      #expect(callbacks == row.callbacks, "\(row.map)")
    }
  }
}
