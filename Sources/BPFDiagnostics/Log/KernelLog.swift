/// The verifier's log of Linux, read line by line.
///
/// It takes any text: what it does not know it takes for a message. The log is a walk through the program, path after path,
/// so the reader keeps for each jump the place on its path, and knows which way led to the end of the log.
public struct KernelLog: Sendable {
  /// The lines that say why the program is refused, in order; empty when it is not.
  public private(set) var messages: [String] = []
  /// The number of instructions that were looked at, if the log has it.
  public private(set) var processedCount: Int?
  /// The path that led to the last instruction, oldest first.
  private(set) var path: [Visit] = []
  /// The names of global functions that were verified on their own; the last is the one at fault.
  private(set) var validatedFunction: String?

  /// An instruction on a path.
  struct Visit: Sendable {
    /// The index of its first slot.
    var instruction: Int
    /// The instruction in the kernel's notation.
    var text: Substring
    /// The source line that the log names, if any.
    var place: SourcePlace?
    /// What registers and slots held before it, where the log names all of them at this place.
    var before: Substring?
    /// What it has changed.
    var after: Substring?
    /// For a conditional jump: whether the path goes on at the target; `nil` where that is not known.
    var isTaken: Bool?
  }

  /// Reads a log.
  public init(_ text: String) {
    var reader = Reader()
    for line in text.utf8.split(separator: UInt8(ascii: "\n")) { reader.read(Substring(line)) }
    reader.finish()
    messages = reader.messages
    processedCount = reader.processedCount
    validatedFunction = reader.validatedFunction
    path = reader.pathToHere()
  }
}

extension KernelLog {
  /// The state of reading.
  private struct Reader {
    var messages: [String] = []
    var processedCount: Int?
    var validatedFunction: String?
    private var visits: [Visit] = []
    /// For each visit the one before it on its path; -1 at a beginning.
    private var parents: [Int] = []
    /// The last visit of the current path.
    private var current = -1
    /// Jumps whose other way is still to be walked: places in `visits` by instruction, the latest last.
    private var pending: [Int: [Int]] = [:]
    private var place: SourcePlace?
    private var before: Substring?
    /// Whether what the next line names is what a function finds that was called.
    private var isAtCallee = false
    private var isOver = false

    mutating func read(_ line: Substring) {
      guard !isOver, let first = line.utf8.first else { return }
      switch first {
      case UInt8(ascii: ";"): readSource(line)
      case UInt8(ascii: "0")...UInt8(ascii: "9"): readNumbered(line)
      case 0x20 where isAtCallee:
        before = Self.state(line.drop { $0 == " " })
        isAtCallee = false
      case 0x20, 0x09: break
      case UInt8(ascii: "f") where line.hasPrefix("from "): readBranch(line)
      default: readWords(line)
      }
    }

    mutating func finish() {
      // A log that is cut may end within a message; what there is, is better than nothing.
      while messages.last?.isEmpty == true { messages.removeLast() }
    }

    /// `; c text @ file.c:12`
    private mutating func readSource(_ line: Substring) {
      let text = line.dropFirst(2)
      guard let mark = text.ranges(of: " @ ").last, let colon = text[mark.upperBound...].lastIndex(of: ":"),
        let number = Int(text[text.index(after: colon)...])
      else {
        place = SourcePlace(file: "", line: 0, text: String(text))
        return
      }
      place = SourcePlace(
        file: String(text[mark.upperBound..<colon]), line: number, text: String(text[..<mark.lowerBound]))
    }

    /// `12: (85) call bpf_x#1 ; R0=…`, or `12: R0=… R1=…`
    private mutating func readNumbered(_ line: Substring) {
      guard let colon = line.firstIndex(of: ":"), let number = UInt32(line[..<colon]).map(Int.init) else {
        return readMessage(line)
      }
      let rest = line[line.index(after: colon)...].drop { $0 == " " }
      guard rest.utf8.first == UInt8(ascii: "("), rest.utf8.count > 5 else {
        // What stands at a beginning names everything; elsewhere it is what the last instruction has changed.
        guard let state = Self.state(rest) else { return }
        if current < 0 {
          before = before ?? state
        } else if before == nil {
          visits[current].after = visits[current].after ?? state
        }
        return
      }
      let body = rest.dropFirst(5)
      let mark = body.ranges(of: " ; ").last
      let text = mark.map { body[..<$0.lowerBound] } ?? body
      var trimmed = text
      // A call whose result is of no interest ends with the mark alone.
      while let last = trimmed.utf8.last, last == 0x20 || last == UInt8(ascii: ";") { trimmed.removeLast() }
      visit(
        Visit(
          instruction: number, text: trimmed, place: place, before: before, after: mark.map { body[$0.upperBound...] }))
    }

    private mutating func visit(_ visit: Visit) {
      messages.removeAll(keepingCapacity: true)
      // A jump that is followed by the next slot was not taken.
      if current >= 0, visits[current].isTaken == nil, visits[current].text.hasPrefix("if ") {
        visits[current].isTaken = visit.instruction != visits[current].instruction + 1
      }
      visits.append(visit)
      parents.append(current)
      current = visits.count - 1
      before = nil
      // A call may wait as well: for a function that is called back, or for what an iterator gives besides.
      if ["if ", "may_goto", "call "].contains(where: visit.text.hasPrefix) {
        pending[visit.instruction, default: []].append(current)
      }
    }

    /// `from 12 to 15: R0=…`
    private mutating func readBranch(_ line: Substring) {
      let words = line.split(separator: " ", maxSplits: 4)
      guard words.count >= 4, words[2] == "to", let from = UInt32(words[1]).map(Int.init),
        let target = UInt32(words[3].prefix { $0.isNumber }).map(Int.init)
      else { return readMessage(line) }
      messages.removeAll(keepingCapacity: true)
      let state = line.firstRange(of: ": ").map { line[$0.upperBound...] }
      before = state.flatMap(Self.state)
      // From the end of a function back to where it was called: the path goes on.
      if current >= 0, visits[current].instruction == from, visits[current].text == "exit" { return }
      guard let origin = pending[from]?.popLast() else {
        // The way to an instruction that was never shown: the path begins here.
        current = -1
        return
      }
      // The other way of the same jump is another visit, since the first may be on paths that were kept.
      var copy = visits[origin]
      copy.isTaken = copy.text.hasPrefix("call ") ? nil : target != from + 1
      copy.after = nil
      visits.append(copy)
      parents.append(parents[origin])
      current = visits.count - 1
    }

    private mutating func readWords(_ line: Substring) {
      if line.hasPrefix("processed ") {
        processedCount = line.split(separator: " ").dropFirst().first.flatMap { Int($0) }
        isOver = true
        return
      }
      if line.hasPrefix("Validating "), let end = line.firstRange(of: "()") {
        validatedFunction = String(line[line.index(line.startIndex, offsetBy: 11)..<end.lowerBound])
        current = -1
        pending = [:]
        messages.removeAll(keepingCapacity: true)
        return
      }
      if line.hasPrefix("callee:") { isAtCallee = true }
      if KernelLog.isNoise(line) { return }
      // Some messages end without a new line.
      if line.hasSuffix(" mark_read 0"), let counts = line.firstRange(of: "processed ") {
        readMessage(line[..<counts.lowerBound])
        return readWords(line[counts.lowerBound...])
      }
      readMessage(line)
    }

    private static func state(_ text: Substring) -> Substring? {
      text.hasPrefix("R") || text.hasPrefix("frame") ? text : nil
    }

    private mutating func readMessage(_ line: Substring) {
      guard messages.count < 64 else { return }
      var text = line
      while text.last == " " { text.removeLast() }
      messages.append(String(text))
    }

    func pathToHere() -> [Visit] {
      var path: [Visit] = []
      var index = current
      while index >= 0 {
        path.append(visits[index])
        index = parents[index]
      }
      return path.reversed()
    }
  }

  /// Lines that are part of the trace and say nothing about a refusal.
  private static func isNoise(_ line: Substring) -> Bool {
    let beginnings = [
      "func#", "mark_precise:", "last_idx ", "regs=", "parent ", "caller:", "callee:", "returning from callee:",
      "to caller at ", "propagating ", "Live regs before insn", "verification time ", "stack depth ", "Func#", "SCC ",
      "live stack update", "(", "insn_array", "BPF program name", "-- BEGIN PROG LOAD LOG --",
      "-- END PROG LOAD LOG --",
    ]
    return beginnings.contains { line.hasPrefix($0) }
      || line.contains("reference type('UNKNOWN ') size cannot be determined")
  }
}
