/// A call that is open: which function, where it was called from, and what kind of call it is.
struct Frame: BitwiseCopyable {
  /// The index of the call; -1 in an entry.
  var callSite: Int32 = -1
  /// The index of the function.
  var function: Int32 = 0
  /// The number of stack slots in use, from the frame pointer down.
  var slotCount: Int32 = 0
  /// The rounds of the callback that the frame waits for.
  var callbackDepth: UInt32 = 0
  /// Which asynchronous entry the frame is of; entries of different number never loop into each other.
  var asynchronousEntry: UInt32 = 0
  /// The function under its chain of calls, for what is live in stacks.
  var instance: Int32 = -1
  /// Whether the frame is a callback's.
  var isCallback = false
  /// Whether the frame is the entry of an asynchronous callback.
  var isAsynchronous = false
  /// Whether the frame is that of the exception callback.
  var isException = false
  /// What the callback may return.
  var returns: Interval<Int32> = Interval(0, 0)
  /// How the frame's callback is called, which decides what its caller does when it returns.
  var callback: CallbackKind = .none
  /// The registers that a cached state keeps, one bit each.
  var keptRegisters: UInt16 = 0

  init() {}
}

/// The kinds of calls of a callback.
enum CallbackKind: UInt8 {
  case none
  case loop
  case mapElement
  case virtualMemoryArea
  case userRingBuffer
  case treeAdd
  case timer
  case workQueue
  case taskWork
}

/// Something that the program has acquired and must give back.
struct AcquiredReference: BitwiseCopyable {
  enum Kind: UInt8 {
    case object
    case spinLock
    case resilientSpinLock
    case resilientSpinLockWithInterrupts
    case interruptFlag

    var isLock: Bool { self == .spinLock || isResilientLock }
    var isResilientLock: Bool { self == .resilientSpinLock || self == .resilientSpinLockWithInterrupts }
  }
  var kind: Kind
  /// The id that registers which belong to it carry as ``RegisterState/reference``.
  var id: UInt32
  /// The index of the instruction that acquired it.
  var instruction: Int32
  /// What a lock is in: a map's index or the id of an object.
  var owner: UInt32
}

/// What is true of a whole state, besides its frames.
struct StateRegions: BitwiseCopyable, Equatable {
  var lockCount: UInt32 = 0
  /// The id of the innermost lock.
  var activeLock: UInt32 = 0
  var activeLockOwner: UInt32 = 0
  /// The id of the innermost section with interrupts off.
  var interruptID: UInt32 = 0
  var rcuDepth: UInt32 = 0
  var preemptionDepth: UInt32 = 0
}
