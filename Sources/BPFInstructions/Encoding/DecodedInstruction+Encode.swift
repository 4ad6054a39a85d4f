extension DecodedInstruction {
  /// The immediate of an atomic instruction that loads with acquire order.
  package static let loadAcquireCode: Int32 = 0x100
  /// The immediate of an atomic instruction that stores with release order.
  package static let storeReleaseCode: Int32 = 0x110
  /// The bit of an atomic instruction's immediate that asks for the old value.
  package static let fetchBit: Int32 = 1

  /// The instruction's slots: two for a 64-bit immediate load, else one.
  ///
  /// Decoding the slots gives the instruction again, but for forms that no slot can express: they are encoded as
  /// nearly as the fields allow, and decoding tells what is wrong.
  public var slots: [Instruction] {
    guard case .loadWide(_, let value) = self else { return [firstSlot] }
    return [firstSlot, Instruction(opcode: 0, immediate: value.immediates.high)]
  }

  /// The instruction's only slot, or the first of two.
  package var firstSlot: Instruction {
    switch self {
    case .arithmetic(let operation, let width, let register, let operand):
      let form = operation.variantOffset == 0 ? operation : operation == .signedDivide ? .divide : .modulo
      return Instruction(
        .arithmetic(form, width, operand.kind), register, operand, offset: operation.variantOffset)
    case .negate(let width, let register):
      return Instruction(.negate(width), register)
    case .byteSwap(let swap, let size, let register):
      return Instruction(.byteSwap(swap), register, .immediate(Int32(size.bitCount)))
    case .moveSignExtended(let width, let from, let register, let source):
      return Instruction(
        .arithmetic(.move, width, .register), register, .register(source), offset: Int16(from.bitCount))
    case .castAddressSpace(let register, let source, let to, let from):
      var slot = Instruction(.arithmetic(.move, .bits64, .register), register, .register(source), offset: 1)
      slot.immediate = Int32(bitPattern: UInt32(to) << 16 | UInt32(from))
      return slot
    case .load(let size, let fill, let register, let base, let offset):
      return Instruction(.load(size, fill), register, .register(base), offset: offset)
    case .store(let size, let base, let offset, let operand):
      return Instruction(.store(size, operand.kind), base, operand, offset: offset)
    case .atomic(let operation, let width, let fetch, let base, let offset, let source):
      var slot = Instruction(
        .atomic(width == .bits32 ? .word : .doubleWord), base, .register(source), offset: offset)
      slot.immediate = operation.code | (fetch ? Self.fetchBit : 0)
      return slot
    case .loadAcquire(let size, let register, let base, let offset):
      var slot = Instruction(.atomic(size), register, .register(base), offset: offset)
      slot.immediate = Self.loadAcquireCode
      return slot
    case .storeRelease(let size, let base, let offset, let source):
      var slot = Instruction(.atomic(size), base, .register(source), offset: offset)
      slot.immediate = Self.storeReleaseCode
      return slot
    case .loadWide(let register, let value):
      var slot = Instruction(.loadWide, register, .immediate(value.immediates.low))
      slot.source = value.kind
      return slot
    case .loadPacket(let size, let index, let constant):
      var slot = Instruction(
        .loadPacket(size, index == nil ? .immediate : .register), .r0, index.map(Operand.register) ?? .immediate(0))
      slot.immediate = constant
      return slot
    case .jumpIf(let condition, let width, let left, let right, let offset):
      return Instruction(.jumpIf(condition, width, right.kind), left, right, offset: offset)
    case .goto(let offset): return Instruction(.goto, offset: offset)
    case .gotoLong(let offset): return Instruction(.gotoLong, .r0, .immediate(offset))
    case .mayGoto(let offset): return Instruction(.mayGoto, offset: offset)
    case .call(let target): return Self.callSlot(target)
    case .exit: return Instruction(.exit)
    }
  }

  private static func callSlot(_ target: CallTarget) -> Instruction {
    if case .register(let register) = target { return Instruction(.callRegister, register) }
    var slot = Instruction(.call)
    switch target {
    case .helper(let number): slot.immediate = number
    case .local(let offset): (slot.source, slot.immediate) = (1, offset)
    case .kernelFunction(let type, let module): (slot.source, slot.immediate, slot.offset) = (2, type, module)
    case .register: break
    }
    return slot
  }
}

extension Operand {
  /// The bit of the opcode that selects this kind of operand.
  package var kind: OperandSource {
    if case .register = self { .register } else { .immediate }
  }
}

extension Instruction {
  /// A slot of a form of the table. Zero, which no instruction has, stands for a form that is not in the table, such as
  /// a sign-extending load of a double word.
  fileprivate init(
    _ form: OpcodeForm, _ destination: Register = .r0, _ operand: Operand = .immediate(0), offset: Int16 = 0
  ) {
    self.init(opcode: OpcodeTable.byForm[form] ?? 0, destination: destination.rawValue, offset: offset)
    switch operand {
    case .register(let register): source = register.rawValue
    case .immediate(let value): immediate = value
    }
  }
}
