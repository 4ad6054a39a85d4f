/// A state that is kept: for comparison at its instruction, and as the past of the states that go on from it.
struct StateRecord: BitwiseCopyable {
  /// The state that this one goes on from, -1 for none.
  var parent: Int32 = -1
  /// The next state that is kept for the same instruction, -1 for none.
  var next: Int32 = -1
  /// The paths from here that are not walked to their end.
  var branches: Int32 = 0
  /// The instruction before which the state is, the one with which the way from the parent began, and the last before here.
  var instruction: Int32 = 0
  var firstInstruction: Int32 = 0
  var lastInstruction: Int32 = 0
  /// Where the contents are in the pool, and their length in words.
  var contents = 0
  var contentWords: Int32 = 0
  /// Where the history of the way from the parent is in the pool, and its entries.
  var history = 0
  var historyCount: Int32 = 0
  var hits: Int32 = 0
  var misses: Int32 = 0
  /// Whether no list has it any more; it is freed when its last path ends.
  var isDropped = false
  /// The last loop that it was found to be in, 0 for none: marks of what matters may be missing until that is finished.
  var loop: Int32 = 0
  /// How many states are on the way to this one.
  var depth: Int32 = 0
  /// Whether slots that no path from here reads have been forgotten.
  var isCleaned = false
  /// What of all the registers of the innermost frame there was, those that no longer matter included.
  var fingerprint: UInt64 = 0
  var mayGotoDepth: UInt32 = 0
  var callbackUnrolls: UInt32 = 0
  var isSleepable = false
}

/// A step on the way of a state that is not simply to the next slot, or that touched a stack slot or linked scalars.
struct HistoryEntry: BitwiseCopyable {
  var instruction: UInt32
  var previous: UInt32
  /// 0, or the frame and slot of an access of a spilled register, with the highest bit set.
  var access: UInt32
  var reserved: UInt32 = 0
  /// Registers and slots that were narrowed together: six entries of ten bits and their count.
  var linked: UInt64

  static let accessFlag: UInt32 = 1 << 31
  static func access(frame: Int, slot: Int) -> UInt32 { accessFlag | UInt32(frame) << 8 | UInt32(slot) }
  var accessFrame: Int { Int(access >> 8 & 0xff) }
  var accessSlot: Int { Int(access & 0xff) }
}

/// A branch that waits to be walked.
struct PendingBranch: BitwiseCopyable {
  var instruction: Int32
  var previous: Int32
  var contents: Int
  var contentWords: Int32
  var history: Int
  var historyCount: Int32
  var parent: Int32
  var firstInstruction: Int32
  var mayGotoDepth: UInt32
  var callbackUnrolls: UInt32
  var isSleepable: Bool
  /// What is still to be done when it is walked.
  var resumption: Resumption

  enum Resumption: UInt8 {
    case none
    /// The condition at ``previous`` held.
    case taken
    /// Another round of a loop whose rounds are bounded by something else than the program's numbers.
    case round
  }
}

/// The last linked registers that one entry of a history can have.
struct LinkedRegisters: BitwiseCopyable {
  private(set) var packed: UInt64 = 0

  init() {}
  init(packed: UInt64) { self.packed = packed }

  var count: Int { Int(packed & 0xf) }
  static let limit = 6

  /// Adds a register or a slot; false when there is no more room.
  mutating func append(frame: Int, index: Int, isRegister: Bool) -> Bool {
    let position = count
    guard position < Self.limit else { return false }
    let entry = UInt64(frame) | UInt64(index) << 3 | (isRegister ? 1 << 9 : 0)
    packed = packed & ~0xf | UInt64(position + 1) | entry << UInt64(4 + position * 10)
    return true
  }

  func entry(_ position: Int) -> (frame: Int, index: Int, isRegister: Bool) {
    let entry = packed >> UInt64(4 + position * 10)
    return (Int(entry & 7), Int(entry >> 3 & 63), entry >> 9 & 1 == 1)
  }
}
