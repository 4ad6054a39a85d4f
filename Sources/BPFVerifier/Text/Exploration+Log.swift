internal import BPFInstructions
internal import BPFObject
internal import BPFTypeFormat

// What is written while the walk goes on. A state is not written whole at each step: only what the instruction has used.
extension Exploration {
  /// A walk begins at the first instruction of a function.
  mutating func logBeginning() {
    log.arrival = .straight
    log.useEverything()
  }

  /// The path ends here, since a state that is safe covers it.
  mutating func logPruned() {
    log.write(log.arrival == .straight ? "\(instruction): safe" : "\nfrom \(previous) to \(instruction): safe")
  }

  /// A path has come to its end; the next one begins at a branch that waited.
  mutating func logResumed() {
    log.arrival = .resumed
    log.useEverything()
  }

  /// How the walk came here, what the last instruction has done, and the instruction.
  mutating func logInstruction() {
    if log.arrival != .straight, log.keepsPaths || log.arrival == .returned {
      log.write("\nfrom \(previous) to \(instruction):\(stateText())")
    }
    log.arrival = .straight
    logUsed()
    logSource()
    let text = code.instructions[instruction].map { KernelNotation(self).text(of: $0, at: instruction) } ?? ""
    log.writeInstruction("\(instruction): (\(opcodeText)) \(text)")
    noteUse()
  }

  /// What an instruction has done, after it: of a jump at once, of others with the next instruction.
  mutating func logOutcome(of index: Int, in depth: Int) {
    noteCall(at: index)
    if frame > depth {
      log.write("caller:\n\(stateText(of: depth))\ncallee:\n\(stateText())")
      log.useEverything()
    } else if frame < depth {
      log.arrival = .returned
    }
    if case .jumpIf? = code.instructions[index] { logUsed() }
  }

  /// Before a function that was called is left: what it and its caller hold.
  mutating func logReturning(_ callee: String, to callSite: Int) {
    log.write("returning from callee:\n\(callee)\nto caller at \(callSite):\n\(stateText())")
  }

  /// A parameter that points to a structure of the kernel was read.
  mutating func logParameter(_ index: Int, of function: String, _ id: BTFTypeID, _ type: BTFType) {
    guard log.isWritten else { return }
    let kind = if case .union = type.kind { "UNION" } else { "STRUCT" }
    log.write("func '\(function)' arg\(index) has btf_id \(id.rawValue) type \(kind) '\(type.name)'")
  }

  /// The source line of the instruction, unless it is that of the one before.
  private mutating func logSource() {
    let lines = program.program.lines
    var low = 0
    var high = lines.count
    while low < high {
      let middle = (low + high) / 2
      if lines[middle].instruction < instruction { low = middle + 1 } else { high = middle }
    }
    guard low < lines.count, lines[low].instruction == instruction else { return }
    let line = lines[low]
    if let last = log.source, last.line == line.line, last.file == line.file, last.text == line.text { return }
    log.source = line
    let file = line.file.split(separator: "/").last ?? ""
    log.write("; \(line.text.drop { $0 == " " || $0 == "\t" }) @ \(file):\(line.line)")
  }

  private mutating func logUsed() {
    guard log.registers != 0 || log.slots != 0 else { return }
    log.writeOutcome(stateText(registers: log.registers, slots: log.slots), before: instruction)
  }

  private var opcodeText: String {
    guard program.program.instructions.indices.contains(instruction) else { return "00" }
    let opcode = program.program.instructions[instruction].opcode
    return (opcode < 16 ? "0" : "") + String(opcode, radix: 16)
  }
}

// What an instruction uses, by what it is and, for the stack, by where its pointers lead.
extension Exploration {
  private mutating func noteUse() {
    guard let current = code.instructions[instruction] else { return }
    func use(_ registers: Register...) { for register in registers { log.registers |= 1 << UInt16(register.rawValue) } }
    func use(_ operand: Operand) { if case .register(let register) = operand { use(register) } }
    switch current {
    case .arithmetic(_, _, let target, let operand):
      use(target)
      use(operand)
    case .moveSignExtended(_, _, let target, let source), .castAddressSpace(let target, let source, _, _):
      use(target, source)
    case .negate(_, let target), .byteSwap(_, _, let target), .loadWide(let target, _): use(target)
    case .load(let size, _, let target, let base, let offset), .loadAcquire(let size, let target, let base, let offset):
      useStack(base, Int(offset), size.byteCount)
      use(target, base)
    case .store(let size, let base, let offset, let value):
      useStack(base, Int(offset), size.byteCount)
      use(base)
      use(value)
    case .storeRelease(let size, let base, let offset, let value):
      useStack(base, Int(offset), size.byteCount)
      use(base, value)
    case .atomic(let operation, let width, _, let base, let offset, let value):
      useStack(base, Int(offset), Int(width.rawValue) / 8)
      use(base, value)
      if operation == .compareExchange { use(.r0) }
    case .loadPacket(_, let index, _):
      use(.r0, .r6)
      if let index { use(index) }
    case .jumpIf(_, _, let left, let right, _):
      use(left)
      use(right)
    case .call:
      use(.r0, .r1, .r2, .r3, .r4, .r5)
      useSpecialSlots()
      let place = Self.slotPlace(frame, 0)
      log.beforeCall = ((0..<Int(frames[frame].slotCount)).map { slots[place + $0] }, pending.count)
    case .goto, .gotoLong, .mayGoto, .exit: break
    }
  }

  /// A call uses the dynptrs and iterators that it is given, whether it changes them or not.
  private mutating func useSpecialSlots() {
    let count = Int(code.argumentCounts[instruction])
    for register in [Register.r1, .r2, .r3, .r4, .r5].prefix(count) where self[register].kind == .stack {
      let offset = Int(self[register].offset) + Int(clamping: self[register].number.signed.minimum)
      guard (-512..<0).contains(offset), offset % 8 == 0, slots[Self.slotPlace(frame, -1 - offset / 8)].isSpecial else {
        continue
      }
      useStack(register, 0, 8)
    }
  }

  private mutating func useStack(_ base: Register, _ offset: Int, _ size: Int) {
    let state = self[base]
    guard state.kind == .stack else { return }
    let low = Int(state.offset) + offset + Int(clamping: state.number.signed.minimum)
    let high = Int(state.offset) + offset + Int(clamping: state.number.signed.maximum) + size - 1
    guard low >= -512, low <= high, high < 0 else { return }
    for slot in (-1 - high) / 8...(-1 - low) / 8 { log.slots |= 1 << UInt64(slot) }
  }

  /// What a call has written to the stack. A function that is called back makes everything count.
  private mutating func noteCall(at index: Int) {
    guard let before = log.beforeCall else { return }
    log.beforeCall = nil
    if pending.count > before.pending, !isIteratorCall(index) { return log.useEverything() }
    for slot in 0..<Int(frames[frame].slotCount) {
      let current = slots[Self.slotPlace(frame, slot)]
      let old = slot < before.slots.count ? before.slots[slot] : .invalid
      // A spilled pointer that has become useless is not told of.
      if current.bytes != old.bytes || current.isSpecial && logText(current.register) != logText(old.register) {
        log.slots |= 1 << UInt64(slot)
      }
    }
  }

  private func isIteratorCall(_ index: Int) -> Bool {
    guard case .kernelFunction(let name, _)? = program.references[index] else { return false }
    return name.hasPrefix("bpf_iter_")
  }
}
