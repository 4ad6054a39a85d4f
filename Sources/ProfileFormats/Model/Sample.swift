extension Profile {
  /// A process that samples were taken in.
  public struct Process: Hashable, Sendable {
    /// Its index in ``Profile/processes``.
    public typealias ID = Identifier<Process>

    /// The number of the process.
    public var pid: Int32
    /// The name, such as the main thread's.
    public var name: String

    /// A process.
    public init(pid: Int32, name: String) {
      self.pid = pid
      self.name = name
    }
  }

  /// A thread that samples were taken in.
  public struct Thread: Hashable, Sendable {
    /// Its index in ``Profile/threads``.
    public typealias ID = Identifier<Thread>

    /// The number of the thread.
    public var tid: Int32
    /// The name.
    public var name: String
    /// The process that the thread belongs to.
    public var process: Process.ID

    /// A thread.
    public init(tid: Int32, name: String, process: Process.ID) {
      self.tid = tid
      self.name = name
      self.process = process
    }
  }

  /// One sample.
  public struct Sample: Hashable, Sendable {
    /// How much of the stack there is.
    public enum Status: Hashable, Sendable {
      /// The stack reaches its outermost frame.
      case complete
      /// The stack ends before it, for the reason with an index in ``Profile/truncationReasons``.
      case truncated(UInt8)
      /// The user stack had not arrived when the profile ended.
      case pending
      /// The thread had no user memory, as the kernel's own threads, those that are ending, and those between two programs.
      case noMemoryMap
    }

    /// The stack.
    public var stack: Stack
    /// The thread.
    public var thread: Thread.ID
    /// Nanoseconds since the profile's start.
    public var time: UInt64
    /// What the sample stands for in nanoseconds.
    public var weight: UInt64
    /// How many times the event was sampled with this stack: more than once where a long system call was sampled
    /// repeatedly.
    public var count: UInt32
    /// The CPU.
    public var cpu: UInt16
    /// How much of the stack there is.
    public var status: Status

    /// A sample.
    public init(
      stack: Stack, thread: Thread.ID, time: UInt64, weight: UInt64, count: UInt32 = 1, cpu: UInt16 = 0,
      status: Status = .complete
    ) {
      self.stack = stack
      self.thread = thread
      self.time = time
      self.weight = weight
      self.count = count
      self.cpu = cpu
      self.status = status
    }
  }

  /// A status in words.
  public func description(of status: Sample.Status) -> String {
    switch status {
    case .complete: return "complete"
    case .pending: return "pending"
    case .noMemoryMap: return "no memory map"
    case .truncated(let reason):
      guard truncationReasons.indices.contains(Int(reason)) else { return "truncated" }
      return "truncated: \(truncationReasons[Int(reason)])"
    }
  }
}
