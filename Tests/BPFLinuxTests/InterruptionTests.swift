import BPFLinux
import BPFObject
import Foundation
import Synchronization
import Testing

#if canImport(Glibc)
  import Glibc
#endif

/// Signals that arrive while the kernel works for us.
@Suite("Interrupted system calls", .serialized, .timeLimit(.minutes(10)))
struct InterruptionTests {
  /// A thread that can be sent signals, which do nothing but interrupt it.
  private final class Interruptible: Sendable {
    private let thread = Mutex<pthread_t?>(nil)

    init() {
      var action = sigaction()
      action.__sigaction_handler.sa_handler = { _ in }
      sigaction(SIGUSR2, &action, nil)
    }

    func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
      try await onThread {
        // Threads of Dispatch, and those that they start, begin with all signals blocked.
        var signals = sigset_t()
        sigaddset(&signals, SIGUSR2)
        pthread_sigmask(SIG_UNBLOCK, &signals, nil)
        self.thread.withLock { $0 = pthread_self() }
        defer { self.thread.withLock { $0 = nil } }
        return try body()
      }
    }

    var isRunning: Bool { thread.withLock { $0 != nil } }
    func interrupt() { thread.withLock { if let thread = $0 { pthread_kill(thread, SIGUSR2) } } }
  }

  /// Signals to the thread that makes it, one every few milliseconds, however busy all the others are.
  private final class SignalTimer: @unchecked Sendable {
    /// The first timer of a process has the number 0, which Swift sees as nil.
    private var timer: timer_t?

    init() throws {
      var event = sigevent()
      event.sigev_notify = 4  // SIGEV_THREAD_ID
      event.sigev_signo = SIGUSR2
      // The thread's number is the end of this link.
      let task = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/thread-self")
      event._sigev_un._tid = try #require(task.split(separator: "/").last.flatMap { Int32($0) })
      guard timer_create(CLOCK_MONOTONIC, &event, &timer) == 0 else {
        throw UnexpectedErrno(what: "timer_create", errno: errno)
      }
    }

    deinit { timer_delete(timer) }

    func start() { set(timespec(tv_sec: 0, tv_nsec: 5_000_000)) }
    func stop() { set(timespec()) }

    private func set(_ interval: timespec) {
      var setting = itimerspec(it_interval: interval, it_value: interval)
      timer_settime(timer, 0, &setting, nil)
    }
  }

  @Test(
    "a reader that a signal interrupts goes on waiting, and misses nothing",
    .enabled(if: RealKernel.canCompile, RealKernel.reason))
  func reading() async throws {
    let counting = FaultyKernel()
    let fixture = try await RingBufferReaderTests.Fixture(LinuxKernel(systemCalls: counting))
    let reader = try RingBufferReader(fixture.map())
    let seen = Counter()
    let thread = Interruptible()
    async let run: Void = thread.run { try reader.run { _ in seen.increment() } }
    defer { reader.stop() }
    func waits() -> Int { counting.calls.count { $0 == .waitForEventSet } }
    for round in 1...20 {
      let before = waits()
      try await waitUntil("the wait has begun again after a signal") {
        thread.interrupt()
        return waits() > before
      }
      try fixture.put(3)
      try await waitUntil("the records were seen") { seen.value == 3 * round }
    }
    #expect(thread.isRunning)
    reader.stop()
    try await run
    #expect(seen.value == 60)
  }

  @Test(
    "a load that a signal interrupts is asked for again, and succeeds",
    .enabled(if: RealKernel.canCompile, RealKernel.reason))
  func loading() async throws {
    let counting = FaultyKernel()
    let object = try await Fixture.object(
      """
      #include <vmlinux.h>
      #include <bpf/bpf_helpers.h>
      char LICENSE[] SEC("license") = "GPL";
      /* Every turn is followed: this takes the verifier a tenth of a second or more. */
      SEC("syscall") int slow(__u32 *context) {
        __u64 sum = *context;
        for (int i = 0; i < 120000; i++) {
          sum += i;
          asm volatile("" : "+r"(sum));
        }
        return (__u32)sum;
      }
      """)
    let loads = Counter()
    let thread = Interruptible()
    let load = try await thread.run {
      let timer = try SignalTimer()
      counting.beforeCommand(5) {
        loads.increment()
        // Signals while the verifier is at work for the first time: the call is made again.
        if loads.value == 1 { timer.start() } else { timer.stop() }
      }
      return try LinuxKernel(systemCalls: counting).load(object).program("slow").identifier
    }
    #expect(load > 0)
    #expect(loads.value > 1, "no signal came")
    #expect(counting.openCount == 0)
  }
}
