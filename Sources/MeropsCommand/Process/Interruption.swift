import Dispatch
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Ctrl-C and the wish of the system that the process ends.
enum Interruption {
  /// How long what was cancelled may take to clean up behind itself, such as a compiler's folder.
  private static let patience = DispatchTimeInterval.seconds(2)

  /// Runs a body; a signal cancels its task, and the process ends when the task does or patience is at an end.
  ///
  /// The signals are blocked before there is a second thread, so that only the thread that waits for them gets them.
  /// Programs that the process starts do not inherit that: they are started with the default dispositions.
  static func watching(_ body: @escaping @Sendable () async -> CommandStatus) async -> CommandStatus {
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGINT)
    sigaddset(&signals, SIGTERM)
    pthread_sigmask(SIG_BLOCK, &signals, nil)
    let isInterrupted = Flag()
    let task = Task { await body() }
    DispatchQueue(label: "merops.signals").async { [signals] in
      var number: Int32 = 0
      var awaited = signals
      guard sigwait(&awaited, &number) == 0 else { return }
      isInterrupted.raise()
      task.cancel()
      DispatchQueue.global().asyncAfter(deadline: .now() + patience) { exit(.interrupted) }
    }
    let status = await task.value
    return isInterrupted.isRaised ? .interrupted : status
  }

  private final class Flag: Sendable {
    private let value = Atomic(false)
    func raise() { value.store(true, ordering: .releasing) }
    var isRaised: Bool { value.load(ordering: .acquiring) }
  }
}
