import Merops
import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// One of the two streams that the process writes to.
package struct Output: Sendable {
  /// What is wanted of a command.
  package static let standard = Output(descriptor: .standardOutput)
  /// What is to be said besides.
  package static let error = Output(descriptor: .standardError)

  private let descriptor: FileDescriptor

  /// Writes all of a text, or says why it could not.
  ///
  /// - Throws: `OutputClosed` when nobody reads any more, `CommandFailure` when writing fails.
  package func write(_ text: String) throws {
    var text = text
    do {
      try text.withUTF8 { _ = try descriptor.writeAll($0) }
    } catch Errno.brokenPipe {
      throw OutputClosed()
    } catch {
      throw CommandFailure(.input, "cannot write the output: \(error)")
    }
  }

  /// Writes an error in the form that all errors have.
  func report(_ message: String) {
    var lines = message.split(separator: "\n", omittingEmptySubsequences: false).map { String($0).printable }
    if let first = lines.first { lines[0] = first.startingInLowercase }
    let prefix = Style(of: self).applied(.failure, to: "merops: error:")
    // There is nobody left to tell when this fails.
    try? write("\(prefix) \(lines.joined(separator: "\n"))\n")
  }

  /// Whether colours are wanted: on a terminal that has them, unless `NO_COLOR` is set to something.
  var wantsColor: Bool {
    guard isatty(descriptor.rawValue) == 1, environment("TERM") != "dumb" else { return false }
    return (environment("NO_COLOR") ?? "").isEmpty
  }

  private func environment(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }
  }
}

/// The reader of the output has gone: no error, and no reason to go on.
struct OutputClosed: Error {}

extension String {
  /// The same with a small first letter, unless it begins with a name in capitals.
  fileprivate var startingInLowercase: String {
    guard let first, first.isUppercase, dropFirst().first?.isLowercase == true else { return self }
    return first.lowercased() + dropFirst()
  }
}
