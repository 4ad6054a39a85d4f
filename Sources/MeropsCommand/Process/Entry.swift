import ArgumentParser

/// Where the process begins and ends.
@main
enum Entry {
  static func main() {
    let arguments = Array(CommandLine.arguments.dropFirst())
    Interruption.watching { await execute(arguments) }
  }

  /// Parses and runs a command line and reports what went wrong.
  static func execute(_ arguments: [String]) async -> CommandStatus {
    do {
      try MeropsCommand.requireKnownCommand(arguments)
      var command = try await MeropsCommand.asyncParseAsRoot(arguments)
      if var command = command as? any AsyncParsableCommand {
        try await command.run()
      } else {
        try command.run()
      }
      return .success
    } catch {
      return report(error)
    }
  }

  /// Prints an error where it belongs and tells the status that it stands for.
  private static func report(_ error: any Error) -> CommandStatus {
    switch error {
    case let failure as CommandFailure:
      failure.report()
      return failure.status
    case let failure as ReportedFailure:
      return failure.status
    case is OutputClosed:
      return .outputClosed
    case is CancellationError:
      return .interrupted
    default:
      break
    }
    let text = MeropsCommand.fullMessage(for: error)
    guard MeropsCommand.exitCode(for: error) != .success else {
      do {
        try Output.standard.write(text + "\n")
        return .success
      } catch {
        return report(error)
      }
    }
    let prefix = "Error: "
    Output.error.report(text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : text)
    return .usage
  }
}
