import BPFMaps
import BPFSimulator
import Testing

@testable import BPFProfiler

/// The profiler's programs against the types of the simulated kernel, which are the same on every machine.
@Suite struct VerifiedExecutionTests {
  @Test("the verifier accepts all programs, and without checks they walk and count as with them")
  func equality() throws {
    var outcomes: [[StackRecord]] = []
    var counts: [[UInt8]] = []
    for verification in [ProgramVerification.standard, .none] {
      let profiler = try SimulatedProfiler(verification: verification) {
        ProfilerProgram.readWithoutFaults(&$0, in: ProfilerProgram.lastWalk)
      }
      for program in profiler.object.programs {
        #expect(program.execution.isVerified == (verification == .standard), "\(program.name)")
      }
      #expect(profiler.object.programs.contains { $0.name == ProfilerProgram.sampler })
      outcomes.append(try walks(of: profiler))
      counts.append(try profiler.object.map("counts").lookupElement([0, 0, 0, 0]))
    }
    #expect(outcomes[0].map(\.offsets) == outcomes[1].map(\.offsets))
    #expect(outcomes[0].map(\.status) == outcomes[1].map(\.status))
    #expect(outcomes[0].map(\.frames.count).prefix(4) == [4, 3, 2, 1])
    #expect(counts[0] == counts[1])
  }

  /// The stacks of interrupts in each of four functions, and in memory that has no rules.
  private func walks(of profiler: SimulatedProfiler) throws -> [StackRecord] {
    let sp = SimulatedProfiler.stackStart + 0x8000
    try profiler.map(SyntheticImage([.frame(16), .frame(32), .frame(64), .outermost]).bytes)
    var place = sp
    for (function, size) in [16, 32, 64].enumerated() {
      place += UInt64(size)
      profiler.store(profiler.address(in: function + 1), at: place - 8)
    }
    var records: [StackRecord] = []
    for (function, offset) in [0, 16, 48, 112].enumerated() {
      profiler.task.registers.rip = profiler.address(in: function)
      profiler.task.registers.rsp = sp + UInt64(offset)
      records.append(try profiler.walk())
    }
    profiler.task.registers.rip = 0x1000
    records.append(try profiler.walk())
    return records
  }
}
