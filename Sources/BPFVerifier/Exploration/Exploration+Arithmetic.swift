internal import BPFInstructions
internal import BPFObject
internal import BPFTypeFormat

extension Exploration {
  mutating func arithmetic(
    _ operation: ArithmeticOperation, _ width: OperandWidth, _ target: Register, _ operand: Operand
  ) throws(Stop) {
    if operation == .move { return try move(width, target, operand) }
    // Sources are looked at before destinations.
    if case .register(let source) = operand { try require(source) }
    try require(target)
    if case .immediate(let constant) = operand {
      switch operation {
      case .divide, .signedDivide, .modulo, .signedModulo:
        if constant == 0 { throw reject("div by zero", .invalidArgument, .invalidConstant) }
      case .shiftLeft, .shiftRight, .arithmeticShiftRight:
        if constant < 0 || constant >= Int32(width.rawValue) {
          throw reject("invalid shift \(constant)", .invalidArgument, .invalidConstant)
        }
      default: break
      }
    }
    try requireWritable(target)
    let place = Self.place(frame, Int(target.rawValue))
    // Whatever is done to a pointer into an arena, it stays in it.
    if registers[place].kind == .arena { return }
    let right = value(of: operand)
    if registers[place].isPointer || right.isPointer {
      try pointerArithmetic(operation, width, target, operand, right)
      return
    }
    if operation == .and || operation == .or { try forkSign(place, right) }
    let keepsLink = width == .bits64 || registers[place].bitWidth <= 32
    registers[place].number.apply(operation, width, right.number)
    if registers[place].number.isContradictory { registers[place].number.forgetRanges() }
    linkSum(place, operation, width, right, keepsLink)
  }

  /// What a shift made of a sign is 0 or -1: masked with a constant it is one of two numbers, and not all between them. As
  /// Linux does, each is walked; the way with 0 waits, before the mask.
  private mutating func forkSign(_ place: Int, _ right: RegisterState) throws(Stop) {
    guard right.number.bits.isConstant else { return }
    let number = registers[place].number
    if number.signed == Interval(-1, 0) {
      registers[place] = RegisterState(constant: 0)
      try push(instruction, from: instruction)
      registers[place] = RegisterState(constant: .max)
    } else if number.signed32 == Interval(-1, 0) {
      registers[place].number.setLow32(0)
      try push(instruction, from: instruction)
      registers[place].number.setLow32(.max)
    }
  }

  /// A number that is a constant away from what it was copied from stays linked with it, once.
  ///
  /// - Parameter keepsLink: whether all of the number took part in the arithmetic.
  private mutating func linkSum(
    _ place: Int, _ operation: ArithmeticOperation, _ width: OperandWidth, _ right: RegisterState, _ keepsLink: Bool
  ) {
    let isKnown = width == .bits64 ? right.number.bits.isConstant : right.number.bits.isConstant32
    if operation == .add || operation == .subtract, keepsLink, registers[place].id != 0, isKnown {
      let constant = right.number.bits.value
      let moved =
        width == .bits64 ? Int32(exactly: Int64(bitPattern: constant)) : Int32(truncatingIfNeeded: constant)
      let distance = operation == .add ? moved : moved.flatMap { $0 == .min ? nil : -$0 }
      if let distance, registers[place].id & RegisterState.linkFlag == 0 {
        registers[place].id |= width == .bits64 ? RegisterState.linkFlag64 : RegisterState.linkFlag32
        registers[place].offset = distance
      } else {
        registers[place].unlink()
      }
    } else {
      registers[place].id = 0
    }
    registers[place].isPrecise = false
  }

  /// Gives a number an id before it is copied, so that what is learnt of one copy counts for the other.
  @inline(__always)
  mutating func assignID(_ place: Int) {
    guard registers[place].kind == .scalar else { return }
    if registers[place].id & RegisterState.linkFlag != 0 { registers[place].unlink() }
    if registers[place].id == 0, !registers[place].number.bits.isConstant { registers[place].id = newID() }
  }

  private mutating func move(_ width: OperandWidth, _ target: Register, _ operand: Operand) throws(Stop) {
    guard case .register(let source) = operand else {
      try requireWritable(target)
      guard case .immediate(let constant) = operand else { return }
      self[target] = RegisterState(
        constant: width == .bits64 ? UInt64(bitPattern: Int64(constant)) : UInt64(UInt32(bitPattern: constant)))
      return
    }
    try require(source)
    try requireWritable(target)
    let place = Self.place(frame, Int(source.rawValue))
    if width == .bits64 {
      assignID(place)
      self[target] = registers[place]
      return
    }
    guard registers[place].kind == .scalar else {
      self[target] = .unknown
      registers[Self.place(frame, Int(target.rawValue))].number.zeroExtendUnknown32()
      return
    }
    let fits = registers[place].bitWidth <= 32
    if fits { assignID(place) }
    self[target] = registers[place]
    let result = Self.place(frame, Int(target.rawValue))
    if !fits { registers[result].unlink() }
    registers[result].number.zeroExtend32()
  }

  /// Makes a pointer into the program's arena of an address of user space, or the other way round.
  mutating func castAddressSpace(
    _ target: Register, _ source: Register, to: UInt16, from: UInt16
  ) throws(Stop) {
    guard (to, from) == (0, 1) || (to, from) == (1, 0) else {
      throw reject(
        "addr_space_cast insn can only convert between address space 1 and 0", .invalidArgument, .invalidInstruction)
    }
    guard program.maps.contains(where: { $0.definition.type == .arena }) else {
      throw reject(
        "addr_space_cast insn can only be used in a program that has an associated arena", .invalidArgument,
        .missingReference("arena"))
    }
    try require(source)
    try requireWritable(target)
    self[target] = .unknown
    if (to, from) == (0, 1) { self[target] = RegisterState(kind: .arena, number: .unknown) }
  }

  mutating func moveSignExtended(
    _ width: OperandWidth, _ size: MemorySize, _ target: Register, _ source: Register
  ) throws(Stop) {
    try require(source)
    try requireWritable(target)
    let place = Self.place(frame, Int(source.rawValue))
    let result = Self.place(frame, Int(target.rawValue))
    guard registers[place].kind == .scalar else {
      registers[result] = .unknown
      if width == .bits32 { registers[result].number.zeroExtendUnknown32() }
      return
    }
    // What is not changed by the extension is a copy.
    let limit = (1 as UInt64) << UInt64(size.bitCount - 1)
    let isKept = registers[place].number.unsigned.maximum < limit
    if isKept { assignID(place) }
    registers[result] = registers[place]
    if !isKept { registers[result].unlink() }
    if width == .bits64 {
      registers[result].number.signExtend(fromBytes: size.byteCount)
    } else {
      registers[result].number.signExtend32(fromBytes: size.byteCount)
    }
  }

  mutating func negate(_ width: OperandWidth, _ target: Register) throws(Stop) {
    try require(target)
    try requireWritable(target)
    let place = Self.place(frame, Int(target.rawValue))
    guard registers[place].kind == .scalar else {
      registers[place] = .unknown
      return
    }
    registers[place].number.negate(width)
    registers[place].unlink()
    registers[place].isPrecise = false
  }

  mutating func byteSwap(_ swap: ByteSwap, _ size: MemorySize, _ target: Register) throws(Stop) {
    try require(target)
    try requireWritable(target)
    let place = Self.place(frame, Int(target.rawValue))
    guard registers[place].kind == .scalar else {
      registers[place] = .unknown
      return
    }
    switch (swap, size.bitCount) {
    // Nothing is changed, so that it stays linked to what it is a copy of.
    case (.toLittleEndian, 64): return
    // The low half is what it was.
    case (.toLittleEndian, 32): registers[place].number.zeroExtend32()
    default:
      registers[place].number = ScalarNumber(bits: registers[place].number.bits.swapped(swap, size))
      registers[place].number.synchronize()
    }
    registers[place].unlink()
    registers[place].isPrecise = false
  }
}

extension TristateNumber {
  /// The low bytes in the order that a swap gives them on a little-endian machine, with zeros above.
  func swapped(_ swap: ByteSwap, _ size: MemorySize) -> TristateNumber {
    let bits = UInt64(size.bitCount)
    guard swap != .toLittleEndian else { return truncated(toBits: bits) }
    let shift = 64 - bits
    return TristateNumber(value: value.byteSwapped >> shift, mask: mask.byteSwapped >> shift)
  }
}

extension ScalarNumber {
  /// Makes the low half known, and leaves what is known of the whole.
  mutating func setLow32(_ value: UInt32) {
    bits = bits.replacingLow32(with: TristateNumber(UInt64(value)))
    unsigned32 = Interval(value)
    signed32 = Interval(Int32(bitPattern: value))
  }

  /// A number of which only the low 32 bits may be other than zero.
  mutating func zeroExtendUnknown32() {
    self = .unknown
    zeroExtend32()
  }
}
