import BPFInstructions
import Testing

@Suite("Bytes of slots")
struct InstructionBytesTests {
  let slot = Instruction(opcode: 0x61, destination: 3, source: 10, offset: -2, immediate: 0x0102_0304)

  @Test("little endian has the destination in the low half of the register byte")
  func littleEndian() throws {
    let bytes: [UInt8] = [0x61, 0xa3, 0xfe, 0xff, 4, 3, 2, 1]
    #expect([slot].encoded(byteOrder: .little) == bytes)
    #expect(try [Instruction](decoding: bytes, byteOrder: .little) == [slot])
  }

  @Test("big endian has the destination in the high half of the register byte")
  func bigEndian() throws {
    let bytes: [UInt8] = [0x61, 0x3a, 0xff, 0xfe, 1, 2, 3, 4]
    #expect([slot].encoded(byteOrder: .big) == bytes)
    #expect(try [Instruction](decoding: bytes[...], byteOrder: .big) == [slot])
  }

  @Test("every byte of every position survives both orders")
  func roundTrip() throws {
    for order in ByteOrder.allCases {
      for position in 0..<8 {
        let bytes = (UInt8.min...UInt8.max).flatMap { value in
          var slot: [UInt8] = [9, 8, 7, 6, 5, 4, 3, 2]
          slot[position] = value
          return slot
        }
        let slots = try [Instruction](decoding: bytes, byteOrder: order)
        #expect(slots.count == 256 && slots.encoded(byteOrder: order) == bytes, "\(order), byte \(position)")
      }
    }
  }

  @Test("a program that ends within a slot is refused with the number of bytes over")
  func truncated() {
    for over in 1...7 {
      #expect(throws: InstructionError(index: 2, opcode: 0, rule: .truncated(byteCount: over))) {
        try [Instruction](decoding: [UInt8](repeating: 0, count: 16 + over), byteOrder: .little)
      }
    }
  }

  @Test("a slot beyond the end of the bytes is nil")
  func slotBeyondTheEnd() {
    let bytes = [UInt8](repeating: 0, count: 12)
    for (offset, isPresent) in [
      (0, true), (4, true), (5, false), (12, false), (-1, false), (.max, false), (.min, false),
    ] {
      #expect((Instruction(decoding: bytes.span, at: offset, byteOrder: .big) != nil) == isPresent, "\(offset)")
    }
  }
}
