import BPFObject
import Synchronization
import SystemPackage

/// Reads the records that programs put into a perf event array (`BPF_MAP_TYPE_PERF_EVENT_ARRAY`) with
/// `bpf_perf_event_output`, one ring for each CPU.
///
///     let reader = try PerfBufferReader(loaded.map("events"))
///     try reader.run { record, cpu in total += record.byteCount } lost: { count, cpu in missing += count }
///
/// The reader opens an event on each CPU that is online, and puts it into the map, where it stays as long as the reader lives.
/// A CPU that comes online later has no ring, and programs on it get an error. Records of one CPU come in order; between
/// CPUs there is none. A record is as long as the program made it, rounded up such that four bytes more are a multiple of
/// eight: the kernel does not say what is padding.
///
/// Records for which a ring has no room are counted by the kernel, and handed out in their place among the others, and
/// in sum as ``lostCount``.
///
/// A reader is used from one place at a time, and a second one is refused; ``stop()`` and the counts may be used from
/// anywhere.
public final class PerfBufferReader: Sendable {
  /// The map.
  public let map: LinuxMap
  private let rings: [PerfRing]
  private let events: BufferEvents

  /// Opens the rings.
  ///
  /// - Parameters:
  ///   - map: a perf event array, whose elements are replaced.
  ///   - byteCountPerCPU: the size of each ring, rounded up to a power of two of pages; at most 1 GiB.
  /// - Throws: ``BPFError`` when the map is of another type, or a system call fails; nothing stays behind.
  public init(_ map: LinuxMap, byteCountPerCPU: Int = 64 << 10) throws(BPFError) {
    let subject = "map '\(map.name)'"
    guard map.type == .perfEventArray else {
      throw .refusal(
        subject, "it is no perf event array", advice: "the map's type has to be BPF_MAP_TYPE_PERF_EVENT_ARRAY")
    }
    guard (1...1 << 30).contains(byteCountPerCPU) else {
      throw .refusal(subject, "a ring cannot have \(byteCountPerCPU) bytes", advice: "take 1 to 1073741824")
    }
    var byteCount = RunningKernel.pageSize
    while byteCount < byteCountPerCPU { byteCount *= 2 }
    let kernel = LinuxKernel(systemCalls: map.systemCalls)
    // A software counter that counts nothing but what programs put out; every record wakes.
    let attributes = PerfEventAttributes(type: 1, config: 10, samplePeriod: 1, sampleType: 1 << 10, wakeupEvents: 1)
    var rings: [PerfRing] = []
    for cpu in try kernel.onlineCPUs() where cpu < map.maxEntries {
      let event: Descriptor
      do throws(BPFError) {
        event = try kernel.openPerfEvent(attributes, pid: -1, cpu: Int32(truncatingIfNeeded: cpu))
      } catch {
        // ENODEV: it has gone offline since.
        guard error.errno?.rawValue == 19 else { throw error }
        continue
      }
      do throws(Errno) {
        rings.append(try PerfRing(event, cpu: cpu, byteCount: byteCount, map.systemCalls))
      } catch {
        throw BPFError(
          subject, .systemCall("mmap", error),
          advice: error == .notPermitted
            ? "raise kernel.perf_event_mlock_kb or the limit of locked memory (ulimit -l)" : "")
      }
    }
    guard !rings.isEmpty else { throw .refusal(subject, "it has no element for a CPU that is online") }
    events = try BufferEvents(rings.map(\.event), for: "the reader of \(subject)", map.systemCalls)
    var filled: [Int] = []
    for ring in rings {
      do throws(BPFError) {
        try map.updateElement(Self.bytes(UInt32(ring.cpu)), to: Self.bytes(ring.event.rawValue))
        filled.append(ring.cpu)
      } catch {
        for cpu in filled { try? map.deleteElement(Self.bytes(UInt32(cpu))) }
        throw error
      }
    }
    self.rings = rings
    self.map = map
  }

  deinit {
    // The map would keep the events, and programs would fill rings that nobody reads.
    for ring in rings { try? map.deleteElement(Self.bytes(UInt32(ring.cpu))) }
  }

  private static func bytes<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
    withUnsafeBytes(of: number) { Array($0) }
  }

  /// The CPUs that have a ring, in ascending order.
  public var cpus: [Int] { rings.map(\.cpu) }

  /// How many records had no room and were reported as lost so far, on all CPUs.
  public var lostCount: UInt64 { lostCounts.reduce(0) { $0 &+ $1.count } }

  /// How many records had no room and were reported as lost so far, by CPU.
  public var lostCounts: [(cpu: Int, count: UInt64)] {
    rings.map { (cpu: $0.cpu, count: $0.lost.load(ordering: .relaxed)) }
  }

  /// Hands out the records that are there, without waiting; only those that go beyond a ring's end are copied.
  ///
  /// - Parameters:
  ///   - limit: how many records at most.
  ///   - body: gets a record and its CPU. The record's room is given back when it returns.
  ///   - lost: gets the number of records that were lost in a row, and their CPU.
  /// - Returns: how many records were handed out.
  /// - Throws: ``BPFError`` when the memory of a ring holds what the kernel does not write; what was in it is given up.
  @discardableResult
  public func drain(
    limit: Int = .max, _ body: (RawSpan, _ cpu: Int) -> Void, lost: (UInt64, _ cpu: Int) -> Void = { _, _ in }
  ) throws(BPFError) -> Int {
    try events.drain { () throws(BPFError) in try consume(limit: limit, body, lost) }
  }

  /// Waits until there are records, and hands out those that are there.
  ///
  /// - Parameters:
  ///   - timeout: how long to wait at most, `nil` without end.
  ///   - limit: how many records at most.
  ///   - body: gets a record and its CPU. The record's room is given back when it returns.
  ///   - lost: gets the number of records that were lost in a row, and their CPU.
  /// - Returns: how many records were handed out; 0 when the time is over, or after ``stop()`` when none is left.
  /// - Throws: ``BPFError`` as ``drain(limit:_:lost:)``, or when waiting fails.
  @discardableResult
  public func read(
    timeout: Duration? = nil, limit: Int = .max, _ body: (RawSpan, _ cpu: Int) -> Void,
    lost: (UInt64, _ cpu: Int) -> Void = { _, _ in }
  ) throws(BPFError) -> Int {
    guard limit > 0 else { return 0 }
    return try events.read(timeout: timeout) { () throws(BPFError) in try consume(limit: limit, body, lost) }
  }

  /// Hands out records as they come, until ``stop()``, and then those that are still there.
  public func run(
    _ body: (RawSpan, _ cpu: Int) -> Void, lost: (UInt64, _ cpu: Int) -> Void = { _, _ in }
  ) throws(BPFError) {
    try events.run { () throws(BPFError) in try consume(limit: .max, body, lost) }
  }

  /// Ends waiting, now and for ever; what is in the rings can still be read. Does not wait, and may be called from
  /// anywhere and more than once.
  public func stop() { events.stop() }

  /// Whether ``stop()`` was called.
  public var isStopped: Bool { events.isStopped }

  /// A record, or the news that some were lost.
  public enum Element<Record> {
    /// What was made of a record, and its CPU.
    case record(Record, cpu: Int)
    /// So many records had no room in the ring of a CPU.
    case lost(UInt64, cpu: Int)
  }

  /// The records as copies, until ``stop()`` or until the task is cancelled.
  public func records() -> BufferRecords<Element<[UInt8]>> {
    records { record, _ in record.withUnsafeBytes { Array($0) } }
  }

  /// What a function makes of the records, until ``stop()`` or until the task is cancelled.
  ///
  /// - Parameter decode: makes an element of a record and its CPU; it runs where the sequence is iterated.
  public func records<Record>(
    _ decode: @escaping @Sendable (RawSpan, _ cpu: Int) -> Record
  ) -> BufferRecords<Element<Record>> {
    BufferRecords(events: events) { limit, elements throws(BPFError) in
      var taken: [Element<Record>] = []
      defer { elements += taken }
      return try self.consume(limit: limit) { record, cpu in
        taken.append(.record(decode(record, cpu), cpu: cpu))
      } _: { count, cpu in
        taken.append(.lost(count, cpu: cpu))
      }
    }
  }

  private func consume(
    limit: Int, _ body: (RawSpan, Int) -> Void, _ lost: (UInt64, Int) -> Void
  ) throws(BPFError) -> BufferPass {
    var pass = BufferPass(mayWait: true)
    for ring in rings {
      let cpu = ring.cpu
      let part = ring.consume(limit: limit - pass.count) {
        lost($0, cpu)
      } _: {
        body($0, cpu)
      }
      pass.count += part.count
      pass.mayWait = pass.mayWait && part.mayWait
      if let skipped = part.skipped {
        throw .refusal(
          "map '\(map.name)'",
          "a record or a position in the ring of CPU \(cpu) cannot be right, \(skipped) bytes are given up")
      }
    }
    return pass
  }
}
