/// A path with the frame that each of its visits belongs to: a register's name says which register it is only within one.
struct LoggedPath {
  let visits: [KernelLog.Visit]
  let instructions: [LoggedInstruction]
  /// The frames in the order in which they were entered.
  private(set) var frames: [Frame] = []
  /// For each visit the index of its frame.
  private(set) var frameOf: [Int] = []
  /// For a visit that calls a function of the program, or one that calls back, the frame that it enters.
  private(set) var entered: [Int: Int] = [:]
  /// The bytes of a stack that a visit stores to.
  private(set) var stores: [Int: StackBytes] = [:]

  /// One function being run.
  struct Frame {
    /// The frame of the function that called it, `nil` where the path does not show it.
    var caller: Int?
    /// The visit that called it.
    var call: Int?
    /// Its number in the kernel's log, as in `fp[1]-8`.
    var depth: Int
    /// Its first visit.
    var start: Int
    /// The visit that left it.
    var exit: Int?
  }

  /// Bytes of the stack of a frame.
  struct StackBytes: Hashable {
    /// The index of the frame.
    var frame: Int
    /// The offset of the first from the frame pointer.
    var offset: Int
    /// How many there are.
    var size: Int

    func overlaps(_ other: StackBytes) -> Bool {
      frame == other.frame && offset < other.offset + other.size && other.offset < offset + size
    }
  }

  init(_ visits: [KernelLog.Visit]) {
    self.visits = visits
    instructions = visits.map { LoggedInstruction($0.text) }
    assignFrames()
    for index in visits.indices {
      guard let access = instructions[index].store, let bytes = stackBytes(of: access, at: index) else { continue }
      stores[index] = bytes
    }
  }

  private mutating func assignFrames() {
    guard let first = visits.first else { return }
    var current = 0
    frames.append(Frame(depth: Self.depth(first) ?? 0, start: 0))
    for (index, visit) in visits.enumerated() {
      frameOf.append(current)
      guard index + 1 < visits.count else { return }
      let next = visits[index + 1]
      if instructions[index].isCall, next.instruction != visit.instruction + 1 {
        let depth = Self.depth(next) ?? frames[current].depth + 1
        frames.append(Frame(caller: current, call: index, depth: depth, start: index + 1))
        current = frames.count - 1
        entered[index] = current
      } else if visit.text == "exit" {
        frames[current].exit = index
        if let caller = frames[current].caller {
          current = caller
        } else {
          // The path begins within a function: what called it is seen from here on.
          frames.append(Frame(depth: Self.depth(next) ?? 0, start: index + 1))
          current = frames.count - 1
        }
      }
    }
  }

  /// The number of the frame that the log gives for a visit, if it names all that is held there.
  private static func depth(_ visit: KernelLog.Visit) -> Int? { visit.before.map { min(LoggedState($0).frame, 8) } }

  /// Whether a call enters a function of the program, rather than a function that calls one back.
  func isStaticCall(_ index: Int) -> Bool { visits[index].text.hasPrefix("call pc") && entered[index] != nil }

  /// The name of the helper or kernel function that a visit calls.
  func calledName(_ index: Int) -> Substring { visits[index].text.dropFirst("call ".count).prefix { $0 != "#" } }
}

// What is held.
extension LoggedPath {
  /// The kernel's words for what a register of a frame holds before a visit.
  func holding(of register: Int, in frame: Int, before end: Int) -> Substring? {
    var register = register
    var frame = frame
    var index = end + 1
    while true {
      index -= 1
      guard index >= frames[frame].start else {
        // A function that is called back is given what its caller had, where the log does not say what it finds.
        guard let call = frames[frame].call, let caller = frames[frame].caller,
          let passed = passed(register, by: call)
        else { return nil }
        (register, frame, index) = (passed, caller, call)
        continue
      }
      guard frameOf[index] == frame else { continue }
      let subject = "R\(register)"
      let visit = visits[index]
      if index < end {
        if let after = visit.after, let entry = LoggedState(after).entries.first(where: { $0.subject == subject }) {
          return entry.contents
        }
        if instructions[index].writes.contains(register) { return nil }
      }
      if let before = visit.before { return LoggedState(before).entries.first { $0.subject == subject }?.contents }
    }
  }

  /// The bytes of a stack that an access is to, `nil` where it is to something else or the log does not say.
  private func stackBytes(of access: LoggedInstruction.MemoryAccess, at index: Int) -> StackBytes? {
    let frame = frameOf[index]
    if access.base == 10 { return StackBytes(frame: frame, offset: access.offset, size: access.size) }
    // An access names its base with what it has done, unless it has changed it.
    guard !instructions[index].writes.contains(access.base), let after = visits[index].after,
      let entry = LoggedState(after).entries.first(where: { $0.subject == "R\(access.base)" })
    else { return nil }
    return stackBytes(entry.contents, access, frame)
  }

  /// The bytes of a stack that a visit loads from.
  func loadedBytes(at index: Int) -> StackBytes? {
    guard let access = instructions[index].load else { return nil }
    if let bytes = stackBytes(of: access, at: index) { return bytes }
    let frame = frameOf[index]
    return holding(of: access.base, in: frame, before: index).flatMap { stackBytes($0, access, frame) }
  }

  /// `fp-8` within its own function, `fp[0]-8` in one that was called.
  private func stackBytes(
    _ contents: Substring, _ access: LoggedInstruction.MemoryAccess, _ frame: Int
  ) -> StackBytes? {
    stackPlace(contents, seenFrom: frame).map {
      StackBytes(frame: $0.frame, offset: $0.offset + access.offset, size: access.size)
    }
  }

  func stackPlace(_ contents: Substring, seenFrom frame: Int) -> (frame: Int, offset: Int)? {
    guard contents.hasPrefix("fp") else { return nil }
    var rest = contents.dropFirst(2)
    var owner: Int? = frame
    if rest.first == "[", let end = rest.firstIndex(of: "]"), let depth = Int(rest.dropFirst()[..<end]) {
      rest = rest[rest.index(after: end)...]
      while let candidate = owner, frames[candidate].depth != depth { owner = frames[candidate].caller }
    }
    guard let owner, let offset = Int(rest), (-512...512).contains(offset) else { return nil }
    return (owner, offset)
  }
}
