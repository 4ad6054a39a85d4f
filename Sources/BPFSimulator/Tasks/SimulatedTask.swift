import BPFTaskWork

/// A thread of the simulated machine.
public final class SimulatedTask {
  /// The thread's number, what the kernel calls `pid`.
  public let pid: Int32
  /// The number of its process.
  public internal(set) var tgid: Int32
  /// The name, at most 15 characters.
  public internal(set) var comm: String
  /// What sort of thread it is.
  public let kind: Kind
  /// The user half of its address space; `nil` for kernel threads and after exit.
  public internal(set) var memory: UserMemory?
  /// The user-mode registers at the last entry into the kernel.
  public var registers = UserRegisters()
  /// What it is doing.
  public internal(set) var state: State = .runnable
  /// The thread that created its process.
  public internal(set) weak var parent: SimulatedTask?
  /// The number of its user, as `bpf_get_current_uid_gid` reports it.
  public var userID: UInt32 = 1000
  /// The number of its group.
  public var groupID: UInt32 = 1000
  /// When it was created, in nanoseconds of the machine's clock.
  public let startTime: UInt64

  /// The system call that it is in.
  public internal(set) var systemCall: SystemCall?
  /// What its signals do; a signal that is not here has its default action.
  public var signalActions: [Int32: SignalAction] = [:]
  /// The numbers of the signals that its handlers have handled, in order.
  public internal(set) var handledSignals: [Int32] = []
  /// The result of the last system call, as the program saw it.
  public internal(set) var lastSystemCallResult: Int64?
  /// The CPU on which it ran last.
  public internal(set) var lastCPU = 0

  let object: KernelObject
  let workList: TaskWorkList
  var notification: TaskWorkMode?
  var pendingSignals: [Int32] = []
  var sleepDeadline: EventQueue<MachineEvent>.Token?
  var isTraced = false
  var isExiting = false
  /// The references that requests and programs hold.
  var referenceCount = 1

  /// What sort of thread a task is.
  public enum Kind: Hashable, Sendable {
    case user
    case kernelThread
    case idle
  }

  /// What a task is doing.
  public enum State: Hashable, Sendable {
    /// It could run but no CPU runs it.
    case runnable
    /// The CPU of the given number runs it.
    case running(cpu: Int)
    /// It sleeps in its system call.
    case blocked
    /// It sleeps until a page is brought in.
    case waitingForPage
    /// A signal or a tracer has stopped it.
    case stopped
    /// It has ended and its parent has not asked for the result.
    case zombie
    /// Nothing of it is left.
    case dead
  }

  init(
    pid: Int32, tgid: Int32, comm: String, kind: Kind, memory: UserMemory?, startTime: UInt64, object: KernelObject,
    scheduler: TaskWorkScheduler
  ) {
    self.pid = pid
    self.tgid = tgid
    self.comm = String(comm.prefix(15))
    self.kind = kind
    self.memory = memory
    self.startTime = startTime
    self.object = object
    workList = TaskWorkList(of: scheduler)
  }

  /// The thread as events name it.
  public var name: TimelineEvent.ThreadName { .init(pid: pid, comm: comm) }

  /// Whether the thread can still run.
  public var isAlive: Bool { state != .zombie && state != .dead }
}

/// What a task does with a signal.
public enum SignalAction: Hashable, Sendable {
  case ignore
  /// A handler runs; with `restart`, a sleeping call that can be restarted is (`SA_RESTART`).
  case handle(restart: Bool)
}

/// The registers of a user-mode thread on x86-64, in the order of `struct pt_regs`.
public struct UserRegisters: Hashable, Sendable {
  /// The register `r15`.
  public var r15: UInt64 = 0
  /// The register `r14`.
  public var r14: UInt64 = 0
  /// The register `r13`.
  public var r13: UInt64 = 0
  /// The register `r12`.
  public var r12: UInt64 = 0
  /// The frame pointer.
  public var rbp: UInt64 = 0
  /// The register `rbx`.
  public var rbx: UInt64 = 0
  /// The register `r11`.
  public var r11: UInt64 = 0
  /// The register `r10`.
  public var r10: UInt64 = 0
  /// The register `r9`.
  public var r9: UInt64 = 0
  /// The register `r8`.
  public var r8: UInt64 = 0
  /// The register `rax`: the result of a system call.
  public var rax: UInt64 = 0
  /// The register `rcx`.
  public var rcx: UInt64 = 0
  /// The register `rdx`.
  public var rdx: UInt64 = 0
  /// The register `rsi`.
  public var rsi: UInt64 = 0
  /// The register `rdi`.
  public var rdi: UInt64 = 0
  /// The number of the system call (`orig_rax`), which stays when `rax` becomes the result.
  public var originalRAX: UInt64 = 0
  /// The address of the next instruction.
  public var rip: UInt64 = 0x0000_5555_5555_4000
  /// The code segment; its lowest two bits are 3 in user mode.
  public var cs: UInt64 = 0x33
  /// The flags register.
  public var flags: UInt64 = 0x246
  /// The stack pointer.
  public var rsp: UInt64 = 0x0000_7fff_ffff_e000
  /// The stack segment.
  public var ss: UInt64 = 0x2b

  /// Registers of a thread that has just begun.
  public init() {}

  /// The 21 words as they lie in memory.
  public var words: [UInt64] {
    [
      r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi, originalRAX, rip, cs, flags, rsp, ss,
    ]
  }
}
