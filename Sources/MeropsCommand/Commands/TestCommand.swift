import ArgumentParser
import Merops
import SystemPackage

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

  @Argument(help: "Objects or C source (.c).", completion: .file(extensions: ["o", "c"]))
  package var files: [String]

  @OptionGroup
  package var programs: ProgramOptions

  @OptionGroup(title: "Who verifies and runs")
  package var verdict: VerdictOptions

  @Option(help: ArgumentHelp("Write the report as JUnit does.", valueName: "file"), completion: .file())
  package var junit: String?

  @OptionGroup(title: "C source")
  package var compiler: CompilerOptions

  package init() {}

  package func run() async throws {
    let runner = AnnotatedProgramRunner(verifier: try verdict.source())
    let text = TestText(style: Style(of: .standard))
    var report = TestReport()
    for file in files {
      let source = try ObjectSource(reading: file)
      let object = try await source.open(compiler)
      var part = TestReport.File(name: source.name)
      try Output.standard.write("\(Style(of: .standard).applied(.heading, to: source.name))\n")
      for candidate in object.programs.values where programs.names.isEmpty || programs.names.contains(candidate.name) {
        guard let expectation = ProgramExpectation(candidate), !expectation.isAuxiliary else { continue }
        try Task.checkCancellation()
        let clock = ContinuousClock()
        let start = clock.now
        let outcome = runner.outcome(of: candidate, expectation, in: object)
        let test = TestReport.Case(
          program: candidate.name, title: expectation.description ?? candidate.name, outcome: outcome,
          duration: clock.now - start)
        part.cases.append(test)
        try Output.standard.write(text.text(of: test))
      }
      report.files.append(part)
    }
    try Output.standard.write(text.summary(of: report))
    if let junit { try write(TestText.junit(report), to: junit) }
    guard !report.all.isEmpty else {
      throw CommandFailure(
        .usage, "no program is annotated: write __success or __failure of \"bpf_misc.h\" in front of one")
    }
    if report.failureCount > 0 { throw ReportedFailure(status: .failed) }
  }

  private func write(_ text: String, to path: String) throws(CommandFailure) {
    do {
      let descriptor = try FileDescriptor.open(
        FilePath(path), .writeOnly, options: [.create, .truncate],
        permissions: [.ownerReadWrite, .groupRead, .otherRead])
      _ = try descriptor.closeAfter { try descriptor.writeAll(text.utf8) }
    } catch {
      throw CommandFailure(.input, "cannot write '\(path)': \(error)")
    }
  }
}

/// Verifies and runs programs as their annotations ask.
struct AnnotatedProgramRunner {
  let verifier: VerdictSource

  func outcome(
    of program: Program, _ expectation: ProgramExpectation, in object: ObjectFile
  ) -> TestReport.Outcome {
    do throws(CommandFailure) {
      let needsLog = !expectation.messages.isEmpty || !expectation.absentMessages.isEmpty
      let answer = try verifier.answer(
        program, of: object, logLevel: needsLog ? min(expectation.logLevel ?? 1, 2) : 0)
      if answer.isUnknown { return .skipped(answer.diagnostic?.headline ?? "cannot be verified yet") }
      switch (expectation.isAccepted, answer.diagnostic) {
      case (true?, let diagnostic?): return .failed("it is refused, and was to be accepted", diagnostic)
      case (false?, nil): return .failed("it is accepted, and was to be refused", nil)
      default: break
      }
      if needsLog,
        let difference = expectation.firstDifference(in: answer.log + (answer.diagnostic?.kernelMessage ?? ""))
      {
        return .failed(difference, answer.diagnostic)
      }
      guard let expected = expectation.result, answer.isAccepted else { return .passed }
      let result = try run(program, of: object)
      // The tests of the kernel compare 32 bits.
      return UInt32(truncatingIfNeeded: expected) == result
        ? .passed : .failed("it returned \(Int32(bitPattern: result)), and was to return \(expected)", nil)
    } catch {
      return error.status == .unsupported ? .skipped(error.message) : .failed(error.message, nil)
    }
  }

  /// The packet of tests, as long as theirs.
  private static let packet = [UInt8](repeating: 0, count: 64)

  private func run(_ program: Program, of object: ObjectFile) throws(CommandFailure) -> UInt32 {
    switch verifier.engine {
    case .linux:
      do throws(BPFError) {
        let loaded = try LinuxKernel().load(object, programs: [program.name])
        let takesPacket = program.kind.type != .systemCall && program.kind.type != .rawTracepoint
        return try loaded.program(program.name).testRun(data: takesPacket ? Self.packet : []).result
      } catch {
        throw CommandFailure(error.command == "BPF_PROG_TEST_RUN" ? .unsupported : .load, "\(error)")
      }
    case .simulated: return try runSimulated(program, of: object)
    }
  }

  private func runSimulated(_ program: Program, of object: ObjectFile) throws(CommandFailure) -> UInt32 {
    var scenario = Scenario()
    scenario.packet = Self.packet
    let run: ScenarioRun
    do throws(ScenarioError) { run = try scenario.run(program.name, of: object) } catch {
      throw CommandFailure(.unsupported, "\(error)")
    }
    if let fault = run.machine.faults.first { throw CommandFailure(.failed, "\(fault)") }
    if let packet = run.packetResult { return packet.verdict }
    for case .programRan(program.name, let result, _) in run.machine.timeline.map(\.kind).reversed() {
      return UInt32(truncatingIfNeeded: result)
    }
    throw CommandFailure(.unsupported, "nothing made it run")
  }
}
