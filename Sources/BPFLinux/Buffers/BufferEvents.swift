import Dispatch
import Synchronization
import SystemPackage

/// What a pass over the records of a buffer came to.
struct BufferPass {
  /// How many records were handed out.
  var count = 0
  /// How many bytes were given up because a header or a position could not be right, `nil` when all was well.
  var skipped: UInt64?
  /// Whether the kernel will wake the reader when there is more, so that it may wait.
  var mayWait = false
}

/// Waiting for buffers to be filled, and being told to stop: an epoll(7) set of their descriptors and of one event.
///
/// The set is edge-triggered. The kernel calls a ring buffer readable as long as anything in it is not consumed, even
/// when that is a record which a program has not finished; with level triggering a reader would spin until it has.
/// So whoever waits has to have looked at all buffers before, and to have found that each `mayWait`.
final class BufferEvents: Sendable {
  private let systemCalls: any SystemCalls
  private let set: Descriptor
  private let event: Descriptor
  private let stopped = Atomic<Bool>(false)
  private let used = Atomic<Bool>(false)
  private let subject: String

  init(_ descriptors: [Descriptor], for subject: String, _ systemCalls: any SystemCalls) throws(BPFError) {
    self.systemCalls = systemCalls
    self.subject = subject
    func number(_ name: String, _ result: Int) throws(BPFError) -> Int32 {
      guard result >= 0 else {
        throw BPFError(subject, .systemCall(name, Errno(rawValue: Int32(truncatingIfNeeded: -result))))
      }
      return Int32(truncatingIfNeeded: result)
    }
    set = Descriptor(try number("epoll_create1", systemCalls.perform(.makeEventSet, 0)), systemCalls)
    event = Descriptor(try number("eventfd", systemCalls.perform(.makeEvent, 0)), systemCalls)
    for descriptor in descriptors + [event] {
      _ = try number(
        "epoll_ctl", systemCalls.perform(.addToEventSet, Int(set.rawValue), Int(descriptor.rawValue)))
      withExtendedLifetime(descriptor) {}
    }
  }

  /// Whether ``stop()`` was called.
  var isStopped: Bool { stopped.load(ordering: .acquiring) }

  /// Ends waiting for ever.
  func stop() {
    stopped.store(true, ordering: .releasing)
    wake()
  }

  /// Ends one waiting, that of now or the next.
  func wake() {
    // Only a full counter could refuse one more; the event is set then, and nothing else matters.
    let one = KernelBuffer(UInt64(1))
    _ = withExtendedLifetime(one) {
      systemCalls.perform(.writeFile, Int(event.rawValue), Int(truncatingIfNeeded: one.address), one.count)
    }
  }

  /// Waits until a buffer has been filled, ``wake()`` was called, or the time is over; signals do not end it.
  ///
  /// - Returns: whether it was not the time.
  func wait(until deadline: ContinuousClock.Instant?) throws(BPFError) -> Bool {
    while true {
      let time = deadline.map { Self.milliseconds(ContinuousClock.now.duration(to: $0)) } ?? -1
      let result = systemCalls.perform(.waitForEventSet, Int(set.rawValue), time)
      if result >= 0 { return result > 0 }
      let errno = Errno(rawValue: Int32(truncatingIfNeeded: -result))
      guard errno == .interrupted else { throw BPFError(subject, .systemCall("epoll_wait", errno)) }
    }
  }

  /// Rounded up, so that no waiting ends before its time only to begin again.
  private static func milliseconds(_ duration: Duration) -> Int {
    guard duration > .zero else { return 0 }
    let (seconds, attoseconds) = duration.components
    guard seconds < Int64(Int32.max) / 1000 else { return Int(Int32.max) }
    return Int(seconds) * 1000 + Int((attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
  }

  /// Waits on a thread of its own, so that no thread of Swift's tasks is held up; a cancelled task ends it.
  func wait() async throws(BPFError) {
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { (continuation: CheckedContinuation<Result<Bool, BPFError>, Never>) in
        DispatchQueue(label: "merops.buffer").async {
          continuation.resume(returning: Result { () throws(BPFError) in try self.wait(until: nil) })
        }
      }
    } onCancel: {
      wake()
    }
    _ = try result.get()
  }

  /// Claims the buffers for one user: they have one consumer.
  func claim() throws(BPFError) {
    guard used.exchange(true, ordering: .acquiring) == false else {
      throw .refusal(
        subject, "it is being read already, by another thread or task or further up",
        advice: "use one reader from one place")
    }
  }

  func release() { used.store(false, ordering: .releasing) }

  /// Makes a pass, alone.
  func drain(_ pass: () throws(BPFError) -> BufferPass) throws(BPFError) -> Int {
    try claim()
    defer { release() }
    return try pass().count
  }

  /// Makes passes until there are records, the time is over or there was a stop.
  func read(timeout: Duration?, _ pass: () throws(BPFError) -> BufferPass) throws(BPFError) -> Int {
    try claim()
    defer { release() }
    let deadline = timeout.map { ContinuousClock.now + $0 }
    while true {
      // What was put there before the stop is still handed out.
      let isStopped = isStopped
      let result = try pass()
      if result.count > 0 || isStopped { return result.count }
      if result.mayWait, !(try wait(until: deadline)) { return try pass().count }
    }
  }

  /// Makes passes until there was a stop, and one more.
  func run(_ pass: () throws(BPFError) -> BufferPass) throws(BPFError) {
    try claim()
    defer { release() }
    while true {
      // No second one after the stop: programs may fill the buffer as fast as it is read.
      let isStopped = isStopped
      let result = try pass()
      if isStopped { return }
      if result.mayWait { _ = try wait(until: nil) }
    }
  }
}
