import BPFInstructions
import Testing

@Suite("Disassembler")
struct DisassemblerTests {
  @Test("instructions print in LLVM's syntax")
  func texts() {
    let rows: [(Instruction, String)] = [
      (.move(.r0, 1), "r0 = 1"),
      (.add(.r1, .r2, width: .bits32), "w1 += w2"),
      (.arithmetic(.signedDivide, .r1, .r2), "r1 s/= r2"),
      (.arithmetic(.arithmeticShiftRight, .r1, 3, width: .bits32), "w1 s>>= 3"),
      (.negate(.r3), "r3 = -r3"),
      (.negate(.r3, width: .bits32), "w3 = -w3"),
      (.byteSwap(.reverse, .doubleWord, .r0), "r0 = bswap64 r0"),
      (.byteSwap(.toBigEndian, .half, .r1), "r1 = be16 r1"),
      (.moveSignExtended(.r1, .r2, from: .byte), "r1 = (s8)r2"),
      (.moveSignExtended(.r1, .r2, from: .half, width: .bits32), "w1 = (s16)w2"),
      (.load(.word, .r0, from: .r1, offset: -4), "w0 = *(u32 *)(r1 - 4)"),
      (.load(.doubleWord, .r0, from: .r1, offset: 8), "r0 = *(u64 *)(r1 + 8)"),
      (.load(.byte, .r0, from: .r1, extension: .sign), "r0 = *(s8 *)(r1 + 0)"),
      (.store(.doubleWord, .r1, to: .r10, offset: -8), "*(u64 *)(r10 - 8) = r1"),
      (.store(.word, -1, to: .r10, offset: -8), "*(u32 *)(r10 - 8) = -1"),
      (.atomic(.add, .r2, at: .r1), "lock *(u64 *)(r1 + 0) += r2"),
      (
        .atomic(.xor, .r2, at: .r1, offset: 4, fetch: true, width: .bits32),
        "w2 = atomic_fetch_xor((u32 *)(r1 + 4), w2)"
      ),
      (.atomic(.exchange, .r2, at: .r1), "r2 = xchg_64(r1 + 0, r2)"),
      (.atomic(.exchange, .r2, at: .r1, width: .bits32), "w2 = xchg32_32(r1 + 0, w2)"),
      (.atomic(.compareExchange, .r2, at: .r1), "r0 = cmpxchg_64(r1 + 0, r0, r2)"),
      (.atomic(.compareExchange, .r2, at: .r1, width: .bits32), "w0 = cmpxchg32_32(r1 + 0, w0, w2)"),
      (.loadAcquire(.byte, .r0, from: .r1), "w0 = load_acquire((u8 *)(r1 + 0))"),
      (.storeRelease(.doubleWord, .r2, to: .r1, offset: 16), "store_release((u64 *)(r1 + 16), r2)"),
      (.jump(if: .r1, .equal, 0, offset: 5), "if r1 == 0 goto +5"),
      (.jump(if: .r1, .anyBitSet, .r2, offset: -2, width: .bits32), "if w1 & w2 goto -2"),
      (.goto(4), "goto +4"), (.gotoLong(-70_000), "gotol -70000"), (.mayGoto(0), "may_goto +0"),
      (.call(helper: 7), "call 7"), (.call(local: -6), "call pc-6"), (.call(register: .r2), "callx r2"),
      (.call(kernelFunction: 77), "call kfunc(77)"), (.call(kernelFunction: 77, module: 2), "call kfunc(77, 2)"),
      (.exit, "exit"),
    ]
    for (slot, text) in rows {
      #expect(Disassembler().lines(of: [slot]).map(\.text) == [text])
    }
  }

  @Test("64-bit immediate loads print what they refer to")
  func wideLoads() {
    let rows: [(WideValue, String, String)] = [
      (.constant(0x123), "r1 = 0x123 ll", "r1 = 0x123 ll"),
      (.constant(.max), "r1 = -0x1 ll", "r1 = -0x1 ll"),
      (.map(descriptor: 3), "r1 = map_by_fd(0x3) ll", "r1 = 0x3 ll"),
      (.mapValue(descriptor: 3, offset: 8), "r1 = map_val(map_by_fd(0x3)) + 0x8 ll", "r1 = 0x800000003 ll"),
      (.variable(type: 5, moduleDescriptor: 9), "r1 = var_addr(0x5, 0x9) ll", "r1 = 0x900000005 ll"),
      (.function(offset: -3), "r1 = code_addr(-0x3) ll", "r1 = 0xfffffffd ll"),
      (.mapIndex(2), "r1 = map_by_idx(0x2) ll", "r1 = 0x2 ll"),
      (.mapIndexValue(index: 2, offset: -8), "r1 = map_val(map_by_idx(0x2)) - 0x8 ll", "r1 = -0x7fffffffe ll"),
    ]
    for (value, annotated, llvm) in rows {
      let load = DecodedInstruction.loadWide(.r1, value)
      #expect(Disassembler(radix: .hexadecimal).text(of: load) == annotated)
      #expect(Disassembler(radix: .hexadecimal, style: .llvm).text(of: load) == llvm)
    }
  }

  @Test("a helper function is printed by name where that is asked for and known")
  func helperNames() {
    let printer = Disassembler(helperNames: true)
    #expect(printer.text(of: .call(.helper(1))) == "call bpf_map_lookup_elem")
    #expect(printer.text(of: .call(.helper(999))) == "call 999")
  }

  @Test("a slot that is no instruction has a line of its own with the reason")
  func unknownSlots() {
    let lines = Disassembler().lines(of: [
      Instruction(opcode: 0xff), .loadWide(.r1, 0), .loadWideUpper(0), Instruction(opcode: 0x18),
    ])
    #expect(lines.map(\.text) == ["<unknown>", "r1 = 0 ll", "<unknown>"])
    #expect(lines.map(\.index) == [0, 1, 3])
    #expect(lines.map { $0.error?.rule } == [.unknownOpcode, nil, .missingSecondSlot])
  }

  @Test("jumps are followed by the label of their target")
  func labels() {
    let program: [Instruction] = [.jump(if: .r1, .equal, 0, offset: 1), .goto(-2), .gotoLong(-3), .exit]
    let lines = Disassembler().lines(of: program) { $0 == 0 ? "start" : nil }
    #expect(lines.map(\.text) == ["if r1 == 0 goto +1", "goto -2 <start>", "gotol -3 <start>", "exit"])
  }

  @Test("a source text has a label at each target within the program")
  func source() throws {
    let program: [Instruction] = [
      .loadWide(.r1, .function(offset: 5)), .loadWideUpper(.function(offset: 5)), .jump(if: .r1, .equal, 0, offset: 1),
      .call(local: 2), .goto(-4), .goto(100), .exit,
    ]
    let text = try Disassembler().source(of: program)
    #expect(
      text == """
          r1 = code_addr(L6) ll
          if r1 == 0 goto L4
          call L6
        L4:
          goto -4
          goto +100
        L6:
          exit

        """)
    #expect(try [Instruction](assembling: text) == program)
  }
}
