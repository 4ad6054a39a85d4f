/// Reads one instruction, by the syntax and not by the opcode: what can be written can be encoded.
struct StatementParser {
  var scanner: AssemblyScanner
  /// The label that the instruction refers to, if any; its field is zero until the label is known.
  var target: (label: String, isLong: Bool, isCall: Bool, scanner: AssemblyScanner)?

  init(scanner: AssemblyScanner) { self.scanner = scanner }

  mutating func instruction() throws(AssemblerError) -> DecodedInstruction {
    guard let word = scanner.word() else {
      guard scanner.accept("*") else { throw expected("an instruction") }
      return try store()
    }
    if let (register, width) = Self.registers[word] {
      scanner.skip(word)
      return try assignment(register, width)
    }
    switch word {
    case "exit":
      scanner.skip(word)
      return .exit
    case "goto":
      scanner.skip(word)
      return .goto(try shortTarget())
    case "gotol":
      scanner.skip(word)
      return .gotoLong(try longTarget())
    case "may_goto":
      scanner.skip(word)
      return .mayGoto(try shortTarget())
    case "if":
      scanner.skip(word)
      return try conditionalJump()
    case "call":
      scanner.skip(word)
      return .call(try callTarget())
    case "callx":
      scanner.skip(word)
      return .call(.register(try register(.bits64)))
    case "lock":
      scanner.skip(word)
      try scanner.expect("*")
      return try lockedOperation()
    case "store_release":
      scanner.skip(word)
      try scanner.expect("(")
      let (size, _) = try pointerType(signed: false)
      let (base, offset) = try address()
      try scanner.expect(",")
      let source = try memoryRegister(size)
      try scanner.expect(")")
      return .storeRelease(size, base: base, offset: offset, source)
    default:
      throw expected("an instruction")
    }
  }

  func expected(_ what: String) -> AssemblerError {
    var scanner = scanner
    scanner.skipSpaces()
    return scanner.error(.expected(what))
  }

  // Registers and numbers

  private static let registers: [String: (Register, OperandWidth)] = {
    var names: [String: (Register, OperandWidth)] = [:]
    for register in Register.allCases {
      names["r\(register.rawValue)"] = (register, .bits64)
      names["w\(register.rawValue)"] = (register, .bits32)
    }
    return names
  }()

  /// A register of the width, if one stands here.
  mutating func acceptRegister(_ width: OperandWidth) throws(AssemblerError) -> Register? {
    guard let word = scanner.word(), let (register, found) = Self.registers[word] else { return nil }
    guard found == width else { throw expected(Self.registerName(width)) }
    scanner.skip(word)
    return register
  }

  mutating func register(_ width: OperandWidth) throws(AssemblerError) -> Register {
    guard let register = try acceptRegister(width) else { throw expected(Self.registerName(width)) }
    return register
  }

  private static func registerName(_ width: OperandWidth) -> String {
    width == .bits64 ? "a 64-bit register, r0 to r10" : "a 32-bit register, w0 to w10"
  }

  /// The value register of a load or store: below 64 bits LLVM prints `r` or `w` by processor, so both are read.
  mutating func memoryRegister(_ size: MemorySize) throws(AssemblerError) -> Register {
    if size != .doubleWord, let word = scanner.word(), word.hasPrefix("w") { return try register(.bits32) }
    return try register(.bits64)
  }

  mutating func repeated(_ register: Register, _ width: OperandWidth) throws(AssemblerError) {
    let name = width == .bits64 ? "\(register)" : "w\(register.rawValue)"
    guard scanner.word() == name else {
      scanner.skipSpaces()
      throw scanner.error(.differentRegister(expected: name))
    }
    scanner.skip(name)
  }

  mutating func number(_ range: ClosedRange<Int64>) throws(AssemblerError) -> Int64 {
    guard let value = try scanner.number(range) else { throw expected("a number") }
    return value
  }

  /// A 32-bit immediate. Where only 32 bits count, the unsigned reading of the same bits is taken too.
  mutating func immediate(_ width: OperandWidth) throws(AssemblerError) -> Int32? {
    let upper = width == .bits32 ? Int64(UInt32.max) : Int64(Int32.max)
    return try scanner.number(Int64(Int32.min)...upper).map { Int32(truncatingIfNeeded: $0) }
  }

  mutating func operand(_ width: OperandWidth) throws(AssemblerError) -> Operand {
    if let register = try acceptRegister(width) { return .register(register) }
    guard let value = try immediate(width) else { throw expected("a register or a number") }
    return .immediate(value)
  }

  // Memory

  /// `(u32 *)` after the star or parenthesis that introduces it.
  mutating func pointerType(signed: Bool) throws(AssemblerError) -> (MemorySize, Extension) {
    try scanner.expect("(")
    guard let word = scanner.word(), let type = Self.pointerTypes[word], signed || type.1 == .zero else {
      throw expected(signed ? "one of u8, u16, u32, u64, s8, s16, s32" : "one of u8, u16, u32, u64")
    }
    scanner.skip(word)
    try scanner.expect("*")
    try scanner.expect(")")
    return type
  }

  private static let pointerTypes: [String: (MemorySize, Extension)] = [
    "u8": (.byte, .zero), "u16": (.half, .zero), "u32": (.word, .zero), "u64": (.doubleWord, .zero),
    "s8": (.byte, .sign), "s16": (.half, .sign), "s32": (.word, .sign),
  ]

  /// `(r1 + 8)`.
  mutating func address() throws(AssemblerError) -> (Register, Int16) {
    try scanner.expect("(")
    let address = try baseAndOffset()
    try scanner.expect(")")
    return address
  }

  /// `r1 + 8` or `r1`.
  mutating func baseAndOffset() throws(AssemblerError) -> (Register, Int16) {
    let base = try register(.bits64)
    let offset = try scanner.signedNumber(Int64(Int16.min)...Int64(Int16.max)) ?? 0
    return (base, Int16(truncatingIfNeeded: offset))
  }

  private mutating func store() throws(AssemblerError) -> DecodedInstruction {
    let (size, _) = try pointerType(signed: false)
    let (base, offset) = try address()
    try scanner.expect("=")
    if let word = scanner.word(), Self.registers[word] != nil {
      return .store(size, base: base, offset: offset, .register(try memoryRegister(size)))
    }
    guard let value = try immediate(size == .doubleWord ? .bits64 : .bits32) else {
      throw expected("a register or a number")
    }
    return .store(size, base: base, offset: offset, .immediate(value))
  }

  private mutating func lockedOperation() throws(AssemblerError) -> DecodedInstruction {
    let place = scanner
    let (size, _) = try pointerType(signed: false)
    guard let width = size.atomicWidth else { throw place.error(.expected("'(u32 *)' or '(u64 *)'")) }
    let (base, offset) = try address()
    for operation in AtomicOperation.allCases where !operation.alwaysFetches && scanner.accept(operation.symbol) {
      return .atomic(operation, width, fetch: false, base: base, offset: offset, try memoryRegister(size))
    }
    throw expected("one of '+=', '|=', '&=', '^='")
  }

  // Jumps and calls

  private mutating func conditionalJump() throws(AssemblerError) -> DecodedInstruction {
    guard let word = scanner.word(), let (left, width) = Self.registers[word] else { throw expected("a register") }
    scanner.skip(word)
    guard let condition = Self.conditions.first(where: { scanner.accept($0.symbol) }) else {
      throw expected("a comparison")
    }
    let right = try operand(width)
    guard scanner.word() == "goto" else { throw expected("'goto'") }
    scanner.skip("goto")
    return .jumpIf(condition, width, left, right, offset: try shortTarget())
  }

  /// Longest first, so that `>=` is not read as `>`.
  private static let conditions = JumpCondition.allCases.sorted { $0.symbol.utf8.count > $1.symbol.utf8.count }

  private mutating func shortTarget() throws(AssemblerError) -> Int16 {
    Int16(truncatingIfNeeded: try jumpTarget(Int64(Int16.min)...Int64(Int16.max), isLong: false))
  }

  mutating func longTarget(isCall: Bool = false) throws(AssemblerError) -> Int32 {
    Int32(truncatingIfNeeded: try jumpTarget(Int64(Int32.min)...Int64(Int32.max), isLong: true, isCall: isCall))
  }

  private mutating func jumpTarget(
    _ range: ClosedRange<Int64>, isLong: Bool, isCall: Bool = false
  ) throws(AssemblerError) -> Int64 {
    scanner.skipSpaces()
    if let label = scanner.word() {
      target = (label, isLong, isCall, scanner)
      scanner.skip(label)
      scanner.skipAnnotation()
      return 0
    }
    guard let offset = try scanner.signedNumber(range) else {
      throw expected("a label or a number of slots with its sign")
    }
    scanner.skipAnnotation()
    return offset
  }

  private mutating func callTarget() throws(AssemblerError) -> DecodedInstruction.CallTarget {
    switch scanner.word() {
    case "pc":
      var ahead = scanner
      ahead.skip("pc")
      guard let offset = try ahead.signedNumber(Int64(Int32.min)...Int64(Int32.max)) else {
        return .local(try longTarget(isCall: true))
      }
      scanner = ahead
      return .local(Int32(truncatingIfNeeded: offset))
    case "kfunc":
      var ahead = scanner
      ahead.skip("kfunc")
      guard ahead.accept("(") else { return .local(try longTarget(isCall: true)) }
      scanner = ahead
      let type = try number(Int64(Int32.min)...Int64(Int32.max))
      let module = scanner.accept(",") ? try number(0...Int64(Int16.max)) : 0
      try scanner.expect(")")
      return .kernelFunction(type: Int32(truncatingIfNeeded: type), module: Int16(truncatingIfNeeded: module))
    case .some:
      return .local(try longTarget(isCall: true))
    case nil:
      guard let number = try scanner.number(Int64(Int32.min)...Int64(Int32.max)) else {
        throw expected("a function's number, a helper function's name or a label")
      }
      return .helper(Int32(truncatingIfNeeded: number))
    }
  }
}

extension MemorySize {
  /// The operand width of an atomic operation of this size; nil where there is none.
  var atomicWidth: OperandWidth? {
    switch self {
    case .word: .bits32
    case .doubleWord: .bits64
    case .byte, .half: nil
    }
  }
}
