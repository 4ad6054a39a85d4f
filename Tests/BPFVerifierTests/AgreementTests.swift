import BPFLinux
import BPFObject
import BPFTypeFormat
import Foundation
import Testing

/// The verdict, the instruction and the message are those of the kernel's verifier, save where a reason is written down.
@Suite("Agreement with the kernel's verifier")
struct AgreementTests {
  private static let reason: Comment = "needs Linux 6.18 with the right to load programs"

  @Test(
    "on the corpus every difference is a known one, and every known one is still there",
    .enabled(if: KernelOracle.isUsable, reason))
  func corpus() throws {
    let known = try KnownDifferences(String(contentsOf: KnownDifferences.file, encoding: .utf8))
    let types = try LinuxKernel().types()
    var counts = AgreementCounts()
    var seen: Set<String> = []
    // Programs of which nothing can be said.
    var undecided: Set<String> = []
    for row in try Corpus.files().flatMap(\.cases) {
      guard LongRun.isWanted || !row.isLong else {
        undecided.insert(row.title)
        continue
      }
      let object = try CorpusAssembler.object(row)
      let program = try #require(object.programs["p"])
      let own = OwnAnswer(program, of: object, kernelTypes: types)
      let difference = Difference(kernel: row.expectation, own: own)
      counts.add(difference)
      if difference == .unsupported { undecided.insert(row.title) }
      guard let difference, difference != .unsupported else { continue }
      let key = KnownDifferences.key(difference, row.title)
      seen.insert(key)
      let text = "\(key)\n  kernel: \(row.expectation)\n  here:   \(own.verdict)"
      guard let reason = known.reasons[key] else {
        Issue.record(Comment(rawValue: text))
        continue
      }
      guard KnownDifferences.isOpen(reason) else { continue }
      withKnownIssue(Comment(rawValue: reason), isIntermittent: true) { Issue.record(Comment(rawValue: text)) }
    }
    for key in known.gone(seen: seen) where !KnownDifferences.isOfObject(key) {
      let title = key.split(separator: ": ", maxSplits: 1).last.map(String.init) ?? ""
      if !undecided.contains(title) { Issue.record("this difference is known and has gone: \(key)") }
    }
    print("agreement: corpus, \(counts)")
  }

  @Test(
    "on generated programs the verdicts are the same",
    .enabled(if: KernelOracle.isUsable, reason))
  func generated() throws {
    let comparison = try GeneratedComparison()
    var counts = AgreementCounts()
    var accepted = 0
    for seed in LongRun.firstSeed..<LongRun.firstSeed + LongRun.generatedPrograms {
      let program = try ProgramGenerator.program(seed: seed)
      let (kernel, own, difference) = try comparison.compare(program)
      counts.add(difference)
      if kernel.verdict.isAccepted { accepted += 1 }
      guard difference == .acceptedHere || difference == .refusedHere else { continue }
      let small = Minimizer { candidate in
        (try? comparison.compare(candidate).difference) == difference
      }.minimize(program)
      Issue.record("seed \(seed)\n  kernel: \(kernel.verdict)\n  here:   \(own.verdict)\n\(small.text)")
    }
    let share = accepted * 100 / max(counts.cases, 1)
    #expect((35...65).contains(share), "about half of the programs are sound, not \(share) %")
    print("agreement: generated, \(counts), \(share) % accepted by the kernel")
  }
}

/// How much is generated: a little in each run of the tests, more when the environment says so.
enum LongRun {
  /// `MEROPS_GENERATED_PROGRAMS`: programs to put to both verifiers.
  static let generatedPrograms = number("MEROPS_GENERATED_PROGRAMS") ?? 2000
  /// `MEROPS_SOUNDNESS_PROGRAMS`: programs to run.
  static let soundnessPrograms = number("MEROPS_SOUNDNESS_PROGRAMS") ?? 1000
  /// `MEROPS_MUTATIONS`: changed forms of each program of the corpus.
  static let mutations = number("MEROPS_MUTATIONS") ?? 4
  /// `MEROPS_FIRST_SEED`: where to begin.
  static let firstSeed = number("MEROPS_FIRST_SEED") ?? 1
  /// Whether what takes long is done as well.
  static let isWanted = number("MEROPS_GENERATED_PROGRAMS") != nil

  private static func number(_ name: String) -> UInt64? {
    ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) }
  }
}
