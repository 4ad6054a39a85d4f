import BPFCompiler
import BPFSimulator
import Foundation
import Testing

/// The clang on this machine that can compile for BPF, which most tests here need.
enum CompilerForTests {
  static let found: BPFCompiler? = {
    // Traits ask without waiting, so the search runs on a thread of its own.
    let box = Box()
    let done = DispatchSemaphore(value: 0)
    Task.detached {
      box.compiler = try? await BPFCompiler.find()
      done.signal()
    }
    done.wait()
    return box.compiler
  }()

  private final class Box: @unchecked Sendable {
    var compiler: BPFCompiler?
  }

  static var isPresent: Bool { found != nil }

  static let reason: Comment = "needs a clang that compiles for BPF"

  /// Compiles a text against the simulated kernel.
  static func compile(
    _ text: String, options: BPFCompiler.Options = .init(), headers: [String: String] = SimulatedKernelTypes.headers
  ) async throws -> BPFCompiler.Output {
    try await #require(found).compile(.text(text), headers: headers, options: options)
  }

  /// Whether the types of the running kernel can be read and have task work under the name that the examples use.
  static var kernelHasTaskWork: Bool {
    guard FileManager.default.isReadableFile(atPath: "/sys/kernel/btf/vmlinux"),
      let release = try? String(contentsOfFile: "/proc/sys/kernel/osrelease", encoding: .utf8)
    else { return false }
    let numbers = release.split { !$0.isNumber }.prefix(2).compactMap { Int($0) }
    // From 7.0 on the names have no `_impl`.
    return numbers.count == 2 && numbers[0] == 6 && numbers[1] >= 18
  }

  /// A path of the repository.
  static func repository(_ path: String) -> String {
    URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: path).path(percentEncoded: false)
  }
}

/// A new folder, removed when the test is done with it.
func withTemporaryFolder<Result>(_ body: (String) async throws -> Result) async throws -> Result {
  let folder = FileManager.default.temporaryDirectory.appending(path: "test-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  return try await body(folder.path(percentEncoded: false))
}
