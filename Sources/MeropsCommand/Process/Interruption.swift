import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Ctrl-C and the wish of the system that the process ends.
enum Interruption {
  /// How long what was cancelled may take to clean up behind itself, such as a compiler's folder, in microseconds.
  private static let patience: UInt32 = 500_000

  /// Runs a body to the end of the process. A signal cancels it, and ends the process when patience is at an end.
  ///
  /// The main thread does nothing but wait for signals, which it blocks while it is the only one: threads inherit that,
  /// so no other gets them. Programs that are started do not: they begin with the default dispositions.
  static func watching(_ body: @escaping @Sendable () async -> CommandStatus) -> Never {
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGINT)
    sigaddset(&signals, SIGTERM)
    pthread_sigmask(SIG_BLOCK, &signals, nil)
    let isInterrupted = Flag()
    let task = Task.detached {
      let status = await body()
      exit(isInterrupted.isRaised ? .interrupted : status)
    }
    var number: Int32 = 0
    while sigwait(&signals, &number) != 0 {}
    isInterrupted.raise()
    task.cancel()
    usleep(patience)
    exit(.interrupted)
  }

  private final class Flag: Sendable {
    private let value = Atomic(false)
    func raise() { value.store(true, ordering: .releasing) }
    var isRaised: Bool { value.load(ordering: .acquiring) }
  }
}
