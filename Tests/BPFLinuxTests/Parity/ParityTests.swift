import BPFLinux
import BPFParity
import Testing

/// The same cases in the simulated kernel and in the running one, compared with each other and with the specification.
@Suite("Parity of the two kernels", .serialized, .enabled(if: RealKernel.canCompile, RealKernel.reason))
struct ParityTests {
  @Test("every case has the same outcome in both kernels, the one of the specification")
  func cases() async throws {
    let suite = try await ParitySuite(kernel: RealKernel.shared)
    // The cases block, which the threads that other tests share must not.
    let results = await onThread { suite.run() }
    for result in results {
      let label: Comment = "\(result.number), \(result.name)"
      #expect(result.running == result.expected, label)
      #expect(result.simulated == result.running, label)
    }
    for topic in ParitySuite.topics {
      let own = results.filter { $0.topic == topic }
      #expect(!own.isEmpty, "\(topic)")
      print("parity: \(topic), \(own.count) cases, \(own.count(where: \.isEqual)) equal")
    }
    print("parity: all, \(results.count) cases, \(results.count(where: \.isEqual)) equal")
  }
}
