public import SystemPackage

/// Why the kernel, or Merops in front of it, did not do what was asked.
public struct BPFError: Error, Sendable, CustomStringConvertible {
  /// Who refused.
  public enum Cause: Hashable, Sendable {
    /// A system call failed: its name, such as `BPF_PROG_LOAD` or `perf_event_open`, and the error number.
    case systemCall(String, Errno)
    /// The kernel was not asked.
    case refusal
  }

  /// What the error is about, such as `map 'hash'` or `program 'on_sample'`.
  public var subject: String
  /// Who refused.
  public var cause: Cause
  /// What is wrong, empty where the error number says all there is.
  public var problem: String
  /// What to do about it, empty where nothing more can be said.
  public var advice: String
  /// The verifier's log as the kernel wrote it, empty where there is none.
  public var verifierLog: String

  /// An error about something.
  public init(
    _ subject: String, _ cause: Cause, _ problem: String = "", advice: String = "", verifierLog: String = ""
  ) {
    self.subject = subject
    self.cause = cause
    self.problem = problem
    self.advice = advice
    self.verifierLog = verifierLog
  }

  /// The error number, `nil` when the kernel was not asked.
  public var errno: Errno? {
    if case .systemCall(_, let errno) = cause { errno } else { nil }
  }

  /// The system call that failed, `nil` when the kernel was not asked.
  public var command: String? {
    if case .systemCall(let name, _) = cause { name } else { nil }
  }

  /// The subject, the call and its error, what is wrong, and after a semicolon what to do; the log on lines of its own.
  public var description: String {
    var text = subject
    if case .systemCall(let name, let errno) = cause { text += ": \(name) failed: \(Self.name(of: errno))" }
    if !problem.isEmpty { text += ": \(problem)" }
    if !advice.isEmpty { text += "; \(advice)" }
    if !verifierLog.isEmpty { text += "\n" + verifierLog }
    return text
  }

  /// ENOTSUPP, which has no name outside of the kernel, and yet comes out of it.
  static let notSupported = Errno(rawValue: 524)

  private static func name(of errno: Errno) -> String {
    errno == notSupported ? "not supported here (524)" : "\(errno) (\(errno.rawValue))"
  }
}

extension BPFError {
  /// An error of a bpf(2) command, with advice where a cause is known.
  init(_ subject: String, _ command: BPFCommandNumber, _ errno: Errno, verifierLog: String = "") {
    self.init(
      subject, .systemCall(command.name, errno), advice: Self.advice(command, errno), verifierLog: verifierLog)
  }

  private static func advice(_ command: BPFCommandNumber, _ errno: Errno) -> String {
    switch (command, errno) {
    case (_, .notPermitted) where ![.mapUpdateElement, .mapFreeze, .objectPin].contains(command):
      "the process needs CAP_BPF, and CAP_PERFMON for tracing programs (or root), and the kernel must not be locked down"
    case (_, .noFunction): "this kernel is built without bpf(2), or a filter of system calls hides it"
    case (.mapCreate, .noMemory): "the maps need more memory than the process may use; look at max_entries"
    case (.mapCreate, .argListTooLong), (.programLoad, .argListTooLong):
      "a size or a count is greater than this kernel takes, or it does not know an attribute"
    case (_, .tooManyOpenFiles): "the limit of open files is reached; close some or raise it (ulimit -n)"
    case (.objectPin, .fileExists): "remove the file or choose another path"
    case (.objectPin, _): "the path has to be in a bpf file system (mount -t bpf bpf /sys/fs/bpf)"
    default: ""
    }
  }

  /// An error that comes before the kernel is asked.
  static func refusal(_ subject: String, _ problem: String, advice: String = "") -> BPFError {
    BPFError(subject, .refusal, problem, advice: advice)
  }
}
