public import BPFTaskWork

/// Something that happened on the simulated machine.
public struct TimelineEvent: Sendable {
  /// Nanoseconds since the machine was started.
  public var time: UInt64
  /// The CPU on which it happened.
  public var cpu: Int
  /// What the CPU was doing.
  public var context: ExecutionContext
  /// The thread that was current.
  public var thread: ThreadName
  /// What happened.
  public var kind: Kind

  package init(time: UInt64, cpu: Int, context: ExecutionContext, thread: ThreadName, kind: Kind) {
    self.time = time
    self.cpu = cpu
    self.context = context
    self.thread = thread
    self.kind = kind
  }

  /// The identity of a thread as events show it.
  public struct ThreadName: Hashable, Sendable, CustomStringConvertible {
    /// The thread's number (`pid` in the kernel's words).
    public var pid: Int32
    /// Its name, up to 15 characters.
    public var comm: String

    package init(pid: Int32, comm: String) {
      self.pid = pid
      self.comm = comm
    }

    /// Name and number, as `server/1000`.
    public var description: String { "\(comm)/\(pid)" }
  }

  /// A request for task work as events show it.
  public struct Request: Hashable, Sendable {
    /// The name of the map whose value embeds the request.
    public var map: String
    /// The bytes of the element's key.
    public var key: [UInt8]
    /// How the target is told.
    public var mode: TaskWorkMode
    /// The thread that is to run the callback.
    public var target: ThreadName
  }

  /// The kinds of events.
  public enum Kind: Sendable {
    /// An interrupt began; the event's context is the interrupt's.
    case interruptEntered
    /// An interrupt ended.
    case interruptLeft
    /// A program ran to its end.
    case programRan(name: String, result: Int64, instructions: Int)
    /// A program called the schedule kfunc; `result` is what it returned.
    case scheduled(Request, result: Int64)
    /// The deferred step attached a request to its thread.
    case attached(Request)
    /// The deferred step found the thread past its exit; the request is dropped.
    case dropped(Request)
    /// A request was cancelled before its callback began.
    case cancelled(Request)
    /// A callback began in its thread.
    case callbackEntered(Request, function: String)
    /// A callback returned.
    case callbackLeft(Request, result: Int64)
    /// A page was brought in.
    case pageFault(UserMemory.PageFault)
    /// User memory was copied, or could not be: a count of bytes or a negated error number.
    case copiedFromUser(function: String, address: UInt64, result: Int64)
    /// A system call began.
    case systemCallEntered(name: String)
    /// A system call went to sleep.
    case blocked(name: String)
    /// A sleeping call was woken to deliver work and started again.
    case restarted(name: String)
    /// A system call returned to user mode.
    case systemCallLeft(name: String, result: Int64)
    /// The CPU went over to the event's thread.
    case switchedTo
    /// A thread was created by the event's thread.
    case forked(ThreadName)
    /// The event's thread got a new image.
    case executed
    /// A signal was handled by the event's thread.
    case signalHandled(Int32)
    /// The event's thread stopped.
    case stopped
    /// The event's thread went on.
    case continued
    /// The event's thread ended.
    case exited
    /// A BPF timer expired.
    case timerExpired(map: String)
    /// What a program printed with `bpf_trace_printk`.
    case trace(String)
    /// A program was stopped by the checks of the interpreter.
    case fault(program: String, message: String)
  }
}
