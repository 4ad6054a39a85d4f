import BPFTaskWork

/// One simulated processor: the task it runs and the contexts that are stacked on it.
public final class CPU {
  /// The number, counted from 0.
  public let number: Int
  /// The task that the CPU runs; its idle task when it has nothing to do.
  public internal(set) var current: SimulatedTask
  /// The CPU's own idle task.
  public let idleTask: SimulatedTask

  /// What is stacked above the current task's own context: system call, interrupts, NMI, in order of entry.
  private(set) var contexts: [ExecutionContext] = []
  /// How many sections with interrupts off are open.
  var interruptsOffDepth = 0
  /// How many programs, callbacks or scripted sections run here right now; the CPU cannot take up anything else.
  var activityDepth = 0
  /// Runs that `bpf_prog_active` counts.
  var activeProgramCount: Int32 = 0
  /// How often the CPU has gone over to another task.
  var switchCount: UInt64 = 0
  /// Timers whose time has come while the CPU could not take the software interrupt.
  var dueTimers: [DueTimer] = []
  /// The signal that a program has asked for where none can be sent, until the deferred step sends it.
  var deferredSignal: (number: Int32, task: SimulatedTask)?
  /// Whether another CPU has asked this one to look for work.
  var hasInterprocessorInterrupt = false
  /// Whether deferred steps wait for interrupts to be on.
  let deferredSteps: DeferredStepQueue

  init(number: Int, idleTask: SimulatedTask, scheduler: TaskWorkScheduler) {
    deferredSteps = DeferredStepQueue(of: scheduler)
    self.number = number
    self.idleTask = idleTask
    current = idleTask
  }

  /// What the CPU is doing now.
  public var context: ExecutionContext {
    contexts.last ?? (current.kind == .user && current.systemCall == nil ? .user : .task)
  }

  /// Whether a hardware interrupt would be taken now.
  public var interruptsAreOn: Bool { interruptsOffDepth == 0 && context < .hardirq }

  func enter(_ context: ExecutionContext) { contexts.append(context) }
  func leave() { contexts.removeLast() }

  /// Puts the interrupt contexts aside while the current task sleeps in the middle of something.
  func takeContexts() -> [ExecutionContext] {
    defer { contexts = [] }
    return contexts
  }
  func restoreContexts(_ saved: [ExecutionContext]) { contexts = saved }
}
