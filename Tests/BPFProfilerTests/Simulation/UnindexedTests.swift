import BPFSimulator
import Testing

@testable import BPFProfiler

/// Files that have `.eh_frame` but no `.eh_frame_hdr`, as static programs of gcc: their rules are looked for.
@Suite struct UnindexedTests {
  private static let functions: [SyntheticImage.Function] =
    [.frame(16), .frame(24), .frame(32), .frame(48)] + [SyntheticImage.Function](repeating: .frame(64), count: 80)
    + [.outermost]
  private static let outermost = functions.count - 1

  /// A stack through the first four functions, called by the outermost one.
  private func prepare(_ profiler: SimulatedProfiler) -> [UInt64] {
    let callers = [1, 2, 3, Self.outermost]
    var sp = SimulatedProfiler.stackStart + 0x8000
    profiler.task.registers.rsp = sp
    profiler.task.registers.rbp = 8
    profiler.task.registers.rip = profiler.address(in: 0)
    for (size, caller) in zip([16, 24, 32, 48] as [UInt64], callers) {
      sp += size
      profiler.store(profiler.address(in: caller), at: sp - 8)
    }
    return ([0] + callers).map { SyntheticImage.address(in: $0) }
  }

  @Test func stacksAreWholeFromTheFirstOnWhereverTheRulesAre() throws {
    // The table is longer than a window in any case; it begins in the first, across two, and in a later one.
    for (offset, isResident) in [
      (0x400, true), (0x400, false), (0x778, true), (0x77c, false), (0x7e0, true), (0x840, true),
    ] {
      let profiler = try SimulatedProfiler()
      let image = SyntheticImage(Self.functions, hasIndex: false, rulesOffset: offset)
      try profiler.map(image.bytes, isResident: isResident)
      let expected = prepare(profiler)
      let first = try profiler.walk()
      #expect(first.status == .complete && first.offsets == expected, "\(offset)")
      #expect(first.framePointerFrames == 0 && first.newRows == 5, "\(offset)")
      let second = try profiler.walk()
      #expect(second.status == .complete && second.offsets == expected && second.newRows == 0, "\(offset)")
    }
  }

  /// Bytes that look like the beginning of a table are none when no entry follows that refers to them.
  @Test func whatOnlyLooksLikeATableIsNone() throws {
    let common: [UInt8] = [0x14, 0, 0, 0, 0, 0, 0, 0, 1, 0x7a, 0x52, 0] + [UInt8](repeating: 0, count: 12)
    for next: [UInt8] in [
      // Nothing, an entry of another CIE, and a CIE without augmentation data.
      [0, 0, 0, 0, 0, 0, 0, 0], [0x14, 0, 0, 0, 0x20, 0, 0, 0], [0x14, 0, 0, 0, 0, 0, 0, 0, 1, 0],
    ] {
      let profiler = try SimulatedProfiler()
      var image = SyntheticImage(Self.functions, hasIndex: false)
      image.put(common + next, at: 0x300)
      try profiler.map(image.bytes)
      let expected = prepare(profiler)
      let record = try profiler.walk()
      #expect(record.status == .complete && record.offsets == expected, "\(next)")
    }
  }

  /// The first byte of a function is not the last function's.
  @Test func anEntryEndsWhereTheNextBegins() throws {
    let profiler = try SimulatedProfiler()
    try profiler.map(SyntheticImage([.frame(40), .frame(24), .outermost], hasIndex: false).bytes)
    let sp = SimulatedProfiler.stackStart + 0x8000
    profiler.task.registers.rsp = sp
    profiler.task.registers.rip = profiler.address(in: 1, at: 0)
    profiler.store(profiler.address(in: 2), at: sp)
    let record = try profiler.walk()
    #expect(record.status == .complete && record.framePointerFrames == 0)
    #expect(record.offsets == [SyntheticImage.address(in: 1, at: 0), SyntheticImage.address(in: 2)])
  }

  @Test func addressesThatNoEntryDescribesHaveNoRules() throws {
    let profiler = try SimulatedProfiler()
    try profiler.map(SyntheticImage([.frame(16), .withoutRules, .frame(16)], hasIndex: false).bytes)
    profiler.task.registers.rsp = SimulatedProfiler.stackStart + 0x8000
    profiler.task.registers.rbp = 8
    profiler.task.registers.rip = profiler.address(in: 0)
    profiler.store(profiler.address(in: 1), at: SimulatedProfiler.stackStart + 0x8008)
    let record = try profiler.walk()
    #expect(record.status == .noRules && record.frames.count == 2)
  }

  /// A file without any rules is looked through once, up to the budget.
  @Test func aFileWithoutRulesIsLookedThroughOnce() throws {
    let profiler = try SimulatedProfiler()
    var image = SyntheticImage([.withoutRules], hasIndex: false)
    image.put([UInt8](repeating: 0, count: 64), at: 0x400)
    image.append([UInt8](repeating: 0, count: 5 << 20))
    try profiler.map(image.bytes)
    profiler.task.registers.rsp = SimulatedProfiler.stackStart + 0x8000
    profiler.task.registers.rip = profiler.address(in: 0)
    profiler.task.registers.rbp = 0
    let first = try profiler.walk()
    #expect(first.status == .complete && first.frames.count == 1)
    #expect(first.bytesRead > 4 << 20 && first.bytesRead < 4 << 20 + 4096, "\(first.bytesRead)")
    let second = try profiler.walk()
    #expect(second.status == .complete && second.bytesRead < 4096, "\(second.bytesRead)")
  }

  @Test func aTableWithoutAnEndEndsByTheBudget() throws {
    let profiler = try SimulatedProfiler()
    var image = SyntheticImage([.frame(16)], hasIndex: false, rulesOffset: 0xf80)
    // Behind the CIE entries of no code, through the function and megabytes behind it.
    let first: [UInt8] = [20, 0, 0, 0, 0x1c, 0, 0, 0] + [UInt8](repeating: 0, count: 16)
    let other: [UInt8] = [12, 0, 0, 0, 0x40, 0, 0, 0] + [UInt8](repeating: 0, count: 8)
    image.put(first, at: 0xf98)
    for place in stride(from: 0xfb0, to: 0x1040, by: 16) { image.put(other, at: place) }
    image.append(Array([[UInt8]](repeating: other, count: (5 << 20) / 16).joined()))
    try profiler.map(image.bytes)
    profiler.task.registers.rsp = SimulatedProfiler.stackStart + 0x8000
    profiler.task.registers.rip = profiler.image.lowerBound + 0x1000
    let record = try profiler.walk()
    #expect(record.status == .byteBudget && record.frames.count == 1)
    #expect(record.bytesRead < 5 << 20, "\(record.bytesRead)")
  }
}
