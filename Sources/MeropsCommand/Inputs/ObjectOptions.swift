import ArgumentParser
import Merops

/// The object that a command is about, and what of it.
package struct ObjectOptions: ParsableArguments {
  @Argument(help: "An object or C source (.c); '-' is standard input.", completion: .file(extensions: ["o", "c"]))
  package var file: String

  @OptionGroup
  package var programs: ProgramOptions

  @OptionGroup(title: "C source")
  package var compiler: CompilerOptions

  package init() {}

  /// The object, compiled if it has to be, and its name for messages.
  func open() async throws -> (object: ObjectFile, name: String) {
    let source = try ObjectSource(reading: file)
    return (try await source.open(compiler), source.name)
  }
}

/// The objects that a command goes through one after another, and what of them.
package struct ObjectListOptions: ParsableArguments {
  @Argument(help: "Objects or C source (.c); '-' is standard input.", completion: .file(extensions: ["o", "c"]))
  package var files: [String]

  @OptionGroup
  package var programs: ProgramOptions

  @OptionGroup(title: "C source")
  package var compiler: CompilerOptions

  package init() {}

  package func validate() throws {
    guard files.count(where: { $0 == "-" }) <= 1 else {
      throw ValidationError("standard input ('-') can be read once only")
    }
  }

  /// The programs of a file that are meant: those that were named, or all.
  ///
  /// - Parameter seen: gets the names of all programs of the file, so that one that is in none can be told of.
  func selection(of object: ObjectFile, noting seen: inout [String]) throws(CommandFailure) -> [Program] {
    seen += object.programs.keys.filter { !seen.contains($0) }
    guard files.count > 1, !programs.names.isEmpty else { return try programs.selection(of: object) }
    return object.programs.values.filter { programs.names.contains($0.name) }
  }

  /// Refuses names of programs that none of the files has.
  func check(_ seen: [String]) throws(CommandFailure) {
    guard let name = programs.names.first(where: { !seen.contains($0) }) else { return }
    let holder = files.count == 1 ? "the object has" : "the files have"
    throw CommandFailure(.usage, "\(AbsentProgram(name, among: seen, holder: holder))")
  }
}
