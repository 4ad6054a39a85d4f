import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Ctrl-C and the wish of the system that the process ends.
enum Interruption {
  /// How long what was cancelled may take to clean up behind itself, such as a compiler's folder, and to say how far it
  /// came, in seconds.
  private static let patience = 10

  /// Runs a body to the end of the process. A signal cancels it; a second one, or the end of patience, ends the process.
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
      exit(isInterrupted.isRaised && !isAwaitedByCommand.isRaised ? .interrupted : status)
    }
    var number: Int32 = 0
    while sigwait(&signals, &number) != 0 {}
    isInterrupted.raise()
    task.cancel()
    // A second signal is an order.
    if isAwaitedByCommand.isRaised { while sigwait(&signals, &number) != 0 {} }
    #if canImport(Glibc)
      var limit = timespec(tv_sec: patience, tv_nsec: 0)
      // The end of a child interrupts the wait as well.
      while sigtimedwait(&signals, nil, &limit) == -1, errno == EINTR {}
    #else
      sleep(UInt32(patience))
    #endif
    Output.error.report("interrupted")
    exit(.interrupted)
  }

  /// Says that a signal is what the command waits for: it ends by itself then, and well.
  static func isAwaited() { isAwaitedByCommand.raise() }

  private static let isAwaitedByCommand = Flag()

  private final class Flag: Sendable {
    private let value = Atomic(false)
    func raise() { value.store(true, ordering: .releasing) }
    var isRaised: Bool { value.load(ordering: .acquiring) }
  }
}
