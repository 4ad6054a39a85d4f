import BPFSimulator
import Testing

@testable import BPFProfiler

/// Headers and rules are the target's: whatever they say, a walk ends, within its budgets.
@Suite struct MutationTests {
  /// SplitMix64: the same mutations everywhere.
  private struct Random {
    var state: UInt64

    mutating func next(_ limit: Int) -> Int {
      state &+= 0x9e37_79b9_7f4a_7c15
      var value = state
      value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
      value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
      return Int((value ^ value >> 31) % UInt64(limit))
    }
  }

  @Test func damagedFilesEndTheWalkAndNothingElse() throws {
    let profiler = try SimulatedProfiler()
    let image = SyntheticImage([
      .init(rules: [0x44, 0x0e, 24, 0x0a, 0x48, 0x0e, 32, 0x0b, 0x0f, 3, 0x77, 32, 0x96]),
      .init(rules: [0x0c, 6, 16, 0x80 | 6, 2]), .frame(32), .withoutRules, .outermost,
    ])
    let sp = SimulatedProfiler.stackStart + 0x4000
    var random = Random(state: 20_251_125)
    var statuses: [UserStackStatus: Int] = [:]
    for round in 0..<150 {
      var bytes = image.bytes
      // Where headers and rules are, one to eight bytes of them.
      for _ in 0...random.next(8) {
        let place = [0..<0x130, 0x200..<0x240, 0x400..<0x4c0][random.next(3)]
        bytes[place.lowerBound + random.next(place.count)] = [0, 0xff, 0x7f, UInt8(random.next(256))][random.next(4)]
      }
      try profiler.map(bytes, isResident: round % 2 == 0)
      var registers = UserRegisters()
      registers.rsp = sp
      registers.rbp = sp + 0x80
      registers.rip = profiler.address(in: 0)
      profiler.task.registers = registers
      // Return addresses and saved frame pointers in turn.
      for offset in stride(from: 0, to: 0x400, by: 8) {
        profiler.store(
          offset % 16 == 8 ? profiler.address(in: random.next(5)) : sp + UInt64(offset + 16), at: sp + UInt64(offset))
      }
      let record = try profiler.walk()
      statuses[record.status, default: 0] += 1
      #expect(record.bytesRead <= 1 << 20, "round \(round)")
      #expect(profiler.machine.faults.isEmpty, "round \(round)")
    }
    // The mutations come to different ends, so that more than one way was tried.
    #expect(statuses.count >= 5, "\(statuses)")
    #expect(statuses.keys.allSatisfy { $0.rawValue < 32 }, "\(statuses)")
  }

  @Test func anEndlessTableEndsByItsBudget() throws {
    let profiler = try SimulatedProfiler()
    // Two hundred rules whose expressions are executed at each of a thousand frames.
    let rules: [UInt8] = [0x0f, 24] + [0x77, 0] + [UInt8](repeating: 0x96, count: 20) + [0x23, 16]
    try profiler.map(SyntheticImage([.init(rules: rules)]).bytes)
    profiler.task.registers.rsp = SimulatedProfiler.stackStart
    profiler.task.registers.rip = profiler.address(in: 0)
    for index in 0..<UInt64(SimulatedProfiler.stackByteCount / 16) {
      profiler.store(profiler.address(in: 0), at: SimulatedProfiler.stackStart + index * 16 + 8)
    }
    #expect(try profiler.walk().status == .stepBudget)
  }

  /// Instructions of tables are paid from the same budget, whether or not they say anything.
  @Test func longTablesEndByTheirBudget() throws {
    let profiler = try SimulatedProfiler()
    try profiler.map(SyntheticImage([.init(rules: [0x0e, 16] + [UInt8](repeating: 0, count: 2000))]).bytes)
    profiler.task.registers.rsp = SimulatedProfiler.stackStart
    profiler.task.registers.rip = profiler.address(in: 0)
    // Another row each time, or the cache would have it.
    for index in 0..<40 {
      profiler.store(
        profiler.address(in: 0, at: 1 + index), at: SimulatedProfiler.stackStart + UInt64(index) * 16 + 8)
    }
    let record = try profiler.walk()
    #expect(record.status == .stepBudget && record.frames.count < 12)
  }

  /// What is read is paid, of the stack as of the file: to the byte where a walk is simple, and up to the budget.
  @Test func bytesEndByTheirBudget() throws {
    let profiler = try SimulatedProfiler()
    let functions = [SyntheticImage.Function](repeating: .init(rules: [0x0e, 16]), count: 60)
    try profiler.map(SyntheticImage(functions).bytes)
    let start = SimulatedProfiler.stackStart
    profiler.task.registers.rsp = start
    profiler.task.registers.rip = profiler.address(in: 0)
    for index in 0..<500 {
      profiler.store(
        profiler.address(in: index % 60, at: 1 + index / 60), at: start + UInt64(index) * 16 + 8)
    }
    profiler.store(0, at: start + 500 * 16 + 8)
    let first = try profiler.walk()
    #expect(first.status == .complete)
    let stackBytes: UInt32 = 4 * 2048
    let second = try profiler.walk()
    // The stack of 8 KiB by windows of two; nothing of the file.
    #expect(second.status == .complete && second.bytesRead == stackBytes, "\(second.bytesRead)")
    // The headers (64 + 3 * 56 + 12 + 36 bytes), and for each row two heads, the table's 60 entries, the CIE and the FDE.
    let headers: UInt32 = 64 + 168 + 12 + 36
    let row: UInt32 = 8 + 8 + 60 * 8 + 16 + 12
    #expect(first.newRows == 501 && first.bytesRead == stackBytes + headers + 501 * row, "\(first.bytesRead)")
  }
}
