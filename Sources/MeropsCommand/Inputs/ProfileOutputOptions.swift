import ArgumentParser
import ProfileFormats
import SystemPackage

/// The files that `merops profile` writes.
package struct ProfileOutputOptions: ParsableArguments {
  @Option(
    name: [.customShort("o"), .customLong("output")],
    help: ArgumentHelp("For pprof (profile.proto, compressed).", valueName: "file"))
  package var pprof: String?

  @Option(name: .customLong("flamegraph"), help: ArgumentHelp("A flame graph, for browsers.", valueName: "file"))
  package var flameGraph: String?

  @Option(help: ArgumentHelp("For the Firefox Profiler.", valueName: "file"))
  package var firefox: String?

  @Option(help: ArgumentHelp("For speedscope.", valueName: "file"))
  package var speedscope: String?

  @Option(help: ArgumentHelp("A line for each stack.", valueName: "file"))
  package var folded: String?

  package init() {}

  private var files: [(format: ProfileFormat, path: String?)] {
    [
      (.pprof, pprof), (.flameGraph(), flameGraph), (.firefox, firefox), (.speedscope, speedscope), (.folded, folded),
    ]
  }

  /// What will keep files from being written, as far as that shows before there is anything to write: a profile that took an
  /// hour should not end with it.
  func obstacles() -> [String] {
    files.compactMap(\.path).compactMap { path in
      // A pipe without a reader is none of them; nothing is changed by opening.
      let errors: Set<Errno> = [.isDirectory, .permissionDenied, .notDirectory, .readOnlyFileSystem]
      do {
        try FileDescriptor.open(FilePath(path), .writeOnly, options: .nonBlocking).close()
      } catch Errno.noSuchFileOrDirectory {
        let folder = FilePath(path).removingLastComponent()
        do {
          try FileDescriptor.open(folder.isEmpty ? "." : folder, .readOnly, options: .directory).close()
        } catch let error as Errno { return ProfileWriteError(path: FilePath(path), error: error).description } catch {}
      } catch let error as Errno where errors.contains(error) {
        return ProfileWriteError(path: FilePath(path), error: error).description
      } catch {}
      return nil
    }
  }

  /// Writes the files that are wanted.
  ///
  /// - Returns: the paths of those that were written, and what went wrong with the others: a full disk for one of them
  ///   does not keep the others from being written.
  func write(_ profile: Profile) -> (written: [String], failures: [String]) {
    var result: (written: [String], failures: [String]) = ([], [])
    for (format, path) in files {
      guard let path else { continue }
      do throws(ProfileWriteError) {
        try profile.write(format, to: FilePath(path))
        result.written.append(path)
      } catch { result.failures.append("\(error)") }
    }
    return result
  }
}
