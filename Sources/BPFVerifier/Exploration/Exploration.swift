internal import BPFInstructions
internal import BPFObject
internal import BPFTypeFormat

/// That the walk has come to its end by a fault; what it is stands in ``Exploration/rejection``.
struct Stop: Error {}

/// The walk over a program: the state that is being walked, the states kept, and the branches that wait.
struct Exploration: ~Copyable {
  static let maximumFrames = 8
  static let registerCount = 11
  static let slotCount = 64
  /// How many instructions a number is traced back through before the next kept state, where Linux, which keeps states
  /// at jumps alone, goes back as far as the program is long, each time.
  static let longestWay = 1024

  let program: VerifiedInput
  let options: VerifierOptions
  let observer: ((ObservedState) -> Void)?
  var code: CodeTable

  // The state that is being walked: as many frames as have ever been open.
  var registers = Buffer<RegisterState>(capacity: Self.registerCount)
  var slots = Buffer<StackSlot>(capacity: Self.slotCount)
  var frames = Buffer<Frame>(capacity: 2)
  /// The index of the innermost frame.
  var frame = 0
  var references: [AcquiredReference] = []
  var regions = StateRegions()
  var parent: Int32 = -1
  var firstInstruction: Int32 = 0
  var mayGotoDepth: UInt32 = 0
  var callbackUnrolls: UInt32 = 0
  var isSleepable = false
  var history = Buffer<HistoryEntry>(capacity: 48)
  /// The index in the history of the current instruction's entry, -1 while there is none.
  var currentEntry = -1

  // Where the walk is.
  var instruction = 0
  var previous = -1
  /// The instructions that were walked since the last kept state or waiting branch.
  var wayLength = 0
  var asynchronousEntries: UInt32 = 0
  var lastID: UInt32 = 0
  /// Instructions that a path came by, which need the registers whole.
  var entryKind = EntryKind.main

  /// What each instruction was seen to access.
  var accesses: Buffer<AccessedMemory>

  // What is kept.
  var states = Buffer<StateRecord>(capacity: 32)
  var freeStates: [Int32] = []
  var pool = WordPool()
  /// The first state of each list, -1 for none; see ``list(of:)``.
  var heads: Buffer<Int32>
  var pending = Buffer<PendingBranch>(capacity: 16)
  /// The first of the loops stands for none.
  var loops = Buffer<LoopRecord>(repeating: LoopRecord(whole: 0, entry: -1, depth: 0, isFinished: true), count: 1)
  var backEdges = Buffer<BackEdge>(capacity: 8)
  /// States that no list has any more, and that loops which are not finished still need.
  var dropped = Buffer<Int32>(capacity: 8)
  /// Whether tracing has marked anything that was not marked before.
  var marksAdded = false

  // Counts.
  var statistics = VerificationStatistics()
  var jumps = 0
  var jumpsAtCheckpoint = 0
  var instructionsAtCheckpoint = 0
  var liveStates = 0

  // Room for comparisons and for tracking precision, used again and again.
  var identities = Buffer<IdentityPair>(capacity: 16)
  var identityCounter: UInt32 = 0
  var tracker = PrecisionTracker()
  var stackLiveness = StackLiveness()

  /// The layouts of structures that were looked at.
  var layouts: [UInt64: ObjectLayout] = [:]
  /// What the kernel manages in objects of the program, by type.
  var ownObjectFields: [UInt32: OwnObjectFields] = [:]
  /// The iterator that the current call is about.
  var iteratorPlace: (frame: Int, slot: Int)?

  var rejection: Rejection?
  var log: VerifierLog

  /// What the walk began with.
  enum EntryKind {
    case main
    case global
  }

  init(
    _ program: VerifiedInput, code: CodeTable, options: VerifierOptions, observer: ((ObservedState) -> Void)?
  ) {
    self.program = program
    self.code = code
    self.options = options
    self.observer = observer
    heads = Buffer(repeating: -1, count: code.instructions.count)
    accesses = Buffer(repeating: [], count: code.instructions.count)
    log = VerifierLog(
      start: options.log == .none ? nil : options.instructionsBeforeLog, keepsPaths: options.log == .allPaths,
      limit: options.limits.logBytes)
  }

  /// A register of the innermost frame.
  @inline(__always)
  subscript(_ register: Register) -> RegisterState {
    get { registers[frame * Self.registerCount + Int(register.rawValue)] }
    set { registers[frame * Self.registerCount + Int(register.rawValue)] = newValue }
  }

  @inline(__always)
  static func place(_ frame: Int, _ register: Int) -> Int { frame * registerCount + register }

  @inline(__always)
  static func slotPlace(_ frame: Int, _ slot: Int) -> Int { frame * slotCount + slot }

  @inline(__always)
  mutating func newID() -> UInt32 {
    lastID += 1
    return lastID
  }

  /// Notes a fault: the result is to be thrown.
  @inline(never)
  mutating func reject(_ message: String, _ errno: Int32, _ cause: Rejection.Cause) -> Stop {
    if rejection == nil {
      rejection = Rejection(message: message, errno: errno, instruction: instruction, cause: cause)
    }
    return Stop()
  }

  /// Notes that something is not modelled.
  @inline(never)
  mutating func unsupported(_ what: String) -> Stop {
    reject("not modelled: \(what)", .notSupported, .unsupported(what))
  }

  /// Adds a line above the message of a fault, as the kernel writes it.
  mutating func prefixMessage(_ line: String) {
    if let message = rejection?.message { rejection?.message = line + "\n" + message }
  }

  /// Begins a frame: no register holds anything but the frame pointer, the stack is empty.
  mutating func openFrame(_ index: Int, _ header: Frame) {
    if index == frames.count {
      frames.append(header)
      registers.extend(by: Self.registerCount, repeating: .uninitialized)
      slots.extend(by: Self.slotCount, repeating: .invalid)
    }
    frames[index] = header
    frames[index].instance = stackLiveness.instance(
      outer: index > 0 ? frames[index - 1].instance : -1, callSite: header.callSite,
      code.functions[Int(header.function)])
    for register in 0..<10 { registers[Self.place(index, register)] = .uninitialized }
    registers[Self.place(index, 10)] = RegisterState(kind: .stack, object: UInt32(index))
    frame = index
  }

  /// Makes the stack of a frame at least so deep, in slots.
  @inline(__always)
  mutating func growStack(_ frame: Int, to count: Int) {
    var used = Int(frames[frame].slotCount)
    guard used < count else { return }
    while used < count {
      slots[Self.slotPlace(frame, used)] = .invalid
      used += 1
    }
    frames[frame].slotCount = Int32(count)
    let function = Int(frames[frame].function)
    if code.functions[function].stackDepth < count * 8 { code.functions[function].stackDepth = count * 8 }
  }

  /// The list of the states that are kept for an instruction under the call that the innermost frame is of.
  ///
  /// Now and then others are in it as well, as in Linux: which states are looked at together decides when one is kept.
  @inline(__always)
  func list(of instruction: Int) -> Int {
    let key = UInt32(bitPattern: Int32(truncatingIfNeeded: instruction) ^ frames[frame].callSite)
    return Int(key % UInt32(truncatingIfNeeded: heads.count))
  }

  // MARK: History

  /// Adds to the history of the current instruction, making its entry if it has none.
  @inline(__always)
  mutating func record(access: UInt32 = 0, linked: UInt64 = 0) {
    if currentEntry >= 0 {
      history[currentEntry].access |= access
      if linked != 0 { history[currentEntry].linked = linked }
      return
    }
    currentEntry = history.count
    history.append(
      HistoryEntry(
        instruction: UInt32(instruction), previous: UInt32(bitPattern: Int32(previous)), access: access, linked: linked)
    )
  }
}

/// Ids of two states that stand for each other.
struct IdentityPair: BitwiseCopyable {
  var old: UInt32
  var current: UInt32
}
