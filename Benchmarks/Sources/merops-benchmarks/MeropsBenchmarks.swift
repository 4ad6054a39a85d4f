/// The benchmarks of Merops: `swift run -c release merops-benchmarks [--runs N] [topic …]`.
///
/// Each is run several times and the best result is printed, since everything else on the machine only adds. A topic is
/// the beginning of a benchmark's name. To add a topic, write a file beside `InterpreterBenchmarks.swift` and name its
/// list here.
@main
struct MeropsBenchmarks {
  static let all: [@Sendable () async throws -> [Benchmark]] = [
    executionBenchmarks,
    interpreterBenchmarks,
    linuxBenchmarks,
    machineBenchmarks,
    mapBenchmarks,
    openingBenchmarks,
    profileBenchmarks,
    taskWorkBenchmarks,
  ]

  static func main() async throws {
    var topics: [String] = []
    var runs = 5
    var arguments = CommandLine.arguments.dropFirst()
    while let argument = arguments.popFirst() {
      if argument == "--runs", let count = arguments.popFirst().flatMap({ Int($0) }), count > 0 {
        runs = count
      } else {
        topics.append(argument)
      }
    }
    var selected: [Benchmark] = []
    for topic in all {
      selected += try await topic().filter { benchmark in
        topics.isEmpty || topics.contains { benchmark.name.hasPrefix($0) }
      }
    }
    let width = selected.map(\.name.count).max() ?? 0
    for benchmark in selected {
      var best = try benchmark.measure()
      for _ in 0..<runs - 1 {
        let result = try benchmark.measure()
        best = benchmark.moreIsBetter ? max(best, result) : min(best, result)
      }
      let padding = String(repeating: " ", count: width - benchmark.name.count)
      print("\(benchmark.name)\(padding)  \(rounded(best)) \(benchmark.unit)")
    }
    try printTables(topics, runs: runs)
  }

  /// What is printed as a table of its own, by topic.
  private static func printTables(_ topics: [String], runs: Int) throws {
    if topics.isEmpty || topics.contains(where: { "verifier".hasPrefix($0) }) { try verifierTable(runs: runs) }
  }

  /// Two places behind the point, right-aligned.
  private static func rounded(_ value: Double) -> String {
    let hundredths = Int((value * 100).rounded())
    let fraction = hundredths % 100
    let text = "\(hundredths / 100).\(fraction < 10 ? "0" : "")\(fraction)"
    return String(repeating: " ", count: max(0, 12 - text.count)) + text
  }
}
