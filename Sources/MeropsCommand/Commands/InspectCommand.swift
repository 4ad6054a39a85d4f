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

  @Argument(help: "An object or C source (.c); '-' is standard input.", completion: .file(extensions: ["o", "c"]))
  package var file: String

  @OptionGroup
  package var programs: ProgramOptions

  @Flag(name: [.short, .long], help: "Show the byte code, with source lines and names of what it refers to.")
  package var disassemble = false

  @Flag(help: "Print one JSON document.")
  package var json = false

  @OptionGroup(title: "C source")
  package var compiler: CompilerOptions

  package init() {}

  package func run() async throws {
    let source = try ObjectSource(reading: file)
    let report = try report(on: await source.open(compiler), name: source.name)
    let text = json ? try JSONText.document(report) : InspectText(report, style: Style(of: .standard)).text
    try Output.standard.write(text)
  }

  /// The report that the options ask for.
  package func report(on object: ObjectFile, name: String) throws(CommandFailure) -> InspectReport {
    try programs.check(object)
    return InspectReport(
      object, name: name, selection: programs.names.isEmpty ? nil : Set(programs.names), disassembles: disassemble)
  }
}
