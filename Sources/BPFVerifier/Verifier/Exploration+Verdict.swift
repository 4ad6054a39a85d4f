internal import BPFInstructions
internal import BPFObject
internal import BPFTypeFormat

extension Exploration {
  /// Walks the program, then each global function that was called, and says what came of it.
  mutating func verdict() -> Verdict {
    var hasWalked = false
    do throws(Stop) {
      try verifyEntry()
      try verifyGlobals()
      hasWalked = true
      try checkStackDepth()
    } catch {
      // No instruction is at fault for the depth of all calls together.
      if hasWalked { rejection?.instruction = nil }
      return .rejected(finishedRejection())
    }
    finishStatistics()
    log.write(statistics, limit: options.limits.processedInstructions)
    return .accepted(
      VerifiedProgram(
        program: program.program, statistics: statistics, log: log.contents,
        accesses: (0..<accesses.count).map { accesses[$0] }))
  }

  private mutating func verifyEntry() throws(Stop) {
    beginEntry(function: 0)
    switch options.argument {
    case .context: self[.r1] = RegisterState(kind: .context)
    case .memory(let byteCount):
      self[.r1] =
        byteCount == 0 ? RegisterState(constant: 0) : RegisterState(kind: .memory, object: UInt32(clamping: byteCount))
      self[.r2] = RegisterState(constant: UInt64(byteCount))
    }
    if log.isWritten { logBeginning() }
    try walk()
    log.noteEnd()
  }

  /// Begins a walk at the first instruction of a function, from nothing.
  mutating func beginEntry(function: Int) {
    var header = Frame()
    header.function = Int32(function)
    openFrame(0, header)
    references.removeAll()
    regions = StateRegions()
    history.truncate(to: 0)
    parent = -1
    instruction = code.functions[function].start
    firstInstruction = Int32(instruction)
    previous = -1
    wayLength = 0
    mayGotoDepth = 0
    callbackUnrolls = 0
    jumpsAtCheckpoint = jumps
    instructionsAtCheckpoint = statistics.processedInstructions
    isSleepable = program.kind.isSleepable || program.kind.type == .systemCall
  }

  private mutating func finishStatistics() {
    statistics.stackDepths = code.functions.map(\.stackDepth)
    statistics.peakStateBytes = pool.peakWords * 8
  }

  /// The rejection with what the walk knows of how it came to it.
  private mutating func finishedRejection() -> Rejection {
    finishStatistics()
    var result =
      rejection
      ?? Rejection(message: "", errno: .fault, instruction: nil, cause: .unsupported("an internal error"))
    result.registers = registerSnapshots()
    result.stack = stackSnapshots()
    result.calls = frame > 0 ? (1...frame).map { Int(frames[$0].callSite) } : []
    result.statistics = statistics
    log.write(result.message)
    log.write(statistics, limit: options.limits.processedInstructions)
    result.log = log.contents
    return result
  }
}
