import ArgumentParser
import Merops

/// `merops verify`: whether Linux would load the programs of an object, and if not why.
package struct VerifyCommand: AsyncParsableCommand {
  package static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Tells whether Linux would load the programs of an object, and if not why.",
    discussion: """
      The verifier of Merops needs no root and no Linux. With '--engine linux' the kernel that runs here is asked, and what \
      its log says is told in the same words; no program stays loaded. C source is compiled first.

      EXAMPLES:
        merops verify task_work.bpf.o
        merops verify trace.bpf.c --program on_sample --explain
        merops verify --engine linux trace.bpf.o --json
      """)

  @Argument(help: "An object or C source (.c); '-' is standard input.", completion: .file(extensions: ["o", "c"]))
  package var file: String

  @OptionGroup
  package var programs: ProgramOptions

  @OptionGroup(title: "Who verifies")
  package var verdict: VerdictOptions

  @Flag(help: "Show where the value at fault comes from, and the decisions on the path.")
  package var explain = false

  @Flag(help: "Print the log of the walk, in the kernel's form.")
  package var log = false

  @Flag(help: "Print one JSON document.")
  package var json = false

  @OptionGroup(title: "C source")
  package var compiler: CompilerOptions

  package init() {}

  package func run() async throws {
    let source = try ObjectSource(reading: file)
    let object = try await source.open(compiler)
    let chosen = try programs.selection(of: object)
    let verifier = try verdict.source()
    var report = VerifyReport(object: source.name, engine: verdict.engine.rawValue)
    let text = VerifyText(style: Style(of: .standard))
    let clock = ContinuousClock()
    for (index, program) in chosen.enumerated() {
      try Task.checkCancellation()
      let start = clock.now
      let answer = try verifier.answer(program, of: object, logLevel: log ? 2 : 0)
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
    if json { try Output.standard.write(JSONText.document(report)) }
    let verdicts = Set(report.programs.map(\.verdict))
    if verdicts.contains(.refused) { throw ReportedFailure(status: .failed) }
    if verdicts.contains(.unknown) { throw ReportedFailure(status: .unsupported) }
  }
}
