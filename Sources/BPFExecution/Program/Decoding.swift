import BPFInstructions

/// Decodes all slots into as many records.
func decode(_ instructions: [Instruction]) throws(ProgramError) -> [Record] {
  guard instructions.count <= PreparedProgram.maximumSlotCount else {
    throw ProgramError(.tooLong(count: instructions.count), at: PreparedProgram.maximumSlotCount)
  }
  guard !instructions.isEmpty else { throw ProgramError(.empty, at: 0) }
  var decoder = Decoder(instructions)
  try decoder.decodeAll()
  return decoder.records
}

private struct Decoder {
  let instructions: [Instruction]
  var records: [Record] = []
  /// The targets of jumps and calls with the instruction that jumps, to be checked when all wide loads are known.
  private var targets: [(from: Int, target: Int)] = []

  init(_ instructions: [Instruction]) {
    self.instructions = instructions
    records.reserveCapacity(instructions.count)
  }

  mutating func decodeAll() throws(ProgramError) {
    var endsWell = false
    while records.count < instructions.count {
      let index = records.count
      let instruction: DecodedInstruction
      do throws(InstructionError) {
        instruction = try DecodedInstruction.decode(at: index, in: instructions)
      } catch {
        throw ProgramError(.invalidInstruction(error.rule, opcode: error.opcode), at: index)
      }
      if instruction.writesFramePointer { throw ProgramError(.writesFramePointer, at: index) }
      records.append(try record(instruction, at: index))
      if instruction.slotCount == 2 { records.append(Record(operation: .secondHalf)) }
      endsWell = instruction.endsProgram
    }
    guard endsWell else { throw ProgramError(.fallsOffTheEnd, at: instructions.count - 1) }
    for (from, target) in targets where records[target].operation == .secondHalf {
      throw ProgramError(.targetInWideLoad(target), at: from)
    }
  }

  private mutating func record(_ instruction: DecodedInstruction, at index: Int) throws(ProgramError) -> Record {
    switch instruction {
    case .arithmetic(let operation, let width, let destination, let operand):
      return arithmetic(operation, width, destination, operand)
    case .negate(let width, let destination):
      return Record(width == .bits64 ? .negate64 : .negate32, destination)
    case .byteSwap(let swap, let size, let destination):
      return Record(byteSwap(swap, size), destination)
    case .moveSignExtended(let width, let size, let destination, let source):
      return Record(signExtension(width, size), destination, source)
    case .castAddressSpace(let destination, let source, _, _):
      return Record(.castAddressSpace, destination, source)
    case .load(let size, let fill, let destination, let base, let offset):
      return Record(.load(size, fill), destination, base, offset: Int32(offset))
    case .store(let size, let base, let offset, .register(let source)):
      return Record(.storeRegister(size), base, source, offset: Int32(offset))
    case .store(let size, let base, let offset, .immediate(let value)):
      return Record(.storeImmediate(size), base, offset: Int32(offset), immediate: signExtended(value))
    case .atomic(let operation, let width, let fetches, let base, let offset, let source):
      let modification = AtomicModification(operation, fetches: fetches)
      return Record(
        width == .bits64 ? .atomic64 : .atomic32, base, source, offset: Int32(offset),
        immediate: UInt64(modification.rawValue))
    case .loadAcquire(let size, let destination, let base, let offset):
      return Record(.loadAcquire, destination, base, offset: Int32(offset), immediate: UInt64(size.byteCount))
    case .storeRelease(let size, let base, let offset, let source):
      return Record(.storeRelease, base, source, offset: Int32(offset), immediate: UInt64(size.byteCount))
    case .loadWide(let destination, let value):
      return Record(.loadWide, destination, immediate: try constant(value, at: index))
    case .loadPacket(let size, let register, let offset):
      return Record(
        register == nil ? .loadPacketAbsolute : .loadPacketIndirect, nil, register,
        offset: Int32(size.byteCount), immediate: signExtended(offset))
    case .jumpIf(let condition, let width, let left, let right, let offset):
      let forms = Operation.jump(condition)
      let distance = try distance(Int(offset), from: index)
      switch right {
      case .register(let source):
        return Record(width == .bits64 ? forms.register64 : forms.register32, left, source, offset: distance)
      case .immediate(let value):
        return Record(
          width == .bits64 ? forms.immediate64 : forms.immediate32, left, offset: distance,
          immediate: signExtended(value))
      }
    case .goto(let offset): return Record(.jump, offset: try distance(Int(offset), from: index))
    case .gotoLong(let offset): return Record(.jump, offset: try distance(Int(offset), from: index))
    case .mayGoto(let offset): return Record(.mayGoto, offset: try distance(Int(offset), from: index))
    case .call(.helper(let number)): return Record(.callHelper, immediate: signExtended(number))
    case .call(.local(let offset)): return Record(.callLocal, offset: try distance(Int(offset), from: index))
    // The module has no meaning here: the loader has chosen the number.
    case .call(.kernelFunction(let number, _)): return Record(.callKernelFunction, immediate: signExtended(number))
    case .call(.register(let register)): return Record(.callRegister, register)
    case .exit: return Record(.exit)
    }
  }

  private func arithmetic(
    _ operation: ArithmeticOperation, _ width: OperandWidth, _ destination: Register, _ operand: Operand
  ) -> Record {
    let forms = Operation.arithmetic(operation)
    switch operand {
    case .register(let source):
      return Record(width == .bits64 ? forms.register64 : forms.register32, destination, source)
    case .immediate(let value):
      var immediate = signExtended(value)
      if operation == .move, width == .bits32 { immediate &= 0xffff_ffff }
      return Record(width == .bits64 ? forms.immediate64 : forms.immediate32, destination, immediate: immediate)
    }
  }

  /// The value of a wide load that needs no loader.
  private mutating func constant(_ value: WideValue, at index: Int) throws(ProgramError) -> UInt64 {
    switch value {
    case .constant(let constant): return constant
    case .function(let offset):
      let target = index + 1 + Int(offset)
      try check(target, from: index)
      return .function(target)
    default: throw ProgramError(.unresolvedReference(value), at: index)
    }
  }

  /// The distance of a target in bytes of records.
  private mutating func distance(_ slots: Int, from index: Int) throws(ProgramError) -> Int32 {
    try check(index + 1 + slots, from: index)
    return Int32(slots * MemoryLayout<Record>.stride)
  }

  private mutating func check(_ target: Int, from index: Int) throws(ProgramError) {
    guard instructions.indices.contains(target) else { throw ProgramError(.targetOutOfRange(target), at: index) }
    targets.append((from: index, target: target))
  }
}

/// What an immediate stands for where 64 bits are needed.
private func signExtended(_ immediate: Int32) -> UInt64 { UInt64(bitPattern: Int64(immediate)) }

/// Programs are little-endian, so the conversion to little-endian only truncates.
private func byteSwap(_ swap: ByteSwap, _ size: MemorySize) -> Operation {
  switch size {
  case .byte, .half: swap == .toLittleEndian ? .truncate16 : .swap16
  case .word: swap == .toLittleEndian ? .truncate32 : .swap32
  case .doubleWord: swap == .toLittleEndian ? .keep64 : .swap64
  }
}

private func signExtension(_ width: OperandWidth, _ size: MemorySize) -> Operation {
  switch (size, width) {
  case (.byte, .bits64): .moveSigned8To64
  case (.byte, .bits32): .moveSigned8To32
  case (.half, .bits64): .moveSigned16To64
  case (.half, .bits32): .moveSigned16To32
  case (.word, .bits64), (.doubleWord, .bits64): .moveSigned32To64
  case (.word, .bits32), (.doubleWord, .bits32): .move32Register
  }
}

extension Record {
  fileprivate init(
    _ operation: Operation, _ destination: Register? = nil, _ source: Register? = nil, offset: Int32 = 0,
    immediate: UInt64 = 0
  ) {
    self.init(
      operation: operation, destination: destination?.rawValue ?? 0, source: source?.rawValue ?? 0, offset: offset,
      immediate: immediate)
  }
}

extension DecodedInstruction {
  /// Whether r10 would be written, which the kernel refuses.
  fileprivate var writesFramePointer: Bool {
    switch self {
    case .arithmetic(_, _, .r10, _), .negate(_, .r10), .byteSwap(_, _, .r10), .moveSignExtended(_, _, .r10, _),
      .castAddressSpace(.r10, _, _, _), .load(_, _, .r10, _, _), .loadAcquire(_, .r10, _, _), .loadWide(.r10, _):
      true
    case .atomic(let operation, _, let fetches, _, _, .r10): fetches && operation != .compareExchange
    default: false
    }
  }

  /// Whether nothing can run on past the instruction; the kernel asks for one of these at the end.
  fileprivate var endsProgram: Bool {
    switch self {
    case .exit, .goto, .gotoLong: true
    default: false
    }
  }
}
