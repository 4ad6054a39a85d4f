// One function for each kind of instruction, so that a program can be written as an array literal:
//
//     let program: [Instruction] = [.move(.r0, 1), .add(.r0, .r1), .exit]
//
// A 64-bit immediate load takes two elements: `.loadWide(.r1, value), .loadWideUpper(value)`.

extension Instruction {
  /// `destination op= source`.
  public static func arithmetic(
    _ operation: ArithmeticOperation, _ destination: Register, _ source: Register, width: OperandWidth = .bits64
  ) -> Instruction {
    DecodedInstruction.arithmetic(operation, width, destination, .register(source)).firstSlot
  }

  /// `destination op= constant`.
  public static func arithmetic(
    _ operation: ArithmeticOperation, _ destination: Register, _ constant: Int32, width: OperandWidth = .bits64
  ) -> Instruction {
    DecodedInstruction.arithmetic(operation, width, destination, .immediate(constant)).firstSlot
  }

  /// `destination = source`.
  public static func move(_ destination: Register, _ source: Register, width: OperandWidth = .bits64) -> Instruction {
    arithmetic(.move, destination, source, width: width)
  }

  /// `destination = constant`.
  public static func move(_ destination: Register, _ constant: Int32, width: OperandWidth = .bits64) -> Instruction {
    arithmetic(.move, destination, constant, width: width)
  }

  /// `destination += source`.
  public static func add(_ destination: Register, _ source: Register, width: OperandWidth = .bits64) -> Instruction {
    arithmetic(.add, destination, source, width: width)
  }

  /// `destination += constant`.
  public static func add(_ destination: Register, _ constant: Int32, width: OperandWidth = .bits64) -> Instruction {
    arithmetic(.add, destination, constant, width: width)
  }

  /// `destination = -destination`.
  public static func negate(_ destination: Register, width: OperandWidth = .bits64) -> Instruction {
    DecodedInstruction.negate(width, destination).firstSlot
  }

  /// `destination = be16 destination` and the like; the size is a half, a word or a double word.
  public static func byteSwap(_ swap: ByteSwap, _ size: MemorySize, _ destination: Register) -> Instruction {
    DecodedInstruction.byteSwap(swap, size, destination).firstSlot
  }

  /// `destination = (s8)source` and the like.
  public static func moveSignExtended(
    _ destination: Register, _ source: Register, from size: MemorySize, width: OperandWidth = .bits64
  ) -> Instruction {
    DecodedInstruction.moveSignExtended(width, from: size, destination, source).firstSlot
  }

  /// `destination = *(size *)(base + offset)`.
  public static func load(
    _ size: MemorySize, _ destination: Register, from base: Register, offset: Int16 = 0,
    extension fill: Extension = .zero
  ) -> Instruction {
    DecodedInstruction.load(size, fill, destination, base: base, offset: offset).firstSlot
  }

  /// `*(size *)(base + offset) = source`.
  public static func store(
    _ size: MemorySize, _ source: Register, to base: Register, offset: Int16 = 0
  ) -> Instruction {
    DecodedInstruction.store(size, base: base, offset: offset, .register(source)).firstSlot
  }

  /// `*(size *)(base + offset) = constant`.
  public static func store(_ size: MemorySize, _ constant: Int32, to base: Register, offset: Int16 = 0) -> Instruction {
    DecodedInstruction.store(size, base: base, offset: offset, .immediate(constant)).firstSlot
  }

  /// `lock *(size *)(base + offset) op= source`; an exchange and a compare and exchange always fetch.
  public static func atomic(
    _ operation: AtomicOperation, _ source: Register, at base: Register, offset: Int16 = 0, fetch: Bool = false,
    width: OperandWidth = .bits64
  ) -> Instruction {
    DecodedInstruction.atomic(
      operation, width, fetch: fetch || operation.alwaysFetches, base: base, offset: offset, source
    ).firstSlot
  }

  /// `destination = load_acquire((size *)(base + offset))`.
  public static func loadAcquire(
    _ size: MemorySize, _ destination: Register, from base: Register, offset: Int16 = 0
  ) -> Instruction {
    DecodedInstruction.loadAcquire(size, destination, base: base, offset: offset).firstSlot
  }

  /// `store_release((size *)(base + offset), source)`.
  public static func storeRelease(
    _ size: MemorySize, _ source: Register, to base: Register, offset: Int16 = 0
  ) -> Instruction {
    DecodedInstruction.storeRelease(size, base: base, offset: offset, source).firstSlot
  }

  /// The first slot of `destination = value ll`; `loadWideUpper` with the same value has to follow.
  public static func loadWide(_ destination: Register, _ value: UInt64) -> Instruction {
    loadWide(destination, .constant(value))
  }

  /// The first slot of a 64-bit immediate load of any kind; `loadWideUpper` with the same value has to follow.
  public static func loadWide(_ destination: Register, _ value: WideValue) -> Instruction {
    DecodedInstruction.loadWide(destination, value).firstSlot
  }

  /// The second slot of a 64-bit immediate load.
  public static func loadWideUpper(_ value: UInt64) -> Instruction {
    loadWideUpper(.constant(value))
  }

  /// The second slot of a 64-bit immediate load.
  public static func loadWideUpper(_ value: WideValue) -> Instruction {
    Instruction(opcode: 0, immediate: value.immediates.high)
  }

  /// `if left condition right goto +offset`.
  public static func jump(
    if left: Register, _ condition: JumpCondition, _ right: Register, offset: Int16, width: OperandWidth = .bits64
  ) -> Instruction {
    DecodedInstruction.jumpIf(condition, width, left, .register(right), offset: offset).firstSlot
  }

  /// `if left condition constant goto +offset`.
  public static func jump(
    if left: Register, _ condition: JumpCondition, _ constant: Int32, offset: Int16, width: OperandWidth = .bits64
  ) -> Instruction {
    DecodedInstruction.jumpIf(condition, width, left, .immediate(constant), offset: offset).firstSlot
  }

  /// `goto +offset`.
  public static func goto(_ offset: Int16) -> Instruction { DecodedInstruction.goto(offset).firstSlot }

  /// `gotol +offset`.
  public static func gotoLong(_ offset: Int32) -> Instruction { DecodedInstruction.gotoLong(offset).firstSlot }

  /// `may_goto +offset`.
  public static func mayGoto(_ offset: Int16) -> Instruction { DecodedInstruction.mayGoto(offset).firstSlot }

  /// A call of a helper function by its number.
  public static func call(helper number: Int32) -> Instruction { DecodedInstruction.call(.helper(number)).firstSlot }

  /// A call of a function of this program, in slots from the slot after the call.
  public static func call(local offset: Int32) -> Instruction { DecodedInstruction.call(.local(offset)).firstSlot }

  /// A call of a kernel function by its BTF id.
  public static func call(kernelFunction type: Int32, module: Int16 = 0) -> Instruction {
    DecodedInstruction.call(.kernelFunction(type: type, module: module)).firstSlot
  }

  /// A call of the function whose address the register holds.
  public static func call(register: Register) -> Instruction { DecodedInstruction.call(.register(register)).firstSlot }

  /// `exit`.
  public static let exit = DecodedInstruction.exit.firstSlot
}
