import BPFParity
import Foundation
import Merops
import Testing

@Suite(
  .enabled(
    if: Fixture.hasCompiler && ParitySuite.reasonAgainst(LinuxKernel()) == nil,
    "needs Linux 6.18 with the right to load programs, and clang"))
struct ParityCommandTests {
  @Test("the cases of a topic are counted by topic, shown on request, and are a document for other programs")
  func topics() async throws {
    let short = try await CommandProcess.run("parity", "--topic", "layouts")
    #expect(short.status == 0 && short.output == "layouts  16  cases, 16 equal\n", "\(short.transcript)")
    let long = try await CommandProcess.run("parity", "--topic", "layouts", "--topic", "creation of maps", "--all")
    #expect(long.output.contains("all               33  cases, 33 equal\n"), "\(long.transcript)")
    #expect(long.output.contains("\nequal  3.1  a value with task work: packed\n  specification  plain 255\n"))
    let json = try await CommandProcess.run("parity", "--topic", "layouts", "--json")
    let document = try #require(try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
    #expect(document["cases"] as? Int == 16 && document["equal"] as? Int == 16 && document["expected"] as? Int == 16)
    #expect((document["results"] as? [[String: Any]])?.first?["running"] as? [String] == ["field 0"])
    let wrong = try await CommandProcess.run("parity", "--topic", "lay")
    #expect(wrong.status == 2 && wrong.error.contains("'--topic lay': there is no such topic; there are requests, "))
  }
}
