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
