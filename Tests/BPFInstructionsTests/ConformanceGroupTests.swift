import BPFInstructions
import Testing

@Suite("Conformance groups")
struct ConformanceGroupTests {
  @Test("each instruction is of the group that its section of RFC 9669 names")
  func groups() {
    let rows: [(DecodedInstruction, ConformanceGroup?)] = [
      (.arithmetic(.add, .bits32, .r0, .immediate(1)), .base32),
      (.arithmetic(.add, .bits64, .r0, .immediate(1)), .base64),
      (.arithmetic(.multiply, .bits32, .r0, .immediate(1)), .divmul32),
      (.arithmetic(.signedDivide, .bits32, .r0, .immediate(1)), .divmul32),
      (.arithmetic(.modulo, .bits64, .r0, .register(.r1)), .divmul64),
      (.arithmetic(.signedModulo, .bits64, .r0, .register(.r1)), .divmul64),
      (.arithmetic(.move, .bits64, .r0, .immediate(1)), .base64),
      (.negate(.bits32, .r0), .base32),
      (.negate(.bits64, .r0), .base64),
      (.moveSignExtended(.bits32, from: .byte, .r0, .r1), .base32),
      (.moveSignExtended(.bits64, from: .word, .r0, .r1), .base64),
      (.byteSwap(.toBigEndian, .half, .r0), .base32),
      (.byteSwap(.reverse, .word, .r0), .base32),
      (.byteSwap(.toLittleEndian, .doubleWord, .r0), .base64),
      (.load(.word, .zero, .r0, base: .r1, offset: 0), .base32),
      (.load(.byte, .sign, .r0, base: .r1, offset: 0), .base32),
      (.load(.doubleWord, .zero, .r0, base: .r1, offset: 0), .base64),
      (.store(.half, base: .r1, offset: 0, .immediate(0)), .base32),
      (.store(.doubleWord, base: .r1, offset: 0, .immediate(0)), .base64),
      (.atomic(.add, .bits32, fetch: false, base: .r1, offset: 0, .r2), .atomic32),
      (.atomic(.exchange, .bits64, fetch: true, base: .r1, offset: 0, .r2), .atomic64),
      (.loadWide(.r0, .map(descriptor: 1)), .base64),
      (.loadPacket(.byte, nil, 0), .packet),
      (.jumpIf(.equal, .bits32, .r0, .immediate(0), offset: 0), .base32),
      (.jumpIf(.equal, .bits64, .r0, .immediate(0), offset: 0), .base64),
      (.goto(0), .base32), (.gotoLong(0), .base32), (.exit, .base32),
      (.call(.helper(1)), .base32), (.call(.local(0)), .base32), (.call(.kernelFunction(type: 1, module: 0)), .base32),
      (.call(.register(.r1)), nil), (.mayGoto(0), nil), (.castAddressSpace(.r1, .r1, to: 0, from: 1), nil),
      (.loadAcquire(.word, .r0, base: .r1, offset: 0), nil), (.storeRelease(.word, base: .r1, offset: 0, .r0), nil),
    ]
    for (instruction, group) in rows {
      #expect(instruction.conformanceGroup == group, "\(instruction)")
    }
  }
}
