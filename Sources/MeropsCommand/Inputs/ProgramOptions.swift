import ArgumentParser
import Merops

/// Which programs of an object a command is about.
package struct ProgramOptions: ParsableArguments {
  @Option(
    name: .customLong("program"),
    help: ArgumentHelp("Only this program; may be given more than once.", valueName: "name"))
  package var names: [String] = []

  package init() {}

  /// Refuses names of programs that an object does not have.
  package func check(_ object: ObjectFile) throws(CommandFailure) {
    for name in names { try object.requireProgram(name) }
  }

  /// The programs that were named; without a name those of a kind.
  ///
  /// - Parameters:
  ///   - object: the object, which has to have each program that was named.
  ///   - isChosen: which programs are meant where none was named.
  package func selection(
    of object: ObjectFile, where isChosen: (Program) -> Bool = { _ in true }
  ) throws(CommandFailure) -> [Program] {
    try check(object)
    let programs = object.programs.values.filter { names.isEmpty ? isChosen($0) : names.contains($0.name) }
    guard programs.isEmpty else { return Array(programs) }
    throw CommandFailure(
      .usage,
      object.programs.isEmpty
        ? "the object has no programs: each needs a section such as SEC(\"perf_event\")"
        : "no program is loaded by default; name one with '--program': \(object.programs.keys.joined(separator: ", "))")
  }
}

extension ObjectFile {
  /// Refuses the name of a program that the object does not have.
  fileprivate func requireProgram(_ name: String) throws(CommandFailure) {
    guard programs[name] == nil else { return }
    throw CommandFailure(.usage, "\(AbsentProgram(name, among: Array(programs.keys)))")
  }
}
