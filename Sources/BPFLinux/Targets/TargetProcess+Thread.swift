import Dispatch
import Synchronization
import SystemPackage

extension TargetProcess {
  /// What the thread that traces the process is told to do.
  enum Order: Sendable {
    case runToEntry(address: UInt64)
    case release
    case kill
  }

  /// What the thread that traces the process shares with the others.
  final class Shared: Sendable {
    private struct State {
      var orders: [Order] = []
      var answer: Result<Int32, BPFError>?
      var isReleased = false
      var end: End?
      var waiters: [Int: CheckedContinuation<End?, Never>] = [:]
      var waiterCount = 0
    }

    private let state = Mutex(State())
    private let hasOrder = DispatchSemaphore(value: 0)
    private let hasAnswer = DispatchSemaphore(value: 0)

    // MARK: On the tracing thread

    func answer(_ result: Result<Int32, BPFError>) {
      state.withLock { $0.answer = result }
      hasAnswer.signal()
    }

    /// Carries out orders until the process is to be released, then waits for its end.
    func attend(_ identifier: Int32, _ systemCalls: any SystemCalls) {
      func perform(_ call: SystemCallName, _ argument: UInt64 = 0) {
        let result = systemCalls.perform(call, Int(identifier), Int(truncatingIfNeeded: argument))
        let errno = Errno(rawValue: Int32(truncatingIfNeeded: -result))
        answer(result < 0 ? .failure(BPFError("", .systemCall("ptrace", errno))) : .success(0))
        // What cannot be let go would stand still for ever.
        if result < 0 { kill() }
      }
      func kill() { _ = systemCalls.perform(.signalProcess, Int(identifier), 9) }
      var isTraced = true
      while isTraced {
        hasOrder.wait()
        switch state.withLock({ $0.orders.isEmpty ? .kill : $0.orders.removeFirst() }) {
        case .runToEntry(let address): perform(.runProcess, address)
        case .release:
          perform(.releaseProcess)
          isTraced = false
        case .kill:
          kill()
          isTraced = false
        }
      }
      let (kind, status) = (KernelBuffer(count: 4), KernelBuffer(count: 4))
      let result = withExtendedLifetime((kind, status)) {
        systemCalls.perform(
          .awaitProcess, Int(identifier), Int(truncatingIfNeeded: kind.address), Int(truncatingIfNeeded: status.address)
        )
      }
      let number = Int32(bitPattern: status.words(1).first ?? 0)
      // `CLD_EXITED` is 1; the process is a zombie still, so that its number is nobody else's.
      finish(
        result < 0
          ? .lost(Errno(rawValue: Int32(truncatingIfNeeded: -result)))
          : kind.words(1) == [1] ? .exited(number) : .killed(signal: number))
      _ = systemCalls.perform(.reapProcess, Int(identifier))
    }

    private func finish(_ end: End) {
      let waiters = state.withLock { state in
        state.end = end
        defer { state.waiters = [:] }
        return state.waiters
      }
      for waiter in waiters.values { waiter.resume(returning: end) }
    }

    // MARK: On the others

    var end: End? { state.withLock { $0.end } }

    /// Hands over an order; false when the process is on its own already.
    func give(_ order: Order) -> Bool {
      let isTaken = state.withLock { state in
        guard !state.isReleased else { return false }
        if case .runToEntry = order {} else { state.isReleased = true }
        state.orders.append(order)
        return true
      }
      if isTaken { hasOrder.signal() }
      return isTaken
    }

    /// Waits for the answer to the last order.
    func takeAnswer() throws(BPFError) -> Int32 {
      hasAnswer.wait()
      switch state.withLock({ $0.answer }) {
      case .success(let number): return number
      case .failure(let error): throw error
      case nil: return 0
      }
    }

    /// Ends the process if it still stands still.
    func drop() { _ = give(.kill) }

    func ifRunning(_ body: () -> Void) {
      state.withLock { if $0.end == nil { body() } }
    }

    func waitForEnd() async -> End? {
      let number = state.withLock {
        $0.waiterCount += 1
        return $0.waiterCount
      }
      return await withTaskCancellationHandler {
        await withCheckedContinuation { continuation in
          let end: End?? = state.withLock {
            if let end = $0.end { return .some(end) }
            if Task.isCancelled { return .some(nil) }
            $0.waiters[number] = continuation
            return nil
          }
          if let end { continuation.resume(returning: end) }
        }
      } onCancel: {
        state.withLock { $0.waiters.removeValue(forKey: number) }?.resume(returning: nil)
      }
    }
  }
}
