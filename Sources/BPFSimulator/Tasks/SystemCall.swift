/// A system call that a simulated task makes, with what Linux does when it is interrupted while it sleeps.
///
/// The behaviours are those measured on Linux 6.18 (specification of task work, section 6.2).
public struct SystemCall: Hashable, Sendable {
  /// The name, such as `read`.
  public var name: String
  /// The number on x86-64, which tracepoints carry.
  public var number: Int64
  /// The six arguments.
  public var arguments: [UInt64]
  /// What happens to the sleep when task work is delivered with notification by signal.
  public var whenInterrupted: Interruption
  /// How long the call sleeps before it ends by itself, in nanoseconds; `nil` for until it is completed.
  public var timeout: UInt64?
  /// What the call returns when its timeout passes.
  public var timeoutResult: Int64

  /// Whether the call is restarted after a signal handler that was installed with `SA_RESTART`.
  public var restartsAfterHandler: Bool {
    let ended: Set<String> = [
      "nanosleep", "clock_nanosleep", "poll", "select", "pselect6", "pause", "rt_sigsuspend", "msgrcv",
      "epoll_wait", "epoll_pwait", "rt_sigtimedwait", "semtimedop",
    ]
    return whenInterrupted == .restarts && !ended.contains(name)
  }

  /// How a sleeping call reacts.
  public enum Interruption: Hashable, Sendable {
    /// It is restarted after the work has run; a timeout keeps its end.
    case restarts
    /// It ends with `-EINTR` after the work has run.
    case fails
    /// It ends with a short count.
    case endsEarly(Int64)
    /// The sleep cannot be interrupted: the work waits for its end.
    case isUninterruptible
  }

  /// A call with everything given.
  public init(
    name: String, number: Int64, arguments: [UInt64] = [], whenInterrupted: Interruption = .restarts,
    timeout: UInt64? = nil, timeoutResult: Int64 = 0
  ) {
    self.name = name
    self.number = number
    self.arguments = arguments
    self.whenInterrupted = whenInterrupted
    self.timeout = timeout
    self.timeoutResult = timeoutResult
  }

  /// The same call with other arguments.
  public func with(arguments: UInt64...) -> SystemCall {
    var call = self
    call.arguments = arguments
    return call
  }

  /// `read`, as from a pipe that is empty.
  public static let read = SystemCall(name: "read", number: 0)
  /// `write`, as to a pipe that is full.
  public static let write = SystemCall(name: "write", number: 1)
  /// `getppid`, which never sleeps.
  public static let getppid = SystemCall(name: "getppid", number: 110)
  /// `pause`.
  public static let pause = SystemCall(name: "pause", number: 34)
  /// `rt_sigsuspend`.
  public static let sigsuspend = SystemCall(name: "rt_sigsuspend", number: 130)
  /// `futex` with `FUTEX_WAIT`.
  public static let futex = SystemCall(name: "futex", number: 202)
  /// `recvfrom` on a socket without a timeout.
  public static let recv = SystemCall(name: "recvfrom", number: 45)
  /// `msgrcv`.
  public static let msgrcv = SystemCall(name: "msgrcv", number: 70)
  /// `wait4`.
  public static let waitpid = SystemCall(name: "wait4", number: 61)
  /// `flock`, waiting for the lock.
  public static let flock = SystemCall(name: "flock", number: 73)
  /// `fcntl` with `F_SETLKW`, waiting for the lock.
  public static let fcntlSetLockWait = SystemCall(name: "fcntl", number: 72)
  /// `execve`; ``Machine/execute(_:as:)`` makes it.
  public static let execve = SystemCall(name: "execve", number: 59)
  /// `fork`; ``Machine/fork(_:)`` makes it.
  public static let fork = SystemCall(name: "fork", number: 57)
  /// `exit_group`; ``Machine/exit(_:code:)`` makes it.
  public static let exitGroup = SystemCall(name: "exit_group", number: 231)
  /// `bpf`, in which `syscall` programs run.
  public static let bpf = SystemCall(name: "bpf", number: 321)
  /// `vfork`, whose sleep nothing but the end of the child interrupts.
  public static let vfork = SystemCall(name: "vfork", number: 58, whenInterrupted: .isUninterruptible)

  /// `nanosleep` for a time in nanoseconds.
  public static func nanosleep(_ duration: UInt64) -> SystemCall {
    SystemCall(name: "nanosleep", number: 35, timeout: duration)
  }
  /// `clock_nanosleep` for a time in nanoseconds.
  public static func clockNanosleep(_ duration: UInt64) -> SystemCall {
    SystemCall(name: "clock_nanosleep", number: 230, timeout: duration)
  }
  /// `poll`, with a timeout in nanoseconds or none.
  public static func poll(timeout: UInt64? = nil) -> SystemCall {
    SystemCall(name: "poll", number: 7, timeout: timeout)
  }
  /// `select`, with a timeout in nanoseconds or none.
  public static func select(timeout: UInt64? = nil) -> SystemCall {
    SystemCall(name: "select", number: 23, timeout: timeout)
  }
  /// `pselect6`, with a timeout in nanoseconds or none.
  public static func pselect(timeout: UInt64? = nil) -> SystemCall {
    SystemCall(name: "pselect6", number: 270, timeout: timeout)
  }
  /// `epoll_wait`, with a timeout in nanoseconds or none.
  public static func epollWait(timeout: UInt64? = nil) -> SystemCall {
    SystemCall(name: "epoll_wait", number: 232, whenInterrupted: .fails, timeout: timeout)
  }
  /// `epoll_pwait`, with a timeout in nanoseconds or none.
  public static func epollPwait(timeout: UInt64? = nil) -> SystemCall {
    SystemCall(name: "epoll_pwait", number: 281, whenInterrupted: .fails, timeout: timeout)
  }
  /// `rt_sigtimedwait`, which ends with `-EAGAIN` at its timeout.
  public static func sigtimedwait(timeout: UInt64? = nil) -> SystemCall {
    SystemCall(name: "rt_sigtimedwait", number: 128, whenInterrupted: .fails, timeout: timeout, timeoutResult: -11)
  }
  /// `recvfrom` on a socket with `SO_RCVTIMEO`, which ends with `-EAGAIN` at its timeout.
  public static func recv(receiveTimeout: UInt64) -> SystemCall {
    SystemCall(
      name: "recvfrom", number: 45, whenInterrupted: .fails, timeout: receiveTimeout, timeoutResult: -11)
  }
  /// `accept` on a socket with `SO_RCVTIMEO`, which ends with `-EAGAIN` at its timeout.
  public static func accept(receiveTimeout: UInt64) -> SystemCall {
    SystemCall(name: "accept", number: 43, whenInterrupted: .fails, timeout: receiveTimeout, timeoutResult: -11)
  }
  /// `semtimedop`, which ends with `-EAGAIN` at its timeout.
  public static func semtimedop(timeout: UInt64) -> SystemCall {
    SystemCall(name: "semtimedop", number: 220, whenInterrupted: .fails, timeout: timeout, timeoutResult: -11)
  }
  /// `write` to a full pipe that has taken `written` bytes before it sleeps.
  public static func write(partly written: Int64) -> SystemCall {
    SystemCall(name: "write", number: 1, whenInterrupted: .endsEarly(written))
  }
}
