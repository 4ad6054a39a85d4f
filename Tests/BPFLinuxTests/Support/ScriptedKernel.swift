import BPFLinux
import Foundation
import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// The running kernel with files of another: their texts, or `nil` for those that are not there.
final class ScriptedKernel: SystemCalls {
  private let kernel = RunningKernel()
  private let files: [String: String?]

  init(files: [String: String?]) { self.files = files }

  func perform(
    _ call: SystemCallName, _ first: Int, _ second: Int, _ third: Int, _ fourth: Int, _ fifth: Int
  ) -> Int {
    guard call == .openFile, let name = UnsafePointer<CChar>(bitPattern: first), let file = files[String(cString: name)]
    else { return kernel.perform(call, first, second, third, fourth, fifth) }
    guard let text = file else { return -2 }
    // A file without a name that holds the text.
    let path = OwnFolder.path("script")
    guard (try? text.write(toFile: path, atomically: false, encoding: .utf8)) != nil else { return -5 }
    defer { unlink(path) }
    return Int(open(path, O_RDONLY | O_CLOEXEC))
  }
}
