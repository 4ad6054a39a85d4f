import Foundation
import SystemPackage

/// A bpf file system of a test's own, mounted in a folder of its own as long as the object lives.
final class BPFFileSystem {
  private let folder: String

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "merops-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    guard mount("bpf", folder, "bpf", 0, nil) == 0 else {
      let error = Errno(rawValue: errno)
      try? FileManager.default.removeItem(atPath: folder)
      throw error
    }
  }

  deinit {
    umount2(folder, Int32(MNT_DETACH))
    rmdir(folder)
  }

  /// The path of a file in it.
  func path(_ name: String) -> FilePath { FilePath("\(folder)/\(name)") }

  /// The path of the folder.
  var root: FilePath { FilePath(folder) }
}
