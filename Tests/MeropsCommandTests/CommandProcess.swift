import Foundation
import Subprocess
import SystemPackage

/// The built executable, run as a process of its own.
enum CommandProcess {
  /// What a run has left.
  struct Outcome {
    /// The exit status, 128 + the number of the signal that has ended the process.
    var status: Int32
    var output: String
    var error: String

    /// What a shell would show, for messages of tests.
    var transcript: String { "status \(status)\n\(output)\n\(error)" }
  }

  /// Where the build puts executables: beside the tests.
  static let path: String = {
    #if os(macOS)
      let tests = Bundle.allBundles.first { $0.bundlePath.hasSuffix(".xctest") } ?? Bundle.main
      return tests.bundleURL.deletingLastPathComponent().appending(path: "merops").path
    #else
      let tests = Bundle.main.executableURL ?? URL(filePath: CommandLine.arguments[0])
      return tests.deletingLastPathComponent().appending(path: "merops").path
    #endif
  }()

  /// Runs `merops` with arguments and standard input.
  static func run(
    _ arguments: String..., input: String = "", environment: [Environment.Key: String?] = [:]
  ) async throws -> Outcome {
    try await run(arguments, input: Array(input.utf8), environment: environment)
  }

  /// Runs `merops` with arguments and any bytes as standard input.
  static func run(
    _ arguments: [String], input: [UInt8], environment: [Environment.Key: String?] = [:]
  ) async throws -> Outcome {
    let result = try await Subprocess.run(
      .path(.init(path)), arguments: .init(arguments), environment: .inherit.updating(environment),
      input: .array(input), output: .string(limit: 1 << 24), error: .string(limit: 1 << 20))
    let status: Int32 =
      switch result.terminationStatus {
      case .exited(let code): code
      case .signaled(let number): 128 + number
      }
    return Outcome(status: status, output: result.standardOutput, error: result.standardError)
  }
}
