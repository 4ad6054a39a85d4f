extension DecodedInstruction {
  /// Decodes the instruction that begins at a slot.
  ///
  /// Strict: fields that RFC 9669 or Linux 6.18 reserve must be zero. Whether a jump's target exists, whether a
  /// register holds a value and the like are not looked at.
  public static func decode(at index: Int, in slots: [Instruction]) throws(InstructionError) -> DecodedInstruction {
    try decode(at: index, in: slots.span)
  }

  /// Decodes the instruction that begins at a slot.
  public static func decode(
    at index: Int, in slots: Span<Instruction>
  ) throws(InstructionError) -> DecodedInstruction {
    guard index >= 0, index < slots.count else {
      throw InstructionError(index: index, opcode: 0, rule: .outOfRange(slotCount: slots.count))
    }
    do throws(InstructionError.Rule) {
      let next = index + 1 < slots.count ? slots[index + 1] : nil
      return try SlotDecoder(slot: slots[index], next: next).decode()
    } catch {
      throw InstructionError(index: index, opcode: slots[index].opcode, rule: error)
    }
  }
}

extension Array where Element == Instruction {
  /// Every instruction with the index of its first slot; stops at the first that is not valid.
  public func decoded() throws(InstructionError) -> [(index: Int, instruction: DecodedInstruction)] {
    var result: [(index: Int, instruction: DecodedInstruction)] = []
    result.reserveCapacity(count)
    var index = 0
    while index < count {
      let instruction = try DecodedInstruction.decode(at: index, in: self)
      result.append((index, instruction))
      index += instruction.slotCount
    }
    return result
  }
}

extension InstructionError.Rule: Error {}

/// One slot and the one after it, on the way to a meaning.
private struct SlotDecoder {
  let slot: Instruction
  let next: Instruction?

  func decode() throws(InstructionError.Rule) -> DecodedInstruction {
    guard let row = OpcodeTable.byOpcode[Int(slot.opcode)] else { throw .unknownOpcode }
    try checkReservedFields(used: row.fields)
    switch row.form {
    case .arithmetic(.move, let width, .register):
      return try registerMove(width)
    case .arithmetic(let operation, let width, let source):
      return .arithmetic(try variant(of: operation), width, try destination(), try operand(source))
    case .negate(let width):
      return .negate(width, try destination())
    case .byteSwap(let swap):
      guard let size = swapSize else { throw .unsupportedValue(.immediate, slot.immediate) }
      return .byteSwap(swap, size, try destination())
    case .load(let size, let fill):
      return .load(size, fill, try destination(), base: try source(), offset: slot.offset)
    case .store(let size, let source):
      return .store(size, base: try destination(), offset: slot.offset, try operand(source))
    case .atomic(let size):
      return try atomic(size)
    case .loadWide:
      return .loadWide(try destination(), try wideValue())
    case .loadPacket(let size, let index):
      return .loadPacket(size, index == .register ? try source() : nil, slot.immediate)
    case .jumpIf(let condition, let width, let right):
      return .jumpIf(condition, width, try destination(), try operand(right), offset: slot.offset)
    case .goto: return .goto(slot.offset)
    case .gotoLong: return .gotoLong(slot.immediate)
    case .mayGoto: return .mayGoto(slot.offset)
    case .call: return .call(try callTarget())
    case .callRegister: return .call(.register(try destination()))
    case .exit: return .exit
    }
  }

  private func checkReservedFields(used: InstructionFields) throws(InstructionError.Rule) {
    if !used.contains(.destination), slot.destination != 0 { throw .reservedField(.destination) }
    if !used.contains(.source), slot.source != 0 { throw .reservedField(.source) }
    if !used.contains(.offset), slot.offset != 0 { throw .reservedField(.offset) }
    if !used.contains(.immediate), slot.immediate != 0 { throw .reservedField(.immediate) }
  }

  private func destination() throws(InstructionError.Rule) -> Register {
    guard let register = Register(rawValue: slot.destination) else {
      throw .registerOutOfRange(.destination, slot.destination)
    }
    return register
  }

  private func source() throws(InstructionError.Rule) -> Register {
    guard let register = Register(rawValue: slot.source) else { throw .registerOutOfRange(.source, slot.source) }
    return register
  }

  private func operand(_ kind: OperandSource) throws(InstructionError.Rule) -> Operand {
    kind == .register ? .register(try source()) : .immediate(slot.immediate)
  }

  private func variant(of operation: ArithmeticOperation) throws(InstructionError.Rule) -> ArithmeticOperation {
    if slot.offset == 0 { return operation }
    guard slot.offset == 1, let signed = operation.signedVariant else {
      throw .unsupportedValue(.offset, Int32(slot.offset))
    }
    return signed
  }

  private var swapSize: MemorySize? {
    switch slot.immediate {
    case 16: .half
    case 32: .word
    case 64: .doubleWord
    default: nil
    }
  }

  private func registerMove(_ width: OperandWidth) throws(InstructionError.Rule) -> DecodedInstruction {
    if slot.offset == 1, width == .bits64 {
      // The two directions between a program's arena (space 1) and the kernel's addresses (space 0).
      guard slot.immediate == 1 || slot.immediate == 1 << 16 else {
        throw .unsupportedValue(.immediate, slot.immediate)
      }
      return .castAddressSpace(
        try destination(), try source(), to: UInt16(slot.immediate >> 16), from: UInt16(slot.immediate & 0xffff))
    }
    guard slot.immediate == 0 else { throw .reservedField(.immediate) }
    let from: MemorySize
    switch (slot.offset, width) {
    case (0, _): return .arithmetic(.move, width, try destination(), .register(try source()))
    case (8, _): from = .byte
    case (16, _): from = .half
    case (32, .bits64): from = .word
    default: throw .unsupportedValue(.offset, Int32(slot.offset))
    }
    return .moveSignExtended(width, from: from, try destination(), try source())
  }

  private func atomic(_ size: MemorySize) throws(InstructionError.Rule) -> DecodedInstruction {
    if slot.immediate == DecodedInstruction.loadAcquireCode {
      return .loadAcquire(size, try destination(), base: try source(), offset: slot.offset)
    }
    if slot.immediate == DecodedInstruction.storeReleaseCode {
      return .storeRelease(size, base: try destination(), offset: slot.offset, try source())
    }
    let fetch = slot.immediate & DecodedInstruction.fetchBit != 0
    let code = slot.immediate & ~DecodedInstruction.fetchBit
    guard
      let operation = AtomicOperation.allCases.first(where: { $0.code == code }), fetch || !operation.alwaysFetches
    else { throw .unsupportedValue(.immediate, slot.immediate) }
    guard size == .word || size == .doubleWord else { throw .atomicSize(size) }
    return .atomic(
      operation, size == .word ? .bits32 : .bits64, fetch: fetch, base: try destination(), offset: slot.offset,
      try source())
  }

  private func wideValue() throws(InstructionError.Rule) -> WideValue {
    guard let next else { throw .missingSecondSlot }
    if next.opcode != 0 { throw .secondSlot(.opcode) }
    if next.destination != 0 { throw .secondSlot(.destination) }
    if next.source != 0 { throw .secondSlot(.source) }
    if next.offset != 0 { throw .secondSlot(.offset) }
    let (low, high) = (slot.immediate, next.immediate)
    switch slot.source {
    case 0: return .constant(UInt64(UInt32(bitPattern: high)) << 32 | UInt64(UInt32(bitPattern: low)))
    case 2: return .mapValue(descriptor: low, offset: high)
    case 3: return .variable(type: low, moduleDescriptor: high)
    case 6: return .mapIndexValue(index: low, offset: high)
    case 1, 4, 5:
      guard high == 0 else { throw .secondSlot(.immediate) }
      return slot.source == 1 ? .map(descriptor: low) : slot.source == 4 ? .function(offset: low) : .mapIndex(low)
    default: throw .unsupportedValue(.source, Int32(slot.source))
    }
  }

  private func callTarget() throws(InstructionError.Rule) -> DecodedInstruction.CallTarget {
    switch slot.source {
    case 0, 1:
      guard slot.offset == 0 else { throw .reservedField(.offset) }
      return slot.source == 0 ? .helper(slot.immediate) : .local(slot.immediate)
    case 2:
      guard slot.offset >= 0 else { throw .unsupportedValue(.offset, Int32(slot.offset)) }
      return .kernelFunction(type: slot.immediate, module: slot.offset)
    default: throw .unsupportedValue(.source, Int32(slot.source))
    }
  }
}
