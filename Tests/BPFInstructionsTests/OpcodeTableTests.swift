import BPFInstructions
import Testing

@Suite("Opcodes")
struct OpcodeTableTests {
  @Test("no opcode has two rows and no form two opcodes")
  func rowsAreUnique() {
    #expect(Set(OpcodeTable.rows.map(\.opcode)).count == OpcodeTable.rows.count)
    #expect(Set(OpcodeTable.rows.map(\.form)).count == OpcodeTable.rows.count)
  }

  @Test("the opcodes are those of RFC 9669 and Linux 6.18, and the call through a register")
  func opcodes() {
    let known: [UInt8] = [
      0x04, 0x05, 0x06, 0x07, 0x0c, 0x0f, 0x14, 0x15, 0x16, 0x17, 0x18, 0x1c, 0x1d, 0x1e, 0x1f, 0x20, 0x24, 0x25, 0x26,
      0x27, 0x28, 0x2c, 0x2d, 0x2e, 0x2f, 0x30, 0x34, 0x35, 0x36, 0x37, 0x3c, 0x3d, 0x3e, 0x3f, 0x40, 0x44, 0x45, 0x46,
      0x47, 0x48, 0x4c, 0x4d, 0x4e, 0x4f, 0x50, 0x54, 0x55, 0x56, 0x57, 0x5c, 0x5d, 0x5e, 0x5f, 0x61, 0x62, 0x63, 0x64,
      0x65, 0x66, 0x67, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f, 0x71, 0x72, 0x73, 0x74, 0x75, 0x76, 0x77, 0x79, 0x7a,
      0x7b, 0x7c, 0x7d, 0x7e, 0x7f, 0x81, 0x84, 0x85, 0x87, 0x89, 0x8d, 0x91, 0x94, 0x95, 0x97, 0x9c, 0x9f, 0xa4, 0xa5,
      0xa6, 0xa7, 0xac, 0xad, 0xae, 0xaf, 0xb4, 0xb5, 0xb6, 0xb7, 0xbc, 0xbd, 0xbe, 0xbf, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7,
      0xcb, 0xcc, 0xcd, 0xce, 0xcf, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7, 0xdb, 0xdc, 0xdd, 0xde, 0xe5,
    ]
    #expect(OpcodeTable.rows.map(\.opcode).sorted() == known)
    for opcode in UInt8.min...UInt8.max where !known.contains(opcode) {
      let error = #expect(throws: InstructionError.self) {
        try DecodedInstruction.decode(at: 0, in: [Instruction(opcode: opcode)])
      }
      #expect(error == InstructionError(index: 0, opcode: opcode, rule: .unknownOpcode))
    }
  }

  @Test("every slot of a sweep over opcodes and fields either re-encodes to itself or is refused")
  func sweep() {
    let offsets: [Int16] = [0, 1, 2, 8, 16, 32, 64, -1, .min, .max]
    let immediates: [Int32] = [
      0, 1, 2, 7, 16, 32, 0x40, 0x41, 0x50, 0x51, 0xa0, 0xa1, 0xe0, 0xe1, 0xf0, 0xf1, 0x100, 0x101, 0x110, 0x111,
      1 << 16, -1, .min, .max,
    ]
    let registers: [(UInt8, UInt8)] = [
      (0, 0), (1, 0), (0, 2), (10, 1), (2, 10), (11, 0), (0, 11), (0, 6), (0, 7), (15, 15),
    ]
    var accepted: Set<DecodedInstruction> = []
    var refused = 0
    for opcode in UInt8.min...UInt8.max {
      for (destination, source) in registers {
        for offset in offsets {
          for immediate in immediates {
            for upper: Int32 in opcode == 0x18 ? [0, 3, -1] : [0] {
              let slots = [
                Instruction(
                  opcode: opcode, destination: destination, source: source, offset: offset, immediate: immediate),
                Instruction(opcode: 0, immediate: upper),
              ]
              do throws(InstructionError) {
                let decoded = try DecodedInstruction.decode(at: 0, in: slots)
                let isSame = decoded.slots == Array(slots.prefix(decoded.slotCount))
                if !isSame { Issue.record("\(slots) gives \(decoded) and then \(decoded.slots)") }
                accepted.insert(decoded)
              } catch {
                refused += 1
                if error.index != 0 || error.opcode != opcode { Issue.record("\(error)") }
              }
            }
          }
        }
      }
    }
    // Two different slots never mean the same, so the set has as many elements as slots were accepted.
    #expect(accepted.count + refused == (255 + 3) * registers.count * offsets.count * immediates.count)
    #expect(accepted.count > 15_000)
  }

  @Test("every form of every instruction decodes from its own slots")
  func samples() throws {
    var forms: Set<UInt8> = []
    for instruction in InstructionSamples.all {
      let slots = instruction.slots
      #expect(slots.count == instruction.slotCount)
      #expect(try DecodedInstruction.decode(at: 0, in: slots) == instruction)
      forms.insert(slots[0].opcode)
    }
    #expect(forms.count == OpcodeTable.rows.count)
  }
}
