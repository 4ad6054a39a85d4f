import BPFLinux
import BPFObject
import BPFVerifier
import Foundation
import Testing

/// The log is the kernel's, line for line.
@Suite("The log in the kernel's form")
struct LogTests {
  @Test(
    "on the corpus nearly every line is the kernel's",
    .enabled(if: KernelOracle.isUsable, "needs Linux 6.18 with the right to load programs"))
  func corpus() throws {
    let oracle = KernelOracle()
    let types = try LinuxKernel().types()
    var options = OwnAnswer.options
    options.log = .path
    var comparison = LogComparison()
    for row in try Corpus.files().flatMap(\.cases) where !row.isLong {
      let object = try CorpusAssembler.object(row)
      guard let program = object.programs["p"] else { continue }
      let verdict = Verifier(options: options).verify(program, of: object, kernelTypes: types)
      if case .unsupported? = verdict.rejection?.cause { continue }
      comparison.add(row.title, kernel: try oracle.log(object), own: verdict.log)
    }
    print("log: \(comparison)")
    if ProcessInfo.processInfo.environment["MEROPS_LOG_DIFFERENCES"] != nil { print(comparison.report) }
    #expect(comparison.equalLines * 100 >= comparison.kernelLines * 99)
    #expect(comparison.equalPrograms * 100 >= comparison.programs * 90)
  }
}
