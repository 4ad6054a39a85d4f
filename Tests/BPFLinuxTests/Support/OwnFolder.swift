import Foundation
import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// The folder of this run of the tests, in one for all runs. It goes when the process ends, and what runs that were killed
/// have left goes when the next begins.
enum OwnFolder {
  private static let parent = FileManager.default.temporaryDirectory.appending(path: "merops-linux-tests")

  private static let root: URL = {
    for name in (try? FileManager.default.contentsOfDirectory(atPath: parent.path)) ?? [] {
      // A run's folder is called by its process.
      if let process = Int32(name), kill(process, 0) == 0 || errno != ESRCH { continue }
      remove(parent.appending(path: name))
    }
    let own = parent.appending(path: "\(getpid())")
    try? FileManager.default.createDirectory(at: own, withIntermediateDirectories: true)
    atexit { OwnFolder.remove(OwnFolder.parent.appending(path: "\(getpid())")) }
    return own
  }()

  private static let count = Atomic(0)

  /// A path that no other test has, for a file or a folder.
  static func path(_ name: String) -> String {
    root.appending(path: "\(name)-\(count.wrappingAdd(1, ordering: .relaxed).newValue)").path
  }

  /// Makes a folder of the test's own.
  static func make(_ name: String) throws -> String {
    let folder = path(name)
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    return folder
  }

  /// Removes a run's folder, and what is still mounted in it.
  private static func remove(_ folder: URL) {
    for name in (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? [] {
      umount2(folder.appending(path: name).path, Int32(MNT_DETACH))
    }
    try? FileManager.default.removeItem(at: folder)
  }
}
