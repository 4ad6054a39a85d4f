import Foundation
import Merops

/// `Examples/task_work.bpf.c`, compiled when it is first asked for.
enum ExampleObject {
  private static let task = Task {
    let examples = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Examples/task_work.bpf.c")
    return try await BPFCompiler.find().compile(
      .file(examples.path(percentEncoded: false)), headers: SimulatedKernelTypes.headers
    ).object
  }

  /// The bytes of the object.
  static func bytes() async throws -> [UInt8] { try await task.value }
}
