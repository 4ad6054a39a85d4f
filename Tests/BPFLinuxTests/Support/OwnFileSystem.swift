import Foundation
import SystemPackage

/// A file system of the kernel's that a test has mounted for itself, in a folder of its own, as long as the object lives.
final class OwnFileSystem {
  private let folder: String

  init(_ kind: String = "bpf") throws {
    folder = try OwnFolder.make(kind)
    guard mount(kind, folder, kind, 0, nil) == 0 else { throw Errno(rawValue: errno) }
  }

  deinit {
    umount2(folder, Int32(MNT_DETACH))
    rmdir(folder)
  }

  /// Whether one can be mounted.
  static let isAvailable: Bool = (try? OwnFileSystem()) != nil

  /// The path of a file in it.
  func path(_ name: String) -> FilePath { root.appending(name) }

  /// The path of the folder.
  var root: FilePath { FilePath(folder) }
}
