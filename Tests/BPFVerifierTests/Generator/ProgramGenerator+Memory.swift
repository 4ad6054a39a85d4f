import BPFInstructions

extension ProgramGenerator {
  // MARK: The stack

  /// Eight bytes of the stack are written.
  mutating func store(slot: Int) -> [Instruction] {
    written.insert(slot)
    return [.store(.doubleWord, constant(), to: .r10, offset: Int16(-slot * 8))]
  }

  mutating func stackAccess() -> [Instruction] {
    let slot = number(1...8)
    let size = pick(MemorySize.allCases)
    let bytes = size.byteCount
    let inner = number(0...(8 / bytes - 1)) * bytes
    var offset = -slot * 8 + inner
    if !isCareful() { offset += pick([-520, 1, 8 * slot, 3]) }
    switch number(1...4) {
    case 1:
      let (code, source) = operand()
      written.insert(slot)
      return code + [.store(size, source, to: .r10, offset: Int16(clamping: offset))]
    case 2:
      written.insert(slot)
      return [.store(size, constant(), to: .r10, offset: Int16(clamping: offset))]
    case 3:
      let pointers = registers { $0 == .value || $0 == .context || $0 == .maybeValue }
      guard let pointer = pointers.randomElement(using: &random) else { return store(slot: slot) }
      let target = kept()
      let known = kind(pointer)
      written.insert(slot)
      let code: [Instruction] = [
        .store(.doubleWord, pointer, to: .r10, offset: Int16(-slot * 8)),
        .load(.doubleWord, target, from: .r10, offset: Int16(-slot * 8)),
      ]
      set(target, known)
      return code
    default:
      guard written.contains(slot) || !isCareful() else { return store(slot: slot) }
      let target = target()
      set(target, .scalar(bytes == 1 ? 255 : nil))
      return [
        .load(
          size, target, from: .r10, offset: Int16(clamping: offset),
          extension: size == .doubleWord || chance(70) ? .zero : .sign)
      ]
    }
  }

  // MARK: Maps

  mutating func key(wide: Bool) -> [Instruction] {
    written.insert(1)
    if chance(50) { return [.store(.doubleWord, Int32(number(0...5)), to: .r10, offset: -8)] }
    let (code, register) = operand()
    return code + [.store(.doubleWord, register, to: .r10, offset: -8)]
  }

  /// A look-up, mostly with a check for null around what follows.
  mutating func lookup(nesting: Int) -> [Instruction] {
    let map = Int32(number(1...2))
    var code = key(wide: map == 2)
    code += [
      .move(.r2, .r10), .add(.r2, -8), .loadWide(.r1, .map(descriptor: map)), .loadWideUpper(.map(descriptor: 0)),
      .call(helper: 1),
    ]
    clobber()
    let keeper = kept()
    code.append(.move(keeper, .r0))
    set(keeper, .maybeValue)
    set(.r0, .maybeValue)
    guard isCareful() else {
      if chance(50) { set(keeper, .value) }
      return code
    }
    let checked = chance(70) ? Register.r0 : keeper
    if chance(50) {
      // The program ends where there is nothing.
      code += [.jump(if: checked, .notEqual, 0, offset: 2), .move(.r0, 0), .exit]
      set(keeper, .value)
      set(.r0, .value)
      return code
    }
    let before = (kinds, written)
    set(keeper, .value)
    set(.r0, .value)
    let body = nesting < 3 ? valueAccess() + block(nesting: nesting + 1) : valueAccess()
    join(before.0, before.1)
    return code + [.jump(if: checked, .equal, 0, offset: Int16(clamping: body.count))] + body
  }

  mutating func valueAccess() -> [Instruction] {
    let values = registers { $0 == .value }
    guard let base = values.randomElement(using: &random) ?? (isCareful() ? nil : target()) else {
      return arithmetic()
    }
    let size = pick(MemorySize.allCases)
    if chance(50) {
      let last = Self.valueSize - size.byteCount
      return access(base, offset: isCareful() ? number(0...last) : number(last...last + 12), size)
    }
    // A part of the offset is a number that was bounded.
    let (code, index) = operand()
    let pointer = kept()
    guard pointer != index, pointer != base, index != base else { return code }
    let room = Self.valueSize - size.byteCount
    var more: [Instruction] = []
    switch number(1...3) {
    case 1:
      let masks = [7, 15, 31, 1, 3, 32, 40].filter { $0 <= room }
      more.append(.arithmetic(.and, index, Int32(isCareful() ? pick(masks) : room + number(1...9))))
      more += [.move(pointer, base), .add(pointer, index)]
      set(index, .scalar(31))
      set(pointer, .nothing)
      return code + more + access(pointer, offset: isCareful() ? 0 : number(0...4), size)
    case 2:
      let inner: [Instruction] =
        [.move(pointer, base), .add(pointer, index)] + access(pointer, offset: 0, size)
      set(pointer, .nothing)
      let bound = Int32(isCareful() ? room : room + number(1...3))
      let condition: JumpCondition = chance(80) || !isCareful() ? .greater : .signedGreater
      return code + [.jump(if: index, condition, bound, offset: Int16(clamping: inner.count))] + inner
    default:
      more += [.arithmetic(.shiftRight, index, 61), .arithmetic(.shiftLeft, index, Int32(number(0...2)))]
      more += [.move(pointer, base), .add(pointer, index)]
      set(index, .scalar(28))
      set(pointer, .nothing)
      return code + more + access(pointer, offset: number(0...(isCareful() ? max(room - 28, 0) : room)), size)
    }
  }

  private mutating func access(_ base: Register, offset: Int, _ size: MemorySize) -> [Instruction] {
    let place = Int16(clamping: offset)
    switch number(1...3) {
    case 1: return [.store(size, constant(), to: base, offset: place)]
    case 2:
      let sources = registers { if case .scalar = $0 { true } else { false } }
      guard let source = sources.randomElement(using: &random) else { fallthrough }
      return [.store(size, source, to: base, offset: place)]
    default:
      let target = target()
      guard target != base else { return [] }
      set(target, .scalar(size == .byte ? 255 : nil))
      return [.load(size, target, from: base, offset: place)]
    }
  }

  // MARK: Packets

  mutating func packetAccess(nesting: Int) -> [Instruction] {
    guard let packet = hook.packet, !isSubprogram else { return valueAccess() }
    let length = number(1...32)
    var code: [Instruction] = [
      .load(.word, .r2, from: .r6, offset: packet.data), .load(.word, .r3, from: .r6, offset: packet.end),
    ]
    for register in [Register.r2, .r3, .r4] { set(register, .nothing) }
    var index: Register?
    if chance(30) {
      let (more, register) = operand()
      guard ![.r2, .r3, .r4].contains(register) else { return more }
      code = more + code
      if isCareful() { code.append(.arithmetic(.and, register, Int32(pick([7, 255, 4095])))) }
      code.append(.add(.r2, register))
      set(register, .scalar(4095))
      index = register
    }
    code += [.move(.r4, .r2), .add(.r4, Int32(length))]
    let size = pick(MemorySize.allCases)
    let last = length - size.byteCount
    guard last >= 0 || !isCareful() else { return arithmetic() }
    let offset = isCareful() ? number(0...max(last, 0)) : number(last...last + 4)
    let target: Register = pick([.r0, .r5, .r7, .r8, .r9].filter { $0 != index })
    let before = (kinds, written)
    let body: [Instruction] =
      chance(70)
      ? [.load(size, target, from: .r2, offset: Int16(offset))]
      : [.store(size, constant(), to: .r2, offset: Int16(offset))]
    set(target, .scalar(nil))
    join(before.0, before.1)
    let jumps: [Instruction] =
      chance(70)
      ? [.jump(if: .r4, isCareful() ? .greater : .greaterOrEqual, .r3, offset: Int16(body.count))]
      : [.jump(if: .r3, .less, .r4, offset: Int16(body.count))]
    return code + jumps + body
  }
}
