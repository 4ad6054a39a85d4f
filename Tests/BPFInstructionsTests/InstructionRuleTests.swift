import BPFInstructions
import Testing

@Suite("Rules of fields")
struct InstructionRuleTests {
  /// A slot as bytes would give it: opcode, destination, source, offset, immediate.
  static func slot(_ opcode: UInt8, _ destination: UInt8, _ source: UInt8, _ offset: Int16, _ immediate: Int32)
    -> Instruction
  {
    Instruction(opcode: opcode, destination: destination, source: source, offset: offset, immediate: immediate)
  }

  @Test("a field that an opcode does not use has to be zero, for every opcode")
  func reservedFields() throws {
    // The fields that may be other than zero while the others are zero, by opcode: d(estination), s(ource), o(ffset), i(mmediate).
    var used: [UInt8: String] = [
      0x05: "o", 0x06: "i", 0xe5: "o", 0x8d: "d", 0x95: "", 0x85: "si", 0x18: "dsi", 0x84: "d", 0x87: "d",
      0xd4: "di", 0xdc: "di", 0xd7: "di", 0xbc: "dso", 0xbf: "dso",
    ]
    for code: UInt8 in [0x00, 0x10, 0x20, 0x40, 0x50, 0x60, 0x70, 0xa0, 0xc0, 0xb0] {
      for width: UInt8 in [0x04, 0x07] {
        used[code | width] = "di"
        if code != 0xb0 { used[code | width | 8] = "ds" }
      }
    }
    for code: UInt8 in [0x30, 0x90] {
      for width: UInt8 in [0x04, 0x07] {
        used[code | width] = "doi"
        used[code | width | 8] = "dso"
      }
    }
    for code: UInt8 in [0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0xa0, 0xb0, 0xc0, 0xd0] {
      for width: UInt8 in [0x05, 0x06] {
        used[code | width] = "doi"
        used[code | width | 8] = "dso"
      }
    }
    for size: UInt8 in [0x00, 0x08, 0x10, 0x18] {
      used[0x61 | size] = "dso"
      used[0x62 | size] = "doi"
      used[0x63 | size] = "dso"
      used[0xc3 | size] = "dsoi"
      if size == 0x18 { continue }
      used[0x81 | size] = "dso"
      used[0x20 | size] = "i"
      used[0x40 | size] = "si"
    }
    #expect(used.count == OpcodeTable.rows.count)

    let values: [(String, InstructionError.Field, Instruction)] = [
      ("d", .destination, Self.slot(0, 1, 0, 0, 0)), ("s", .source, Self.slot(0, 0, 1, 0, 0)),
      ("o", .offset, Self.slot(0, 0, 0, 1, 0)), ("i", .immediate, Self.slot(0, 0, 0, 0, 1)),
    ]
    for (opcode, letters) in used {
      for (letter, field, slot) in values {
        var slot = slot
        slot.opcode = opcode
        var rule: InstructionError.Rule?
        do throws(InstructionError) {
          _ = try DecodedInstruction.decode(at: 0, in: [slot, Self.slot(0, 0, 0, 0, 0)])
        } catch {
          rule = error.rule
        }
        let isReserved = rule == .reservedField(field)
        #expect(isReserved == !letters.contains(letter), "opcode \(opcode), \(field): \(String(describing: rule))")
      }
    }
  }

  @Test("what the fields may not be, row by row")
  func rules() {
    let rows: [(String, [Instruction], InstructionError.Rule)] = [
      ("r11 = 0", [Self.slot(0xb7, 11, 0, 0, 0)], .registerOutOfRange(.destination, 11)),
      ("r0 = r11", [Self.slot(0xbf, 0, 11, 0, 0)], .registerOutOfRange(.source, 11)),
      ("r0 = -r15", [Self.slot(0x87, 15, 0, 0, 0)], .registerOutOfRange(.destination, 15)),
      ("load from r12", [Self.slot(0x61, 0, 12, 0, 0)], .registerOutOfRange(.source, 12)),
      ("store to r12", [Self.slot(0x62, 12, 0, 0, 0)], .registerOutOfRange(.destination, 12)),
      ("packet index r11", [Self.slot(0x40, 0, 11, 0, 0)], .registerOutOfRange(.source, 11)),
      ("jump on r11", [Self.slot(0x15, 11, 0, 0, 0)], .registerOutOfRange(.destination, 11)),
      ("call through r11", [Self.slot(0x8d, 11, 0, 0, 0)], .registerOutOfRange(.destination, 11)),
      ("atomic with r11", [Self.slot(0xdb, 1, 11, 0, 0)], .registerOutOfRange(.source, 11)),
      ("acquire from r11", [Self.slot(0xdb, 1, 11, 0, 0x100)], .registerOutOfRange(.source, 11)),
      ("release to r11", [Self.slot(0xdb, 11, 1, 0, 0x110)], .registerOutOfRange(.destination, 11)),
      (
        "wide load to r11", [Self.slot(0x18, 11, 0, 0, 0), Self.slot(0, 0, 0, 0, 0)],
        .registerOutOfRange(.destination, 11)
      ),
      ("division variant 2", [Self.slot(0x37, 0, 0, 2, 1)], .unsupportedValue(.offset, 2)),
      ("modulo variant -1", [Self.slot(0x9c, 0, 1, -1, 0)], .unsupportedValue(.offset, -1)),
      ("move extending 4 bits", [Self.slot(0xbf, 0, 1, 4, 0)], .unsupportedValue(.offset, 4)),
      ("32-bit move extending 32", [Self.slot(0xbc, 0, 1, 32, 0)], .unsupportedValue(.offset, 32)),
      ("32-bit cast", [Self.slot(0xbc, 0, 1, 1, 0)], .unsupportedValue(.offset, 1)),
      ("32-bit cast with spaces", [Self.slot(0xbc, 0, 1, 1, 1)], .reservedField(.immediate)),
      ("move with an immediate", [Self.slot(0xbf, 0, 1, 0, 1)], .reservedField(.immediate)),
      ("extending move with an immediate", [Self.slot(0xbf, 0, 1, 8, 1)], .reservedField(.immediate)),
      ("cast from 0 to 0", [Self.slot(0xbf, 0, 1, 1, 0)], .unsupportedValue(.immediate, 0)),
      ("cast from 2", [Self.slot(0xbf, 0, 1, 1, 2)], .unsupportedValue(.immediate, 2)),
      ("cast from 1 to 1", [Self.slot(0xbf, 0, 1, 1, 0x1_0001)], .unsupportedValue(.immediate, 0x1_0001)),
      ("swap of 8 bits", [Self.slot(0xd4, 0, 0, 0, 8)], .unsupportedValue(.immediate, 8)),
      ("swap of 0 bits", [Self.slot(0xdc, 0, 0, 0, 0)], .unsupportedValue(.immediate, 0)),
      ("swap of 128 bits", [Self.slot(0xd7, 0, 0, 0, 128)], .unsupportedValue(.immediate, 128)),
      ("atomic subtraction", [Self.slot(0xdb, 1, 2, 0, 0x10)], .unsupportedValue(.immediate, 0x10)),
      ("exchange without fetch", [Self.slot(0xdb, 1, 2, 0, 0xe0)], .unsupportedValue(.immediate, 0xe0)),
      ("compare and exchange without fetch", [Self.slot(0xdb, 1, 2, 0, 0xf0)], .unsupportedValue(.immediate, 0xf0)),
      ("acquire with fetch", [Self.slot(0xdb, 1, 2, 0, 0x101)], .unsupportedValue(.immediate, 0x101)),
      ("release with fetch", [Self.slot(0xdb, 1, 2, 0, 0x111)], .unsupportedValue(.immediate, 0x111)),
      ("atomic byte", [Self.slot(0xd3, 1, 2, 0, 0)], .atomicSize(.byte)),
      ("atomic half", [Self.slot(0xcb, 1, 2, 0, 0xf1)], .atomicSize(.half)),
      ("call of kind 3", [Self.slot(0x85, 0, 3, 0, 1)], .unsupportedValue(.source, 3)),
      ("helper call with an offset", [Self.slot(0x85, 0, 0, 1, 1)], .reservedField(.offset)),
      ("local call with an offset", [Self.slot(0x85, 0, 1, 1, 1)], .reservedField(.offset)),
      ("kernel function of module -1", [Self.slot(0x85, 0, 2, -1, 1)], .unsupportedValue(.offset, -1)),
      ("wide load at the end", [Self.slot(0x18, 0, 0, 0, 0)], .missingSecondSlot),
      ("wide load of kind 7", [Self.slot(0x18, 0, 7, 0, 0), Self.slot(0, 0, 0, 0, 0)], .unsupportedValue(.source, 7)),
      ("second slot with an opcode", [Self.slot(0x18, 0, 0, 0, 0), Self.slot(7, 0, 0, 0, 0)], .secondSlot(.opcode)),
      (
        "second slot with a destination", [Self.slot(0x18, 0, 0, 0, 0), Self.slot(0, 1, 0, 0, 0)],
        .secondSlot(.destination)
      ),
      ("second slot with a source", [Self.slot(0x18, 0, 0, 0, 0), Self.slot(0, 0, 1, 0, 0)], .secondSlot(.source)),
      ("second slot with an offset", [Self.slot(0x18, 0, 0, 0, 0), Self.slot(0, 0, 0, 1, 0)], .secondSlot(.offset)),
      ("map with an upper half", [Self.slot(0x18, 0, 1, 0, 3), Self.slot(0, 0, 0, 0, 1)], .secondSlot(.immediate)),
      (
        "function with an upper half", [Self.slot(0x18, 0, 4, 0, 3), Self.slot(0, 0, 0, 0, 1)],
        .secondSlot(.immediate)
      ),
      (
        "map index with an upper half", [Self.slot(0x18, 0, 5, 0, 3), Self.slot(0, 0, 0, 0, 1)],
        .secondSlot(.immediate)
      ),
    ]
    for (name, slots, rule) in rows {
      do throws(InstructionError) {
        Issue.record("\(name) gives \(try DecodedInstruction.decode(at: 0, in: slots))")
      } catch {
        #expect(error.rule == rule, "\(name)")
      }
    }
  }

  @Test("an error tells the index, the opcode and the rule")
  func errorText() throws {
    let program = [Instruction.move(.r0, 0), Self.slot(0x07, 1, 0, 8, 1)]
    let error = try #require(throws: InstructionError.self) { try program.decoded() }
    #expect(error == InstructionError(index: 1, opcode: 0x07, rule: .reservedField(.offset)))
    #expect(error.description == "instruction 1 (opcode 0x07): the offset field is reserved here and must be zero")
  }

  @Test("an index outside the program is an error")
  func indexOutside() {
    for index in [-1, 1, Int.max, Int.min] {
      #expect(throws: InstructionError(index: index, opcode: 0, rule: .outOfRange(slotCount: 1))) {
        try DecodedInstruction.decode(at: index, in: [.exit])
      }
    }
  }

  @Test("a 64-bit immediate load counts as two slots")
  func wideLoadsCountTwice() throws {
    let value: UInt64 = 0x1234_5678_9abc_def0
    let program: [Instruction] = [.loadWide(.r1, value), .loadWideUpper(value), .exit]
    let decoded = try program.decoded()
    #expect(decoded.map(\.index) == [0, 2])
    #expect(decoded[0].instruction == .loadWide(.r1, .constant(value)))
  }
}
