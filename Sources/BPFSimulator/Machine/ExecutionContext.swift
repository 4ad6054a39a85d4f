/// What a simulated CPU is doing, from the least to the most restricted.
public enum ExecutionContext: Int, Hashable, Sendable, Comparable, CustomStringConvertible {
  /// A task's own code.
  case user
  /// The kernel on behalf of a task: a system call, the way back to user mode, exit.
  case task
  /// A software interrupt.
  case softirq
  /// A hardware interrupt, the self-interrupt of deferred steps among them.
  case hardirq
  /// A non-maskable interrupt.
  case nmi

  /// Whether the left context is less restricted than the right one.
  public static func < (left: ExecutionContext, right: ExecutionContext) -> Bool { left.rawValue < right.rawValue }

  /// The short name in timelines: `user`, `task`, `softirq`, `irq`, `NMI`.
  public var description: String {
    switch self {
    case .user: "user"
    case .task: "task"
    case .softirq: "softirq"
    case .hardirq: "irq"
    case .nmi: "NMI"
    }
  }
}
