import BPFInstructions

/// The greatest valid register number.
private let framePointer: UInt8 = 10

/// Decodes all slots into as many records.
func decode(_ instructions: [Instruction]) throws(ProgramError) -> [Record] {
  guard instructions.count <= PreparedProgram.maximumSlotCount else {
    throw ProgramError(.tooLong(count: instructions.count), at: PreparedProgram.maximumSlotCount)
  }
  guard let last = instructions.last else { throw ProgramError(.empty, at: 0) }

  var decoder = Decoder(instructions)
  try decoder.decodeAll()
  // A jump, a jump with a 32-bit offset, or an exit; the kernel asks the same.
  guard [0x05, 0x06, 0x95].contains(last.opcode), !decoder.isSecondHalf(instructions.count - 1) else {
    throw ProgramError(.fallsOffTheEnd, at: instructions.count - 1)
  }
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

  func isSecondHalf(_ index: Int) -> Bool { records[index].operation == .secondHalf }

  mutating func decodeAll() throws(ProgramError) {
    while records.count < instructions.count {
      let index = records.count
      let slot = instructions[index]
      if slot.isWideLoad {
        try decodeWideLoad(slot, at: index)
        continue
      }
      do throws(ProgramError.Reason) {
        records.append(try decode(slot, at: index))
      } catch {
        throw ProgramError(error, at: index)
      }
    }
    for (from, target) in targets {
      guard instructions.indices.contains(target) else { throw ProgramError(.targetOutOfRange(target), at: from) }
      guard !isSecondHalf(target) else { throw ProgramError(.targetInWideLoad(target), at: from) }
    }
  }

  private mutating func decodeWideLoad(_ slot: Instruction, at index: Int) throws(ProgramError) {
    guard index + 1 < instructions.count else { throw ProgramError(.incompleteWideLoad, at: index) }
    let second = instructions[index + 1]
    guard second.opcode == 0, second.destination == 0, second.source == 0, second.offset == 0 else {
      throw ProgramError(.incompleteWideLoad, at: index)
    }
    guard slot.destination <= framePointer else {
      throw ProgramError(.invalidRegister(slot.destination), at: index)
    }
    guard slot.destination != framePointer else { throw ProgramError(.writesFramePointer, at: index) }
    guard slot.offset == 0 else { throw ProgramError(.reservedField, at: index) }
    let value: UInt64
    switch slot.source {
    case 0:
      value = UInt64(UInt32(bitPattern: second.immediate)) << 32 | UInt64(UInt32(bitPattern: slot.immediate))
    case 4:
      let target = index + 1 + Int(slot.immediate)
      targets.append((from: index, target: target))
      value = .function(target)
    default:
      throw ProgramError(.unresolvedReference(kind: slot.source), at: index)
    }
    records.append(Record(operation: .loadWide, destination: slot.destination, immediate: value))
    records.append(Record(operation: .secondHalf))
  }

  private mutating func decode(_ slot: Instruction, at index: Int) throws(ProgramError.Reason) -> Record {
    guard slot.destination <= framePointer else { throw .invalidRegister(slot.destination) }
    switch slot.opcode & 0x07 {
    case 0x00: return try decodePacketLoad(slot)
    case 0x01: return try decodeLoad(slot)
    case 0x02: return try decodeStoreImmediate(slot)
    case 0x03: return try decodeStore(slot)
    case 0x04, 0x07: return try decodeArithmetic(slot)
    default: return try decodeJump(slot, at: index)
    }
  }

  // MARK: - Arithmetic

  private func decodeArithmetic(_ slot: Instruction) throws(ProgramError.Reason) -> Record {
    let is64 = slot.opcode & 0x07 == 0x07
    let isRegister = slot.opcode & 0x08 != 0
    let code = slot.opcode & 0xf0
    guard slot.destination != framePointer else { throw .writesFramePointer }
    switch code {
    case 0x80: return try decodeNegation(slot, is64: is64)
    case 0xb0: return try decodeMove(slot, is64: is64)
    case 0xd0: return try decodeByteSwap(slot, is64: is64)
    default: break
    }
    guard slot.offset == 0 || slot.offset == 1 else { throw .reservedField }
    guard let plain = Operation.arithmetic(code) else { throw .unknownOpcode(slot.opcode) }
    guard let forms = slot.offset == 0 ? plain : Operation.signedArithmetic(code) else { throw .reservedField }
    if isRegister {
      try checkSource(slot)
      guard slot.immediate == 0 else { throw .reservedField }
      return Record(
        operation: is64 ? forms.register64 : forms.register32, destination: slot.destination, source: slot.source)
    }
    guard slot.source == 0 else { throw .reservedField }
    var immediate = UInt64(bitPattern: Int64(slot.immediate))
    if [0x60, 0x70, 0xc0].contains(code) { immediate &= is64 ? 63 : 31 }
    return Record(
      operation: is64 ? forms.immediate64 : forms.immediate32, destination: slot.destination, immediate: immediate)
  }

  private func decodeNegation(_ slot: Instruction, is64: Bool) throws(ProgramError.Reason) -> Record {
    guard slot.opcode & 0x08 == 0 else { throw .unknownOpcode(slot.opcode) }
    guard slot.source == 0, slot.offset == 0, slot.immediate == 0 else { throw .reservedField }
    return Record(operation: is64 ? .negate64 : .negate32, destination: slot.destination)
  }

  private func decodeMove(_ slot: Instruction, is64: Bool) throws(ProgramError.Reason) -> Record {
    if slot.opcode & 0x08 == 0 {
      guard slot.source == 0, slot.offset == 0 else { throw .reservedField }
      let immediate =
        is64 ? UInt64(bitPattern: Int64(slot.immediate)) : UInt64(UInt32(bitPattern: slot.immediate))
      return Record(operation: .move64Immediate, destination: slot.destination, immediate: immediate)
    }
    try checkSource(slot)
    let operation: Operation
    switch (slot.offset, is64) {
    // The immediate names the two address spaces (arena and kernel), and is checked no further.
    case (1, true): operation = .castAddressSpace
    case (0, true): operation = .move64Register
    case (0, false): operation = .move32Register
    case (8, true): operation = .moveSigned8To64
    case (16, true): operation = .moveSigned16To64
    case (32, true): operation = .moveSigned32To64
    case (8, false): operation = .moveSigned8To32
    case (16, false): operation = .moveSigned16To32
    default: throw .reservedField
    }
    guard slot.immediate == 0 || operation == .castAddressSpace else { throw .reservedField }
    return Record(operation: operation, destination: slot.destination, source: slot.source)
  }

  private func decodeByteSwap(_ slot: Instruction, is64: Bool) throws(ProgramError.Reason) -> Record {
    let toBigEndian = slot.opcode & 0x08 != 0
    guard !(is64 && toBigEndian) else { throw .unknownOpcode(slot.opcode) }
    guard slot.source == 0, slot.offset == 0 else { throw .reservedField }
    // Programs are little-endian, so the conversion to little-endian only truncates.
    let swaps = is64 || toBigEndian
    let operation: Operation
    switch slot.immediate {
    case 16: operation = swaps ? .swap16 : .truncate16
    case 32: operation = swaps ? .swap32 : .truncate32
    case 64: operation = swaps ? .swap64 : .keep64
    default: throw .reservedField
    }
    return Record(operation: operation, destination: slot.destination)
  }

  // MARK: - Memory

  private func decodePacketLoad(_ slot: Instruction) throws(ProgramError.Reason) -> Record {
    let byteCount = UInt8(byteCount(slot))
    guard byteCount < 8 else { throw .unknownOpcode(slot.opcode) }
    guard slot.destination == 0, slot.offset == 0 else { throw .reservedField }
    let immediate = UInt64(bitPattern: Int64(slot.immediate))
    switch slot.opcode & 0xe0 {
    case 0x20:
      guard slot.source == 0 else { throw .reservedField }
      return Record(operation: .loadPacketAbsolute, destination: byteCount, immediate: immediate)
    case 0x40:
      try checkSource(slot)
      return Record(
        operation: .loadPacketIndirect, destination: byteCount, source: slot.source, immediate: immediate)
    default: throw .unknownOpcode(slot.opcode)
    }
  }

  private func decodeLoad(_ slot: Instruction) throws(ProgramError.Reason) -> Record {
    let operation: Operation
    switch slot.opcode {
    case 0x61: operation = .load32
    case 0x69: operation = .load16
    case 0x71: operation = .load8
    case 0x79: operation = .load64
    case 0x81: operation = .loadSigned32
    case 0x89: operation = .loadSigned16
    case 0x91: operation = .loadSigned8
    default: throw .unknownOpcode(slot.opcode)
    }
    try checkSource(slot)
    guard slot.destination != framePointer else { throw .writesFramePointer }
    guard slot.immediate == 0 else { throw .reservedField }
    return Record(
      operation: operation, destination: slot.destination, source: slot.source, offset: Int32(slot.offset))
  }

  private func decodeStoreImmediate(_ slot: Instruction) throws(ProgramError.Reason) -> Record {
    let operation: Operation
    switch slot.opcode {
    case 0x62: operation = .store32Immediate
    case 0x6a: operation = .store16Immediate
    case 0x72: operation = .store8Immediate
    case 0x7a: operation = .store64Immediate
    default: throw .unknownOpcode(slot.opcode)
    }
    guard slot.source == 0 else { throw .reservedField }
    return Record(
      operation: operation, destination: slot.destination, offset: Int32(slot.offset),
      immediate: UInt64(bitPattern: Int64(slot.immediate)))
  }

  private func decodeStore(_ slot: Instruction) throws(ProgramError.Reason) -> Record {
    try checkSource(slot)
    if slot.opcode & 0xe0 == 0xc0 { return try decodeAtomic(slot) }
    let operation: Operation
    switch slot.opcode {
    case 0x63: operation = .store32Register
    case 0x6b: operation = .store16Register
    case 0x73: operation = .store8Register
    case 0x7b: operation = .store64Register
    default: throw .unknownOpcode(slot.opcode)
    }
    guard slot.immediate == 0 else { throw .reservedField }
    return Record(
      operation: operation, destination: slot.destination, source: slot.source, offset: Int32(slot.offset))
  }

  /// The read-modify-write operations, load-acquire and store-release (Linux 6.15).
  private func decodeAtomic(_ slot: Instruction) throws(ProgramError.Reason) -> Record {
    let byteCount = byteCount(slot)
    var record = Record(
      operation: byteCount == 8 ? .atomic64 : .atomic32, destination: slot.destination, source: slot.source,
      offset: Int32(slot.offset), immediate: UInt64(UInt32(bitPattern: slot.immediate)))
    if let modification = AtomicModification(rawValue: record.immediate) {
      guard byteCount >= 4 else { throw .unknownOpcode(slot.opcode) }
      guard slot.source != framePointer || !modification.fetches || modification == .compareAndExchange else {
        throw .writesFramePointer
      }
      return record
    }
    switch slot.immediate {
    case 0x100:
      guard slot.destination != framePointer else { throw .writesFramePointer }
      record.operation = .loadAcquire
    case 0x110:
      record.operation = .storeRelease
    default: throw .reservedField
    }
    record.immediate = byteCount
    return record
  }

  // MARK: - Jumps

  private mutating func decodeJump(_ slot: Instruction, at index: Int) throws(ProgramError.Reason) -> Record {
    let is64 = slot.opcode & 0x07 == 0x05
    let isRegister = slot.opcode & 0x08 != 0
    switch slot.opcode {
    case 0x05:
      guard slot.destination == 0, slot.source == 0, slot.immediate == 0 else { throw .reservedField }
      return Record(operation: .jump, offset: try distance(Int(slot.offset), from: index))
    case 0x06:
      guard slot.destination == 0, slot.source == 0, slot.offset == 0 else { throw .reservedField }
      return Record(operation: .jump, offset: try distance(Int(slot.immediate), from: index))
    case 0x85: return try decodeCall(slot, at: index)
    case 0x8d:
      guard slot.source == 0, slot.offset == 0, slot.immediate == 0 else { throw .reservedField }
      return Record(operation: .callRegister, destination: slot.destination)
    case 0x95:
      guard slot.destination == 0, slot.source == 0, slot.offset == 0, slot.immediate == 0 else {
        throw .reservedField
      }
      return Record(operation: .exit)
    case 0xe5:
      guard slot.destination == 0, slot.source == 0, slot.immediate == 0 else { throw .reservedField }
      return Record(operation: .mayGoto, offset: try distance(Int(slot.offset), from: index))
    default: break
    }
    guard let forms = Operation.conditionalJump(slot.opcode & 0xf0) else { throw .unknownOpcode(slot.opcode) }
    let offset = try distance(Int(slot.offset), from: index)
    if isRegister {
      try checkSource(slot)
      guard slot.immediate == 0 else { throw .reservedField }
      return Record(
        operation: is64 ? forms.register64 : forms.register32, destination: slot.destination,
        source: slot.source, offset: offset)
    }
    guard slot.source == 0 else { throw .reservedField }
    return Record(
      operation: is64 ? forms.immediate64 : forms.immediate32, destination: slot.destination, offset: offset,
      immediate: UInt64(bitPattern: Int64(slot.immediate)))
  }

  private mutating func decodeCall(_ slot: Instruction, at index: Int) throws(ProgramError.Reason) -> Record {
    guard slot.destination == 0 else { throw .reservedField }
    let number = UInt64(bitPattern: Int64(slot.immediate))
    switch slot.source {
    case 0:
      guard slot.offset == 0 else { throw .reservedField }
      return Record(operation: .callHelper, immediate: number)
    case 1:
      guard slot.offset == 0 else { throw .reservedField }
      return Record(operation: .callLocal, offset: try distance(Int(slot.immediate), from: index))
    // The offset says which module's types the number is of; the loader has chosen the number, so it has no meaning.
    case 2: return Record(operation: .callKernelFunction, immediate: number)
    default: throw .reservedField
    }
  }

  /// The distance in bytes of records of a target, which is checked when the whole program has been seen.
  private mutating func distance(_ slots: Int, from index: Int) throws(ProgramError.Reason) -> Int32 {
    let target = index + 1 + slots
    guard instructions.indices.contains(target) else { throw .targetOutOfRange(target) }
    targets.append((from: index, target: target))
    return Int32(slots * MemoryLayout<Record>.stride)
  }

  /// The number of bytes that the size bits of a memory instruction select.
  private func byteCount(_ slot: Instruction) -> UInt64 {
    switch slot.opcode & 0x18 {
    case 0x00: 4
    case 0x08: 2
    case 0x10: 1
    default: 8
    }
  }

  private func checkSource(_ slot: Instruction) throws(ProgramError.Reason) {
    guard slot.source <= framePointer else { throw .invalidRegister(slot.source) }
  }
}
