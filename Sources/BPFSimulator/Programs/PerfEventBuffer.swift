/// The records that `bpf_perf_event_output` has written for one CPU.
///
/// Unchecked: a machine and all that belongs to it are used by one thread at a time.
public final class PerfEventBuffer: @unchecked Sendable {
  /// The CPU whose programs write here.
  public let cpu: Int
  /// The raw records, oldest first.
  public private(set) var records: [[UInt8]] = []
  /// The greatest number of bytes that wait to be read.
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
    guard usedBytes + record.count <= capacity else {
      lostCount += 1
      return false
    }
    usedBytes += record.count
    records.append(record)
    return true
  }

  /// Takes all records.
  public func drain() -> [[UInt8]] {
    defer {
      records = []
      usedBytes = 0
    }
    return records
  }
}
