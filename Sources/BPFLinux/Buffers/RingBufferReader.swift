import BPFObject

/// Reads the records that programs put into ring buffer maps (`BPF_MAP_TYPE_RINGBUF`), from one map or several.
///
///     let reader = try RingBufferReader(loaded.map("events"))
///     try reader.run { record in total += record.byteCount }        // until another thread calls `stop()`
///     for try await record in reader.records() { print(record) }    // until `stop()`, or the task is cancelled
///
/// Records of one map come in the order in which programs reserved them. One that a program has not finished holds up those
/// after it; discarded ones are passed over. Waiting takes no time on a CPU, and signals do not end it.
///
/// A reader is used from one place at a time, and a second one is refused; ``stop()`` and the positions may be used from
/// anywhere. The maps are shared: other readers of them, here or in another process, take records away. The memory is
/// given back with the last reference to the reader.
///
/// ## Lost records
///
/// Linux does not count the records for which there was no room: `bpf_ringbuf_reserve` gives NULL and `bpf_ringbuf_output`
/// -EAGAIN to the program, and that is all. A program that wants it known counts in a global variable,
///
///     __u64 lost;
///     …
///     if (!record) { __sync_fetch_and_add(&lost, 1); return 0; }
///
/// whose value ``LinuxObject`` has. How full a buffer is, ``occupancy(of:)`` tells.
///
/// ## Wake-ups
///
/// A record wakes the reader when it is the next one to be read. A program that passes `BPF_RB_NO_WAKEUP` does not
/// wake it, nor does the record after that one unless it has `BPF_RB_FORCE_WAKEUP`; the reader finds both when it looks
/// the next time.
public final class RingBufferReader: Sendable {
  /// The maps, in the order of their indexes.
  public let maps: [LinuxMap]
  let events: BufferEvents
  private let buffers: [RingBuffer]

  /// A reader of one map.
  ///
  /// - Throws: ``BPFError`` when the map is no ring buffer, or a system call fails; nothing stays behind.
  public convenience init(_ map: LinuxMap) throws(BPFError) { try self.init([map]) }

  /// A reader of several maps.
  ///
  /// - Throws: ``BPFError`` when a map is no ring buffer, or a system call fails; nothing stays behind.
  public init(_ maps: [LinuxMap]) throws(BPFError) {
    guard let first = maps.first else { throw .refusal("a ring buffer reader", "there is no map to read") }
    var buffers: [RingBuffer] = []
    for map in maps { buffers.append(try RingBuffer(map)) }
    self.buffers = buffers
    self.maps = maps
    events = try BufferEvents(
      maps.map(\.descriptor), for: "the reader of map '\(first.name)'", first.systemCalls)
  }

  /// How full a ring buffer is.
  public struct Occupancy: Hashable, Sendable {
    /// How many bytes programs have ever reserved, with headers of 8 bytes and padding to 8.
    public var produced: UInt64
    /// How many bytes have ever been consumed.
    public var consumed: UInt64
    /// The size of the buffer in bytes.
    public var byteCount: Int
    /// The number of bytes that are not consumed yet, those of unfinished records among them.
    public var available: UInt64 { produced &- consumed }
  }

  /// How full the buffer of a map is; the numbers are of different moments when programs run or a reader reads.
  ///
  /// - Parameter index: which of ``maps``; 0 for a number that is out of range.
  public func occupancy(of index: Int = 0) -> Occupancy {
    let buffer = buffers[buffers.indices.contains(index) ? index : 0]
    // The consumer's first, so that it is not beyond the producer's.
    let consumed = buffer.consumed
    return Occupancy(produced: buffer.produced, consumed: consumed, byteCount: buffer.byteCount)
  }

  /// Hands out the records that are there, without waiting and without copying them.
  ///
  /// - Parameters:
  ///   - limit: how many records at most.
  ///   - body: gets a record, whose room is given back when it returns.
  /// - Returns: how many records were handed out.
  /// - Throws: ``BPFError`` when positions or headers cannot be right, because something else consumes the same buffer;
  ///   what was in it is given up. Reading can go on.
  @discardableResult
  public func drain(limit: Int = .max, _ body: (RawSpan) -> Void) throws(BPFError) -> Int {
    try drain(limit: limit) { record, _ in body(record) }
  }

  /// Hands out the records that are there, each with the index of its map in ``maps``.
  @discardableResult
  public func drain(limit: Int = .max, _ body: (RawSpan, _ map: Int) -> Void) throws(BPFError) -> Int {
    try events.drain { () throws(BPFError) in try consume(limit: limit, body) }
  }

  /// Waits until there are records, and hands out those that are there.
  ///
  /// - Parameters:
  ///   - timeout: how long to wait at most, `nil` without end.
  ///   - limit: how many records at most.
  ///   - body: gets a record, whose room is given back when it returns.
  /// - Returns: how many records were handed out; 0 when the time is over, or after ``stop()`` when none is left.
  /// - Throws: ``BPFError`` as ``drain(limit:_:)-(_,(RawSpan)->Void)``, or when waiting fails.
  @discardableResult
  public func read(
    timeout: Duration? = nil, limit: Int = .max, _ body: (RawSpan) -> Void
  ) throws(BPFError) -> Int {
    try read(timeout: timeout, limit: limit) { record, _ in body(record) }
  }

  /// Waits until there are records, and hands out those that are there, each with the index of its map in ``maps``.
  @discardableResult
  public func read(
    timeout: Duration? = nil, limit: Int = .max, _ body: (RawSpan, _ map: Int) -> Void
  ) throws(BPFError) -> Int {
    guard limit > 0 else { return 0 }
    return try events.read(timeout: timeout) { () throws(BPFError) in try consume(limit: limit, body) }
  }

  /// Hands out records as they come, until ``stop()``, and then those that are still there.
  ///
  /// - Throws: ``BPFError`` as ``read(timeout:limit:_:)-(_,_,(RawSpan)->Void)``.
  public func run(_ body: (RawSpan) -> Void) throws(BPFError) {
    try run { record, _ in body(record) }
  }

  /// Hands out records as they come, each with the index of its map in ``maps``, until ``stop()``.
  public func run(_ body: (RawSpan, _ map: Int) -> Void) throws(BPFError) {
    try events.run { () throws(BPFError) in try consume(limit: .max, body) }
  }

  /// Ends waiting, now and for ever; what is in the buffers can still be read. Does not wait, and may be called from
  /// anywhere and more than once.
  public func stop() { events.stop() }

  /// Whether ``stop()`` was called.
  public var isStopped: Bool { events.isStopped }

  /// The records as copies, one after another, until ``stop()`` or until the task is cancelled.
  public func records() -> BufferRecords<[UInt8]> {
    records { record in record.withUnsafeBytes { Array($0) } }
  }

  /// What a function makes of the records, until ``stop()`` or until the task is cancelled.
  ///
  /// - Parameter decode: makes an element of a record; it runs where the sequence is iterated.
  public func records<Element>(_ decode: @escaping @Sendable (RawSpan) -> Element) -> BufferRecords<Element> {
    BufferRecords(events: events) { limit, elements throws(BPFError) in
      try self.consume(limit: limit) { record, _ in elements.append(decode(record)) }
    }
  }

  private func consume(limit: Int, _ body: (RawSpan, Int) -> Void) throws(BPFError) -> BufferPass {
    var pass = BufferPass(mayWait: true)
    for index in buffers.indices {
      let part = buffers[index].consume(limit: limit - pass.count) { body($0, index) }
      pass.count += part.count
      pass.mayWait = pass.mayWait && part.mayWait
      if let skipped = part.skipped {
        throw .refusal(
          "map '\(buffers[index].name)'",
          "a record or a position in the ring buffer cannot be right, \(skipped) bytes are given up",
          advice: "another reader of the same map, here or in another process, may have moved on meanwhile")
      }
    }
    return pass
  }
}
