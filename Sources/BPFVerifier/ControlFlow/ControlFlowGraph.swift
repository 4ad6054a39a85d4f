internal import BPFInstructions
internal import BPFObject
internal import BPFTypeFormat

extension CodeTable {
  /// Where control can go from a slot, within its function.
  func successors(of index: Int) -> (next: Int?, target: Int?) {
    instructions[index]?.successors(at: index) ?? (nil, nil)
  }

  /// Checks that each instruction can be reached, and marks the places at which states are compared.
  mutating func analyzeControlFlow(callsBack: (Int) -> CallbackTiming) throws(Rejection) {
    var isReached = [Bool](repeating: false, count: instructions.count)
    // A function for exceptions is entered without a call.
    var pending = [0] + functions.filter(\.isExceptionCallback).map(\.start)
    for index in pending { isReached[index] = true }
    func reach(_ index: Int) {
      if instructions.indices.contains(index), !isReached[index] {
        isReached[index] = true
        pending.append(index)
      }
    }
    while let index = pending.popLast() {
      guard let instruction = instructions[index] else { continue }
      let (next, target) = successors(of: index)
      if let next { reach(next) }
      if let target { reach(target) }
      switch instruction {
      case .call(.local(let offset)), .loadWide(_, .function(let offset)): reach(index + 1 + Int(offset))
      default: break
      }
      markPoints(at: index, instruction, callsBack(index))
    }
    for (index, instruction) in instructions.enumerated() {
      if let instruction {
        guard isReached[index] else {
          throw Rejection(
            message: "unreachable insn \(index)", errno: .invalidArgument, instruction: index, cause: .unreachable)
        }
        _ = instruction
      } else if isReached[index] {
        throw Rejection(
          message: "jump into the middle of ldimm64 insn \(index - 1)", errno: .invalidArgument,
          instruction: index - 1, cause: .jumpOutOfRange(target: index))
      }
    }
    computeLiveRegisters()
    propagateEffects()
  }

  /// When a function that is called calls back.
  enum CallbackTiming {
    case never
    case before
    case later
    /// It takes the next element of an iterator.
    case iteration
  }

  private mutating func markPoints(at index: Int, _ instruction: DecodedInstruction, _ timing: CallbackTiming) {
    func mark(_ slot: Int, jump: Bool) {
      guard facts.indices.contains(slot) else { return }
      facts[slot].isPrunePoint = true
      if jump { facts[slot].isJumpPoint = true }
    }
    switch instruction {
    case .jumpIf:
      mark(index, jump: false)
      if let target = instruction.jumpTarget(at: index) { mark(target, jump: true) }
    case .mayGoto:
      mark(index, jump: false)
      facts[index].isForcedCheckpoint = true
      if let target = instruction.jumpTarget(at: index) { mark(target, jump: true) }
    case .goto, .gotoLong:
      if let target = instruction.jumpTarget(at: index) { mark(target, jump: true) }
    case .call(let target):
      mark(index + 1, jump: true)
      if case .local(let offset) = target {
        mark(index, jump: false)
        mark(index + 1 + Int(offset), jump: true)
      }
      switch timing {
      case .never: break
      case .later: mark(index, jump: false)
      case .iteration:
        mark(index, jump: false)
        facts[index].isForcedCheckpoint = true
      case .before:
        mark(index, jump: true)
        facts[index].isForcedCheckpoint = true
        facts[index].callsBack = true
      }
    case .loadWide(_, .function(let offset)):
      mark(index, jump: false)
      mark(index + 2, jump: true)
      mark(index + 1 + Int(offset), jump: true)
    default: break
    }
  }

  /// What functions do counts for those that call them.
  private mutating func propagateEffects() {
    guard functions.count > 1 else { return }
    // Each pair once, however often one calls the other.
    var calls: Set<[Int]> = []
    for (index, instruction) in instructions.enumerated() {
      guard case .call(.local(let offset)) = instruction, let callee = function(at: index + 1 + Int(offset)) else {
        continue
      }
      calls.insert([Int(facts[index].function), callee])
    }
    var changed = true
    while changed {
      changed = false
      for call in calls {
        let caller = call[0]
        let from = functions[call[1]]
        if from.changesPacket && !functions[caller].changesPacket {
          functions[caller].changesPacket = true
          changed = true
        }
        if from.mightSleep && !functions[caller].mightSleep {
          functions[caller].mightSleep = true
          changed = true
        }
      }
    }
  }
}
