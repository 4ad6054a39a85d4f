internal import BPFInstructions
internal import BPFObject
internal import BPFTypeFormat

extension Exploration {
  /// How closely states are compared.
  enum Comparison {
    /// Numbers that do not matter for safety may be anything.
    case covered
    /// Every number has to lie in the old one's range, since marks of what matters may be missing.
    case within
    /// Everything has to be the same.
    case exact
  }

  /// Compares the state being walked with those kept for this instruction, and keeps it if it is time for that.
  ///
  /// - Returns: Whether the state is covered by one that is known to be safe: the path ends here.
  mutating func visitCheckpoint() throws(Stop) -> Bool {
    let facts = code.facts[instruction]
    let mustKeep = options.keepsEveryState || facts.isForcedCheckpoint || history.count > 40
    var keeps = mustKeep
    if jumps - jumpsAtCheckpoint >= 2 && statistics.processedInstructions - instructionsAtCheckpoint >= 8 {
      keeps = true
    }
    var seen = 0
    var last: Int32 = -1
    let list = list(of: instruction)
    var index = heads[list]
    while index >= 0 {
      seen += 1
      let record = states[Int(index)]
      guard record.instruction == instruction else {
        last = index
        index = record.next
        continue
      }
      var isHit = false
      var isLoop = false
      if record.branches > 0 {
        switch try compareWithUnfinished(index, record, facts) {
        case .covers:
          isHit = true
          isLoop = true
        case .differs:
          if !mustKeep && jumps - jumpsAtCheckpoint < 20
            && statistics.processedInstructions - instructionsAtCheckpoint < 100
          {
            keeps = false
          }
        }
      } else {
        let isUnmarked = isIncomplete(record)
        if !record.isCleaned, !isUnmarked { cleanStack(of: index) }
        if isCovered(by: index, isUnmarked ? .within : .covered) {
          isHit = true
          isLoop = isUnmarked
        }
      }
      if isHit && options.prunes {
        states[Int(index)].hits += 1
        if facts.isJumpPoint { self.record() }
        propagatePrecision(from: index)
        if isLoop { addBackEdge(to: index) }
        return true
      }
      if keeps { states[Int(index)].misses += 1 }
      let allowance: Int32 = facts.isForcedCheckpoint && record.branches > 0 ? 64 : 3
      let next = record.next
      if states[Int(index)].misses > record.hits * allowance + allowance {
        if last < 0 { heads[list] = next } else { states[Int(last)].next = next }
        states[Int(index)].isDropped = true
        if record.branches == 0 { drop(index) }
      } else {
        last = index
      }
      index = next
    }
    statistics.maximumStatesPerInstruction = max(statistics.maximumStatesPerInstruction, seen)
    if keeps && options.prunes { try keepState() }
    return false
  }

  private enum UnfinishedAnswer {
    case covers
    case differs
  }

  /// A state from which paths are still being walked, this one among them or not, says nothing about safety yet. It ends
  /// a path only where a function's contract bounds the rounds: at the next element of an iterator, `may_goto`, a call
  /// that calls back.
  private mutating func compareWithUnfinished(
    _ index: Int32, _ record: StateRecord, _ facts: InstructionFacts
  ) throws(Stop) -> UnfinishedAnswer {
    let old = pool.words.load(Frame.self, at: lastFrameStart(record.contents))
    if old.isAsynchronous && old.asynchronousEntry != frames[frame].asynchronousEntry { return .differs }
    switch code.instructions[instruction] {
    case .mayGoto?:
      if record.mayGotoDepth != mayGotoDepth && isCovered(by: index, .within) { return .covers }
    case .call? where facts.callsBack:
      return isCovered(by: index, .within) ? .covers : .differs
    case .call? where facts.isForcedCheckpoint:
      return isIteratorConverged(record) && isCovered(by: index, .within) ? .covers : .differs
    default: break
    }
    guard record.fingerprint == fingerprint(), record.mayGotoDepth == mayGotoDepth,
      record.callbackUnrolls == callbackUnrolls, isCovered(by: index, .exact), !iteratorDepthsDiffer(record)
    else { return .differs }
    let states = "cur state:\(stateText())\nold state:\(oldStateText(record))"
    let message = "infinite loop detected at insn \(instruction)\n\(states)"
    instruction = max(previous, 0)
    throw reject(message, .invalidArgument, .infiniteLoop)
  }

  /// Where the innermost frame of a stored state begins.
  private func lastFrameStart(_ contents: Int) -> Int {
    var (word, frameCount, _) = framesStart(contents)
    for _ in 0..<(frameCount - 1) { word = endOfFrame(word, pool.words.load(Frame.self, at: word)) }
    return word
  }

  /// Keeps the state being walked; it goes on from what is kept.
  mutating func keepState() throws(Stop) {
    wayLength = 0
    forgetPrecision()
    let fingerprint = fingerprint()
    let (contents, words) = capture(keepsAll: false)
    let place = captureHistory()
    var record = StateRecord()
    record.parent = parent
    record.depth = parent >= 0 ? states[Int(parent)].depth + 1 : 0
    record.branches = 1
    record.instruction = Int32(instruction)
    record.firstInstruction = firstInstruction
    record.lastInstruction = Int32(previous)
    record.contents = contents
    record.contentWords = Int32(words)
    record.history = place
    record.historyCount = Int32(history.count)
    record.fingerprint = fingerprint
    record.mayGotoDepth = mayGotoDepth
    record.callbackUnrolls = callbackUnrolls
    record.isSleepable = isSleepable
    let list = list(of: instruction)
    record.next = heads[list]
    let index: Int32
    if let free = freeStates.popLast() {
      index = free
      states[Int(free)] = record
    } else {
      index = Int32(states.count)
      states.append(record)
    }
    heads[list] = index
    parent = index
    firstInstruction = Int32(instruction)
    history.truncate(to: 0)
    currentEntry = -1
    jumpsAtCheckpoint = jumps
    instructionsAtCheckpoint = statistics.processedInstructions
    statistics.totalStates += 1
    liveStates += 1
    statistics.peakStates = max(statistics.peakStates, liveStates)
    if pool.usedWords * 8 > options.limits.stateBytes {
      throw reject("states take more than \(options.limits.stateBytes) bytes", .noMemory, .limit("stateBytes"))
    }
  }

  /// Frees a finished state that no list has any more, or lets it wait for the end of its loop.
  private mutating func drop(_ index: Int32) {
    if isIncomplete(states[Int(index)]) { dropped.append(index) } else { release(index) }
  }

  mutating func release(_ index: Int32) {
    let record = states[Int(index)]
    pool.release(record.contents, Int(record.contentWords))
    releaseHistory(record.history, Int(record.historyCount))
    freeStates.append(index)
    liveStates -= 1
  }

  /// The path being walked has come to its end: states from which no path remains are finished.
  mutating func finishPath() {
    var index = parent
    while index >= 0 {
      states[Int(index)].branches -= 1
      if states[Int(index)].branches > 0 { break }
      let next = states[Int(index)].parent
      finishLoop(at: index)
      if states[Int(index)].isDropped { drop(index) }
      index = next
    }
    parent = -1
  }

  // MARK: Branches

  /// Puts a branch aside: the state being walked, to be gone on with at another instruction.
  mutating func push(_ target: Int, from origin: Int, _ resumption: PendingBranch.Resumption = .none) throws(Stop) {
    guard pending.count < options.limits.pendingBranches else {
      throw reject(
        "The sequence of \(pending.count + 1) jumps is too complex.", .fault, .tooManyBranches)
    }
    let (contents, words) = capture(keepsAll: true)
    if parent >= 0 { states[Int(parent)].branches += 1 }
    if log.isWanted { log.notePush() }
    pending.append(
      PendingBranch(
        instruction: Int32(target), previous: Int32(origin), contents: contents, contentWords: Int32(words),
        history: captureHistory(), historyCount: Int32(history.count), parent: parent,
        firstInstruction: firstInstruction, mayGotoDepth: mayGotoDepth, callbackUnrolls: callbackUnrolls,
        isSleepable: isSleepable, resumption: resumption))
  }

  /// Goes on with the branch that was put aside last; false when there is none.
  mutating func pop() throws(Stop) -> Bool {
    guard pending.count > 0 else { return false }
    let branch = pending.removeLast()
    if log.isWanted { log.notePop() }
    restore(branch.contents)
    restoreHistory(branch.history, Int(branch.historyCount))
    pool.release(branch.contents, Int(branch.contentWords))
    releaseHistory(branch.history, Int(branch.historyCount))
    parent = branch.parent
    firstInstruction = branch.firstInstruction
    mayGotoDepth = branch.mayGotoDepth
    callbackUnrolls = branch.callbackUnrolls
    isSleepable = branch.isSleepable
    previous = Int(branch.previous)
    instruction = Int(branch.instruction)
    wayLength = 0
    switch branch.resumption {
    case .none: break
    case .taken:
      if case .jumpIf(let condition, let width, let left, let right, _)? = code.instructions[previous] {
        refine(condition, width, left, right, holds: true)
      }
    case .round: widen()
    }
    return true
  }

  /// Numbers of a state that is kept begin without marks: they are set by what the paths from it turn out to need.
  private mutating func forgetPrecision() {
    for index in 0...frame {
      for register in 0..<10 { registers[Self.place(index, register)].isPrecise = false }
      for slot in 0..<Int(frames[index].slotCount) where slots[Self.slotPlace(index, slot)].isSpilled {
        slots[Self.slotPlace(index, slot)].register.isPrecise = false
      }
    }
  }
}
