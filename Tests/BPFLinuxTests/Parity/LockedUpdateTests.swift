import BPFLinux
import BPFMaps
import BPFObject
import BPFSimulator
import Testing

/// Specification of task work, section 7, C18, in both kernels.
@Suite("Parity of updates under a value's lock", .serialized)
struct LockedUpdateTests {
  private static let rows: [(map: String, number: UInt32, callbacks: UInt8)] = [
    ("locked_hash", 0, 1), ("locked_preallocated", 1, 1), ("locked_array", 2, 0),
  ]

  private static let key = UInt32(1).bytes
  private static let zero = [UInt8](repeating: 0, count: 24)
  private static let seven: [UInt8] = [7] + [UInt8](repeating: 0, count: 23)

  private func order(_ number: UInt32, _ pid: Int32) -> [UInt8] {
    [number, 1, UInt32(bitPattern: pid), 99].flatMap(\.bytes)
  }

  @Test(
    "an update with BPF_F_LOCK cancels on arrays and keeps on hashes, in both kernels",
    .enabled(if: RealKernel.canCompile, RealKernel.reason))
  func lockedUpdate() async throws {
    let file = try await Fixture.program("task_work_locks.bpf.c")
    var equal = 0
    for row in Self.rows {
      let real = try running(file, row.map, row.number)
      let simulated = try simulated(file, row.map, row.number)
      #expect(real == [0, 7, row.callbacks], "\(row.map): the running kernel")
      #expect(simulated == real, "\(row.map): the simulated kernel")
      if simulated == real { equal += 1 }
    }
    print("parity: updates under a lock, \(Self.rows.count) cases, \(equal) equal")
  }

  /// The request's result, the first byte after the update, and the number of callbacks.
  private func running(_ file: ObjectFile, _ name: String, _ number: UInt32) throws -> [UInt8] {
    let loaded = try RealKernel.shared.load(file)
    let map = try loaded.map(name)
    let sleeper = try PipeSleeper()
    try map.updateElement(Self.key, to: Self.zero)
    let answer = try loaded.program("schedule").testRun(context: order(number, sleeper.tid)).context
    try map.updateElement(Self.key, to: Self.seven, flags: .lock)
    let first = try map.lookupElement(Self.key)[0]
    _ = try sleeper.complete()
    return [answer[12], first, try loaded.map(".bss").lookupElement([0, 0, 0, 0])[0]]
  }

  private func simulated(_ file: ObjectFile, _ name: String, _ number: UInt32) throws -> [UInt8] {
    let machine = try Machine(MachineConfiguration())
    let loaded = try machine.load(file)
    let asker = try machine.spawn("asker")
    try machine.run(asker, on: 0)
    let sleeper = try machine.spawn("sleeper")
    try machine.run(sleeper, on: 1)
    try machine.block(sleeper, in: .read)
    let map = try loaded.map(name)
    try map.updateElement(Self.key, to: Self.zero)
    let answer = try loaded.run("schedule", context: order(number, sleeper.pid), on: 0).context
    try map.updateElement(Self.key, to: Self.seven, flags: .lock)
    let first = try map.lookupElement(Self.key)[0]
    try machine.complete(sleeper, result: 1)
    return [answer[12], first, try loaded.map(".bss").lookupElement([0, 0, 0, 0])[0]]
  }
}
