import BPFInstructions
import BPFObject
import Testing

/// Relocations that are built by hand, since no compiler makes them so.
@Suite struct RelocationTests {
  private static let localCall = Instruction(opcode: 0x85, source: 1, immediate: -1)
  private static let load = [Instruction(opcode: 0x18, destination: 1), Instruction(opcode: 0)]
  private static let move = Instruction(opcode: 0xb7)

  /// A program of the given instructions, a subprogram of two slots at slot 1 of `.text` (symbol 2, its section is
  /// symbol 3), and data of 16 bytes (symbol 4).
  private func build(
    _ instructions: [Instruction], _ relocations: [ELFBuilder.Relocation], byteOrder: ByteOrder = .little
  ) -> ELFBuilder {
    var builder = ELFBuilder.program(instructions, byteOrder: byteOrder)
    let text = builder.add(code: ".text", [ELFBuilder.exit, Self.move, ELFBuilder.exit])
    _ = builder.add(.init(name: "subprogram", section: text, value: 8, byteCount: 16))
    _ = builder.add(.init(name: "", binding: 0, type: 3, section: text))
    let data = builder.add(.init(name: ".data", flags: 3, contents: Array(0..<16)))
    _ = builder.add(.init(name: "variable", type: 1, section: data, value: 4, byteCount: 4))
    builder.add(relocations, for: 1)
    return builder
  }

  private func link(_ builder: ELFBuilder) throws -> Program {
    try #require(try ObjectFile(parsing: builder.build()).programs["program"])
  }

  @Test("a call is found by its symbol, or by its section and the distance, with the addend in either place")
  func calls() throws {
    let rows: [(immediate: Int32, symbol: UInt32, addend: Int64?)] = [
      (-1, 2, nil), (0, 3, nil), (77, 2, 0), (77, 3, 8),
    ]
    for byteOrder in ByteOrder.allCases {
      for row in rows {
        var call = Self.localCall
        call.immediate = row.immediate
        let relocation = ELFBuilder.Relocation(offset: 0, type: 10, symbol: row.symbol, addend: row.addend)
        let program = try link(build([call, ELFBuilder.exit], [relocation], byteOrder: byteOrder))
        #expect(program.functions.map(\.name) == ["program", "subprogram"], "\(row)")
        #expect(program.instructions[0].immediate == 1, "\(row)")
        #expect(program.instructions[2...] == [Self.move, ELFBuilder.exit], "\(row)")
      }
    }
  }

  @Test("a load is of a variable, or of a function, with the addend in either place")
  func loads() throws {
    let rows: [(immediate: Int32, symbol: UInt32, addend: Int64?, reference: Program.Reference)] = [
      (0, 4, nil, .mapValue(map: ".data", offset: 4)),
      (6, 4, nil, .mapValue(map: ".data", offset: 10)),
      (12, 4, nil, .mapValue(map: ".data", offset: 16)),
      (77, 4, 8, .mapValue(map: ".data", offset: 12)),
      (0, 2, nil, .function(start: 3)),
      (8, 3, nil, .function(start: 3)),
      (77, 3, 8, .function(start: 3)),
    ]
    for row in rows {
      var load = Self.load
      load[0].immediate = row.immediate
      let relocation = ELFBuilder.Relocation(offset: 0, type: 1, symbol: row.symbol, addend: row.addend)
      let program = try link(build(load + [ELFBuilder.exit], [relocation]))
      #expect(program.references == [0: row.reference], "\(row)")
      #expect(program.instructions[0].source == (row.reference == .function(start: 3) ? 4 : 2), "\(row)")
    }
  }

  @Test("what cannot be linked says which instruction of which function and why")
  func errors() {
    let load = Self.load
    var far = load
    far[0].immediate = 13
    var inside = load
    inside[0].immediate = 16
    var helper = Self.localCall
    helper.source = 0
    var unresolved = Self.localCall
    unresolved.immediate = 5
    let jumpOut = Instruction(opcode: 0x05, offset: 3)
    let jumpBack = Instruction(opcode: 0x15, offset: -2)
    let longJump = Instruction(opcode: 0x06, immediate: 100)
    let exit = ELFBuilder.exit
    let rows: [(String, [Instruction], [ELFBuilder.Relocation])] = [
      ("no function begins at 0x0", [Self.localCall, exit], [.init(offset: 0, type: 10, symbol: 3)]),
      ("no function begins at 0x30", [unresolved, exit], []),
      ("before the section's start", [Instruction(opcode: 0x85, source: 1, immediate: -9), exit], []),
      ("does not fit a call", [Self.localCall, exit], [.init(offset: 0, type: 1, symbol: 2)]),
      ("does not fit a 64-bit load", load + [exit], [.init(offset: 0, type: 10, symbol: 2)]),
      ("encoded as one of a helper", [helper, exit], [.init(offset: 0, type: 10, symbol: 2)]),
      ("no function of the object", [Self.localCall, exit], [.init(offset: 0, type: 10, symbol: 4)]),
      ("outside of section '.data'", far + [exit], [.init(offset: 0, type: 1, symbol: 4)]),
      ("no function begins at 0x18", inside + [exit], [.init(offset: 0, type: 1, symbol: 2)]),
      ("holds no address", [Self.move, exit], [.init(offset: 0, type: 1, symbol: 4)]),
      ("second half", load + [exit], [.init(offset: 8, type: 1, symbol: 4)]),
      ("second half of a 64-bit load is missing", [exit, load[0]], []),
      ("jumps to instruction 4", [jumpOut, exit], []),
      ("jumps to instruction -1", [jumpBack, exit], []),
      ("jumps to instruction 101", [longJump, exit], []),
    ]
    for (text, instructions, relocations) in rows {
      do {
        _ = try ObjectFile(parsing: build(instructions, relocations).build())
        Issue.record("accepted: \(text)")
      } catch {
        #expect("\(error)".contains(text), "\(error)")
        #expect(error.section == "socket" && error.subject?.contains("function 'program'") == true, "\(error)")
      }
    }
  }

  @Test("a tentative definition and a symbol of another section are refused with what to do")
  func misplacedSymbols() {
    let load = Self.load + [ELFBuilder.exit]
    var common = build(load, [.init(offset: 0, type: 1, symbol: 5)])
    _ = common.add(.init(name: "tentative", type: 1, section: 0xfff2, value: 4, byteCount: 4))
    var other = build(load, [.init(offset: 0, type: 1, symbol: 5)])
    let section = other.add(.init(name: ".mine", flags: 3, contents: [0, 0, 0, 0]))
    _ = other.add(.init(name: "variable", type: 1, section: section, byteCount: 4))
    for (builder, text) in [(common, "-fno-common"), (other, "'.data.mine'")] {
      let error = #expect(throws: ObjectError.self) { try ObjectFile(parsing: builder.build()) }
      #expect(error?.advice.contains(text) == true, "\(String(describing: error))")
    }
  }

  @Test("programs that share large subprograms cannot grow without bound")
  func growth() throws {
    // 200 programs of two slots that each call a function of 600: 120400 slots in all.
    var builder = ELFBuilder()
    let text = builder.add(code: ".text", Array(repeating: ELFBuilder.exit, count: 600))
    let big = builder.add(.init(name: "big", section: text, byteCount: 4800))
    let code = builder.add(
      code: "socket", Array(repeating: [Self.localCall, ELFBuilder.exit], count: 200).flatMap(\.self))
    for index in 0..<200 {
      _ = builder.add(.init(name: "p\(index)", section: code, value: UInt64(16 * index), byteCount: 16))
    }
    builder.add((0..<200).map { .init(offset: 16 * $0, type: 10, symbol: big) }, for: code)
    let bytes = builder.build()
    _ = try ObjectFile(parsing: bytes, linkedLimit: 120_400)
    let error = #expect(throws: ObjectError.self) { try ObjectFile(parsing: bytes, linkedLimit: 120_399) }
    #expect(error?.category == .limit)
  }
}
