import ArgumentParser
import BPFParity
import Merops

/// `merops parity`: the simulated kernel held against the running one.
package struct ParityCommand: AsyncParsableCommand {
  package static let configuration = CommandConfiguration(
    commandName: "parity",
    abstract: "Carries out the same cases in the simulated and in the running kernel, and compares.",
    discussion: """
      Each case is done twice, and what comes of it is compared with each other and with the specification of task work. \
      It needs Linux 6.18 or later on x86-64, the right to load programs, and a clang with the BPF target. Targets are \
      threads and children of the command itself; nothing else of the machine is touched.

      EXAMPLES:
        merops parity
        merops parity --topic requests --topic "map operations" --all
        merops parity --json > parity.json

      TOPICS:
        \(ParitySuite.topics.joined(separator: ", "))
      """)

  @Option(help: ArgumentHelp("Only the cases of this topic; may be given more than once.", valueName: "name"))
  package var topic: [String] = []

  @Flag(help: "Show every case, not only those that differ.")
  package var all = false

  @Flag(help: "Print one JSON document.")
  package var json = false

  package init() {}

  package func validate() throws {
    for name in topic where !ParitySuite.topics.contains(name) {
      throw ValidationError(
        "'--topic \(name)': there is no such topic; there are \(ParitySuite.topics.joined(separator: ", "))")
    }
  }

  package func run() async throws {
    let suite: ParitySuite
    do { suite = try await ParitySuite(kernel: LinuxKernel()) } catch {
      throw CommandFailure(.load, "\(error)")
    }
    let results = suite.run(topics: topic.isEmpty ? nil : Set(topic))
    if json {
      try Output.standard.write(JSONText.document(ParityReport(results)))
    } else {
      try Output.standard.write(ParityText(results, showsAll: all, style: Style(of: .standard)).text)
    }
    try Task.checkCancellation()
    if !results.allSatisfy(\.isExpected) { throw ReportedFailure(status: .failed) }
  }
}
