import BPFObject
import Synchronization

/// `BPF_MAP_TYPE_RINGBUF`: records from programs to user space, in the order of their reservation.
///
/// The memory holds the records as Linux lays them out: a header of 8 bytes (length with a busy and a discard bit, and
/// a page offset), the record, padding to 8. Where Linux maps its pages twice so that a record at the end is in one
/// piece, the memory here is twice the size: a record begins below `max_entries` and may end above. Positions count
/// as in Linux.
public final class RingBufferMap: BPFMap, @unchecked Sendable {
  /// How a record's end wakes user space.
  public struct WakeupFlags: OptionSet, Hashable, Sendable {
    /// The number that Linux gives the flags.
    public let rawValue: UInt64
    /// Takes any number.
    public init(rawValue: UInt64) { self.rawValue = rawValue }
    /// `BPF_RB_NO_WAKEUP`.
    public static let noWakeup = WakeupFlags(rawValue: 1)
    /// `BPF_RB_FORCE_WAKEUP`.
    public static let forceWakeup = WakeupFlags(rawValue: 2)
  }

  static let headerSize = 8
  static let busyBit: UInt32 = 1 << 31
  static let discardBit: UInt32 = 1 << 30
  private static let pageSize = 4096
  /// Linux has the positions and its own data in three pages before the records.
  private static let pagesBeforeData = 3

  private let producer = Mutex<Void>(())
  private let producerPosition = Atomic<UInt64>(0)
  private let consumerPosition = Atomic<UInt64>(0)
  private let consumer = Mutex<Void>(())
  private let wakeups = Atomic<Int>(0)
  private let wakeupHandler = Mutex<(@Sendable () -> Void)?>(nil)
  private let mask: UInt64

  static func make(_ checked: CheckedMapDefinition) throws(MapError) -> BPFMap {
    RingBufferMap(checked, memory: try checked.allocateElements(2, stride: checked.maxEntries))
  }

  private override init(_ checked: CheckedMapDefinition, memory: MemoryBlock) {
    mask = UInt64(checked.maxEntries) - 1
    super.init(checked, memory: memory)
  }

  // MARK: What programs see

  /// `bpf_ringbuf_reserve`: the offset in ``BPFMap/memory`` of a record that only its maker sees until it is finished;
  /// `nil` where the helper gives NULL (no room, too long, flags that are not 0).
  public func reserve(byteCount: UInt64, flags: UInt64 = 0) -> Int? {
    guard flags == 0, byteCount <= UInt64(UInt32.max / 4) else { return nil }
    let length = (byteCount + 15) & ~7
    guard length <= mask + 1 else { return nil }
    let consumed = consumerPosition.load(ordering: .acquiring)
    return producer.withLock { _ in
      let position = producerPosition.load(ordering: .relaxed)
      let end = position + length
      // The consumer never passes an unfinished record, so this bounds what lies between that and the newest one too.
      guard end - consumed <= mask else { return nil }
      let offset = Int(position & mask)
      let page = UInt64(offset / Self.pageSize + Self.pagesBeforeData)
      let header = UInt64(UInt32(byteCount) | Self.busyBit) | page << 32
      memory.storeWord(header.littleEndian, at: offset)
      producerPosition.store(end, ordering: .releasing)
      return offset + Self.headerSize
    }
  }

  private func header(at offset: Int) -> UInt32 {
    memory.withAtomicHalf(at: offset) { UInt32(littleEndian: $0.load(ordering: .acquiring)) }
  }

  /// Header, record and padding.
  static func recordLength(_ header: UInt32) -> UInt64 {
    (UInt64(header & ~(busyBit | discardBit)) + 15) & ~7
  }

  /// `bpf_ringbuf_submit`: the record at an offset that ``reserve(byteCount:flags:)`` gave out may be consumed.
  public func submit(at offset: Int, flags: WakeupFlags = []) { finish(offset, 0, flags) }

  /// `bpf_ringbuf_discard`: the record will be skipped.
  public func discard(at offset: Int, flags: WakeupFlags = []) { finish(offset, Self.discardBit, flags) }

  private func finish(_ offset: Int, _ bit: UInt32, _ flags: WakeupFlags) {
    let start = offset - Self.headerSize
    // An offset that was never given out, or is finished, is a mistake of the engine's; it must do no harm.
    guard start >= 0, start <= Int(mask), start & 7 == 0 else { return }
    let header = header(at: start)
    guard header & Self.busyBit != 0 else { return }
    memory.withAtomicHalf(at: start) { $0.store(((header ^ Self.busyBit) | bit).littleEndian, ordering: .releasing) }
    let consumed = consumerPosition.load(ordering: .acquiring) & mask
    if flags.contains(.forceWakeup) || consumed == UInt64(start) && !flags.contains(.noWakeup) { wake() }
  }

  /// `bpf_ringbuf_output`: a record in one step.
  ///
  /// - Throws: EINVAL (unknown flags), EAGAIN (no room).
  public func output(_ record: RawSpan, flags: UInt64 = 0) throws(LinuxErrno) {
    guard flags & ~3 == 0 else { throw .invalidArgument }
    guard let offset = reserve(byteCount: UInt64(record.byteCount)) else { throw .tryAgain }
    memory.store(record, at: offset)
    submit(at: offset, flags: WakeupFlags(rawValue: flags))
  }

  /// `bpf_ringbuf_query`: 0 the bytes not consumed, 1 the size, 2 the consumer's position, 3 the producer's; others 0.
  public func query(_ what: UInt64) -> UInt64 {
    switch what {
    case 0:
      let consumed = consumerPosition.load(ordering: .acquiring)
      return producerPosition.load(ordering: .acquiring) - consumed
    case 1: return mask + 1
    case 2: return consumerPosition.load(ordering: .acquiring)
    case 3: return producerPosition.load(ordering: .acquiring)
    default: return 0
    }
  }

  // MARK: What user space sees

  /// How often user space was woken.
  public var wakeupCount: Int { wakeups.load(ordering: .relaxed) }

  /// What to do when user space is to be woken: when a record is finished at the place that it would read next, or by
  /// the record's flags. Called on the thread that finished the record, with no lock held.
  public func onWakeup(_ handler: (@Sendable () -> Void)?) { wakeupHandler.withLock { $0 = handler } }

  private func wake() {
    wakeups.wrappingAdd(1, ordering: .relaxed)
    let handler = wakeupHandler.withLock { $0 }
    handler?()
  }

  /// Hands out finished records, oldest first, without copying, until one is unfinished or none is left.
  ///
  /// The record's room is given back when `body` returns; one thread consumes at a time.
  ///
  /// - Parameters:
  ///   - limit: how many records at most.
  ///   - body: gets a record; must not consume from the same buffer.
  /// - Returns: how many records were handed out.
  /// - Throws: EINVAL when a program has overwritten a header. What was in the buffer is lost then.
  @discardableResult
  public func consume(limit: Int = .max, _ body: (RawSpan) -> Void) throws(MapError) -> Int {
    let result: (count: Int, isBroken: Bool) = consumer.withLock { _ in
      var count = 0
      var position = consumerPosition.load(ordering: .relaxed)
      while count < limit {
        let end = producerPosition.load(ordering: .acquiring)
        guard position < end else { break }
        let offset = Int(position & mask)
        let header = header(at: offset)
        if header & Self.busyBit != 0 { break }
        let length = Self.recordLength(header)
        guard length <= end - position else {
          consumerPosition.store(end, ordering: .releasing)
          return (count, true)
        }
        if header & Self.discardBit == 0 {
          let byteCount = Int(header & ~Self.discardBit)
          memory.withBytes(count: byteCount, at: offset + Self.headerSize, body)
          count += 1
        }
        position += length
        consumerPosition.store(position, ordering: .releasing)
      }
      return (count, false)
    }
    if result.isBroken {
      throw MapError(.invalidArgument, map: name, reason: "a program has overwritten the header of a record")
    }
    return result.count
  }

  /// The records that are finished, copied, oldest first.
  ///
  /// - Throws: EINVAL when a program has overwritten a header.
  public func takeRecords(limit: Int = .max) throws(MapError) -> [[UInt8]] {
    var records: [[UInt8]] = []
    try consume(limit: limit) { records.append([UInt8](copying: $0)) }
    return records
  }

  override public func programUpdate(
    _ key: RawSpan, _ value: RawSpan, flags: ElementFlags, cpu: Int
  ) throws(LinuxErrno) { throw .notSupportedInternal }

  override public func programDelete(_ key: RawSpan, cpu: Int) throws(LinuxErrno) { throw .notSupportedInternal }
}
