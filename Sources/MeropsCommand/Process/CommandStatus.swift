#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What the process says about itself when it ends.
package enum CommandStatus: Int32, CaseIterable, Sendable {
  /// All went well.
  case success = 0
  /// The work was done and its result is a failure.
  case failed = 1
  /// The command line is wrong.
  case usage = 2
  /// The C source was not compiled.
  case compilation = 3
  /// A file cannot be read, or is not what it should be.
  case input = 4
  /// The engine refused the object.
  case load = 5
  /// Something was asked for that Merops does not do.
  case unsupported = 6
  /// The user or the system wanted the process to end (128 + SIGINT).
  case interrupted = 130
  /// Whoever read the output has closed it (128 + SIGPIPE).
  case outputClosed = 141

  /// The worse of two statuses of parts of one piece of work: a part that could not be looked at is worse than one that
  /// has failed, and that is worse than one without an answer.
  static func worse(_ first: CommandStatus, _ second: CommandStatus) -> CommandStatus {
    let order: [CommandStatus] = [
      .success, .unsupported, .failed, .load, .compilation, .input, .usage, .outputClosed, .interrupted,
    ]
    let positions = [first, second].map { order.firstIndex(of: $0) ?? order.count }
    return positions[0] < positions[1] ? second : first
  }

  /// The row of the documentation.
  package var meaning: String {
    switch self {
    case .success: "all went well"
    case .failed:
      "a program was stopped or is refused, a test failed, a syscall program returned a negative number, or the command after "
        + "'--' failed"
    case .usage: "the command line is wrong, or an option does not fit the object"
    case .compilation: "the C source was not compiled, or there is no clang"
    case .input: "a file cannot be read or written, or is not what it should be; a target is not there"
    case .load: "the object cannot be loaded or its program cannot be attached"
    case .unsupported: "something was asked for that is not there yet"
    case .interrupted: "interrupted by Ctrl-C or asked to terminate"
    case .outputClosed: "the reader of the output has gone"
    }
  }

  /// All rows, for the help.
  package static var table: String {
    allCases.map { status in
      let number = String(status.rawValue)
      return "  " + number + String(repeating: " ", count: 5 - number.count) + status.meaning
    }.joined(separator: "\n")
  }
}

/// Ends the process.
func exit(_ status: CommandStatus) -> Never {
  exit(status.rawValue)
}
