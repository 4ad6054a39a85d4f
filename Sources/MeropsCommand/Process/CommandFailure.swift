/// Why a command ends without a result: what to tell the user, with what to do about it, and the exit status.
package struct CommandFailure: Error, Hashable, CustomStringConvertible {
  /// The exit status of the process.
  package var status: CommandStatus
  /// What is printed after `merops: error: `.
  package var message: String

  package init(_ status: CommandStatus, _ message: String) {
    self.status = status
    self.message = message
  }

  package var description: String { message }
}

/// A failure of which the user has been told already.
struct ReportedFailure: Error {
  var status: CommandStatus
}
