internal import BPFInstructions
internal import BPFObject
internal import BPFTypeFormat

extension Exploration {
  mutating func call(_ target: DecodedInstruction.CallTarget) throws(Stop) -> Continuation {
    if regions.lockCount > 0 { try checkCallUnderLock(target) }
    switch target {
    case .helper(let identifier): return try callHelper(identifier)
    case .local(let offset): return try callLocal(instruction + 1 + Int(offset))
    case .kernelFunction: return try callKernelFunction()
    case .register(let register):
      throw reject("unknown opcode 8d", .invalidArgument, .notMemory(register, kind: "function"))
    }
  }

  private mutating func checkCallUnderLock(_ target: DecodedInstruction.CallTarget) throws(Stop) {
    switch target {
    case .helper(let identifier)
    where program.helpers[identifier]?.traits.contains(.allowedUnderLock) ?? false:
      return
    case .local: return
    case .kernelFunction where mayCallUnderLock(program.references[instruction]): return
    default:
      throw reject(
        "function calls are not allowed while holding a lock", .invalidArgument, .region("bpf_spin_lock"))
    }
  }

  private func mayCallUnderLock(_ reference: ResolvedReference?) -> Bool {
    guard case .kernelFunction(let name, _)? = reference else { return false }
    return name.hasPrefix("bpf_list_") || name.hasPrefix("bpf_rbtree_") || name.hasPrefix("bpf_res_spin_")
      || name.hasPrefix("bpf_iter_num_") || name == "bpf_refcount_acquire_impl"
  }

  // MARK: Functions of the program

  private mutating func callLocal(_ start: Int) throws(Stop) -> Continuation {
    guard let callee = code.function(at: start) else {
      throw reject("invalid insn idx \(start)", .fault, .jumpOutOfRange(target: start))
    }
    if code.functions[callee].isGlobal {
      try callGlobal(callee)
      clearCallerSaved()
      self[.r0] = .unknown
      return .next
    }
    var header = Frame()
    header.callSite = Int32(instruction)
    header.function = Int32(callee)
    let caller = frame
    try openCallee(header)
    for register in 1...5 {
      registers[Self.place(frame, register)] = registers[Self.place(caller, register)]
    }
    for register in 0...5 { registers[Self.place(caller, register)] = .uninitialized }
    return .jump(start)
  }

  /// Opens a frame for a function that is called.
  mutating func openCallee(_ header: Frame) throws(Stop) {
    guard frame + 1 < Self.maximumFrames else {
      throw reject("the call stack of \(frame + 2) frames is too deep", .tooBig, .callDepth)
    }
    openFrame(frame + 1, header)
  }

  /// R0 to R5 hold nothing after a call.
  @inline(__always)
  mutating func clearCallerSaved() {
    for register in 0...5 { registers[Self.place(frame, register)] = .uninitialized }
  }

  // MARK: Exit

  mutating func exit() throws(Stop) -> Continuation {
    if frame == 0 {
      try checkRegionsClosed(by: "BPF_EXIT instruction in main prog")
      try checkReturn()
      return .end
    }
    let header = frames[frame]
    let result = self[.r0]
    if result.kind == .stack {
      throw reject("cannot return stack pointer to the caller", .invalidArgument, .pointerLeak(.r0))
    }
    if header.callback != .none {
      guard result.kind == .scalar else {
        throw reject("R0 not a scalar value", .accessDenied, .returnValue("callback"))
      }
      try markPrecise(.r0)
      let range = Int64(header.returns.minimum)...Int64(header.returns.maximum)
      guard range.contains(result.number.signed.minimum), range.contains(result.number.signed.maximum) else {
        throw invalidReturn(result, range, "At callback return")
      }
    }
    let callee = log.isWritten ? stateText() : ""
    frame -= 1
    let returnsTo = Int(header.callSite) + (header.callback == .none ? 1 : 0)
    if header.callback == .none { self[.r0] = result }
    if log.isWritten { logReturning(callee, to: returnsTo) }
    if header.callback != .none { instructionOfReturn(returnsTo) }
    return .jump(returnsTo)
  }

  /// Numbers that differ between rounds and do not matter are forgotten, so that rounds become alike.
  private mutating func instructionOfReturn(_ callSite: Int) {
    let returning = instruction
    instruction = callSite
    widen(afterCallback: true)
    instruction = returning
  }

  /// Widens the numbers that differ from those of the last round that came by here and do not matter so far.
  mutating func widen(afterCallback: Bool = false) {
    // At a call that calls back the state before the call counts; elsewhere the last one is that of this very round.
    guard parent >= 0 else { return }
    let place = afterCallback ? instruction : previous
    guard place >= 0, place < heads.count,
      let index = previousRound(at: place, except: afterCallback ? -1 : parent)
    else { return }
    let contents = states[Int(index)].contents
    var (word, frameCount, _) = framesStart(contents)
    identities.truncate(to: 0)
    identityCounter = lastID
    for position in 0..<min(frameCount, frame + 1) {
      let header = pool.words.load(Frame.self, at: word)
      var place = word + Self.frameWords
      for register in 0..<10 where header.keptRegisters >> UInt16(register) & 1 == 1 {
        let old = pool.words.load(RegisterState.self, at: place)
        Self.widen(&registers[Self.place(position, register)], old)
        place += Self.registerWords
      }
      let count = Int(header.slotCount)
      let mask = pool.words[place]
      let bytes = place + 1
      place += 1 + count
      for slot in 0..<count where mask >> UInt64(slot) & 1 == 1 {
        let old = pool.words.load(RegisterState.self, at: place)
        place += Self.registerWords
        guard slot < Int(frames[position].slotCount) else { continue }
        let current = Self.slotPlace(position, slot)
        if pool.words[bytes + slot] == StackSlot.all(.spilled), slots[current].isSpilledWhole {
          Self.widen(&slots[current].register, old)
        }
      }
      word = endOfFrame(word, header)
    }
  }

  private static func widen(_ register: inout RegisterState, _ old: RegisterState) {
    guard old.kind == .scalar, register.kind == .scalar, !old.isPrecise,
      old.number != register.number
    else { return }
    register = .unknown
  }

  /// The last state that was kept before an instruction, in the same frames, and from which paths are still being walked:
  /// those are the ones on the way here.
  private func previousRound(at place: Int, except excluded: Int32) -> Int32? {
    var index = heads[list(of: place)]
    while index >= 0 {
      let record = states[Int(index)]
      if record.instruction == place, record.branches > 0, index != excluded, isSameCallChain(record.contents) {
        return index
      }
      index = record.next
    }
    return nil
  }

  private func isSameCallChain(_ contents: Int) -> Bool {
    var (word, frameCount, _) = framesStart(contents)
    guard frameCount == frame + 1 else { return false }
    for position in 0..<frameCount {
      let header = pool.words.load(Frame.self, at: word)
      if header.callSite != frames[position].callSite || header.function != frames[position].function { return false }
      word = endOfFrame(word, header)
    }
    return true
  }

  // MARK: Return values

  /// What a register holds has to be allowed as the program's result.
  mutating func checkReturn(_ register: Register = .r0) throws(Stop) {
    let header = frames[0]
    try require(register)
    let result = self[register]
    if header.isAsynchronous {
      let range = Int64(header.returns.minimum)...Int64(header.returns.maximum)
      try check(register, in: range, "At async callback return")
      return
    }
    if header.function != 0, !header.isException {
      guard result.kind == .scalar else {
        throw reject(
          "At subprogram exit the register R\(register.rawValue) is not a scalar value (\(kindName(result)))",
          .invalidArgument,
          .returnValue("subprogram"))
      }
      return
    }
    switch ReturnRule.rule(for: program.kind) {
    case .anything: break
    case .range(let range):
      try check(register, in: Int64(range.lowerBound)...Int64(range.upperBound), "At program exit")
    case .byPrototype: throw unsupported("the return value of a program that replaces a function")
    }
  }

  private mutating func check(
    _ register: Register, in range: ClosedRange<Int64>, _ place: String
  ) throws(Stop) {
    let result = self[register]
    guard result.kind == .scalar else {
      throw reject(
        "\(place) the register R\(register.rawValue) is not a known value (\(kindName(result)))", .invalidArgument,
        .returnValue(place))
    }
    try markPrecise(register)
    guard range.contains(result.number.signed.minimum), range.contains(result.number.signed.maximum) else {
      throw invalidReturn(result, range, place, register)
    }
  }

  private mutating func invalidReturn(
    _ result: RegisterState, _ range: ClosedRange<Int64>, _ place: String, _ register: Register = .r0
  ) -> Stop {
    var text = "\(place) the register R\(register.rawValue) has"
    let signed = result.number.signed
    if signed.minimum > .min { text += " smin=\(signed.minimum)" }
    if signed.maximum < .max { text += " smax=\(signed.maximum)" }
    if signed == .full { text += " unknown scalar value" }
    text += " should have been in [\(range.lowerBound), \(range.upperBound)]"
    return reject(text, .invalidArgument, .returnValue(place))
  }

  // MARK: References

  /// Nothing may be left open where the program, or what it was called for, ends.
  mutating func checkRegionsClosed(by what: String) throws(Stop) {
    let leaked = references.filter { $0.kind == .object }
    if let first = leaked.first {
      let lines = leaked.map { "Unreleased reference id=\($0.id) alloc_insn=\($0.instruction)" }
      throw reject(
        (lines + ["\(what) would lead to reference leak"]).joined(separator: "\n"), .invalidArgument,
        .leakedReference(acquiredAt: Int(first.instruction)))
    }
    let open: String?
    if regions.lockCount > 0 {
      open = "bpf_spin_lock"
    } else if regions.interruptID != 0 {
      open = "bpf_local_irq_save"
    } else if regions.rcuDepth > 0 {
      open = "bpf_rcu_read_lock"
    } else if regions.preemptionDepth > 0 {
      open = "bpf_preempt_disable"
    } else {
      open = nil
    }
    if let open {
      throw reject("\(what) cannot be used inside \(open)-ed region", .invalidArgument, .region(open))
    }
  }

  mutating func acquire(_ kind: AcquiredReference.Kind, owner: UInt32 = 0) -> UInt32 {
    let id = newID()
    references.append(AcquiredReference(kind: kind, id: id, instruction: Int32(instruction), owner: owner))
    return id
  }

  /// Takes an object off the list of what has to be given back; false when it was not on it.
  @discardableResult
  mutating func forgetReference(_ id: UInt32) -> Bool {
    guard let index = references.firstIndex(where: { $0.kind == .object && $0.id == id }) else { return false }
    references.remove(at: index)
    return true
  }

  /// Gives an object back: whatever points to it is of no use any more.
  mutating func release(reference id: UInt32) -> Bool {
    guard forgetReference(id) else { return false }
    for index in 0...frame {
      for register in 0..<10 where registers[Self.place(index, register)].reference == id {
        registers[Self.place(index, register)] = .unknown
      }
      for slot in 0..<Int(frames[index].slotCount) {
        let place = Self.slotPlace(index, slot)
        if slots[place].isSpilled, slots[place].register.reference == id { slots[place].register = .unknown }
      }
    }
    return true
  }

  /// Pointers to the packet are of no use after something that may have moved it.
  mutating func invalidatePackets() {
    for index in 0...frame {
      for register in 0..<10 {
        let place = Self.place(index, register)
        if registers[place].goesWithPacket { registers[place] = .unknown }
      }
      for slot in 0..<Int(frames[index].slotCount) {
        let place = Self.slotPlace(index, slot)
        if slots[place].isSpilled, slots[place].register.goesWithPacket { slots[place].register = .unknown }
      }
    }
  }

  /// Whether what sleeps may be called here.
  var maySleep: Bool {
    isSleepable && regions.lockCount == 0 && regions.rcuDepth == 0 && regions.preemptionDepth == 0
      && regions.interruptID == 0
  }
}
