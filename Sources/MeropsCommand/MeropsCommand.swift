// The command line `merops`. A command parses its options, asks the library, and hands what it got to a renderer; what
// is worth having without a command line is in the modules below. Everything that a command prints goes through
// `Output`, everything that ends it early is a `CommandFailure`, and `Process/Entry.swift` turns that into an exit
// status.

import ArgumentParser

/// The root command.
package struct MeropsCommand: AsyncParsableCommand {
  package static let configuration = CommandConfiguration(
    commandName: "merops",
    abstract: "Opens, runs and explores BPF objects in a simulated Linux kernel.",
    discussion: """
      EXAMPLES:
        merops run task_work.bpf.c --set user_ptr=@"hello world"
        merops verify task_work.bpf.o --explain
        merops inspect task_work.bpf.o --disassemble
        merops btf dump --simulated > vmlinux.h

      EXIT STATUS:
      \(CommandStatus.table)
      """,
    version: "0.1.0",
    subcommands: [
      RunCommand.self, ProfileCommand.self, VerifyCommand.self, TestCommand.self, DoctorCommand.self,
      InspectCommand.self, BTFCommand.self, ConformanceCommand.self, ParityCommand.self,
    ])

  package init() {}

  /// A word that is no command is said to be none, instead of an argument too many.
  static func requireKnownCommand(_ arguments: [String]) throws(CommandFailure) {
    let names = configuration.subcommands.compactMap { $0.configuration.commandName } + ["help"]
    guard let word = arguments.first, !word.hasPrefix("-"), !names.contains(word) else { return }
    let hint = word.contains(".") || word.contains("/") ? "; to run a file: merops run \(word)" : ""
    throw CommandFailure(
      .usage,
      "there is no command '\(word)'; the commands are \(names.joined(separator: ", "))\(hint)\n"
        + "  See 'merops --help' for more information.")
  }
}
