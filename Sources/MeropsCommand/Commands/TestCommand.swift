import ArgumentParser
import Merops

/// `merops test`: runs the tests that programs are, by what they say about themselves.
package struct TestCommand: AsyncParsableCommand {
  package static let configuration = CommandConfiguration(
    commandName: "test",
    abstract: "Runs annotated programs: what is to be accepted or refused, and what is to be returned.",
    discussion: """
      A program is a test when it carries annotations of "bpf_misc.h": __success or __failure for the verdict, __msg("text") \
      for what the verifier's log is to say, __retval(number) for what a run is to return, __description("title"). Each is \
      verified, and run where it has a __retval.

      EXAMPLES:
        merops test tests/*.bpf.c
        merops test --engine linux tests/*.bpf.c --junit report.xml
      """)

  @OptionGroup
  package var inputs: ObjectListOptions

  @OptionGroup(title: "Who verifies and runs")
  package var verdict: VerdictOptions

  @Option(help: ArgumentHelp("Write the report as JUnit does.", valueName: "file"), completion: .file())
  package var junit: String?

  package init() {}

  package func run() async throws {
    if verdict.engine == .linux { try requireRights() }
    let runner = AnnotatedProgramRunner(verifier: try verdict.source())
    let text = TestText(style: Style(of: .standard))
    var report = TestReport()
    var programs: [String] = []
    var isInterrupted = false
    for file in inputs.files {
      report.files.append(TestReport.File(name: InputFile.name(of: file)))
      try Output.standard.write("\(Style(of: .standard).applied(.heading, to: InputFile.name(of: file)))\n")
      do {
        try await examine(file, with: runner, noting: &programs) { test in
          report.files[report.files.count - 1].cases.append(test)
          try Output.standard.write(text.text(of: test))
        }
      } catch is CancellationError {
        isInterrupted = true
        break
      }
    }
    try Output.standard.write(text.summary(of: report))
    if let junit { try OutputFile.write(Array(JUnitText(report: report).text.utf8), to: junit) }
    if isInterrupted {
      Output.error.report("interrupted after \(report.counts.tests) tests")
      throw ReportedFailure(status: .interrupted)
    }
    try inputs.check(programs)
    let counts = report.counts
    guard counts.tests > 0 else {
      throw CommandFailure(
        .usage, "no program is annotated: write __success or __failure of \"bpf_misc.h\" in front of one")
    }
    if counts.failures + counts.errors > 0 { throw ReportedFailure(status: .failed) }
  }

  /// Where the kernel takes nothing, no test would say anything about its program.
  private func requireRights() throws(CommandFailure) {
    switch LinuxKernel().has(.mapCreation) {
    case .yes: return
    case .no(let reason), .unknown(let reason):
      throw CommandFailure(
        .load, "the kernel takes no objects here: \(reason); without '--engine linux' no rights are needed")
    }
  }

  /// Makes the tests of a file; one that cannot be opened is a test that has failed.
  private func examine(
    _ file: String, with runner: AnnotatedProgramRunner, noting names: inout [String],
    _ take: (TestReport.Case) throws -> Void
  ) async throws {
    let clock = ContinuousClock()
    var start = clock.now
    let object: ObjectFile
    do {
      object = try await ObjectSource(reading: file).open(inputs.compiler)
    } catch let failure as CommandFailure {
      let outcome = TestReport.Outcome.broken(failure.message, details: failure.details)
      return try take(.init(title: "the file can be opened", outcome: outcome, duration: clock.now - start))
    }
    names += object.programs.keys.filter { !names.contains($0) }
    let chosen = inputs.programs.names
    for program in object.programs.values where chosen.isEmpty || chosen.contains(program.name) {
      guard let expectation = ProgramExpectation(program), !expectation.isAuxiliary else { continue }
      let title = expectation.description ?? program.name
      if expectation.isPrivileged {
        start = clock.now
        let outcome = try await abandonable { runner.outcome(of: program, expectation, in: object) }
        try take(.init(title: title, outcome: outcome, duration: clock.now - start))
      }
      if !expectation.unprivileged.isEmpty {
        let names = expectation.unprivileged.joined(separator: ", ")
        try take(
          .init(
            title: "\(title) @unpriv", outcome: .skipped("\(names): loading without the rights of root is not tried")))
      }
    }
  }
}
