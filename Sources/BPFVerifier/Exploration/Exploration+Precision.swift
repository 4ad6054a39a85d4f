internal import BPFInstructions
internal import BPFObject
internal import BPFTypeFormat

extension Exploration {
  // A number that turns out to matter is traced back along the way that was walked, instruction by instruction, to what
  // it was made from, and marked in every kept state on the way. What cannot be traced makes all numbers matter.

  /// Marks a number in a register of the innermost frame, and what it was made from, as mattering.
  mutating func markPrecise(_ register: Register) throws(Stop) {
    guard self[register].kind == .scalar else { return }
    tracker.begin(at: frame)
    tracker.set(register: Int(register.rawValue))
    traceBack(currentWay)
  }

  mutating func markPrecise(_ operand: Operand) throws(Stop) {
    if case .register(let register) = operand { try markPrecise(register) }
  }

  /// Marks a number that was spilled.
  mutating func markPrecise(slot: Int, of frame: Int) {
    tracker.begin(at: self.frame)
    tracker.set(slot: slot, in: frame)
    traceBack(currentWay)
  }

  /// Marks in the past of the state being walked what matters in a state that covers it.
  mutating func propagatePrecision(from index: Int32) { propagatePrecision(from: index, along: currentWay, all: false) }

  /// The same along a way that was walked before; or marks everything on it.
  mutating func propagatePrecision(from index: Int32, along way: Way, all: Bool) {
    if all { return markAllPrecise(way) }
    tracker.begin(at: Int(way.frame))
    var (word, frameCount, _) = framesStart(states[Int(index)].contents)
    for position in 0..<frameCount {
      let header = pool.words.load(Frame.self, at: word)
      var place = word + Self.frameWords
      for register in 0..<10 where header.keptRegisters >> UInt16(register) & 1 == 1 {
        let stored = pool.words.load(RegisterState.self, at: place)
        if stored.kind == .scalar, stored.isPrecise { tracker.set(register: register, in: position) }
        place += Self.registerWords
      }
      let count = Int(header.slotCount)
      let mask = pool.words[place]
      let bytes = place + 1
      place += 1 + count
      for slot in 0..<count where mask >> UInt64(slot) & 1 == 1 {
        if UInt8(truncatingIfNeeded: pool.words[bytes + slot]) == StackByte.spilled.rawValue {
          let stored = pool.words.load(RegisterState.self, at: place)
          if stored.kind == .scalar, stored.isPrecise { tracker.set(slot: slot, in: position) }
        }
        place += Self.registerWords
      }
      word = endOfFrame(word, header)
    }
    if !tracker.isEmpty { traceBack(way) }
  }

  private var currentWay: Way {
    Way(
      parent: parent, firstInstruction: firstInstruction, instruction: Int32(instruction), frame: Int32(frame),
      history: -1, historyCount: Int32(history.count))
  }

  private mutating func traceBack(_ way: Way) {
    var state: Int32 = way.parent
    var first = Int(way.firstInstruction)
    var index = Int(way.instruction)
    var subsequent = -1
    var skips = true
    // The way of the state being walked is in its own history, that of each kept state in the pool.
    var place = way.history
    var remaining = Int(way.historyCount)
    while true {
      while true {
        if skips {
          skips = false
        } else {
          let entry = historyEntry(place, remaining, at: index)
          guard backtrack(index, subsequent, entry) else {
            markAllPrecise(way)
            return
          }
        }
        if tracker.isEmpty { return }
        subsequent = index
        guard let previous = previousInstruction(place, &remaining, first, index) else { break }
        guard previous >= 0, previous < code.instructions.count else { break }
        index = previous
      }
      guard state >= 0 else { break }
      markStored(Int(state))
      if tracker.isEmpty { return }
      let record = states[Int(state)]
      subsequent = first
      index = Int(record.lastInstruction)
      first = Int(record.firstInstruction)
      place = record.history
      remaining = Int(record.historyCount)
      state = record.parent
      if index < 0 { break }
    }
    // What is left at the beginning of a function that is verified on its own are its arguments, which nothing made.
    if !tracker.isEmpty, entryKind == .main { markAllPrecise(way) }
  }

  @inline(__always)
  private func historyEntry(_ place: Int, _ position: Int) -> HistoryEntry {
    place < 0 ? history[position] : pool.words.load(HistoryEntry.self, at: place + position * Self.entryWords)
  }

  private func historyEntry(_ place: Int, _ remaining: Int, at index: Int) -> HistoryEntry? {
    guard remaining > 0 else { return nil }
    let last = historyEntry(place, remaining - 1)
    return Int(last.instruction) == index ? last : nil
  }

  /// The instruction that was walked before another; nil at the beginning of a state's way.
  func previousInstruction(_ place: Int, _ remaining: inout Int, _ first: Int, _ index: Int) -> Int? {
    if index == first {
      if remaining == 0 { return nil }
      if remaining == 1, Int(historyEntry(place, 0).instruction) == index { return nil }
    }
    if remaining > 0 {
      let last = historyEntry(place, remaining - 1)
      if Int(last.instruction) == index {
        remaining -= 1
        return Int(Int32(bitPattern: last.previous))
      }
    }
    return index - 1
  }

  /// Marks a kept state; what is marked already or is no number need not be traced further.
  private mutating func markStored(_ index: Int) {
    let contents = states[index].contents
    for position in 0...tracker.frame {
      var mask = tracker.registerMask(position)
      while mask != 0 {
        let register = mask.trailingZeroBitCount
        mask &= mask - 1
        guard let word = storedRegister(contents, frame: position, register: register) else {
          tracker.clear(register: register, in: position)
          continue
        }
        let wasMarked = pool.words.withValue(RegisterState.self, at: word) { stored in
          let known = stored.kind != .scalar || stored.isPrecise
          if stored.kind == .scalar { stored.isPrecise = true }
          return known
        }
        if wasMarked { tracker.clear(register: register, in: position) } else { marksAdded = true }
      }
      var slots = tracker.slotMask(position)
      while slots != 0 {
        let slot = slots.trailingZeroBitCount
        slots &= slots - 1
        guard let (word, bytes) = storedSlot(contents, frame: position, slot: slot),
          UInt8(truncatingIfNeeded: bytes) == StackByte.spilled.rawValue
        else {
          tracker.clear(slot: slot, in: position)
          continue
        }
        let wasMarked = pool.words.withValue(RegisterState.self, at: word) { stored in
          let known = stored.kind != .scalar || stored.isPrecise
          if stored.kind == .scalar { stored.isPrecise = true }
          return known
        }
        if wasMarked { tracker.clear(slot: slot, in: position) } else { marksAdded = true }
      }
    }
  }

  /// Makes all numbers matter in every state on the way.
  private mutating func markAllPrecise(_ way: Way) {
    tracker.begin(at: Int(way.frame))
    var state = way.parent
    while state >= 0 {
      var (word, frameCount, _) = framesStart(states[Int(state)].contents)
      for _ in 0..<frameCount {
        let header = pool.words.load(Frame.self, at: word)
        let end = endOfFrame(word, header)
        var place = word + Self.frameWords
        for _ in 0..<header.keptRegisters.nonzeroBitCount {
          markIfScalar(place)
          place += Self.registerWords
        }
        place += 1 + Int(header.slotCount)
        while place < end {
          markIfScalar(place)
          place += Self.registerWords
        }
        word = end
      }
      state = states[Int(state)].parent
    }
  }

  private mutating func markIfScalar(_ word: Int) {
    pool.words.withValue(RegisterState.self, at: word) { if $0.kind == .scalar { $0.isPrecise = true } }
  }

  // MARK: One instruction, backwards

  /// Replaces what an instruction made by what it made it from.
  ///
  /// - Returns: Whether that is known.
  private mutating func backtrack(_ index: Int, _ subsequent: Int, _ entry: HistoryEntry?) -> Bool {
    guard let instruction = code.instructions[index] else { return true }
    if let entry, entry.linked != 0 { synchronizeLinked(entry.linked) }
    switch instruction {
    case .arithmetic(.move, _, let target, let source):
      guard tracker.has(register: Int(target.rawValue)) else { return true }
      tracker.clear(register: Int(target.rawValue))
      if case .register(let source) = source, source != .r10 { tracker.set(register: Int(source.rawValue)) }
    case .moveSignExtended(_, _, let target, let source), .castAddressSpace(let target, let source, _, _):
      guard tracker.has(register: Int(target.rawValue)) else { return true }
      tracker.clear(register: Int(target.rawValue))
      if source != .r10 { tracker.set(register: Int(source.rawValue)) }
    case .arithmetic(_, _, let target, let source):
      guard tracker.has(register: Int(target.rawValue)) else { return true }
      if case .register(let source) = source, source != .r10 { tracker.set(register: Int(source.rawValue)) }
    case .negate, .byteSwap, .goto, .gotoLong, .mayGoto: break
    case .load(_, _, let target, _, _), .loadAcquire(_, let target, _, _):
      backtrackLoad(Int(target.rawValue), entry)
    case .store(_, let base, _, let value):
      return backtrackStore(base, value, entry)
    case .storeRelease(_, let base, _, let value):
      return backtrackStore(base, .register(value), entry)
    case .atomic(let operation, _, let fetches, let base, _, let value):
      if fetches {
        let target = operation == .compareExchange ? 0 : Int(value.rawValue)
        if tracker.has(register: target) { backtrackLoad(target, entry) }
      }
      if tracker.has(register: Int(base.rawValue)) { return false }
    case .loadWide(let target, _):
      tracker.clear(register: Int(target.rawValue))
    case .loadPacket(_, _, _):
      guard subsequent != index + 1 else { return !tracker.has(register: 0) }
      // The end of a function whose load has failed.
      guard tracker.registerMask & Self.argumentMask == 0 else { return false }
      tracker.clear(register: 0)
      return tracker.enter()
    case .jumpIf(_, _, let left, let right, _):
      if case .register(let right) = right {
        let either =
          tracker.has(register: Int(left.rawValue)) || tracker.has(register: Int(right.rawValue))
        if either {
          tracker.set(register: Int(left.rawValue))
          tracker.set(register: Int(right.rawValue))
        }
      }
      if let entry, entry.linked != 0 { synchronizeLinked(entry.linked) }
    case .call(let target):
      return backtrackCall(index, subsequent, target)
    case .exit:
      return backtrackExit(subsequent)
    }
    return true
  }

  private mutating func backtrackLoad(_ target: Int, _ entry: HistoryEntry?) {
    guard tracker.has(register: target) else { return }
    tracker.clear(register: target)
    // A number from elsewhere than a spilled register has nothing before it.
    guard let entry, entry.access != 0 else { return }
    tracker.set(slot: entry.accessSlot, in: entry.accessFrame)
  }

  private mutating func backtrackStore(_ base: Register, _ value: Operand, _ entry: HistoryEntry?) -> Bool {
    if tracker.has(register: Int(base.rawValue)) { return false }
    guard let entry, entry.access != 0 else { return true }
    guard tracker.has(slot: entry.accessSlot, in: entry.accessFrame) else { return true }
    tracker.clear(slot: entry.accessSlot, in: entry.accessFrame)
    if case .register(let register) = value { tracker.set(register: Int(register.rawValue)) }
    return true
  }

  private static let argumentMask: UInt16 = 0x3e

  private mutating func backtrackCall(
    _ index: Int, _ subsequent: Int, _ target: DecodedInstruction.CallTarget
  ) -> Bool {
    if case .local(let offset) = target {
      guard let callee = code.function(at: index + 1 + Int(offset)) else { return false }
      if code.functions[callee].isGlobal {
        tracker.clear(register: 0)
        return tracker.registerMask & Self.argumentMask == 0
      }
      guard subsequent != index + 1 else { return tracker.registerMask & (Self.argumentMask | 1) == 0 }
      return leaveCallee(passesArguments: true)
    }
    if code.facts[index].callsBack, subsequent != index + 1 {
      return leaveCallee(passesArguments: false)
    }
    if case .helper(12) = target, subsequent != index + 1 {
      // The end of a function by a jump to another program.
      guard tracker.registerMask & Self.argumentMask == 0 else { return false }
      tracker.clear(register: 0)
      return tracker.enter()
    }
    if case .kernelFunction = target, program.references[index] == nil { return false }
    tracker.clear(register: 0)
    return tracker.registerMask & Self.argumentMask == 0
  }

  /// A function was entered here: what its arguments were made from is the caller's.
  private mutating func leaveCallee(passesArguments: Bool) -> Bool {
    let arguments = tracker.registerMask & Self.argumentMask
    guard tracker.registerMask & ~Self.argumentMask == 0, tracker.slotMask == 0 else { return false }
    guard tracker.leave() else { return false }
    if passesArguments {
      for register in 1...5 where arguments >> UInt16(register) & 1 == 1 { tracker.set(register: register) }
    }
    return true
  }

  private mutating func backtrackExit(_ subsequent: Int) -> Bool {
    if subsequent >= 0, code.facts[subsequent].callsBack { tracker.clearRegisters(Self.argumentMask) }
    guard tracker.registerMask & Self.argumentMask == 0 else { return false }
    var isReturn = false
    if subsequent >= 1, case .call(.local)? = code.instructions[subsequent - 1] { isReturn = true }
    let wantsResult = isReturn && tracker.has(register: 0)
    tracker.clear(register: 0)
    guard tracker.enter() else { return false }
    if wantsResult { tracker.set(register: 0) }
    return true
  }

  /// Where one of some linked numbers matters, all of them do.
  private mutating func synchronizeLinked(_ packed: UInt64) {
    let linked = LinkedRegisters(packed: packed)
    var isWanted = false
    for position in 0..<linked.count {
      let entry = linked.entry(position)
      isWanted =
        isWanted
        || (entry.isRegister
          ? tracker.has(register: entry.index, in: entry.frame) : tracker.has(slot: entry.index, in: entry.frame))
    }
    guard isWanted else { return }
    for position in 0..<linked.count {
      let entry = linked.entry(position)
      if entry.isRegister {
        tracker.set(register: entry.index, in: entry.frame)
      } else {
        tracker.set(slot: entry.index, in: entry.frame)
      }
    }
  }
}
