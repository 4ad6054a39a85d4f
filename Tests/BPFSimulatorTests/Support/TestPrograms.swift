import BPFCompiler
import BPFObject
import BPFSimulator
import Foundation

/// The programs of `Tests/Programs`, and those of the parity suite, compiled once in a run of the tests against the simulated kernel's types.
enum TestPrograms {
  static let taskWorkRequests = Compiled("task_work_requests.bpf.c", in: "Sources/BPFParity/Programs")
  static let taskWorkLocks = Compiled("task_work_locks.bpf.c", in: "Sources/BPFParity/Programs")
  static let packets = Compiled("packets.bpf.c")
  static let events = Compiled("events.bpf.c")
  static let ownObjects = Compiled("own_objects.bpf.c")
  static let kernelFunctions = Compiled("kernel_functions.bpf.c")
  static let helperCalls = Compiled("helper_calls.bpf.c")

  /// A source file and the object that clang makes of it when it is first asked for.
  final class Compiled: Sendable {
    private let task: Task<ObjectFile, any Error>

    init(_ name: String, in folder: String = "Tests/Programs") {
      task = Task {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
          .deletingLastPathComponent().deletingLastPathComponent()
        let path = root.appending(path: "\(folder)/\(name)").path(percentEncoded: false)
        let output = try await BPFCompiler.find().compile(.file(path), headers: SimulatedKernelTypes.headers)
        return try ObjectFile(parsing: output.object)
      }
    }

    func object() async throws -> ObjectFile { try await task.value }
  }
}
