/// Why a command ends without a result: what to tell the user, with what to do about it, and the exit status.
package struct CommandFailure: Error, Hashable, CustomStringConvertible {
  /// The exit status of the process.
  package var status: CommandStatus
  /// What is printed after `merops: error: `.
  package var message: String
  /// What another program said about it, such as the compiler, in lines; it is printed first.
  package var details: String

  package init(_ status: CommandStatus, _ message: String, details: String = "") {
    self.status = status
    self.message = message
    self.details = details
  }

  package var description: String { message }

  /// Tells the user.
  func report() {
    // There is nobody left to tell when this fails.
    try? Output.error.write(details)
    Output.error.report(message)
  }
}

/// A failure of which the user has been told already.
struct ReportedFailure: Error {
  var status: CommandStatus
}
