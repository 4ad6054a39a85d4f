import BPFInstructions
import BPFObject
import SystemPackage

/// Something that kernels, or the rights of a process, allow or do not: a name, the version that brought it, and a way to
/// find out.
public struct LinuxFeature: Sendable {
  /// An answer.
  public enum Answer: Hashable, Sendable {
    /// The kernel has it, and the process may use it.
    case yes
    /// It is not there, with the reason.
    case no(String)
    /// It could not be found out, with the reason.
    case unknown(String)
  }

  /// What a feature is about.
  public enum Group: String, Hashable, Sendable, CaseIterable {
    /// What everything else needs.
    case basics = "basics"
    /// Types of programs.
    case programTypes = "program types"
    /// Types of maps.
    case mapTypes = "map types"
    /// Where programs can be attached, and how.
    case attachments = "attachments"
    /// Counters of perf_event_open(2).
    case counters = "counters"
    /// Helper functions.
    case helpers = "helpers"
    /// Kernel functions that programs may call.
    case kernelFunctions = "kernel functions"
    /// Kinds of BTF types.
    case typeKinds = "kinds of types"
  }

  /// What it is called, which no other feature of its group is.
  public var name: String
  /// What it is about.
  public var group: Group
  /// The first version of Linux that has it, as far as is known.
  public var minimumVersion: LinuxVersion
  /// The option that a kernel has to be built with, `nil` where there is none.
  public var option: String?
  /// Tries it.
  var probe: @Sendable (LinuxKernel) -> Answer

  init(
    _ name: String, _ group: Group, since version: LinuxVersion, option: String? = nil,
    probe: @escaping @Sendable (LinuxKernel) -> Answer
  ) {
    self.name = name
    self.group = group
    minimumVersion = version
    self.option = option
    self.probe = probe
  }

  /// Everything that the engine asks of a kernel, but for kernel functions, which ``kernelFunction(_:)`` asks for.
  public static let all: [LinuxFeature] =
    basics + programTypes + mapTypes + attachments + counters + helpers + typeKinds

  /// An answer by trying: an error is a no, unless it says nothing about the kernel.
  static func answer(_ body: () throws(BPFError) -> Void) -> Answer {
    do throws(BPFError) {
      try body()
      return .yes
    } catch {
      switch error.errno {
      case .tooManyOpenFiles, .tooManyOpenFilesInSystem, .noMemory, .interrupted: return .unknown("\(error)")
      default: return .no(error.headline)
      }
    }
  }
}

extension BPFError {
  /// The description without the log.
  var headline: String {
    var error = self
    error.verifierLog = ""
    return error.description
  }
}

extension LinuxKernel {
  /// What to do about a feature that is not there, as far as it can be told.
  public func advice(on feature: LinuxFeature, _ answer: LinuxFeature.Answer) -> String {
    guard case .no(let reason) = answer else { return "" }
    if let version = try? version(), version < feature.minimumVersion {
      return "it came with Linux \(feature.minimumVersion); this is \(version)"
    }
    if let option = feature.option, let configuration = try? configuration(), configuration[option] == nil {
      return "the kernel has to be built with \(option)"
    }
    if reason.contains("(\(Errno.notPermitted.rawValue))"), let rights = try? rights(), !rights.mayTrace {
      return "run as root, or with CAP_BPF and CAP_PERFMON"
    }
    return feature.option.map { "it needs \($0)" } ?? ""
  }
}
