import BPFObject
import Testing

/// The same cases in the simulated kernel and in the running one, compared with each other and with the specification.
@Suite("Parity of the two kernels", .serialized)
struct ParityTests {
  @Test(
    "every case of task work has the same outcome in both kernels, the one of the specification",
    .enabled(if: RealKernel.canCompile, RealKernel.reason))
  func taskWork() async throws {
    let object = try await Fixture.taskWorkRequests()
    var equal = 0
    for parityCase in ParityCase.all {
      let simulated = outcome(of: parityCase) { try SimulatedEngine(object) }
      let real = outcome(of: parityCase) { try RealEngine(object) }
      let label = "\(parityCase.number), \(parityCase.name)"
      if simulated == real { equal += 1 }
      #expect(real == parityCase.expected, "\(label): the running kernel")
      #expect(simulated == real, "\(label): the simulated kernel")
    }
    print("parity: task work, \(ParityCase.all.count) cases, \(equal) equal")
  }

  private func outcome(of parityCase: ParityCase, in engine: () throws -> any TaskWorkEngine) -> [String] {
    do {
      return try parityCase.run(try engine())
    } catch { return ["\(error)"] }
  }
}
