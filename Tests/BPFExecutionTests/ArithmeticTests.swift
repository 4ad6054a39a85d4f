import BPFExecution
import BPFInstructions
import Testing

/// RFC 9669, sections 4.1 and 4.2, against arithmetic on 128-bit integers, which have no edge where these have one.
@Suite struct ArithmeticTests {
  let machine: TestMachine

  init() throws { machine = try TestMachine() }

  @Test("two-operand arithmetic agrees with wide integers, for registers and immediates of both widths")
  func binaryOperations() throws {
    for operation in ArithmeticOperation.allCases {
      for width in OperandWidth.allCases {
        let ofRegisters = try PreparedProgram([
          .arithmetic(operation, .r1, .r2, width: width), .move(.r0, .r1), .exit,
        ])
        for left in edgeValues {
          for right in edgeValues {
            let result = try machine.run(ofRegisters, r1: left, r2: right)
            let expected = Oracle.arithmetic(operation, width, left, right)
            if result != expected {
              Issue.record("\(operation) \(width): \(left), \(right) gave \(result), not \(expected)")
            }
          }
        }
        for immediate in edgeImmediates {
          let ofImmediate = try PreparedProgram([
            .arithmetic(operation, .r1, immediate, width: width), .move(.r0, .r1), .exit,
          ])
          for left in edgeValues {
            let result = try machine.run(ofImmediate, r1: left)
            let right = UInt64(bitPattern: Int64(immediate))
            let expected = Oracle.arithmetic(operation, width, left, right)
            if result != expected {
              Issue.record("\(operation) \(width): \(left), \(immediate) gave \(result), not \(expected)")
            }
          }
        }
      }
    }
  }

  @Test("negation is subtraction from zero")
  func negation() throws {
    for width in OperandWidth.allCases {
      let program = try PreparedProgram([.negate(.r1, width: width), .move(.r0, .r1), .exit])
      for value in edgeValues {
        let expected = Oracle.truncate(-Int128(value), width)
        let result = try machine.run(program, r1: value)
        if result != expected { Issue.record("-\(value) \(width) gave \(result), not \(expected)") }
      }
    }
  }

  @Test("sign-extending moves copy the sign bit up to the width and no further")
  func signExtension() throws {
    for width in OperandWidth.allCases {
      for size in [MemorySize.byte, .half, .word] where size.bitCount < Int(width.rawValue) {
        let program = try PreparedProgram([
          .moveSignExtended(.r0, .r1, from: size, width: width), .exit,
        ])
        for value in edgeValues {
          let modulus = Int128(1) << size.bitCount
          let low = Int128(value) % modulus
          let expected = Oracle.truncate(low >= modulus / 2 ? low - modulus : low, width)
          let result = try machine.run(program, r1: value)
          if result != expected { Issue.record("\(size) to \(width) of \(value): \(result), not \(expected)") }
        }
      }
    }
  }

  @Test("byte swaps reverse the low bytes and clear the others; to little-endian only clears")
  func byteSwaps() throws {
    for swap in ByteSwap.allCases {
      for size in [MemorySize.half, .word, .doubleWord] {
        let program = try PreparedProgram([.byteSwap(swap, size, .r1), .move(.r0, .r1), .exit])
        for value in edgeValues {
          let bytes = (0..<size.byteCount).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
          let ordered = swap == .toLittleEndian ? bytes.reversed() : bytes
          let expected = ordered.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
          let result = try machine.run(program, r1: value)
          if result != expected { Issue.record("\(swap) \(size) of \(value): \(result), not \(expected)") }
        }
      }
    }
  }

  @Test("a 64-bit immediate load takes two slots and gives all bits")
  func wideLoads() throws {
    for value in edgeValues {
      #expect(try machine.run(loadWide(.r0, value) + [.exit]) == value)
    }
    #expect(machine.interpreter.executedInstructionCount == 3)
  }

  @Test("a program leaves r0 and r6 to r9 zero where it does not set them, and arguments arrive in order")
  func initialRegisters() throws {
    for register in [Register.r0, .r4, .r5, .r6, .r7, .r8, .r9] {
      #expect(try machine.run([.move(.r0, register), .exit], r1: 1, r2: 2, r3: 3) == 0)
    }
    for (index, register) in [Register.r1, .r2, .r3].enumerated() {
      #expect(try machine.run([.move(.r0, register), .exit], r1: 1, r2: 2, r3: 3) == UInt64(index + 1))
    }
  }
}

/// What instructions should give, by another way than the interpreter's.
enum Oracle {
  static func truncate(_ value: Int128, _ width: OperandWidth) -> UInt64 {
    let modulus = Int128(1) << Int(width.rawValue)
    return UInt64(((value % modulus) + modulus) % modulus)
  }

  static func signed(_ value: UInt64, _ width: OperandWidth) -> Int128 {
    let modulus = Int128(1) << Int(width.rawValue)
    let low = Int128(value) % modulus
    return low >= modulus / 2 ? low - modulus : low
  }

  static func unsigned(_ value: UInt64, _ width: OperandWidth) -> Int128 {
    Int128(value) % (Int128(1) << Int(width.rawValue))
  }

  static func arithmetic(
    _ operation: ArithmeticOperation, _ width: OperandWidth, _ left: UInt64, _ right: UInt64
  ) -> UInt64 {
    let (a, b) = (unsigned(left, width), unsigned(right, width))
    let (sa, sb) = (signed(left, width), signed(right, width))
    let power = Int128(1) << Int(b % Int128(width.rawValue))
    let result: Int128 =
      switch operation {
      case .add: a + b
      case .subtract: a - b
      // By halves of one factor, since the whole product of two 64-bit values needs 128 bits and a sign.
      case .multiply: a * (b % (1 << 32)) + ((a * (b >> 32)) % (1 << 32)) * (1 << 32)
      case .divide: b == 0 ? 0 : a / b
      case .signedDivide: sb == 0 ? 0 : sa / sb
      case .modulo: b == 0 ? a : a % b
      case .signedModulo: sb == 0 ? sa : sa % sb
      case .or: a + b - bits(a, b) { $0 && $1 }
      case .and: bits(a, b) { $0 && $1 }
      case .xor: bits(a, b) { $0 != $1 }
      case .move: b
      case .shiftLeft: (a % ((Int128(1) << 64) / power)) * power
      case .shiftRight: a / power
      case .arithmeticShiftRight: (sa - ((sa % power) + power) % power) / power
      }
    return truncate(result, width)
  }

  private static func bits(_ a: Int128, _ b: Int128, _ combine: (Bool, Bool) -> Bool) -> Int128 {
    (0..<64).reduce(0) { sum, bit in
      let power = Int128(1) << bit
      return combine((a / power) % 2 == 1, (b / power) % 2 == 1) ? sum + power : sum
    }
  }
}
