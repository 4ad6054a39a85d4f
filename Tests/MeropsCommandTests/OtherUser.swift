import Foundation

#if canImport(Glibc)
  import Glibc
#endif

/// The command line as a user without rights.
enum OtherUser {
  /// Runs `merops`; `nil` where that cannot be done.
  static func run(_ arguments: String...) -> CommandProcess.Outcome? {
    guard geteuid() == 0 else { return nil }
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments =
      [
        "setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all",
        CommandProcess.path,
      ] + arguments
    let (output, errors) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = errors
    process.standardInput = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return nil }
    // What is said of errors is short enough for the pipe.
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    let error = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return CommandProcess.Outcome(status: process.terminationStatus, output: text, error: error)
  }

  /// Whether another user can run the executable where the build has put it.
  static let canRun: Bool = run("--version").map { $0.status == 0 } ?? false
}
