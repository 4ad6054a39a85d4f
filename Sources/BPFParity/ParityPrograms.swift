import BPFCompiler
import BPFObject
import BPFSimulator

/// The programs and maps that cases work with, compiled from the C that the module carries.
enum ParityPrograms: String, CaseIterable, Sendable {
  /// Requests for task work in every way that the cases need.
  case requests
  /// Values with a lock beside the task work.
  case locks
  /// Values with task work in every place.
  case layouts
  /// Programs that break a rule each, none of which is loaded by default.
  case refusals

  private var source: [UInt8] {
    switch self {
    case .requests: PackageResources.task_work_requests_bpf_c
    case .locks: PackageResources.task_work_locks_bpf_c
    case .layouts: PackageResources.task_work_layouts_bpf_c
    case .refusals: PackageResources.task_work_refusals_bpf_c
    }
  }

  /// The object, with the types of the simulated kernel, which relocation fits to any other.
  func object(_ compiler: BPFCompiler) async throws(ParityError) -> ObjectFile {
    do {
      let output = try await compiler.compile(
        .text(String(decoding: source, as: UTF8.self)), headers: SimulatedKernelTypes.headers)
      return try ObjectFile(parsing: output.object)
    } catch {
      throw ParityError(message: "the programs '\(rawValue)' cannot be compiled: \(error)")
    }
  }
}
