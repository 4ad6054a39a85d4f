internal import BPFInstructions
internal import BPFObject
internal import BPFTypeFormat

/// A program's code, decoded and looked over once: what each instruction is, where it leads, which function it is of.
struct CodeTable {
  /// The instruction that begins at each slot; nil for the second slot of a 64-bit load.
  var instructions: [DecodedInstruction?]
  /// What is known of each slot besides.
  var facts: [InstructionFacts]
  /// The functions in the order of their first instructions.
  var functions: [FunctionFacts]
  /// The number of arguments that the call at each slot reads: five where it is not known.
  var argumentCounts: [UInt8]
  /// From where control comes to each slot.
  let predecessors: Predecessors

  /// The function that begins at a slot.
  func function(at start: Int) -> Int? {
    var low = 0
    var high = functions.count
    while low < high {
      let middle = (low + high) / 2
      if functions[middle].start < start { low = middle + 1 } else { high = middle }
    }
    return low < functions.count && functions[low].start == start ? low : nil
  }
}

/// What is known of one slot before the walk.
struct InstructionFacts: BitwiseCopyable {
  /// States are compared, and kept, before this instruction.
  var isPrunePoint = false
  /// It can be reached by other ways than from the slot before.
  var isJumpPoint = false
  /// A state is kept at each visit.
  var isForcedCheckpoint = false
  /// It calls a function that calls back before it returns.
  var callsBack = false
  /// Its place is in a loop.
  var component: Int32 = 0
  /// The registers whose values may be read from here on, one bit each.
  var liveBefore: UInt16 = 0
  /// The index of the function.
  var function: Int32 = 0
  /// The kind of pointer that a load or a store was seen to go through, 0 for none so far.
  var pointerKind: UInt32 = 0
}

/// One function of the program.
struct FunctionFacts {
  var name: String
  var start: Int
  var end: Int
  /// Whether it is verified on its own, by its types, and not at each call.
  var isGlobal: Bool
  var type: BTFTypeID?
  /// Whether it is called back by something that the program calls.
  var isCallback = false
  var isAsynchronousCallback = false
  var isExceptionCallback = false
  /// The deepest byte of its stack that was used, filled in by the walk.
  var stackDepth = 0
  var wasCalled = false
  /// Effects outside, of it and of what it calls.
  var changesPacket = false
  var mightSleep = false
  var hasTailCall = false
  var hasLoadAbsolute = false
}

extension DecodedInstruction {
  /// The slot that a jump at a slot leads to.
  func jumpTarget(at index: Int) -> Int? {
    switch self {
    case .jumpIf(_, _, _, _, let offset), .goto(let offset), .mayGoto(let offset): index + 1 + Int(offset)
    case .gotoLong(let offset): index + 1 + Int(offset)
    default: nil
    }
  }

  /// Where control can go from a slot, within its function; the slots may be outside of a program that is wrong.
  func successors(at index: Int) -> (next: Int?, target: Int?) {
    (continues ? index + slotCount : nil, jumpTarget(at: index))
  }

  /// Whether control may go on at the next instruction.
  var continues: Bool {
    switch self {
    case .goto, .gotoLong, .exit: false
    default: true
    }
  }
}
