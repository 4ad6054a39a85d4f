/// The code that a JIT compiler has made in a process, as the compiler tells it in `/tmp/perf-PID.map`: a line for each
/// piece with its address, its size (both in base 16) and its name.
struct PerfMap {
  private struct Entry {
    var start: UInt64
    var end: UInt64
    /// The number of the line: where pieces overlap, the code of the later one replaced the earlier one's.
    var line: Int
    var name: Range<Int>
  }

  private var entries: [Entry] = []
  private var ends: [UInt64] = []
  private let text: [UInt8]

  /// How many bytes of a map are read.
  static let maximumByteCount = 1 << 30

  init(_ text: [UInt8]) {
    self.text = text
    var start = 0
    var number = 0
    while start < text.count {
      let end = text[start...].firstIndex(of: UInt8(ascii: "\n")) ?? text.count
      if let entry = Self.entry(text[start..<end], line: number) { entries.append(entry) }
      number += 1
      start = end + 1
    }
    entries.sort { ($0.start, $0.line) < ($1.start, $1.line) }
    var greatest: UInt64 = 0
    for entry in entries {
      greatest = max(greatest, entry.end)
      ends.append(greatest)
    }
  }

  private static func entry(_ line: ArraySlice<UInt8>, line number: Int) -> Entry? {
    var position = line.startIndex
    // Some compilers write 0x before the numbers.
    func skipPrefix() {
      if position + 1 < line.endIndex, line[position] == UInt8(ascii: "0"),
        line[position + 1] | 0x20 == UInt8(ascii: "x")
      {
        position += 2
      }
    }
    skipPrefix()
    guard let start = line.hexadecimalNumber(from: &position), position < line.endIndex,
      line[position] == UInt8(ascii: " ")
    else { return nil }
    position += 1
    skipPrefix()
    guard let size = line.hexadecimalNumber(from: &position), size > 0, position + 1 < line.endIndex,
      line[position] == UInt8(ascii: " ")
    else { return nil }
    let (end, overflow) = start.addingReportingOverflow(size)
    guard !overflow else { return nil }
    return Entry(start: start, end: end, line: number, name: position + 1..<line.endIndex)
  }

  /// The piece that an address is in: of several the one that was written last.
  func name(at address: UInt64) -> String? {
    var low = 0
    var high = entries.count
    while low < high {
      let middle = (low + high) / 2
      if entries[middle].start <= address { low = middle + 1 } else { high = middle }
    }
    var best: Entry?
    var index = low - 1
    // A bounded number of pieces that begin before it.
    for _ in 0..<4096 {
      guard index >= 0, ends[index] > address else { break }
      let entry = entries[index]
      if entry.end > address && entry.line >= best?.line ?? 0 { best = entry }
      index -= 1
    }
    return best.map { String(decoding: text[$0.name], as: UTF8.self) }
  }
}
