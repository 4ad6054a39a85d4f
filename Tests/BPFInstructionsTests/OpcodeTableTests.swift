import BPFInstructions
import Testing

@Suite("Opcodes")
struct OpcodeTableTests {
  @Test("no opcode has two rows and no form two opcodes")
  func rowsAreUnique() {
    #expect(Set(OpcodeTable.rows.map(\.opcode)).count == OpcodeTable.rows.count)
    #expect(Set(OpcodeTable.rows.map(\.form)).count == OpcodeTable.rows.count)
  }

  @Test("every slot of a sweep over opcodes and fields either re-encodes to itself or is refused")
  func sweep() {
    let offsets: [Int16] = [0, 1, 2, 8, 16, 32, 64, -1, .min, .max]
    let immediates: [Int32] = [
      0, 1, 2, 7, 16, 32, 64, 0x40, 0x41, 0x50, 0x51, 0xa0, 0xa1, 0xe0, 0xe1, 0xf0, 0xf1,
      0x100, 0x101, 0x110, 0x111, 1 << 16, -1, .min, .max,
    ]
    var accepted = 0
    var refused = 0
    var different = 0
    for opcode in UInt8.min...UInt8.max {
      for registers in [(0, 0), (1, 0), (0, 2), (10, 1), (2, 10), (11, 0), (0, 11), (0, 7), (15, 15)]
        as [(UInt8, UInt8)]
      {
        for offset in offsets {
          for immediate in immediates {
            for upper: Int32 in opcode == 0x18 ? [0, 3, -1] : [0] {
              let slot = Instruction(
                opcode: opcode, destination: registers.0, source: registers.1, offset: offset, immediate: immediate)
              let second = Instruction(opcode: 0, immediate: upper)
              guard let decoded = try? DecodedInstruction.decode(at: 0, in: [slot, second]) else {
                refused += 1
                continue
              }
              accepted += 1
              if decoded.slots != Array([slot, second].prefix(decoded.slotCount)) { different += 1 }
            }
          }
        }
      }
    }
    #expect(different == 0)
    #expect(accepted > 15_000)
    #expect(refused > 400_000)
  }
}
