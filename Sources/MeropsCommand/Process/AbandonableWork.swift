import Dispatch
import Synchronization

/// Does work that nothing can stop, such as a verification or a system call, on a thread of its own.
///
/// - Throws: what the work throws, and `CancellationError` as soon as the task is cancelled: the work is then left to
///   itself, until it or the process ends.
func abandonable<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
  let outcome = AwaitedOutcome<Value>()
  return try await withTaskCancellationHandler {
    try await withCheckedThrowingContinuation { continuation in
      outcome.await(with: continuation)
      DispatchQueue(label: "work that cannot be stopped").async { outcome.set(Result(catching: work)) }
    }
  } onCancel: {
    outcome.set(.failure(CancellationError()))
  }
}

/// The first of several outcomes, and who waits for it.
private final class AwaitedOutcome<Value: Sendable>: Sendable {
  private enum State {
    case open
    case awaited(CheckedContinuation<Value, any Error>)
    case set(Result<Value, any Error>)
    case delivered
  }

  private let state = Mutex(State.open)

  func await(with continuation: CheckedContinuation<Value, any Error>) {
    let early = state.withLock { state -> Result<Value, any Error>? in
      guard case .set(let result) = state else {
        state = .awaited(continuation)
        return nil
      }
      state = .delivered
      return result
    }
    if let early { continuation.resume(with: early) }
  }

  func set(_ result: Result<Value, any Error>) {
    let waiting = state.withLock { state -> CheckedContinuation<Value, any Error>? in
      switch state {
      case .open: state = .set(result)
      case .awaited(let continuation):
        state = .delivered
        return continuation
      case .set, .delivered: break
      }
      return nil
    }
    waiting?.resume(with: result)
  }
}
