/// What a verification is made against, and how much it may cost.
public struct VerifierOptions: Sendable {
  /// The kernel whose rules and messages are followed.
  public var kernel: KernelProfile = .linux6_18
  /// Bounds of time and memory.
  public var limits = Limits()
  /// How much of the kernel's log is written.
  public var log: LogLevel = .none
  /// The rights of who loads the program.
  public var capabilities: Capabilities = .all
  /// Whether states that are known to be safe cut a path; a test that compares each state with a run turns it off.
  package var prunes = true

  /// The options of Linux 6.18 with all rights.
  public init() {}

  /// A kernel whose behaviour is known.
  public struct KernelProfile: Hashable, Sendable {
    /// The version: major and minor.
    public var major: UInt8
    /// The second number of the version.
    public var minor: UInt8
    /// Helper functions that this kernel's configuration leaves out, by number.
    public var missingHelpers: Set<Int32> = []

    /// The processors that the machine may have, which bounds their numbers; what the kernel is built for by default.
    public var processorCount = 8192

    /// A kernel of a version with everything that the version has.
    public init(major: UInt8, minor: UInt8) {
      self.major = major
      self.minor = minor
    }

    /// Linux 6.18 as distributions configure it: with everything but `bpf_override_return`, which changes what kernel
    /// functions return and is for kernels that inject faults.
    public static let linux6_18: KernelProfile = {
      var profile = KernelProfile(major: 6, minor: 18)
      profile.missingHelpers = [58]
      return profile
    }()
  }

  /// Bounds of a verification. What passes one is refused with the kernel's error.
  public struct Limits: Hashable, Sendable {
    /// The instructions that may be processed, over all paths.
    public var processedInstructions = 1_000_000
    /// The branches that may wait to be walked at once.
    public var pendingBranches = 8192
    /// The memory that states may take, in bytes.
    public var stateBytes = 1 << 30
    /// The length of the log in bytes; what comes after is left out.
    public var logBytes = 16 << 20

    /// The limits of Linux 6.18.
    public init() {}
  }

  /// How much of the log is written, as `log_level` of `BPF_PROG_LOAD`.
  public enum LogLevel: UInt8, Hashable, Sendable, Comparable {
    /// Nothing but the message of a rejection.
    case none
    /// Each instruction with the registers that matter.
    case instructions
    /// And the state before each instruction.
    case states

    /// Whether the left level writes less.
    public static func < (left: LogLevel, right: LogLevel) -> Bool { left.rawValue < right.rawValue }
  }

  /// Capabilities that change what is accepted.
  public struct Capabilities: OptionSet, Hashable, Sendable {
    /// The bits.
    public let rawValue: UInt8
    /// A set with the given bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }
    /// `CAP_BPF`.
    public static let bpf = Capabilities(rawValue: 1)
    /// `CAP_PERFMON`.
    public static let performanceMonitoring = Capabilities(rawValue: 2)
    /// `CAP_NET_ADMIN`.
    public static let networkAdministration = Capabilities(rawValue: 4)
    /// What root has.
    public static let all: Capabilities = [.bpf, .performanceMonitoring, .networkAdministration]
  }
}
