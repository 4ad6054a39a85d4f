import Foundation
import Synchronization

/// Programs in C for the machine itself, each compiled once, to be looked at by others.
enum Workload {
  /// Whether there is a C compiler that can link.
  static let canCompile: Bool = (try? compile("int main(void) { return 0; }", as: "probe")) != nil

  private static let folder = URL(filePath: OwnFolder.path("workloads"))
  private static let compiled = Mutex<[String: String]>([:])

  struct Failure: Error {
    var command: [String]
  }

  /// Compiles a program or, with `-shared`, a library, and returns its path.
  static func compile(_ text: String, as name: String, _ options: String...) throws -> String {
    let path = folder.appending(path: name).path
    return try compiled.withLock { known in
      if let path = known[name] { return path }
      if known.isEmpty {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      }
      try text.write(toFile: path + ".c", atomically: true, encoding: .utf8)
      let process = Process()
      process.executableURL = URL(filePath: "/usr/bin/env")
      process.arguments = ["clang", "-O1", "-o", path, path + ".c"] + options
      process.standardError = FileHandle.nullDevice
      try process.run()
      process.waitUntilExit()
      guard process.terminationStatus == 0 else { throw Failure(command: process.arguments ?? []) }
      known[name] = path
      return path
    }
  }
}
