import ArgumentParser
import Merops

/// `merops inspect`: what is in an object.
package struct InspectCommand: AsyncParsableCommand {
  package static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Shows what is in an object: programs, maps, variables, externs, byte code.",
    discussion: """
      EXAMPLES:
        merops inspect task_work.bpf.o
        merops inspect task_work.bpf.o --disassemble --program oncpu_hash_map
        merops inspect - --json < task_work.bpf.o
      """)

  @OptionGroup
  package var input: ObjectOptions

  @Flag(name: [.short, .long], help: "Show the byte code, with source lines and names of what it refers to.")
  package var disassemble = false

  @Flag(help: "Print one JSON document.")
  package var json = false

  package init() {}

  package func run() async throws {
    let (object, name) = try await input.open()
    let report = try report(on: object, name: name)
    let text = json ? try JSONText.document(report) : InspectText(report, style: Style(of: .standard)).text
    try Output.standard.write(text)
  }

  /// The report that the options ask for.
  package func report(on object: ObjectFile, name: String) throws(CommandFailure) -> InspectReport {
    let programs = input.programs
    try programs.check(object)
    return InspectReport(
      object, name: name, selection: programs.names.isEmpty ? nil : Set(programs.names), disassembles: disassemble)
  }
}
