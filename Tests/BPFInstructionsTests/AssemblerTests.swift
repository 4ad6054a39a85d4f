import BPFInstructions
import Testing

@Suite("Assembler")
struct AssemblerTests {
  @Test("what the disassembler prints assembles to the same slots, for every form and every way to print")
  func roundTrip() throws {
    for radix in [Disassembler.Radix.decimal, .hexadecimal] {
      for registers in [Disassembler.MemoryRegisters.narrow, .full] {
        let printer = Disassembler(radix: radix, memoryRegisters: registers, helperNames: true)
        let text = InstructionSamples.all.map { printer.text(of: $0) }.joined(separator: "\n")
        let slots = try [Instruction](assembling: text)
        let expected = InstructionSamples.all.flatMap(\.slots)
        #expect(slots.count == expected.count)
        if let (index, pair) = zip(slots, expected).enumerated().first(where: { $1.0 != $1.1 }) {
          Issue.record("slot \(index) is \(pair.0), not \(pair.1)")
        }
      }
    }
  }

  @Test("labels stand for the distance to their place, before and behind")
  func labels() throws {
    let program = try [Instruction](
      assembling: """
        # counts down from five
        start: r0 = 0; r1 = 5
        again:
          if r1 == 0 goto done <done>   // an annotation is skipped
          r0 += r1
          r1 += -1
          goto again
        done: call function
          r2 = code_addr(function) ll
          gotol start
        function:
          exit
        """)
    #expect(
      program == [
        .move(.r0, 0), .move(.r1, 5), .jump(if: .r1, .equal, 0, offset: 3), .add(.r0, .r1), .add(.r1, -1), .goto(-4),
        .call(local: 3), .loadWide(.r2, .function(offset: 2)), .loadWideUpper(.function(offset: 2)), .gotoLong(-10),
        .exit,
      ])
  }

  @Test("calls are of helper functions by number or name, of labels, of kernel functions and through registers")
  func calls() throws {
    let program = try [Instruction](
      assembling: """
        call 0x7
        call bpf_get_prandom_u32
        call pc-1
        call kfunc(1234)
        call kfunc(1234, 1)
        callx r3
        """)
    #expect(
      program == [
        .call(helper: 7), .call(helper: 7), .call(local: -1), .call(kernelFunction: 1234),
        .call(kernelFunction: 1234, module: 1), .call(register: .r3),
      ])
  }

  @Test("spaces are free and a label may have a helper function's name")
  func freedom() throws {
    let program = try [Instruction](
      assembling: "\t r1=*( u32* )( r2+4 )\r\n\nbpf_loop:lock*(u64*)(r1)+=r2;call bpf_loop\n;;\nr0 = - 5")
    #expect(
      program == [
        .load(.word, .r1, from: .r2, offset: 4), .atomic(.add, .r2, at: .r1), .call(local: -2), .move(.r0, -5),
      ])
  }

  @Test("32-bit operations take the unsigned reading of their immediate, 64-bit ones do not")
  func unsignedImmediates() throws {
    #expect(try [Instruction](assembling: "w1 = 0xffffffff") == [.move(.r1, -1, width: .bits32)])
    #expect(try [Instruction](assembling: "*(u32 *)(r1 + 0) = 4294967295") == [.store(.word, -1, to: .r1)])
    #expect(throws: AssemblerError.self) { try [Instruction](assembling: "r1 = 0xffffffff") }
    #expect(throws: AssemblerError.self) { try [Instruction](assembling: "*(u64 *)(r1 + 0) = 0xffffffff") }
  }

  @Test("an error tells line, column and reason")
  func errors() {
    let int32 = Int64(Int32.min)...Int64(Int32.max)
    let int16 = Int64(Int16.min)...Int64(Int16.max)
    let wideRegister = AssemblerError.Reason.expected("a 64-bit register, r0 to r10")
    let wordRegister = AssemblerError.Reason.expected("a 32-bit register, w0 to w10")
    let rows: [(String, Int, Int, AssemblerError.Reason)] = [
      ("exit\n  flub r1", 2, 3, .expected("an instruction")),
      ("r11 = 1", 1, 1, .expected("an instruction")),
      ("5", 1, 1, .expected("an instruction")),
      ("r1", 1, 3, .expected("'=' or an assignment operator such as '+='")),
      ("r1 =", 1, 5, .expected("a register, a number or a memory operand")),
      ("r1 += ", 1, 7, .expected("a register or a number")),
      ("r1 += w2", 1, 7, wideRegister),
      ("w1 = r2", 1, 6, wordRegister),
      ("r1 = -r2", 1, 7, .differentRegister(expected: "r1")),
      ("w1 = -r1", 1, 7, .differentRegister(expected: "w1")),
      ("r1 = be16 r2", 1, 11, .differentRegister(expected: "r1")),
      ("w1 = be16 w1", 1, 6, .expected("a register, a number, a memory operand or an operation")),
      ("r1 = (s64)r2", 1, 7, .expected("one of s16, s32, s8")),
      ("w1 = (s32)w2", 1, 7, .expected("one of s16, s8")),
      ("r1 = 4294967296", 1, 6, .numberOutOfRange("4294967296", int32)),
      ("r1 = 99999999999999999999 ll", 1, 6, .numberOutOfRange("99999999999999999999", .min ... .max)),
      ("r1 = 0x ll", 1, 8, .expected("hexadecimal digits")),
      ("r1 = 12ab", 1, 6, .expected("a register, a number or a memory operand")),
      ("r1 = *(u32)(r2 + 0)", 1, 11, .expected("'*'")),
      ("r1 = *(u24 *)(r2 + 0)", 1, 8, .expected("one of u8, u16, u32, u64, s8, s16, s32")),
      ("w1 = *(u64 *)(r2 + 0)", 1, 7, .expected("'(u8 *)', '(u16 *)' or '(u32 *)' for a 32-bit register")),
      ("r1 = *(u32 *)(r2 + 32768)", 1, 18, .numberOutOfRange("+ 32768", int16)),
      ("r1 = *(u32 *)(r2 8)", 1, 18, .expected("')'")),
      ("r1 = *(u32 *)(w2 + 8)", 1, 15, wideRegister),
      ("r1 = *(u32 *)skb[4]", 1, 14, .expected("an address; only r0 is loaded from a packet")),
      ("r0 = *(u64 *)skb[4]", 1, 7, .expected("'(u8 *)', '(u16 *)' or '(u32 *)'")),
      ("r0 = *(u8 *)skb[]", 1, 17, .expected("a register or a number")),
      ("*(s8 *)(r1 + 0) = r2", 1, 3, .expected("one of u8, u16, u32, u64")),
      ("*(u64 *)(r1 + 0) = w2", 1, 20, wideRegister),
      ("*(u8 *)(r1 + 0) += r2", 1, 17, .expected("'='")),
      ("lock *(u16 *)(r1 + 0) += r2", 1, 7, .expected("'(u32 *)' or '(u64 *)'")),
      ("lock *(u64 *)(r1 + 0) -= r2", 1, 23, .expected("one of '+=', '|=', '&=', '^='")),
      ("r1 = atomic_fetch_add((u64 *)(r2 + 0), r3)", 1, 40, .differentRegister(expected: "r1")),
      ("w1 = atomic_fetch_add((u64 *)(r2 + 0), w1)", 1, 23, .expected("'(u32 *)'")),
      ("r1 = cmpxchg_64(r2 + 0, r0, r3)", 1, 27, .expected("a result in r0; only it is compared")),
      ("r1 = addr_space_cast(r2, 1, 1)", 1, 25, .expected("two different address spaces, 0 and 1")),
      ("r1 = map_by_fd(3)", 1, 18, .expected("'ll'")),
      ("r1 = map_val(5) ll", 1, 14, .expected("'map_by_fd' or 'map_by_idx'")),
      ("w1 = 5 ll", 1, 8, .expected("the end of the statement")),
      ("if r1 == w2 goto +1", 1, 10, wideRegister),
      ("if r1 =< r2 goto +1", 1, 7, .expected("a comparison")),
      ("if r1 == r2 got +1", 1, 13, .expected("'goto'")),
      ("goto 5", 1, 6, .expected("a label or a number of slots with its sign")),
      ("goto +32768", 1, 6, .numberOutOfRange("+32768", int16)),
      ("exit\ngoto nowhere", 2, 6, .undefinedLabel("nowhere")),
      ("call bpf_nothing", 1, 6, .unknownFunction("bpf_nothing")),
      ("call", 1, 5, .expected("a function's number, a helper function's name or a label")),
      ("call kfunc(1, -1)", 1, 15, .numberOutOfRange("-1", 0...32767)),
      ("a: exit\n  a: exit", 2, 3, .duplicateLabel("a", firstLine: 1)),
      ("exit exit", 1, 6, .expected("the end of the statement")),
    ]
    for (text, line, column, reason) in rows {
      do throws(AssemblerError) {
        Issue.record("'\(text)' gives \(try [Instruction](assembling: text))")
      } catch {
        #expect(error == AssemblerError(line: line, column: column, reason: reason), "'\(text)'")
      }
    }
  }

  @Test("a label out of reach of a short jump is an error that says how far it is")
  func tooFar() {
    let text = "goto far\n" + String(repeating: "r0 = 0\n", count: 32768) + "far: exit"
    #expect(throws: AssemblerError(line: 1, column: 6, reason: .jumpTooFar("far", distance: 32768))) {
      try [Instruction](assembling: text)
    }
  }

  @Test("mutated source texts and random slots end in a value or an error, never in a trap")
  func mutations() {
    var generator = SplitMix64(state: 2026)
    let printer = Disassembler()
    let texts = InstructionSamples.all.map { Array(printer.text(of: $0).utf8) }
    let alphabet = Array("rw0159xlsu+-*/()=<>&|^%! ;:#,\n".utf8)
    var errors = 0
    for _ in 0..<20_000 {
      var text = texts[Int(generator.next() % UInt64(texts.count))]
      for _ in 0...generator.next() % 3 {
        let position = Int(generator.next() % UInt64(text.count))
        switch generator.next() % 3 {
        case 0: text[position] = alphabet[Int(generator.next() % UInt64(alphabet.count))]
        case 1: text.insert(alphabet[Int(generator.next() % UInt64(alphabet.count))], at: position)
        default: if text.count > 1 { text.remove(at: position) }
        }
      }
      do throws(AssemblerError) {
        let slots = try [Instruction](assembling: String(decoding: text, as: UTF8.self))
        _ = printer.lines(of: slots)
      } catch {
        errors += 1
      }
    }
    #expect(errors > 5_000 && errors < 20_000)
    for _ in 0..<20_000 {
      var slots: [Instruction] = []
      for _ in 0..<3 {
        let bits = generator.next()
        slots.append(
          Instruction(
            opcode: UInt8(truncatingIfNeeded: bits), destination: UInt8(truncatingIfNeeded: bits >> 8),
            source: UInt8(truncatingIfNeeded: bits >> 12), offset: Int16(truncatingIfNeeded: bits >> 16),
            immediate: Int32(truncatingIfNeeded: bits >> 32)))
      }
      #expect(printer.lines(of: slots).reduce(0) { $0 + $1.slotCount } == 3)
    }
  }
}

/// A seeded generator, so that a failure can be repeated.
struct SplitMix64 {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var bits = state
    bits = (bits ^ (bits >> 30)) &* 0xbf58_476d_1ce4_e5b9
    bits = (bits ^ (bits >> 27)) &* 0x94d0_49bb_1331_11eb
    return bits ^ (bits >> 31)
  }
}
