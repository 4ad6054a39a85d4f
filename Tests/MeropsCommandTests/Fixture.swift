import Foundation
import Subprocess
import SystemPackage

/// Objects for tests, compiled when they are wanted.
enum Fixture {
  /// Whether there is a clang that compiles for BPF.
  static let hasCompiler: Bool = {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["clang", "-target", "bpf", "-fsyntax-only", "-x", "c", "/dev/null"]
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
  }()

  /// A folder for one test, removed after it.
  static func withFolder<Result>(_ body: (Folder) async throws -> Result) async throws -> Result {
    let folder = Folder(url: FileManager.default.temporaryDirectory.appending(path: "merops-\(UUID().uuidString)"))
    try FileManager.default.createDirectory(at: folder.url, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder.url) }
    return try await body(folder)
  }

  struct Folder {
    let url: URL

    /// The path of a file in the folder.
    func path(_ name: String) -> String { url.appending(path: name).path }

    /// Writes a file and returns its path.
    func write(_ text: String, as name: String) throws -> String {
      try text.write(toFile: path(name), atomically: true, encoding: .utf8)
      return path(name)
    }

    /// Compiles C that includes nothing and returns the path of the object.
    func compile(_ text: String, as name: String) async throws -> String {
      let source = try write(text, as: name + ".c")
      let result = try await Subprocess.run(
        .name("clang"),
        arguments: ["-target", "bpf", "-O2", "-g", "-mcpu=v3", "-c", source, "-o", path(name + ".o")],
        output: .discarded, error: .string(limit: 1 << 16))
      guard result.terminationStatus.isSuccess else { throw CompilerFailure(message: result.standardError) }
      return path(name + ".o")
    }
  }

  struct CompilerFailure: Error {
    var message: String
  }
}
