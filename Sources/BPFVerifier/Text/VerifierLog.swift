internal import BPFInstructions
internal import BPFObject

/// The log in the kernel's form. Of one that is longer than a limit the end is kept, which says why a program is refused.
struct VerifierLog {
  /// The number of instructions after which anything is written.
  let start: Int
  /// Whether paths stay in the log that have come to a good end.
  let keepsPaths: Bool
  private let limit: Int
  private(set) var isWritten = false
  private var bytes: [UInt8] = []
  /// The bytes in front of those that are still there.
  private var dropped = 0
  /// The length of the log behind an instruction's line, and the length of that line: what it has done is added there as
  /// long as nothing else was written.
  private var instructionLine: (end: Int, width: Int)?
  /// The length that the log had when each branch that waits was put aside.
  private var branches: [Int] = []

  /// The registers of the innermost frame that were used since states were written, one bit each.
  var registers: UInt16 = 0
  /// The slots of a stack that were used since.
  var slots: UInt64 = 0
  /// How the walk has come to the next instruction.
  var arrival = Arrival.straight
  /// The line of the source that was written last.
  var source: Program.SourceLine?
  /// What a stack held before a call, and how many branches waited.
  var beforeCall: (slots: [StackSlot], pending: Int)?

  /// How the walk has come to an instruction.
  enum Arrival {
    case straight
    /// From the exit of a function that was called.
    case returned
    /// From a branch that waited.
    case resumed
  }

  /// A log.
  ///
  /// - Parameters:
  ///   - start: the number of processed instructions from which on it is written, nil for none.
  ///   - keepsPaths: whether paths stay in it that have come to a good end.
  ///   - limit: its length in bytes.
  init(start: Int?, keepsPaths: Bool, limit: Int) {
    self.start = start ?? .max
    self.keepsPaths = keepsPaths
    self.limit = limit
    isWritten = start == 0
  }

  /// Whether there is a log at all, now or later.
  var isWanted: Bool { start != .max }

  private var length: Int { dropped + bytes.count }

  /// The log so far, or its end.
  var contents: String {
    guard length > limit else { return String(decoding: bytes, as: UTF8.self) }
    // It begins with a whole line.
    let end = bytes.suffix(limit)
    let line = end.firstIndex(of: UInt8(ascii: "\n")).map { end[($0 + 1)...] } ?? []
    return String(decoding: line, as: UTF8.self)
  }

  /// Begins to write in the middle of a walk.
  mutating func begin() {
    isWritten = true
    useEverything()
  }

  /// A branch is put aside.
  mutating func notePush() { branches.append(length) }

  /// A branch that waited is taken up: what was written since goes, unless all paths are to stay.
  mutating func notePop() {
    guard let length = branches.popLast(), !keepsPaths else { return }
    bytes.removeLast(min(max(self.length - length, 0), bytes.count))
    instructionLine = nil
  }

  /// A walk has come to a good end: what was written goes, unless all paths are to stay.
  mutating func noteEnd() {
    guard !keepsPaths else { return }
    dropped += bytes.count
    bytes.removeAll()
    instructionLine = nil
  }

  mutating func write(_ line: String) {
    guard isWritten else { return }
    if bytes.count > 2 * limit + 1024 {
      dropped += bytes.count - limit
      bytes.removeFirst(bytes.count - limit)
    }
    bytes += line.utf8
    bytes.append(UInt8(ascii: "\n"))
  }

  /// Writes an instruction, to whose line what it does can be added.
  mutating func writeInstruction(_ line: String) {
    write(line)
    instructionLine = (length, line.utf8.count)
  }

  /// Writes what has come of an instruction: in its line, or in one of its own that names the next.
  mutating func writeOutcome(_ state: String, before next: Int) {
    (registers, slots) = (0, 0)
    guard let line = instructionLine, line.end == length else { return write("\(next):\(state)") }
    bytes.removeLast()
    write(String(repeating: " ", count: Self.padding(line.width)) + ";" + state)
  }

  /// Writes what the verification took.
  mutating func write(_ statistics: VerificationStatistics, limit: Int) {
    guard isWritten else { return }
    write(
      "processed \(statistics.processedInstructions) insns (limit \(limit)) "
        + "max_states_per_insn \(statistics.maximumStatesPerInstruction) total_states \(statistics.totalStates) "
        + "peak_states \(statistics.peakStates) mark_read 0")
  }

  /// Everything that a state holds counts as used.
  mutating func useEverything() { (registers, slots) = (.max, .max) }

  /// The spaces behind an instruction: states begin at a column that is a multiple of eight, not before the fortieth.
  private static func padding(_ width: Int) -> Int {
    let column = max(width + 5, 40)
    return (column + 7) / 8 * 8 - width - 2
  }
}
