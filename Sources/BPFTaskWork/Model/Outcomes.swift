/// The answer of `schedule`.
public enum ScheduleOutcome: Hashable, Sendable {
  /// The request was accepted. That is no promise that its callback runs.
  case accepted
  /// A request for this element is outstanding (queued, attached or running), or user space has let go of the map.
  case busy
  /// The element has no context yet and the pool has none left.
  case noMemory
  /// No reference could be taken on the program or on the task.
  case badReference

  /// What the kfunc returns: zero or a negated `errno` of Linux (`EBUSY` 16, `ENOMEM` 12, `EBADF` 9).
  public var kernelResult: Int32 {
    switch self {
    case .accepted: 0
    case .busy: -16
    case .noMemory: -12
    case .badReference: -9
    }
  }
}

/// What became of a deferred step.
public enum DeferredOutcome: Hashable, Sendable {
  /// The request was given to its thread (which may have run it already).
  case attached
  /// The thread no longer accepts work: the request was dropped in silence and the context is ready for another.
  case declined
  /// The slot was released before or while the request was attached: it will not run.
  case cancelled
  /// A cancel came too late to take the request off its thread's list; the thread finds it released.
  case takenByThread
  /// The context was in no state for this step; nothing was done. Only a mistake of the engine leads here.
  case refused
}

/// What `release` found.
public enum ReleaseOutcome: Hashable, Sendable {
  /// The slot was empty.
  case empty
  /// The slot was emptied and its context, then in the given state, is ``TaskWorkState/freed``.
  case released(from: TaskWorkState)
}

/// What a thread finds when it comes to run a context of its list.
public enum CallbackStart: ~Copyable, Sendable {
  /// The callback is to run now; hand the value to ``TaskWorkScheduler/finish(_:using:)`` when it has returned.
  case running(RunningCallback)
  /// The slot was released meanwhile: there is nothing to run, and the request's reference has been dropped.
  case cancelled
  /// The context is on no list; nothing was done. Only a mistake of the engine leads here.
  case refused
}

/// A callback that has started, and the duty to say when it has returned.
public struct RunningCallback: ~Copyable, Sendable {
  /// The context that the callback occupies.
  public let context: TaskWorkContext
  /// What was asked for.
  public let request: TaskWorkRequest
  let running: StateWord
}
