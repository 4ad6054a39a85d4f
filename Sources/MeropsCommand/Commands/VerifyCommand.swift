import ArgumentParser
import Merops

/// `merops verify`: whether Linux would load the programs of objects, and if not why.
package struct VerifyCommand: AsyncParsableCommand {
  package static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Tells whether Linux would load the programs of objects, and if not why.",
    discussion: """
      The verifier of Merops needs no root and no Linux. With '--engine linux' the kernel that runs here is asked, and what \
      its log says is told in the same words; no program stays loaded. C source is compiled first.

      EXAMPLES:
        merops verify task_work.bpf.o
        merops verify src/*.bpf.c
        merops verify trace.bpf.c --program on_sample --explain
        merops verify --engine linux trace.bpf.o --json
      """)

  @OptionGroup
  package var inputs: ObjectListOptions

  @OptionGroup(title: "Who verifies")
  package var verdict: VerdictOptions

  @Flag(help: "Show where the value at fault comes from, and the decisions on the path.")
  package var explain = false

  @Flag(help: "Print the log of the walk, in the kernel's form.")
  package var log = false

  @Flag(help: "Print a JSON document for each file, in a line of its own.")
  package var json = false

  package init() {}

  package func run() async throws {
    let verifier = try verdict.source()
    var status = CommandStatus.success
    var programs: [String] = []
    var isFollowing = false
    for file in inputs.files {
      var report = VerifyReport(object: InputFile.name(of: file), engine: verdict.engine.rawValue)
      let opened: Result<(ObjectFile, [Program]), CommandFailure>
      do { opened = .success(try await open(file, noting: &programs)) } catch let failure as CommandFailure {
        opened = .failure(failure)
      }
      if case .success((_, let chosen)) = opened, chosen.isEmpty { continue }
      if inputs.files.count > 1, !json {
        let heading = Style(of: .standard).applied(.heading, to: report.object)
        try Output.standard.write("\(isFollowing ? "\n" : "")\(heading)\n")
        isFollowing = true
      }
      do {
        let (object, chosen) = try opened.get()
        try await verify(chosen, of: object, with: verifier, into: &report)
        status = .worse(status, report.status)
      } catch let failure as CommandFailure {
        failure.report()
        report.error = .init(failure)
        status = .worse(status, failure.status)
      }
      if json { try Output.standard.write(JSONText.line(report)) }
    }
    // Of a single file it has been said that it does not have a program.
    if inputs.files.count > 1 { try inputs.check(programs) }
    if status != .success { throw ReportedFailure(status: status) }
  }

  private func open(_ file: String, noting names: inout [String]) async throws -> (ObjectFile, [Program]) {
    let object = try await ObjectSource(reading: file).open(inputs.compiler)
    return (object, try inputs.selection(of: object, noting: &names))
  }

  /// Verifies programs of a file, and prints what is to be printed at once.
  private func verify(
    _ chosen: [Program], of object: ObjectFile, with verifier: VerdictSource, into report: inout VerifyReport
  ) async throws {
    let text = VerifyText(style: Style(of: .standard))
    let clock = ContinuousClock()
    let logLevel: UInt32 = log ? 2 : 0
    for (index, program) in chosen.enumerated() {
      let start = clock.now
      let answer: VerdictSource.Answer
      do {
        answer = try await abandonable { try verifier.answer(program, of: object, logLevel: logLevel) }
      } catch is CancellationError {
        let seconds = (clock.now - start).formatted(fractionDigits: 1)
        Output.error.report(
          "interrupted: '\(program.name)' of '\(report.object)', program \(index + 1) of \(chosen.count), "
            + "was being verified for \(seconds) s")
        throw ReportedFailure(status: .interrupted)
      }
      let entry = VerifyReport.ProgramEntry(program, answer, duration: clock.now - start, hasLog: log)
      report.programs.append(entry)
      if json { continue }
      // A finding has more than one line: it stands by itself.
      if index > 0, !answer.isAccepted || report.programs[index - 1].verdict != .accepted {
        try Output.standard.write("\n")
      }
      if log { try Output.standard.write(answer.log) }
      try Output.standard.write(text.text(of: entry, answer.diagnostic, explains: explain))
    }
  }
}
