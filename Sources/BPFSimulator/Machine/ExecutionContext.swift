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

  public static func < (left: ExecutionContext, right: ExecutionContext) -> Bool { left.rawValue < right.rawValue }

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
