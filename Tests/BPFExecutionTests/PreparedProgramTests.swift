import BPFExecution
import BPFInstructions
import Testing

/// What is refused before a program runs.
@Suite struct PreparedProgramTests {
  private func error(_ instructions: [Instruction]) -> ProgramError? {
    do throws(ProgramError) {
      _ = try PreparedProgram(instructions)
      return nil
    } catch {
      return error
    }
  }

  @Test("what can not run is refused with its reason and the instruction's number")
  func refusals() {
    let wide = loadWide(.r1, 5)
    let cases: [([Instruction], ProgramError.Reason, Int)] = [
      ([], .empty, 0),
      ([.move(.r0, 0), Instruction(opcode: 0x00), .exit], .invalidInstruction(.unknownOpcode, opcode: 0x00), 1),
      ([Instruction(opcode: 0xff), .exit], .invalidInstruction(.unknownOpcode, opcode: 0xff), 0),
      (
        [Instruction(opcode: 0xb7, destination: 11), .exit],
        .invalidInstruction(.registerOutOfRange(.destination, 11), opcode: 0xb7), 0
      ),
      (
        [Instruction(opcode: 0xb7, source: 1), .exit], .invalidInstruction(.reservedField(.source), opcode: 0xb7), 0
      ),
      ([wide[0]], .invalidInstruction(.missingSecondSlot, opcode: 0x18), 0),
      ([wide[0], .exit], .invalidInstruction(.secondSlot(.opcode), opcode: 0x18), 0),
      ([.move(.r10, 0), .exit], .writesFramePointer, 0),
      ([.load(.byte, .r10, from: .r1), .exit], .writesFramePointer, 0),
      ([.atomic(.exchange, .r10, at: .r1), .exit], .writesFramePointer, 0),
      ([.goto(1), .exit], .targetOutOfRange(2), 0),
      ([.goto(-2), .exit], .targetOutOfRange(-1), 0),
      ([.jump(if: .r1, .equal, 0, offset: 7), .exit], .targetOutOfRange(8), 0),
      ([.gotoLong(.max), .exit], .targetOutOfRange(Int(Int32.max) + 1), 0),
      ([.mayGoto(-3), .exit], .targetOutOfRange(-2), 0),
      ([.call(local: 1), .exit], .targetOutOfRange(2), 0),
      ([.call(local: .min), .exit], .targetOutOfRange(Int(Int32.min) + 1), 0),
      ([.goto(1)] + wide + [.exit], .targetInWideLoad(2), 0),
      ([.call(local: 1)] + wide + [.exit], .targetInWideLoad(2), 0),
      (wide + [.goto(-2)], .targetInWideLoad(1), 2),
      ([.loadWide(.r1, .function(offset: 3)), .loadWideUpper(.function(offset: 3)), .exit], .targetOutOfRange(4), 0),
      (
        [.loadWide(.r1, .map(descriptor: 3)), .loadWideUpper(.map(descriptor: 3)), .exit],
        .unresolvedReference(.map(descriptor: 3)), 0
      ),
      ([.move(.r0, 0)], .fallsOffTheEnd, 0),
      ([.exit, .call(helper: 1)], .fallsOffTheEnd, 1),
      ([.exit, .jump(if: .r0, .equal, 0, offset: -2)], .fallsOffTheEnd, 1),
      ([.exit] + wide, .fallsOffTheEnd, 2),
      (
        Array(repeating: .exit, count: 1_000_001), .tooLong(count: 1_000_001), 1_000_000
      ),
    ]
    for (index, (instructions, reason, place)) in cases.enumerated() {
      #expect(error(instructions) == ProgramError(reason, at: place), "case \(index)")
    }
  }

  @Test("a program may end in an exit or in a jump")
  func ends() {
    #expect(error([.exit]) == nil)
    #expect(error([.exit, .goto(-2)]) == nil)
    #expect(error([.exit, .gotoLong(-2)]) == nil)
    #expect(error(Array(repeating: .exit, count: 1_000_000)) == nil)
  }

  @Test("a message names the instruction and says what to do")
  func messages() {
    #expect(
      error([.move(.r0, 0), .goto(9)])?.description == "instruction 1: jump out of range to instruction 11")
    #expect(error([.move(.r0, 0)])?.description == "instruction 0: last insn is not an exit or jmp")
    #expect(
      error([Instruction(opcode: 0xff)])?.description == "instruction 0: opcode 0xff: no instruction has this opcode")
  }

  @Test("functions are found by slot, and none begins in the middle of a wide load")
  func functions() throws {
    let program = try PreparedProgram(
      loadWide(.r1, 5) + [.exit, .exit],
      functions: [.init(name: "main", start: 0), .init(name: "callback", start: 3)])
    #expect((0..<4).map(program.functionName) == ["main", "main", "main", "callback"])
    #expect((-1...4).map(program.isFunctionStart) == [false, true, false, true, true, false])
  }

  private func callFirstArgument(_ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
    try invocation.call(function: invocation.r1)
  }

  @Test("any slots at all are refused or run to an end")
  func anyBytes() throws {
    // Each slot is random in the fields that decoding looks at; the seed is fixed, so a failure can be repeated.
    var state: UInt64 = 0x9e37_79b9_7f4a_7c15
    func random() -> UInt64 {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return state
    }
    /// A random slot; most are retried until they are an instruction by themselves.
    func slot() -> Instruction {
      while true {
        let bits = random()
        let isWild = bits >> 58 == 0
        let slot = Instruction(
          opcode: UInt8(truncatingIfNeeded: bits), destination: UInt8(bits >> 8 % (isWild ? 16 : 11)),
          source: UInt8(bits >> 16 % (isWild ? 16 : 11)), offset: Int16(truncatingIfNeeded: bits >> 24 % 9) - 4,
          immediate: isWild ? Int32(truncatingIfNeeded: bits >> 32) : Int32(bits >> 32 % 9) - 4)
        var plain = slot
        if bits >> 54 % 2 == 0 { plain.offset = 0 }
        if bits >> 55 % 2 == 0 { plain.source = 0 }
        if bits >> 56 % 2 == 0 { plain.immediate = 0 }
        if bits >> 57 % 2 == 0 { plain.destination = 0 }
        if isWild || (try? DecodedInstruction.decode(at: 0, in: [plain])) != nil { return isWild ? slot : plain }
      }
    }
    let machine = try TestMachine()
    let block = try machine.memory.allocate(byteCount: 64, name: "block")
    machine.helper(1, callFirstArgument)
    var (refused, faulted, finished) = (0, 0, 0)
    for _ in 0..<10_000 {
      var slots = (0...random() % 12).map { _ in slot() }
      slots.append(.exit)
      do {
        _ = try machine.run(slots, r1: block, r2: .function(Int(random() % 8)), r3: block &+ 60, budget: 1000)
        finished += 1
      } catch is ProgramError {
        refused += 1
      } catch let fault as ExecutionFault {
        #expect(fault.place != nil)
        faulted += 1
      }
    }
    #expect(refused > 200 && faulted > 200 && finished > 200, "\(refused), \(faulted), \(finished)")
  }
}
