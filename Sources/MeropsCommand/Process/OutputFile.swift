import SystemPackage

/// A file that a command writes.
enum OutputFile {
  /// Writes bytes into a file, which is replaced.
  ///
  /// - Throws: `CommandFailure` that names the file.
  static func write(_ bytes: [UInt8], to path: String) throws(CommandFailure) {
    do {
      let file = try FileDescriptor.open(
        FilePath(path), .writeOnly, options: [.create, .truncate, .closeOnExec],
        permissions: [.ownerReadWrite, .groupRead, .otherRead])
      try file.closeAfter { _ = try file.writeAll(bytes) }
    } catch {
      throw CommandFailure(.input, "cannot write '\(path)': \(error)")
    }
  }
}
