import BPFExecution
import BPFInstructions
import Testing

/// RFC 9669, section 4.3, and `may_goto`.
@Suite struct JumpTests {
  let machine: TestMachine

  init() throws { machine = try TestMachine() }

  private func holds(_ condition: JumpCondition, _ width: OperandWidth, _ left: UInt64, _ right: UInt64) -> Bool {
    let (a, b) = (Oracle.unsigned(left, width), Oracle.unsigned(right, width))
    let (sa, sb) = (Oracle.signed(left, width), Oracle.signed(right, width))
    return switch condition {
    case .equal: a == b
    case .notEqual: a != b
    case .greater: a > b
    case .greaterOrEqual: a >= b
    case .less: a < b
    case .lessOrEqual: a <= b
    case .anyBitSet: (0..<64).contains { a >> $0 % 2 == 1 && b >> $0 % 2 == 1 }
    case .signedGreater: sa > sb
    case .signedGreaterOrEqual: sa >= sb
    case .signedLess: sa < sb
    case .signedLessOrEqual: sa <= sb
    }
  }

  @Test("conditional jumps compare as their name says, for registers and immediates of both widths")
  func conditions() throws {
    for condition in JumpCondition.allCases {
      for width in OperandWidth.allCases {
        let ofRegisters = try PreparedProgram([
          .move(.r0, 1), .jump(if: .r1, condition, .r2, offset: 1, width: width), .move(.r0, 0), .exit,
        ])
        for left in edgeValues {
          for right in edgeValues {
            let isTaken = try machine.run(ofRegisters, r1: left, r2: right) == 1
            if isTaken != holds(condition, width, left, right) {
              Issue.record("\(condition) \(width): \(left), \(right) gave \(isTaken)")
            }
          }
        }
        for immediate in edgeImmediates {
          let ofImmediate = try PreparedProgram([
            .move(.r0, 1), .jump(if: .r1, condition, immediate, offset: 1, width: width), .move(.r0, 0), .exit,
          ])
          for left in edgeValues {
            let isTaken = try machine.run(ofImmediate, r1: left) == 1
            if isTaken != holds(condition, width, left, UInt64(bitPattern: Int64(immediate))) {
              Issue.record("\(condition) \(width): \(left), \(immediate) gave \(isTaken)")
            }
          }
        }
      }
    }
  }

  @Test("goto and gotol go forwards and backwards, gotol farther than 16 bits")
  func unconditional() throws {
    #expect(try machine.run([.move(.r0, 7), .goto(1), .exit, .goto(-2)]) == 7)
    let far = 40_000
    let program: [Instruction] =
      [.gotoLong(Int32(far)), .move(.r0, 9), .exit] + Array(repeating: .move(.r0, 1), count: far - 2)
      + [.gotoLong(-Int32(far) - 1)]
    #expect(try machine.run(program) == 9)
    #expect(machine.interpreter.executedInstructionCount == 4)
  }

  @Test("may_goto falls through 8,388,608 times in a frame and then jumps")
  func mayGoto() throws {
    let count: [Instruction] = [.move(.r0, 0), .mayGoto(2), .add(.r0, 1), .goto(-3), .exit]
    #expect(try machine.run(count) == 8 * 1024 * 1024)
  }

  @Test("the two may_goto of a frame share one bound, and each call has its own")
  func mayGotoIsOfAFrame() throws {
    // Two may_goto in each round: so half as many rounds as the bound.
    let half: [Instruction] = [.move(.r0, 0), .mayGoto(3), .mayGoto(2), .add(.r0, 1), .goto(-4), .exit]
    #expect(try machine.run(half) == 4 * 1024 * 1024)
    // The caller's bound is used up first; its callee still has all of its own.
    let nested: [Instruction] = [
      .mayGoto(1), .goto(-2), .call(local: 1), .exit,
      .move(.r0, 0), .mayGoto(2), .add(.r0, 1), .goto(-3), .exit,
    ]
    #expect(try machine.run(nested) == 8 * 1024 * 1024)
  }
}
