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
    let thread = Interruptible()
    let ended = Counter()
    async let load = thread.run {
      defer { ended.increment() }
      return try LinuxKernel(systemCalls: counting).load(object).program("slow").identifier
    }
    func loads() -> Int { counting.commands.count { $0 == 5 } }
    try await waitUntil("the load has begun") { loads() == 1 }
    // One signal, while the verifier is at work: the call is made again.
    try await waitUntil("the load was made again") {
      if loads() == 1 { thread.interrupt() }
      return loads() > 1 || ended.value > 0
    }
    #expect(try await load > 0)
    #expect(loads() > 1, "the signal came too late")
    #expect(counting.openCount == 0)
  }
}
