import ArgumentParser
import Foundation
import MeropsCommand
import Subprocess
import SystemPackage
import Testing

@Suite struct CommandLineTests {
  @Test("help and version go to the output with status 0, and the help of each command has examples")
  func help() async throws {
    let version = try await CommandProcess.run("--version")
    #expect(version.status == 0)
    #expect(version.output.wholeMatch(of: /\d+\.\d+\.\d+\n/) != nil)
    let names = MeropsCommand.configuration.subcommands.map { [$0.configuration.commandName ?? ""] }
    for command in [[]] + names + [["btf", "dump"]] {
      let outcome = try await CommandProcess.run(command + ["--help"], input: [])
      #expect(outcome.status == 0, "\(command): \(outcome.transcript)")
      #expect(outcome.output.contains("EXAMPLES:"), "\(command)")
      #expect(outcome.error == "", "\(command)")
    }
  }

  @Test("a wrong command line ends with status 2, an error in the common form, and where help is")
  func wrongUse() async throws {
    let rows: [(arguments: [String], message: String)] = [
      (["conformance", "--jut"], "merops: error: unknown option '--jut'. Did you mean '--jit'?\n"),
      (["conformance", "00", "00"], "merops: error: unexpected argument '00'"),
      (["fly"], "merops: error: there is no command 'fly'; the commands are run, "),
      (["fly", "away.o", "--now"], "merops: error: there is no command 'fly'; the commands are run, "),
      (["conformance", "--program"], "merops: error: missing value for '--program <program>'"),
    ]
    for row in rows {
      let outcome = try await CommandProcess.run(row.arguments, input: [])
      #expect(outcome.status == 2, "\(row.arguments)")
      #expect(outcome.output == "", "\(row.arguments)")
      #expect(outcome.error.hasPrefix(row.message), "\(outcome.error)")
      #expect(outcome.error.contains("--help' for more information"), "\(outcome.error)")
    }
  }

  @Test("completion scripts are there for bash, zsh and fish")
  func completion() async throws {
    for shell in ["bash", "zsh", "fish"] {
      let outcome = try await CommandProcess.run("--generate-completion-script", shell)
      #expect(outcome.status == 0)
      #expect(outcome.output.contains("merops"), "\(shell)")
      #expect(outcome.output.contains("conformance"), "\(shell)")
    }
  }

  @Test("output that cannot be written is an error, and a reader that has gone is none")
  func lostOutput() async throws {
    let shell = "/bin/sh"
    func run(_ script: String, _ argument: String = "") async throws -> (status: TerminationStatus, error: String) {
      let result = try await Subprocess.run(
        .path(.init(shell)), arguments: ["-c", script, "sh", CommandProcess.path, argument], output: .discarded,
        error: .string(limit: 1 << 16))
      return (result.terminationStatus, result.standardError)
    }
    if FileManager.default.fileExists(atPath: "/dev/full") {
      let full = try await run(#""$1" --help > /dev/full"#)
      #expect(full.status == .exited(CommandStatus.input.rawValue))
      #expect(full.error.hasPrefix("merops: error: cannot write the output: "))
    }
    // The reader closes its end, and says so, before the first byte is written; the status that the shell sees is told on
    // standard error.
    let script =
      #"{ read word < "$2"; "$1" --help; echo "status $?" >&2; } | { exec < /dev/null; echo closed > "$2"; }"#
    try await Fixture.withFolder { folder in
      for (number, prefix) in ["", "trap '' PIPE; "].enumerated() {
        let closed = try await run(prefix + #"mkfifo "$2"; "# + script, folder.path("closed\(number)"))
        #expect(closed.error == "status 141\n", "\(prefix)")
      }
    }
  }

  @Test("the statuses that the documentation lists are those that there are")
  func statuses() throws {
    #expect(CommandStatus.allCases.map(\.rawValue) == [0, 1, 2, 3, 4, 5, 6, 130, 141])
    let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let page = try String(contentsOf: folder.appending(path: "docs/command-line.md"), encoding: .utf8)
    for status in CommandStatus.allCases {
      #expect(page.contains("| \(status.rawValue) | \(status.meaning) |"), "\(status)")
    }
  }
}
