import BPFSimulator
import Testing

@testable import BPFProfiler

/// The rules that compilers and linkers write, each by what it makes of one frame.
@Suite struct FrameRuleTests {
  /// A function with the given rules, called by the outermost one.
  private struct Case {
    var name: String
    var rules: [UInt8]
    /// Where the return address is, from the stack pointer.
    var returnAddress: Int
    /// Words of the stack beside it, from the stack pointer.
    var words: [Int: UInt64] = [:]
    var change: (inout UserRegisters) -> Void = { _ in }
    var initialRules = SyntheticImage.initialRules
    var augmentation = "zR"
    var augmentationData: [UInt8] = [0x1b]
    var status = UserStackStatus.complete
    /// The offset of the interrupted instruction in the function.
    var instruction = 0x20
  }

  private static let sp = SimulatedProfiler.stackStart + 0x8000

  private static var cases: [Case] {
    [
      Case(name: "the initial rules alone", rules: [], returnAddress: 0),
      Case(name: "def_cfa_offset", rules: [0x0e, 40], returnAddress: 32),
      Case(name: "def_cfa", rules: [0x0c, 6, 16], returnAddress: 0x48, change: { $0.rbp = sp + 0x40 }),
      Case(name: "def_cfa_register", rules: [0x0d, 3], returnAddress: 0x20, change: { $0.rbx = sp + 0x20 }),
      Case(name: "def_cfa_sf", rules: [0x12, 7, 0x7c], returnAddress: 24),
      Case(name: "def_cfa_offset_sf", rules: [0x13, 0x7d], returnAddress: 16),
      Case(name: "advance_loc up to the address", rules: [0x40 | 0x20, 0x0e, 48], returnAddress: 40),
      Case(name: "advance_loc beyond the address", rules: [0x40 | 0x21, 0x0e, 48], returnAddress: 0),
      Case(name: "advance_loc1", rules: [0x02, 0x21, 0x0e, 48], returnAddress: 0),
      Case(name: "advance_loc2", rules: [0x03, 0x20, 0, 0x0e, 48], returnAddress: 40),
      Case(name: "advance_loc4", rules: [0x04, 0x21, 0, 0, 0, 0x0e, 48], returnAddress: 0),
      Case(name: "offset", rules: [0x80 | 16, 2], returnAddress: -8),
      Case(name: "offset_extended", rules: [0x05, 16, 1], returnAddress: 0),
      Case(name: "offset_extended_sf", rules: [0x11, 16, 0x7f], returnAddress: 16),
      Case(name: "GNU_negative_offset_extended", rules: [0x2f, 16, 1], returnAddress: 16),
      Case(name: "restore", rules: [0x80 | 16, 9, 0xc0 | 16], returnAddress: 0),
      Case(name: "restore_extended", rules: [0x80 | 16, 9, 0x06, 16], returnAddress: 0),
      Case(
        name: "remember_state and restore_state, nested",
        rules: [0x0e, 24, 0x0a, 0x0e, 32, 0x0a, 0x0e, 64, 0x0b, 0x0b], returnAddress: 16),
      Case(name: "register", rules: [0x0e, 16, 0x09, 16, 5], returnAddress: 1 << 20, change: { _ in }),
      Case(name: "val_offset", rules: [0x0e, 16, 0x14, 6, 1], returnAddress: 8),
      Case(name: "val_offset_sf", rules: [0x0e, 16, 0x15, 6, 0x7f], returnAddress: 8),
      Case(name: "GNU_args_size", rules: [0x2e, 16, 0x0e, 24], returnAddress: 16),
      Case(name: "same_value and undefined of others", rules: [0x08, 3, 0x07, 12, 0x0e, 24], returnAddress: 16),
      Case(name: "rules of vector registers", rules: [0x05, 17, 4, 0x10, 20, 2, 0x77, 8, 0x0e, 24], returnAddress: 16),
      Case(
        name: "def_cfa_expression: register and offset", rules: [0x0f, 2, 0x77, 32], returnAddress: 24),
      Case(
        name: "def_cfa_expression: a word of the stack, as after realignment",
        rules: [0x0f, 3, 0x76, 0x78, 0x06], returnAddress: 56, words: [24: sp + 64], change: { $0.rbp = sp + 32 }),
      Case(
        name: "def_cfa_expression: a word of the stack and a constant",
        rules: [0x0f, 5, 0x77, 8, 0x06, 0x23, 16], returnAddress: 72, words: [8: sp + 64]),
      Case(
        name: "def_cfa_expression of a linkage table, before the push",
        rules: [0x0f, 11, 0x77, 8, 0x80, 0, 0x3f, 0x1a, 0x3b, 0x2a, 0x33, 0x24, 0x22], returnAddress: 0),
      Case(
        name: "def_cfa_expression of a linkage table, after the push",
        rules: [0x0f, 11, 0x77, 8, 0x80, 0x0b, 0x3f, 0x1a, 0x3b, 0x2a, 0x33, 0x24, 0x22], returnAddress: 8),
      Case(
        name: "every operation of expressions",
        // 40, computed: ((5 << 3) + (7 - 7)) and over, swap, dup, drop, or, xor, shr, not, neg, abs, comparisons.
        rules: [
          0x0f, 40, 0x77, 0, 0x35, 0x33, 0x24, 0x22, 0x08, 9, 0x09, 0xf7, 0x22, 0x22, 0x12, 0x13, 0x30, 0x14, 0x13,
          0x22, 0x31, 0x31, 0x16, 0x27, 0x22, 0x31, 0x1f, 0x19, 0x31, 0x29, 0x31, 0x2e, 0x22, 0x3f, 0x20, 0x20, 0x34,
          0x25, 0x21, 0x96, 0x96, 0x96,
        ], returnAddress: 32),
      Case(
        name: "expression: the return address at a register and an offset",
        rules: [0x0e, 64, 0x10, 16, 2, 0x77, 16], returnAddress: 16),
      Case(
        name: "expression: the return address at the frame plus a constant",
        rules: [0x0e, 64, 0x10, 16, 3, 0x09, 0xe8, 0x22], returnAddress: 40),
      Case(name: "val_expression of another register", rules: [0x0e, 32, 0x16, 6, 2, 0x77, 8], returnAddress: 24),
      Case(name: "a CIE without augmentation", rules: [], returnAddress: 0, augmentation: "", status: .noRules),
      Case(
        name: "a CIE with a personality and a table of exceptions", rules: [0x0e, 24], returnAddress: 16,
        augmentation: "zPLR", augmentationData: [0x9b, 1, 2, 3, 4, 0x1b, 0x1b]),
      Case(name: "an unknown instruction", rules: [0x3e], returnAddress: 0, status: .badRules),
      Case(name: "restore_state without a state", rules: [0x0b], returnAddress: 0, status: .badRules),
      Case(name: "seven states", rules: [UInt8](repeating: 0x0a, count: 7), returnAddress: 0, status: .badRules),
      Case(
        name: "an expression that takes too much", rules: [0x0f, 2, 0x22, 0x22], returnAddress: 0, status: .badRules),
      Case(
        name: "an expression that leaves too much", rules: [0x0f, 9] + [UInt8](repeating: 0x30, count: 9),
        returnAddress: 0, status: .badRules),
      Case(
        name: "minus takes the upper from the lower", rules: [0x0f, 6, 0x77, 0, 0x44, 0x34, 0x1c, 0x22],
        returnAddress: 8),
      Case(name: "the first instruction of a function", rules: [], returnAddress: 0, instruction: 0),
      Case(name: "32-bit code", rules: [], returnAddress: 0, change: { $0.cs = 0x23 }, status: .code32Bit),
      Case(
        name: "a return address that is no code", rules: [], returnAddress: 4096, words: [0: sp + 256],
        status: .notCode),
      Case(
        name: "a return address in nothing", rules: [], returnAddress: 4096, words: [0: 0x1234_5678], status: .noMapping
      ),
      Case(
        name: "a frame that is not above the last", rules: [0x0e, 64, 0x13, 2], returnAddress: 0, status: .noProgress),
    ]
  }

  @Test func eachRuleFindsTheCaller() throws {
    let profiler = try SimulatedProfiler()
    for test in Self.cases {
      let image = SyntheticImage(
        [.init(rules: test.rules), .outermost], initialRules: test.initialRules, augmentation: test.augmentation,
        augmentationData: test.augmentationData)
      try profiler.map(image.bytes)
      for offset in stride(from: -16, through: 256, by: 8) {
        profiler.store(0, at: Self.sp &+ UInt64(bitPattern: Int64(offset)))
      }
      var registers = UserRegisters()
      registers.rsp = Self.sp
      registers.rip = profiler.address(in: 0, at: test.instruction)
      // For the rule that finds the return address in rdi.
      registers.rdi = profiler.address(in: 1)
      // Where nothing else is said the frame pointer cannot be one.
      registers.rbp = 8
      test.change(&registers)
      profiler.task.registers = registers
      if test.returnAddress < 4096 {
        profiler.store(profiler.address(in: 1), at: Self.sp &+ UInt64(bitPattern: Int64(test.returnAddress)))
      }
      for (offset, word) in test.words { profiler.store(word, at: Self.sp + UInt64(offset)) }
      let record = try profiler.walk()
      #expect(record.status == test.status, "\(test.name)")
      let expected = [SyntheticImage.address(in: 0, at: test.instruction), SyntheticImage.address(in: 1)]
      if test.status == .complete { #expect(record.offsets == expected, "\(test.name)") }
    }
    #expect(profiler.machine.faults.isEmpty)
  }

  @Test func registersComeBackAlongTheStack() throws {
    let profiler = try SimulatedProfiler()
    // The callee has pushed rbp, by which its caller finds its frame.
    try profiler.map(
      SyntheticImage([
        .init(rules: [0x0e, 16, 0x80 | 6, 2]), .init(rules: [0x0c, 6, 16, 0x80 | 6, 2]), .outermost,
      ]).bytes)
    let sp = Self.sp
    profiler.task.registers.rsp = sp
    profiler.task.registers.rip = profiler.address(in: 0)
    profiler.task.registers.rbp = 1
    profiler.store(sp + 0x100, at: sp)
    profiler.store(profiler.address(in: 1), at: sp + 8)
    profiler.store(profiler.address(in: 2), at: sp + 0x108)
    let record = try profiler.walk()
    #expect(record.status == .complete)
    #expect(record.offsets == (0..<3).map { SyntheticImage.address(in: $0) })
    #expect(record.frames.map(\.isExact) == [true, false, false])
  }

  @Test func signalFramesGiveTheInterruptedInstruction() throws {
    let profiler = try SimulatedProfiler()
    // The rules of a signal's trampoline: frame and return address by expressions, augmentation S.
    let rules: [UInt8] = [0x0f, 3, 0x77, 0x20, 0x06, 0x10, 16, 2, 0x77, 0x28, 0x10, 6, 2, 0x77, 0x30]
    try profiler.map(
      SyntheticImage([.init(rules: rules), .outermost], augmentation: "zRS").bytes)
    profiler.task.registers.rsp = Self.sp
    profiler.task.registers.rip = profiler.address(in: 0)
    // The interrupted function is the first instruction of the outermost one: the byte before is another's.
    profiler.store(Self.sp - 0x1000, at: Self.sp + 0x20)
    profiler.store(profiler.address(in: 1, at: 0), at: Self.sp + 0x28)
    let record = try profiler.walk()
    #expect(record.status == .complete)
    #expect(record.offsets == [SyntheticImage.address(in: 0), SyntheticImage.address(in: 1, at: 0)])
    #expect(record.frames.map(\.isExact) == [true, true])
  }

  @Test func codeWithoutRulesIsFollowedByTheFramePointer() throws {
    let profiler = try SimulatedProfiler()
    try profiler.map(SyntheticImage([.withoutRules, .withoutRules, .outermost]).bytes)
    let sp = Self.sp
    profiler.task.registers.rsp = sp
    profiler.task.registers.rbp = sp + 16
    profiler.task.registers.rip = profiler.address(in: 0)
    profiler.store(sp + 64, at: sp + 16)
    profiler.store(profiler.address(in: 1), at: sp + 24)
    profiler.store(0, at: sp + 64)
    profiler.store(profiler.address(in: 2), at: sp + 72)
    for isFirst in [true, false] {
      let record = try profiler.walk()
      #expect(record.status == .complete && record.framePointerFrames == 2)
      #expect(record.offsets == (0..<3).map { SyntheticImage.address(in: $0) })
      // The second time what is known is that nothing is known.
      #expect(record.newRows == (isFirst ? 3 : 0))
    }
  }

  /// Swift marks the frames of asynchronous functions in a bit of the saved frame pointer.
  @Test func markedFramePointersAreFollowed() throws {
    let profiler = try SimulatedProfiler()
    try profiler.map(SyntheticImage([.withoutRules, .withoutRules, .outermost]).bytes)
    let sp = Self.sp
    profiler.task.registers.rsp = sp
    profiler.task.registers.rbp = (sp + 16) | 1 << 60
    profiler.task.registers.rip = profiler.address(in: 0)
    profiler.store((sp + 64) | 1 << 60, at: sp + 16)
    profiler.store(profiler.address(in: 1), at: sp + 24)
    profiler.store(profiler.address(in: 2), at: sp + 72)
    let record = try profiler.walk()
    #expect(record.status == .complete && record.framePointerFrames == 2)
    #expect(record.offsets == (0..<3).map { SyntheticImage.address(in: $0) })
  }

  /// A call that does not return may be its function's last instruction: the return address is another function's first.
  @Test func returnAddressesBelongToTheFunctionThatCalls() throws {
    let profiler = try SimulatedProfiler()
    try profiler.map(SyntheticImage([.frame(16), .frame(32), .frame(64), .outermost]).bytes)
    let sp = Self.sp
    profiler.task.registers.rsp = sp
    profiler.task.registers.rip = profiler.address(in: 0)
    profiler.store(profiler.address(in: 2, at: 0), at: sp + 8)
    profiler.store(profiler.address(in: 3), at: sp + 16 + 24)
    let record = try profiler.walk()
    #expect(record.status == .complete)
    #expect(
      record.offsets == [
        SyntheticImage.address(in: 0), SyntheticImage.address(in: 2, at: 0), SyntheticImage.address(in: 3),
      ])
  }

  /// A function of which nothing is known, at an instruction at which its frame is not set up: its return address is on top
  /// of the stack if it is behind a call, or below what was pushed.
  @Test func leavesWithoutRulesAreLeftByTheReturnAddressOnTheStack() throws {
    let sp = Self.sp
    for (code, offset, place) in [([0x55], 0, 0), ([0x55, 0x48], 1, 8), ([0x90, 0xc3], 1, 0)]
      as [([UInt8], Int, UInt64)]
    {
      let profiler = try SimulatedProfiler()
      var image = SyntheticImage([.withoutRules, .outermost])
      image.put(code, at: Int(SyntheticImage.address(in: 0, at: 0x10)))
      // The call before the return address.
      image.put([0xe8, 0, 0, 0, 0], at: Int(SyntheticImage.address(in: 1, at: 0x20 - 5)))
      try profiler.map(image.bytes)
      profiler.task.registers.rsp = sp
      profiler.task.registers.rbp = 8
      profiler.task.registers.rip = profiler.address(in: 0, at: 0x10 + offset)
      profiler.store(profiler.address(in: 1), at: sp + place)
      let record = try profiler.walk()
      #expect(record.status == .complete, "\(code)")
      #expect(
        record.offsets == [SyntheticImage.address(in: 0, at: 0x10 + offset), SyntheticImage.address(in: 1)], "\(code)")
    }
  }

  @Test func stacksAreCutAtTheFrameLimit() throws {
    let profiler = try SimulatedProfiler()
    try profiler.map(SyntheticImage([.frame(16)]).bytes)
    profiler.task.registers.rsp = SimulatedProfiler.stackStart
    profiler.task.registers.rip = profiler.address(in: 0)
    for index in 0..<UInt64(SimulatedProfiler.stackByteCount / 16) {
      profiler.store(profiler.address(in: 0), at: SimulatedProfiler.stackStart + index * 16 + 8)
    }
    let record = try profiler.walk()
    #expect(record.status == .frameLimit && record.frames.count == 1024)
  }
}
