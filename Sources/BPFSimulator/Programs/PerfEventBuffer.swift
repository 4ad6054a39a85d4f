/// The buffer of a perf event of type `PERF_COUNT_SW_BPF_OUTPUT`: the records that `bpf_perf_event_output` writes on one
/// CPU, until user space takes them.
///
/// Unchecked: a machine and all that belongs to it are used by one thread at a time.
public final class PerfEventBuffer: @unchecked Sendable {
  /// The CPU whose programs write here.
  public let cpu: Int
  /// The records, oldest first, with the bytes that the program gave and without the padding that Linux puts behind.
  public private(set) var records: [[UInt8]] = []
  /// The size of the buffer in bytes.
  public let capacity: Int
  /// The number of records for which there was no room.
  public private(set) var lostCount = 0
  private var usedBytes = 0

  init(cpu: Int, capacity: Int) {
    self.cpu = cpu
    self.capacity = capacity
  }

  /// Appends a record; `false` when there is no room and it is lost.
  func append(_ record: [UInt8]) -> Bool {
    // A header of 8 bytes, the size in 4, the record, padding to 8. One byte always stays free, as in Linux.
    let byteCount = 8 + (4 + record.count + 7) / 8 * 8
    guard usedBytes + byteCount < capacity else {
      lostCount += 1
      return false
    }
    usedBytes += byteCount
    records.append(record)
    return true
  }

  /// Takes all records, oldest first.
  public func drain() -> [[UInt8]] {
    defer {
      records = []
      usedBytes = 0
    }
    return records
  }
}
