/// A piece of work that waits until interrupts are enabled on the CPU where it arose: the kernel's `irq_work`.
public struct DeferredStep: Hashable, Sendable {
  /// What the step does.
  public enum Kind: UInt8, CaseIterable, Sendable {
    /// Gives the request to its thread.
    case attach
    /// Takes a released request off its thread's list.
    case cancel
  }

  /// What the step does.
  public let kind: Kind
  /// The context that it does it to.
  public let context: TaskWorkContext

  package init(_ kind: Kind, _ context: TaskWorkContext) {
    self.kind = kind
    self.context = context
  }

  /// The step in one word, the kind in the bit that a context's index leaves free. Zero is no step.
  package init?(rawValue: UInt64) {
    let mark = UInt64(TaskWorkContext.indexLimit)
    guard let context = TaskWorkContext(rawValue: rawValue & ~mark) else { return nil }
    self.init(rawValue & mark == 0 ? .attach : .cancel, context)
  }

  package var rawValue: UInt64 {
    context.rawValue | (kind == .cancel ? UInt64(TaskWorkContext.indexLimit) : 0)
  }
}

/// The algorithms of a CPU's queue of deferred steps.
///
/// A context is on at most one queue at a time and once only: its attach step has been taken off before it can become
/// SCHEDULED, and only then can its single cancel step be queued.
package struct DeferredQueueAlgorithm<Memory: TaskWorkMemory> {
  package let memory: Memory
  package let head: Memory.Word

  @inline(__always)
  package init(memory: Memory, head: Memory.Word) {
    self.memory = memory
    self.head = head
  }

  /// Lock-free, without allocation, from any context.
  /// - Returns: whether the queue was empty, so that the CPU has to be interrupted.
  @inline(__always)
  package func push(_ step: DeferredStep) -> Bool {
    let link = memory.word(.deferredLink, of: step.context.index)
    var current = head.load()
    while true {
      link.store(current)
      let seen = head.compareExchange(expected: current, desired: step.rawValue)
      if seen == current { return current == 0 }
      current = seen
    }
  }

  /// Takes everything; the first step of the chain is the newest.
  @inline(__always)
  package func takeAll() -> DeferredStep? {
    DeferredStep(rawValue: head.exchange(0))
  }

  /// The step that was queued before this one. To be read before this one is performed, which frees the link.
  @inline(__always)
  package func successor(of step: DeferredStep) -> DeferredStep? {
    DeferredStep(rawValue: memory.word(.deferredLink, of: step.context.index).load())
  }
}
