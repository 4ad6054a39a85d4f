internal import BPFInstructions
internal import BPFObject
internal import BPFTypeFormat

extension Exploration {
  /// Walks the program, then each global function that was called, and says what came of it.
  mutating func verdict() -> Verdict {
    do throws(Stop) {
      try verifyEntry()
      try verifyGlobals()
      try checkStackDepth()
    } catch {
      return .rejected(finishedRejection())
    }
    finishStatistics()
    return .accepted(VerifiedProgram(program: program.program, statistics: statistics, log: log.text))
  }

  private mutating func verifyEntry() throws(Stop) {
    beginEntry(function: 0)
    self[.r1] = RegisterState(kind: .context)
    try walk()
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
    let way = walkedWay()
    result.path = way.decisions
    result.origins = origins(way.instructions, result.cause)
    result.statistics = statistics
    log.write(result.message)
    result.log = log.text
    return result
  }
}
