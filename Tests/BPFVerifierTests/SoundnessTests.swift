import BPFExecution
import BPFInstructions
import Testing

/// What is accepted is safe to run, and the verifier believes of it only what is true.
@Suite("Soundness by running")
struct SoundnessTests {
  @Test(
    "accepted programs touch nothing they may not, and registers, stacks and packets are as in a state that the verifier saw"
  )
  func runs() throws {
    var programs = 0
    var compared = 0
    var runs = 0
    var tally = BeliefTally()
    for seed in LongRun.firstSeed..<LongRun.firstSeed + LongRun.soundnessPrograms {
      let program = try ProgramGenerator.program(seed: seed)
      switch try SoundnessCheck.check(program, runs: 5, seed: seed) {
      case .refused: continue
      case .sound(let count, let isCompared, let beliefs):
        tally.add(beliefs)
        programs += 1
        runs += count
        compared += isCompared ? 1 : 0
      case .unsound(let text): Issue.record("seed \(seed): \(text)\n\(program.text)")
      }
    }
    print("soundness: \(programs) programs, \(runs) runs, \(compared) programs compared at every instruction")
    print(
      "beliefs: \(tally.registers) registers, \(tally.spills) spilled, \(tally.zeroSlots) slots with zeros, "
        + "\(tally.links) links, \(tally.packetRanges) packet ranges")
    // A kind of belief that is never met is one that nobody checks.
    for count in [tally.registers, tally.spills, tally.zeroSlots, tally.links, tally.packetRanges] {
      #expect(count > 0 || LongRun.soundnessPrograms < 500)
    }
  }

  @Test("an observed program behaves as the program, and tells of each instruction in order")
  func observation() throws {
    final class Witness: ObservingEnvironment {
      var slots: [Int] = []
      var sums: [UInt64] = []
      func observe(_ step: ExecutionStep) {
        slots.append(step.slot)
        sums.append(step.registers[0])
        #expect(step.depth == (step.slot >= 7 ? 1 : 0))
      }
      func callHelper(_ number: Int32, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 { 3 }
    }
    let code = try Assembler.assemble(
      """
      r0 = 0
      r1 = 0x100000001 ll
      l: r0 += 1
      if r0 < 2 goto l
      call sub
      exit
      sub: r0 += r1
      exit
      """)
    let program = try ObservedProgram(code)
    let witness = Witness()
    let interpreter = try Interpreter(memory: AddressSpace())
    let result = try interpreter.run(program.program, environment: witness)
    #expect(result == 0x1_0000_0003)
    #expect(witness.slots == [0, 1, 3, 4, 3, 4, 5, 7, 8, 6])
    #expect(witness.sums == [0, 0, 0, 1, 1, 2, 2, 2, 0x1_0000_0003, 0x1_0000_0003])
    #expect(program.slot(ofPlace: program.entry(at: 3) + 1) == 3)
  }

  @Test("a fault in an observed program is at the instruction that made it")
  func faultPlace() throws {
    final class Nothing: ObservingEnvironment {
      func observe(_ step: ExecutionStep) {}
      func callHelper(_ number: Int32, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 { 0 }
    }
    let program = try ObservedProgram(Assembler.assemble("r1 = 5 ll\nr0 = *(u64 *)(r1 + 0)\nexit"))
    let interpreter = try Interpreter(memory: AddressSpace())
    let fault = #expect(throws: ExecutionFault.self) {
      try interpreter.run(program.program, environment: Nothing())
    }
    #expect(fault?.place.map { program.slot(ofPlace: $0.instruction) } == 2)
  }
}
