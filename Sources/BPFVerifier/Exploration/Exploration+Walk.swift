internal import BPFInstructions
internal import BPFObject
internal import BPFTypeFormat

extension Exploration {
  /// Where the walk goes after an instruction.
  enum Continuation {
    /// To the next slot, after the instruction.
    case next
    /// To another slot.
    case jump(Int)
    /// The path has come to its end.
    case end
  }

  /// Walks every path from the current state to its end.
  mutating func walk() throws(Stop) {
    while true {
      statistics.processedInstructions += 1
      if statistics.processedInstructions > options.limits.processedInstructions {
        let count = statistics.processedInstructions
        // The last instruction that was looked at.
        instruction = max(previous, 0)
        throw reject("BPF program is too large. Processed \(count) insn", .tooBig, .tooComplex)
      }
      if statistics.processedInstructions == log.start { log.begin() }
      currentEntry = -1
      let facts = code.facts[instruction]
      if facts.isPrunePoint {
        if try visitCheckpoint() {
          if log.isWritten { logPruned() }
          finishPath()
          guard try pop() else { return }
          if log.isWritten { logResumed() }
          continue
        }
      } else if wayLength >= Self.longestWay, options.prunes {
        try keepState()
      }
      wayLength += 1
      if facts.isJumpPoint { record() }
      if log.isWritten { logInstruction() }
      if let observer { observe(observer) }
      let depth = frame
      switch try step() {
      case .next:
        previous = instruction
        instruction += slotCount(at: instruction)
      case .jump(let target):
        previous = instruction
        instruction = target
      case .end:
        finishPath()
        guard try pop() else { return }
        if log.isWritten { logResumed() }
        continue
      }
      if log.isWritten { logOutcome(of: previous, in: depth) }
    }
  }

  @inline(__always)
  private func slotCount(at index: Int) -> Int {
    if case .loadWide? = code.instructions[index] { 2 } else { 1 }
  }

  /// What one instruction does to the state.
  private mutating func step() throws(Stop) -> Continuation {
    guard let current = code.instructions[instruction] else {
      throw reject("invalid insn idx \(instruction)", .fault, .jumpOutOfRange(target: instruction))
    }
    switch current {
    case .arithmetic(let operation, let width, let target, let operand):
      try arithmetic(operation, width, target, operand)
    case .negate(let width, let target): try negate(width, target)
    case .byteSwap(let swap, let size, let target): try byteSwap(swap, size, target)
    case .moveSignExtended(let width, let size, let target, let source):
      try moveSignExtended(width, size, target, source)
    case .castAddressSpace(let target, let source, let to, let from):
      try castAddressSpace(target, source, to: to, from: from)
    case .load(let size, let fill, let target, let base, let offset):
      try load(size, fill, target, base, Int(offset))
    case .store(let size, let base, let offset, let value):
      stackLiveness.beginStore()
      try store(size, base, Int(offset), value)
      stackLiveness.endStore(frames[frame].instance, at: instruction)
    case .atomic(let operation, let width, let fetches, let base, let offset, let value):
      try atomic(operation, width, fetches, base, Int(offset), value)
    case .loadAcquire(let size, let target, let base, let offset):
      try loadAcquire(size, target, base, Int(offset))
    case .storeRelease(let size, let base, let offset, let value):
      try storeRelease(size, base, Int(offset), value)
    case .loadWide(let target, let value): try loadWide(target, value)
    case .loadPacket(let size, let index, _): return try loadPacket(size, index)
    case .jumpIf(let condition, let width, let left, let right, let offset):
      jumps += 1
      return try jumpIf(condition, width, left, right, instruction + 1 + Int(offset))
    case .goto(let offset):
      jumps += 1
      return .jump(instruction + 1 + Int(offset))
    case .gotoLong(let offset):
      jumps += 1
      return .jump(instruction + 1 + Int(offset))
    case .mayGoto(let offset):
      jumps += 1
      return try mayGoto(instruction + 1 + Int(offset))
    case .call(let target):
      jumps += 1
      return try call(target)
    case .exit:
      jumps += 1
      return try exit()
    }
    return .next
  }

  // MARK: Registers

  /// The register has to hold something.
  @inline(__always)
  func isReadable(_ register: Register) -> Bool { self[register].kind != .uninitialized }

  @inline(__always)
  mutating func require(_ register: Register) throws(Stop) {
    if self[register].kind == .uninitialized { throw unreadable(register) }
  }

  @inline(never)
  private mutating func unreadable(_ register: Register) -> Stop {
    reject("R\(register.rawValue) !read_ok", .accessDenied, .uninitializedRegister(register))
  }

  @inline(__always)
  mutating func requireWritable(_ register: Register) throws(Stop) {
    if register == .r10 { throw reject("frame pointer is read only", .accessDenied, .writesFramePointer) }
  }

  /// The value of an operand as the abstract register that it would be.
  @inline(__always)
  func value(of operand: Operand) -> RegisterState {
    switch operand {
    case .register(let register): self[register]
    case .immediate(let constant): RegisterState(constant: UInt64(bitPattern: Int64(constant)))
    }
  }
}
