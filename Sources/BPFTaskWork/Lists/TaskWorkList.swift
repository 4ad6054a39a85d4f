import Synchronization

/// The algorithms of a thread's work list.
package struct WorkListAlgorithm<Memory: TaskWorkMemory> {
  package let memory: Memory
  package let head: Memory.Word

  /// What the head holds once the thread accepts no more work; no context has this name.
  package static var closed: UInt64 { .max }

  @inline(__always)
  package init(memory: Memory, head: Memory.Word) {
    self.memory = memory
    self.head = head
  }

  /// Lock-free, without allocation.
  /// - Returns: false if the list is closed.
  @inline(__always)
  package func push(_ context: TaskWorkContext) -> Bool {
    let link = memory.word(.workLink, of: context.index)
    var current = head.load()
    while current != Self.closed {
      link.store(current)
      let seen = head.compareExchange(expected: current, desired: context.rawValue)
      if seen == current { return true }
      current = seen
    }
    return false
  }

  /// Takes everything, newest first; an empty list is closed if that is asked for.
  ///
  /// Under the gate, so that no removal is in the middle of what is taken.
  @inline(__always)
  package func takeAll(closingIfEmpty: Bool, gate: borrowing some WorkGate & ~Copyable) -> TaskWorkContext? {
    var current = head.load()
    while true {
      if current == 0 && !closingIfEmpty || current == Self.closed { return nil }
      let expected = current
      let desired = current == 0 ? Self.closed : 0
      let seen = gate.locked { head.compareExchange(expected: expected, desired: desired) }
      if seen == expected { return TaskWorkContext(rawValue: seen) }
      current = seen
    }
  }

  /// The context that was pushed before this one. To be read before this one is run, which frees the link.
  @inline(__always)
  package func successor(of context: TaskWorkContext) -> TaskWorkContext? {
    TaskWorkContext(rawValue: memory.word(.workLink, of: context.index).load())
  }

  /// Takes one context off the list, if it is still there.
  ///
  /// Under the gate only pushes happen beside this, and they change nothing but the head. What is on the list holds its
  /// request's reference, so no context on the way can be given back.
  package func remove(_ context: TaskWorkContext, gate: borrowing some WorkGate & ~Copyable) -> Bool {
    gate.locked {
      let link = memory.word(.workLink, of: context.index)
      var current = head.load()
      if current == context.rawValue {
        let seen = head.compareExchange(expected: current, desired: link.load())
        if seen == current { return true }
        current = seen
      }
      while let before = TaskWorkContext(rawValue: current) {
        let beforeLink = memory.word(.workLink, of: before.index)
        current = beforeLink.load()
        if current == context.rawValue {
          beforeLink.store(link.load())
          return true
        }
      }
      return false
    }
  }
}

extension Mutex: WorkGate where Value == Void {
  package borrowing func locked<Result>(_ body: () -> Result) -> Result {
    withLock { _ in body() }
  }
}

/// The requests that wait for one thread: the kernel's `task_struct.task_works`.
///
/// Any thread may push, from any context: pushing is lock-free and does not allocate. One thread at a time takes, namely
/// the target. Any thread may remove, outside interrupts and signal handlers: removing walks the list under a lock which
/// taking takes too, and which pushing does not know.
///
/// How a thread is told that it has work (its notify flag, its wake-up) is the engine's.
public struct TaskWorkList: ~Copyable, Sendable {
  private let storage = WordStorage(count: 1)
  private let gate = Mutex(())
  private let scheduler: TaskWorkScheduler

  /// An open, empty list for contexts of one scheduler.
  public init(of scheduler: TaskWorkScheduler) {
    self.scheduler = scheduler
  }

  private var algorithm: WorkListAlgorithm<ContextTable> {
    WorkListAlgorithm(memory: scheduler.table, head: storage[0])
  }

  /// Whether nothing waits; a moment's answer while others push.
  public var isEmpty: Bool {
    let word = storage[0].load()
    return word == 0 || word == WorkListAlgorithm<ContextTable>.closed
  }

  /// Whether the thread accepts no more work.
  public var isClosed: Bool { storage[0].load() == WorkListAlgorithm<ContextTable>.closed }

  /// Adds a context in front of all others, from any context.
  /// - Returns: false if the list is closed.
  public func push(_ context: TaskWorkContext) -> Bool {
    algorithm.push(context)
  }

  /// Removes a context, if the thread has not taken it yet.
  public func remove(_ context: TaskWorkContext) -> Bool {
    algorithm.remove(context, gate: gate)
  }

  /// Takes all that waits, newest first. What is pushed later is not among it: take again until the batch is empty.
  public func takeAll() -> TaskWorkBatch {
    TaskWorkBatch(next: algorithm.takeAll(closingIfEmpty: false, gate: gate), scheduler: scheduler)
  }

  /// Takes all that waits; if that is nothing, closes the list for good, in the same atomic step.
  ///
  /// An exiting thread calls this until the batch is empty. There is no moment at which a request could be accepted and
  /// then forgotten.
  public func takeAllOrClose() -> TaskWorkBatch {
    TaskWorkBatch(next: algorithm.takeAll(closingIfEmpty: true, gate: gate), scheduler: scheduler)
  }
}

/// Contexts that a thread has taken off its list and is to run, newest first.
///
/// They can no longer be removed, but a release still reaches them: ``TaskWorkScheduler/begin(_:using:)`` then answers
/// that there is nothing to run. Each has to be begun; one that is let go holds its references for ever.
public struct TaskWorkBatch: ~Copyable, Sendable {
  private var upcoming: TaskWorkContext?
  private let scheduler: TaskWorkScheduler

  init(next: TaskWorkContext?, scheduler: TaskWorkScheduler) {
    upcoming = next
    self.scheduler = scheduler
  }

  /// Whether no context is left.
  public var isEmpty: Bool { upcoming == nil }

  /// The next context, to be given to ``TaskWorkScheduler/begin(_:using:)``.
  public mutating func next() -> TaskWorkContext? {
    guard let context = upcoming else { return nil }
    upcoming = TaskWorkContext(rawValue: scheduler.table.word(.workLink, of: context.index).load())
    return context
  }
}
