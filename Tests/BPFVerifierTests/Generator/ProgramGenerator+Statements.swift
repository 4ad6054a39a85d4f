import BPFInstructions

extension ProgramGenerator {
  // MARK: Numbers

  /// A number in a register, from somewhere.
  mutating func scalar(into register: Register) -> [Instruction] {
    defer { if case .scalar = kind(register) {} else { set(register, .scalar(nil)) } }
    let sources = registers { if case .scalar = $0 { true } else { false } }
    switch number(1...5) {
    case 1:
      let value = constant()
      set(register, .scalar(value >= 0 ? UInt64(value) : nil))
      return [.move(register, value)]
    case 2 where !isSubprogram:
      let field = pick(hook.fields)
      set(register, .scalar(field.size == .byte ? 255 : nil))
      return [.load(field.size, register, from: .r6, offset: field.offset)]
    case 3 where !sources.isEmpty:
      let source = pick(sources)
      let narrow = chance(30)
      set(register, narrow ? .scalar(nil) : kind(source))
      return [.move(register, source, width: narrow ? .bits32 : .bits64)]
    case 4:
      clobber()
      let code: [Instruction] = [.call(helper: 7)]
      set(.r0, .scalar(nil))
      return register == .r0 ? code : code + [.move(register, .r0)]
    default:
      let value = Int32(number(0...64))
      set(register, .scalar(UInt64(value)))
      return [.move(register, value)]
    }
  }

  mutating func constant() -> Int32 {
    chance(60)
      ? Int32(number(-8...72))
      : pick([0, 1, -1, 7, 8, 15, 16, 40, 47, 48, 63, 64, 255, 256, 4095, 65535, .max, .min, -4096, 0x7fff_0000])
  }

  /// A register with a number; one is made where there is none.
  mutating func operand() -> (code: [Instruction], register: Register) {
    let sources = registers { if case .scalar = $0 { true } else { false } }
    if !sources.isEmpty { return ([], pick(sources)) }
    if !isCareful() { return ([], target()) }
    let register = kept()
    return (scalar(into: register), register)
  }

  mutating func arithmetic() -> [Instruction] {
    let (code, left) = operand()
    let width: OperandWidth = chance(65) ? .bits64 : .bits32
    switch number(1...12) {
    case 1:
      set(left, .scalar(nil))
      return code + [.negate(left, width: width)]
    case 2:
      set(left, .scalar(nil))
      return code + [.byteSwap(pick(ByteSwap.allCases), pick([.half, .word, .doubleWord]), left)]
    case 3:
      let target = target()
      let from: MemorySize = width == .bits32 ? pick([.byte, .half]) : pick([.byte, .half, .word])
      set(target, .scalar(nil))
      return code + [.moveSignExtended(target, left, from: from, width: width)]
    case 4...7:
      let operation = pick(Self.operations)
      let (more, right) = operand()
      set(left, .scalar(nil))
      return code + more + [.arithmetic(operation, left, right, width: width)]
    default:
      let operation = pick(Self.operations)
      var value = constant()
      let isShift = [.shiftLeft, .shiftRight, .arithmeticShiftRight].contains(operation)
      if isShift { value = Int32(number(0...(isCareful() ? (width == .bits64 ? 63 : 31) : 64))) }
      if [.divide, .modulo, .signedDivide, .signedModulo].contains(operation), value == 0, chance(90) { value = 3 }
      set(left, operation == .and && value >= 0 ? .scalar(UInt64(value)) : .scalar(nil))
      return code + [.arithmetic(operation, left, value, width: width)]
    }
  }

  private static let operations: [ArithmeticOperation] = [
    .add, .add, .subtract, .multiply, .divide, .modulo, .or, .and, .and, .xor, .shiftLeft, .shiftRight,
    .arithmeticShiftRight, .move, .signedDivide, .signedModulo,
  ]

  // MARK: Control

  mutating func branch(nesting: Int) -> [Instruction] {
    let (code, left) = operand()
    let width: OperandWidth = chance(70) ? .bits64 : .bits32
    let condition = pick(JumpCondition.allCases)
    var more: [Instruction] = []
    var right: Operand = .immediate(constant())
    if chance(30) {
      let (extra, register) = operand()
      more = extra
      right = .register(register)
    }
    let before = (kinds, written)
    var first = block(nesting: nesting + 1)
    let after = (kinds, written)
    (kinds, written) = before
    var second: [Instruction] = []
    if chance(40) {
      second = block(nesting: nesting + 1)
      first.append(.goto(Int16(clamping: second.count)))
    }
    join(after.0, after.1)
    return code + more + [jump(left, condition, right, width, over: first.count)] + first + second
  }

  private func jump(
    _ left: Register, _ condition: JumpCondition, _ right: Operand, _ width: OperandWidth, over count: Int
  ) -> Instruction {
    switch right {
    case .immediate(let value): .jump(if: left, condition, value, offset: Int16(clamping: count), width: width)
    case .register(let register): .jump(if: left, condition, register, offset: Int16(clamping: count), width: width)
    }
  }

  mutating func loop(nesting: Int) -> [Instruction] {
    let counter = kept()
    let bound = Int32(number(1...12))
    let before = (kinds, written)
    let code: [Instruction] = [.move(counter, 0)]
    set(counter, .scalar(UInt64(bound)))
    var body = block(nesting: nesting + 1)
    if chance(30) { body = arithmetic() + body }
    // A body that writes the counter may never end: one in a hundred is left so.
    if body.contains(where: { $0.mayWrite(counter) }), chance(99) { body = [] }
    body.append(.add(counter, 1))
    let condition: JumpCondition = pick([.less, .notEqual, .signedLess])
    body.append(.jump(if: counter, condition, bound, offset: Int16(clamping: -(body.count + 1))))
    join(before.0, before.1)
    set(counter, .scalar(nil))
    return code + body
  }

  mutating func call() -> [Instruction] {
    guard callees.count < 2 else { return arithmetic() }
    var code: [Instruction] = []
    let values = registers { $0 == .value }
    let argument: ValueKind
    if let value = values.first, chance(50) {
      argument = .value
      code.append(.move(.r2, value))
    } else if chance(40) {
      argument = .frame
      code += store(slot: 1)
      code += [.move(.r2, .r10), .add(.r2, -8)]
    } else {
      argument = .scalar(nil)
      code += scalar(into: .r2)
    }
    code.append(.move(.r1, constant()))
    callees.append(argument)
    code.append(.call(local: Int32(callees.count)))
    clobber()
    set(.r0, .scalar(nil))
    return code
  }

  // MARK: Helpers

  mutating func helper() -> [Instruction] {
    switch number(1...6) {
    case 1: return result(of: [.call(helper: 5)])
    case 2: return result(of: [.call(helper: 8)])
    case 3 where hook.isTracing:
      let slot = number(1...4)
      let size = isCareful() ? slot * 8 : number(-1...72)
      return result(of: [
        .move(.r1, .r10), .add(.r1, Int32(-slot * 8)), .move(.r2, Int32(size)), .move(.r3, 0), .call(helper: 113),
      ])
    case 4 where hook.isTracing:
      let (code, register) = operand()
      let mask: [Instruction] =
        isCareful() ? [.arithmetic(.and, register, 15)] : [.arithmetic(.and, register, Int32(number(7...40)))]
      set(register, .scalar(15))
      return result(
        of: code + mask + [
          .move(.r2, register), .move(.r1, .r10), .add(.r1, -16), .move(.r3, 0), .call(helper: 113),
        ])
    case 5:
      return result(
        of: key(wide: true) + store(slot: 2) + [
          .loadWide(.r1, .map(descriptor: 2)), .loadWideUpper(.map(descriptor: 0)), .move(.r2, .r10), .add(.r2, -8),
          .move(.r3, .r10), .add(.r3, Int32(isCareful() ? -56 : -40)), .move(.r4, 0), .call(helper: 2),
        ])
    default:
      return result(
        of: key(wide: true) + [
          .loadWide(.r1, .map(descriptor: 2)), .loadWideUpper(.map(descriptor: 0)), .move(.r2, .r10),
          .add(.r2, Int32(isCareful() ? -8 : -4)), .call(helper: 3),
        ])
    }
  }

  private mutating func result(of code: [Instruction]) -> [Instruction] {
    clobber()
    set(.r0, .scalar(nil))
    return code
  }

  mutating func atomic() -> [Instruction] {
    let (code, source) = operand()
    let width: OperandWidth = chance(60) ? .bits64 : .bits32
    let operation = pick(AtomicOperation.allCases)
    let fetches = chance(50)
    var more: [Instruction] = []
    if operation == .compareExchange { more = scalarInZero() }
    if operation == .compareExchange || operation.alwaysFetches || fetches { set(source, .scalar(nil)) }
    let values = registers { $0 == .value }
    if let base = values.first, chance(60) {
      let offset = isCareful() ? number(0...5) * 8 : number(-1...48)
      return code + more + [
        .atomic(operation, source, at: base, offset: Int16(offset), fetch: fetches, width: width)
      ]
    }
    return code + store(slot: 3) + more + [
      .atomic(operation, source, at: .r10, offset: isCareful() ? -24 : -20, fetch: fetches, width: width)
    ]
  }

  private mutating func scalarInZero() -> [Instruction] {
    if case .scalar = kinds[0] { return [] }
    set(.r0, .scalar(1))
    return [.move(.r0, 1)]
  }
}

extension Instruction {
  /// Whether the instruction may change one of r6 to r9.
  fileprivate func mayWrite(_ register: Register) -> Bool {
    switch opcode & 7 {
    case 0, 1, 4, 7: destination == register.rawValue
    case 3: opcode & 0xe0 == 0xc0 && source == register.rawValue
    default: false
    }
  }
}
