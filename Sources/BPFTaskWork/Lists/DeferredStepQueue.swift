/// The steps that wait on one CPU for interrupts to be enabled: the kernel's per-CPU `irq_work` list.
///
/// Steps are taken **newest first**, as the kernel's list is. A thread's list is newest first too, so requests that were
/// scheduled in one interrupts-off run are turned round twice and their callbacks run in the order of scheduling, whereas
/// requests each of which is attached within its own call run last in, first out.
///
/// Pushing is lock-free and does not allocate. Several threads may take; each gets a part of its own.
public struct DeferredStepQueue: ~Copyable, Sendable {
  private let storage = WordStorage(count: 1)
  private let scheduler: TaskWorkScheduler

  /// An empty queue for steps of one scheduler's contexts.
  public init(of scheduler: TaskWorkScheduler) {
    self.scheduler = scheduler
  }

  private var algorithm: DeferredQueueAlgorithm<ContextTable> {
    DeferredQueueAlgorithm(memory: scheduler.table, head: storage[0])
  }

  /// Whether no step waits; a moment's answer while others push.
  public var isEmpty: Bool { storage[0].load() == 0 }

  /// Adds a step, from any context.
  /// - Returns: whether the queue was empty before, so that the CPU has to be told.
  @discardableResult
  public func push(_ step: DeferredStep) -> Bool {
    algorithm.push(step)
  }

  /// Takes all steps off the queue. What is pushed later, also by the steps themselves, is not among them.
  public func takeAll() -> DeferredStepBatch {
    DeferredStepBatch(next: algorithm.takeAll(), scheduler: scheduler)
  }
}

/// Steps that were taken off a queue and are to be performed, newest first.
///
/// Each has to be performed: a step that is let go holds its context and its references for ever.
public struct DeferredStepBatch: ~Copyable, Sendable {
  private var upcoming: DeferredStep?
  private let scheduler: TaskWorkScheduler

  init(next: DeferredStep?, scheduler: TaskWorkScheduler) {
    upcoming = next
    self.scheduler = scheduler
  }

  /// Whether no step is left.
  public var isEmpty: Bool { upcoming == nil }

  /// The next step, to be given to ``TaskWorkScheduler/perform(_:using:)``.
  public mutating func next() -> DeferredStep? {
    guard let step = upcoming else { return nil }
    // The head word is not needed to walk a chain that was taken.
    upcoming = DeferredStep(rawValue: scheduler.table.word(.deferredLink, of: step.context.index).load())
    return step
  }
}
