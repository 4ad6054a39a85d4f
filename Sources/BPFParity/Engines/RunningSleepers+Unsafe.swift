// Threads of this process that sleep in system calls.
//
// Unsafe because buffers and structures are passed to system calls by address; each is allocated by the plan of its call
// and freed with it, after the thread has come back. What a thread and its owner share is behind a lock, or is written
// before the thread begins.

#if os(Linux)
  import Foundation
  import Glibc
  import Synchronization

  /// What a thread tells of itself.
  private final class ThreadState: Sendable {
    let value = Mutex((tid: Int32(0), result: Int64?.none))

    /// Starts a thread that makes a call, and waits until it sleeps in it.
    func start(numbers: [Int], _ body: @escaping () -> Int64) throws -> Int32 {
      nonisolated(unsafe) let body = body
      Thread.detachNewThread { [self] in
        TestSignal.unblock()
        value.withLock { $0.tid = gettid() }
        let result = body()
        // What the C library offers gives -1 and errno, a raw call the negated error number; it sets errno as well.
        let error = Int64(errno)
        value.withLock { $0.result = result < 0 ? -error : result }
      }
      try waitUntil("the thread has begun") { value.withLock { $0.tid != 0 } }
      let tid = value.withLock { $0.tid }
      try waitUntil("the thread sleeps in call \(numbers)") {
        guard let call = try ProcessFiles.systemCall(of: tid) else { return false }
        return numbers.contains(call.number)
      }
      return tid
    }

    var result: Int64? { value.withLock { $0.result } }

    func wait() throws -> Int64 {
      try waitUntil("the thread is back") { result != nil }
      return result ?? 0
    }
  }

  /// The signal that tests send to threads of this process, with a handler that does nothing.
  enum TestSignal {
    static let number = SIGUSR2

    private static let handler: Void = {
      var action = sigaction()
      action.__sigaction_handler.sa_handler = { _ in }
      sigaction(number, &action, nil)
    }()

    static func install() { _ = handler }

    /// Threads have the mask of whoever made them, which may keep the signal away.
    static func unblock() {
      var set = sigset_t()
      sigemptyset(&set)
      sigaddset(&set, number)
      pthread_sigmask(SIG_UNBLOCK, &set, nil)
    }

    static func send(to tid: Int32) { _ = RawSystemCall.perform(234, Int(getpid()), Int(tid), Int(number)) }
  }

  /// A thread of this process that reads a pipe.
  final class PipeSleeper: Sleeper {
    private let state = ThreadState()
    private let writingEnd: Int32
    private var isReleased = false
    let tid: Int32

    var processID: Int32 { getpid() }
    var isAsleep: Bool { state.result == nil }

    init() throws {
      TestSignal.install()
      let (reading, writingEnd) = try RawSystemCall.pipe()
      self.writingEnd = writingEnd
      tid = try state.start(numbers: [0]) {
        var byte: UInt8 = 0
        let count = read(reading, &byte, 1)
        let error = errno
        close(reading)
        errno = error
        return Int64(count)
      }
    }

    func release() throws {
      var byte: UInt8 = 1
      guard write(writingEnd, &byte, 1) == 1 else { throw UnexpectedErrno(what: "write", errno: errno) }
      isReleased = true
    }

    func complete() throws -> Int64 {
      if !isReleased, isAsleep { try release() }
      return try state.wait()
    }

    func interrupt() throws {
      TestSignal.send(to: tid)
      _ = try state.wait()
    }

    // With the end of the pipe the read ends as well.
    deinit { close(writingEnd) }
  }

  /// A thread of this process in one of the calls of the table.
  final class RunningCallSleeper: CallSleeper {
    private let state = ThreadState()
    private let plan: CallPlan
    let tid: Int32

    init(_ call: BlockingCall, patience: Int) throws {
      TestSignal.install()
      plan = try CallPlan(call.name, patience: patience)
      tid = try state.start(numbers: call.numbers, plan.call)
    }

    var result: Int64? { state.result }

    func finish() throws -> Int64 {
      plan.finish(tid)
      return try state.wait()
    }

    deinit {
      if state.result == nil {
        plan.finish(tid)
        _ = try? state.wait()
      }
      plan.close()
    }
  }
#endif
