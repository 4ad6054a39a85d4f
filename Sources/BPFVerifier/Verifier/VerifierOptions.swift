/// What a verification is made against, and how much it may cost.
public struct VerifierOptions: Sendable {
  /// The kernel whose rules and messages are followed.
  public var kernel: KernelProfile = .linux6_18
  /// Bounds of time and memory.
  public var limits = Limits()
  /// How much of the kernel's log is written.
  public var log: LogLevel = .none
  /// The number of instructions that are processed before the log begins.
  package var instructionsBeforeLog = 0
  /// What the program begins with.
  package var argument = EntryArgument.context
  /// The rights of who loads the program.
  public var capabilities: Capabilities = .all
  /// Whether a state is kept at each place where one may be, as `BPF_F_TEST_STATE_FREQ` asks for.
  package var keepsEveryState = false
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
    /// The length of the log in bytes; of a longer one the end is kept.
    public var logBytes = 16 << 20

    /// The limits of Linux 6.18.
    public init() {}
  }

  /// How much of the log is written.
  public enum LogLevel: UInt8, Hashable, Sendable {
    /// Nothing but the message of a rejection.
    case none
    /// The path that led to the end: each instruction with the registers and stack slots that it uses. This is
    /// `BPF_LOG_LEVEL1` of the kernel.
    case path
    /// All paths in the order of the walk. Of `BPF_LOG_LEVEL2` it has what is about instructions and states, and not what
    /// the kernel says about its own searches.
    case allPaths
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
