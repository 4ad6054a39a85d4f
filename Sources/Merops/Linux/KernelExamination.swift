public import BPFLinux
import BPFVerifier

/// What a kernel, and the rights of this process, allow: every feature that Merops knows, tried, and the settings of the
/// machine, with what to do about each no.
public struct KernelExamination: Sendable {
  /// A feature and what became of trying it.
  public struct Finding: Sendable {
    /// The feature.
    public var feature: LinuxFeature
    /// Whether it is there.
    public var answer: LinuxFeature.Answer
    /// What to do about a no, empty where nothing is known.
    public var advice: String
  }

  /// The release of the kernel, `nil` when it does not tell.
  public var release: LinuxVersion?
  /// Settings of the machine, and rights of the process.
  public var facts: [KernelFact]
  /// The features in the order of their groups.
  public var findings: [Finding]

  /// Tries everything. Programs and maps are made for it and go again; nothing stays attached.
  public init(of kernel: LinuxKernel = LinuxKernel()) {
    release = try? kernel.version()
    facts = kernel.facts()
    let functions = Self.kernelFunctions.map { LinuxFeature.kernelFunction($0) }
    findings = (LinuxFeature.all + functions).map { feature in
      let answer = kernel.has(feature)
      return Finding(feature: feature, answer: answer, advice: kernel.advice(on: feature, answer))
    }
  }

  /// Whether objects can be loaded and attached here: the basics are there, and a counter.
  public var isUsable: Bool {
    findings.allSatisfy { finding in
      let isNeeded =
        [LinuxFeature.kernelTypes, .mapCreation, .syscallPrograms, .softwareEvents].contains {
          $0.name == finding.feature.name && $0.group == finding.feature.group
        }
      return !isNeeded || finding.answer == .yes
    }
  }

  /// The kernel functions that Merops knows: those that its verifier can check calls of. Where one goes by two names,
  /// `…_impl` in some versions of Linux, both mean the same.
  public static var kernelFunctions: [String] { KernelFunction.allNames }
}
