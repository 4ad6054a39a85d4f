import BPFObject
import Synchronization

/// `BPF_MAP_TYPE_USER_RINGBUF`: records from user space to programs, in the order of their reservation.
///
/// The memory holds the records as those of a ``RingBufferMap``, and as there it is twice the size, so that each is in one
/// piece. User space owns the producer's position, the kernel the consumer's.
public final class UserRingBufferMap: BPFMap, @unchecked Sendable {
  /// The greatest number of records that one drain looks at (`BPF_MAX_USER_RINGBUF_SAMPLES`).
  package static let drainLimit = 128 * 1024
  /// The longest record that a program gets (`DYNPTR_MAX_SIZE`).
  private static let longestRecord: UInt32 = 1 << 24 - 1

  private let producer = Mutex<Void>(())
  private let producerPosition = Atomic<UInt64>(0)
  private let consumerPosition = Atomic<UInt64>(0)
  private let isBusy = Atomic<Bool>(false)
  private let wakeups = Atomic<Int>(0)
  private let mask: UInt64

  static func make(_ checked: CheckedMapDefinition) throws(MapError) -> BPFMap {
    UserRingBufferMap(checked, memory: try checked.allocateElements(2, stride: checked.maxEntries))
  }

  private override init(_ checked: CheckedMapDefinition, memory: MemoryBlock) {
    mask = UInt64(checked.maxEntries) - 1
    super.init(checked, memory: memory)
  }

  // MARK: What user space does

  /// How often a drain has told user space that there may be room again.
  public var wakeupCount: Int { wakeups.load(ordering: .relaxed) }

  /// Reserves a record: the offset in ``BPFMap/memory`` of its bytes. Programs do not come past it before it is finished.
  ///
  /// - Throws: E2BIG when the buffer can never hold it, ENOSPC when it cannot now.
  public func reserve(byteCount: Int) throws(MapError) -> Int {
    try user(.update) { () throws(LinuxErrno) in
      guard (0..<Int(RingBufferMap.discardBit)).contains(byteCount) else { throw .tooBig }
      let length = RingBufferMap.recordLength(UInt32(byteCount))
      guard length <= mask + 1 else { throw .tooBig }
      let offset: Int? = producer.withLock { _ in
        let position = producerPosition.load(ordering: .relaxed)
        guard position + length - consumerPosition.load(ordering: .acquiring) <= mask + 1 else { return nil }
        let offset = Int(position & mask)
        memory.storeWord(UInt64(UInt32(byteCount) | RingBufferMap.busyBit).littleEndian, at: offset)
        producerPosition.store(position + length, ordering: .releasing)
        return offset + RingBufferMap.headerSize
      }
      guard let offset else { throw .noSpace }
      return offset
    }
  }

  /// The record at an offset that ``reserve(byteCount:)`` gave out may be drained.
  public func submit(at offset: Int) { finish(offset, 0) }

  /// The record will be skipped.
  public func discard(at offset: Int) { finish(offset, RingBufferMap.discardBit) }

  private func finish(_ offset: Int, _ bit: UInt32) {
    let start = offset - RingBufferMap.headerSize
    guard start >= 0, start <= Int(mask), start & 7 == 0 else { return }
    let header = header(at: start)
    guard header & RingBufferMap.busyBit != 0 else { return }
    memory.withAtomicHalf(at: start) {
      $0.store(((header ^ RingBufferMap.busyBit) | bit).littleEndian, ordering: .releasing)
    }
  }

  /// A record in one step.
  ///
  /// - Throws: E2BIG when the buffer can never hold it, ENOSPC when it cannot now.
  public func send(_ record: [UInt8]) throws(MapError) {
    let offset = try reserve(byteCount: record.count)
    memory.store(record.span.bytes, at: offset)
    submit(at: offset)
  }

  // MARK: What programs see

  /// What is next for a drain.
  package enum Next {
    /// Nothing that is finished.
    case nothing
    /// A record that was discarded, and is behind now.
    case discarded
    /// A record, to be released when it was looked at.
    case record(offset: Int, byteCount: Int)
  }

  /// Begins a drain; false while another one is under way, where the helper gives EBUSY.
  package func beginDrain() -> Bool { !isBusy.exchange(true, ordering: .acquiringAndReleasing) }

  /// Ends a drain, and tells user space of the room if it is to be told.
  package func endDrain(wakes: Bool) {
    isBusy.store(false, ordering: .releasing)
    if wakes { wakeups.wrappingAdd(1, ordering: .relaxed) }
  }

  /// The record that is next.
  ///
  /// - Throws: EINVAL or E2BIG where user space has written what cannot be a record.
  package func next() throws(LinuxErrno) -> Next {
    let end = producerPosition.load(ordering: .acquiring)
    let position = consumerPosition.load(ordering: .relaxed)
    guard position < end else { return .nothing }
    let offset = Int(position & mask)
    let header = header(at: offset)
    let byteCount = header & ~(RingBufferMap.busyBit | RingBufferMap.discardBit)
    let length = RingBufferMap.recordLength(header)
    guard length <= end - position else { throw .invalidArgument }
    guard length <= mask + 1, byteCount <= Self.longestRecord else { throw .tooBig }
    if header & RingBufferMap.busyBit != 0 { return .nothing }
    if header & RingBufferMap.discardBit != 0 {
      consumerPosition.store(position + length, ordering: .releasing)
      return .discarded
    }
    return .record(offset: offset + RingBufferMap.headerSize, byteCount: Int(byteCount))
  }

  /// Gives back the room of the record that ``next()`` gave.
  package func release(byteCount: Int) {
    let length = RingBufferMap.recordLength(UInt32(truncatingIfNeeded: byteCount))
    consumerPosition.wrappingAdd(length, ordering: .releasing)
  }

  private func header(at offset: Int) -> UInt32 {
    memory.withAtomicHalf(at: offset) { UInt32(littleEndian: $0.load(ordering: .acquiring)) }
  }

  override public func programUpdate(
    _ key: RawSpan, _ value: RawSpan, flags: ElementFlags, cpu: Int
  ) throws(LinuxErrno) { throw .notSupportedInternal }

  override public func programDelete(_ key: RawSpan, cpu: Int) throws(LinuxErrno) { throw .notSupportedInternal }
}
