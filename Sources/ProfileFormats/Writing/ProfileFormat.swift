#if canImport(System)
  public import System
#else
  public import SystemPackage
#endif

/// A file format that holds a profile.
public enum ProfileFormat: Hashable, Sendable {
  /// pprof's `profile.proto`, compressed with gzip, as `pprof` and Go's tools read it.
  case pprof
  /// A line for each stack with the number of its samples, as scripts for flame graphs read it.
  case folded
  /// A flame graph, as browsers show it.
  case flameGraph(FlameGraphOptions = FlameGraphOptions())
  /// The processed profile format of the Firefox Profiler.
  case firefox
  /// The JSON of speedscope.
  case speedscope
}

/// Why a profile could not be written.
public struct ProfileWriteError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The file.
  public var path: FilePath
  /// What the system said.
  public var error: Errno

  /// An error.
  public init(path: FilePath, error: Errno) {
    self.path = path
    self.error = error
  }

  /// One sentence: the file, and what the system said.
  public var description: String {
    let advice = error == .noSpace ? "; free some space, or give another place" : ""
    return "'\(path)' could not be written: \(error)\(advice)"
  }
}

extension Profile {
  /// Writes the profile to a file, which is replaced if it is there.
  ///
  /// - Throws: ``ProfileWriteError`` when the file cannot be made or written, as on a full disk.
  public func write(_ format: ProfileFormat, to path: FilePath) throws(ProfileWriteError) {
    let file = try Self.attempt(path) {
      try FileDescriptor.open(
        path, .writeOnly, options: [.create, .truncate, .closeOnExec],
        permissions: [.ownerReadWrite, .groupRead, .otherRead])
    }
    do throws(ProfileWriteError) {
      var writer = ByteWriter { (bytes) throws(ProfileWriteError) in
        _ = try Self.attempt(path) { try file.writeAll(bytes) }
      }
      write(format, with: &writer)
      try writer.finish()
    } catch {
      // A piece must not be taken for the whole.
      try? file.resize(to: 0)
      try? file.close()
      throw error
    }
    try Self.attempt(path) { try file.close() }
  }

  /// The profile as the bytes of a file.
  public func encoded(as format: ProfileFormat) -> [UInt8] {
    let collector = Collector()
    var writer = ByteWriter { (bytes) throws(ProfileWriteError) in collector.bytes += bytes }
    write(format, with: &writer)
    // Collecting does not fail.
    try? writer.finish()
    return collector.bytes
  }

  private final class Collector {
    var bytes: [UInt8] = []
  }

  private static func attempt<Result>(_ path: FilePath, _ body: () throws -> Result) throws(ProfileWriteError) -> Result
  {
    do { return try body() } catch let error as Errno { throw ProfileWriteError(path: path, error: error) } catch {
      throw ProfileWriteError(path: path, error: .ioError)
    }
  }

  private func write(_ format: ProfileFormat, with writer: inout ByteWriter) {
    switch format {
    case .pprof: writePprof(to: &writer)
    case .folded: writeFolded(to: &writer)
    case .flameGraph(let options): FlameGraph(self, options).write(to: &writer)
    case .firefox: writeFirefox(to: &writer)
    case .speedscope: writeSpeedscope(to: &writer)
    }
  }
}
