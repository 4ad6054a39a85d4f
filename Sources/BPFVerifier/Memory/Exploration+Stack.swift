internal import BPFInstructions
internal import BPFObject
internal import BPFTypeFormat

extension Exploration {
  /// Why a stack is accessed, which decides the words of a refusal.
  enum StackUse {
    case read
    case write
    case argument
  }

  static let stackSize = 512

  /// Checks that an access of a stack is within it, and makes it so deep.
  mutating func checkStackBounds(
    _ register: Register, _ state: RegisterState, _ offset: Int, _ size: Int, _ use: StackUse
  ) throws(Stop) {
    let extra =
      switch use {
      case .read: " read from"
      case .write: " write to"
      case .argument: " indirect access to"
      }
    let base = Int(state.offset) + offset
    let low: Int
    let high: Int
    if let constant = state.number.constant {
      let fixed = base &+ Int(Int64(bitPattern: constant))
      (low, high) = (fixed, fixed + size)
    } else {
      guard state.number.signed.maximum < Self.maximumOffset, state.number.signed.minimum > -Self.maximumOffset else {
        throw reject(
          "invalid unbounded variable-offset\(extra) stack R\(register.rawValue)", .accessDenied,
          .unboundedOffset(register))
      }
      low = Int(state.number.signed.minimum) + base
      high = Int(state.number.signed.maximum) + base + size
    }
    // An access of no bytes is checked like one of a byte.
    let isInside =
      low >= -Self.stackSize && low < 0 && high <= 0 && size >= 0
      || size == 0 && low >= -Self.stackSize && low <= 0 && high <= 0
    guard isInside else {
      // What begins in the frame and ends above it is another error than what begins elsewhere.
      let isAbove = low >= -Self.stackSize && low < 0
      let errno: Int32 = isAbove ? .invalidArgument : .accessDenied
      let bounds = Rejection.Bounds(
        region: "stack", minimum: Int64(low), maximum: Int64(high - size), size: size, limit: Self.stackSize)
      if state.number.constant != nil {
        throw reject(
          "invalid\(extra) stack R\(register.rawValue) off=\(low) size=\(size)", errno,
          .outOfBounds(register, bounds))
      }
      throw reject(
        "invalid variable-offset\(extra) stack R\(register.rawValue) var_off=\(state.number.bits.logText) off=\(base) size=\(size)",
        errno, .outOfBounds(register, bounds))
    }
    if low < 0 { growStack(Int(state.object), to: (-low + 7) / 8) }
  }

  // MARK: Reading

  mutating func readStack(
    _ state: RegisterState, _ base: Register, _ offset: Int, _ size: Int, into target: Register?
  ) throws(Stop) {
    let index = Int(state.object)
    guard let constant = state.number.constant else {
      let low = Int(state.number.signed.minimum) + Int(state.offset) + offset
      let high = Int(state.number.signed.maximum) + Int(state.offset) + offset + size
      // The number that moved the pointer matters for which bytes are read.
      try readUnknownStack(index, low, high, into: target)
      return
    }
    let start = Int(state.offset) + offset + Int(Int64(bitPattern: constant))
    try readFixedStack(index, start, size, into: target)
  }

  private mutating func readUnknownStack(_ index: Int, _ low: Int, _ high: Int, into target: Register?) throws(Stop) {
    var isZero = true
    for position in low..<high {
      let slot = (-position - 1) / 8
      let place = Self.slotPlace(index, slot)
      let byte = slots[place].byte((position % 8 + 8) % 8)
      switch byte {
      case .zero: break
      case .spilled where slots[place].register.isNull: break
      case .dynptr, .iterator, .interruptFlag:
        throw invalidRead(low, high - low)
      default: isZero = false
      }
      noteStackRead(index, slot)
    }
    guard let target else { return }
    self[target] = isZero ? RegisterState(constant: 0) : .unknown
  }

  private mutating func invalidRead(_ offset: Int, _ size: Int) -> Stop {
    reject(
      "invalid read from stack off \(offset)+0 size \(size)", .accessDenied,
      .uninitializedStack(offset: offset, size: size))
  }

  private mutating func readFixedStack(_ index: Int, _ start: Int, _ size: Int, into target: Register?) throws(Stop) {
    let slot = (-start - 1) / 8
    let place = Self.slotPlace(index, slot)
    let first = (start % 8 + 8) % 8
    noteStackRead(index, slot)
    // An access that is not aligned may reach into the slot above.
    if first + size > 8, slot > 0 { noteStackRead(index, slot - 1) }
    if slots[place].isSpilled {
      let spillSize = slots[place].spillSize
      let spilled = slots[place].register
      if size == 8 && spillSize == 8 && first == 0 {
        if let target { self[target] = spilled }
        record(access: HistoryEntry.access(frame: index, slot: slot))
        return
      }
      guard spilled.kind == .scalar else {
        throw reject("invalid size of register fill", .accessDenied, .partialSpill(offset: start))
      }
      guard let target else { return }
      if size <= spillSize && first == 0 {
        let fits = spilled.bitWidth <= size * 8
        if size == 4 && spillSize == 4 && fits, slots[place].register.id == 0,
          !spilled.number.bits.isConstant
        {
          slots[place].register.id = newID()
        }
        var filled = slots[place].register
        if !fits { filled.unlink() }
        self[target] = filled
        registers[Self.place(frame, Int(target.rawValue))].number.truncate(toBytes: size)
        record(access: HistoryEntry.access(frame: index, slot: slot))
        return
      }
    }
    var zeroes = 0
    var spilledZeroes = 0
    for byte in 0..<size {
      let position = start + byte
      let slot = (-position - 1) / 8
      let place = Self.slotPlace(index, slot)
      switch slots[place].byte((position % 8 + 8) % 8) {
      case .zero: zeroes += 1
      case .spilled:
        if slots[place].register.isNull { spilledZeroes += 1 }
        // Bytes of a pointer cannot be taken one by one.
        if slots[place].register.kind != .scalar, size != 8 || first != 0 {
          throw reject("invalid size of register fill", .accessDenied, .partialSpill(offset: start))
        }
      case .unknown, .invalid: break
      case .dynptr, .iterator, .interruptFlag:
        throw reject(
          "invalid read from stack off \(start)+\(byte) size \(size)", .accessDenied,
          .uninitializedStack(offset: start, size: size))
      }
    }
    guard let target else { return }
    if zeroes == size || spilledZeroes == size {
      // Zero because of what was spilled: that it is zero matters from here on.
      for byte in 0..<size {
        let slot = (-(start + byte) - 1) / 8
        if slots[Self.slotPlace(index, slot)].isSpilled { markPrecise(slot: slot, of: index) }
      }
      self[target] = RegisterState(constant: 0)
    } else {
      self[target] = .unknown
    }
  }

  // MARK: Writing

  mutating func writeStack(
    _ state: RegisterState, _ base: Register, _ offset: Int, _ size: Int, _ value: Operand?
  ) throws(Stop) {
    let index = Int(state.object)
    guard let constant = state.number.constant else {
      let low = Int(state.number.signed.minimum) + Int(state.offset) + offset
      let high = Int(state.number.signed.maximum) + Int(state.offset) + offset + size
      try writeUnknownStack(index, low, high, value)
      return
    }
    let start = Int(state.offset) + offset + Int(Int64(bitPattern: constant))
    try writeFixedStack(index, start, size, value)
  }

  private mutating func writeUnknownStack(
    _ index: Int, _ low: Int, _ high: Int, _ value: Operand?
  ) throws(Stop) {
    let isZero: Bool
    switch value {
    case .register(let register)?: isZero = self[register].isNull
    case .immediate(let constant)?: isZero = constant == 0
    case nil: isZero = false
    }
    for position in low..<high { try destroySpecial(index, (-position - 1) / 8) }
    var keepsZero = false
    for position in low..<high {
      let slot = (-position - 1) / 8
      let place = Self.slotPlace(index, slot)
      let byte = (position % 8 + 8) % 8
      if slots[place].isSpilled {
        // A spilled number that is zero stays readable as zero where zero is written.
        let staysZero = isZero && slots[place].register.isNull
        scrub(place, as: staysZero ? .zero : .unknown)
        if staysZero { keepsZero = true }
      }
      if isZero, slots[place].byte(byte) == .zero {
        keepsZero = true
        continue
      }
      slots[place].setByte(byte, .unknown)
    }
    if keepsZero, case .register(let register)? = value { try markPrecise(register) }
  }

  /// Makes the bytes of a spilled register plain bytes.
  private mutating func scrub(_ place: Int, as byte: StackByte) {
    for index in 0..<8 where slots[place].byte(index) != .invalid { slots[place].setByte(index, byte) }
    slots[place].register = .uninitialized
  }

  private mutating func writeFixedStack(_ index: Int, _ start: Int, _ size: Int, _ value: Operand?) throws(Stop) {
    let slot = (-start - 1) / 8
    let place = Self.slotPlace(index, slot)
    let first = (start % 8 + 8) % 8
    try destroySpecial(index, slot)
    if first + size > 8, slot > 0 { try destroySpecial(index, slot - 1) }
    if first == 0 && size == 8 { stackLiveness.write(frame: index, slot: slot) }
    switch value {
    case .register(let register)? where first == 0 && self[register].kind == .scalar:
      let fits = self[register].bitWidth <= size * 8
      if fits { assignID(Self.place(frame, Int(register.rawValue))) }
      var spilled = self[register]
      if !fits { spilled.unlink() }
      save(place, spilled, size)
      record(access: HistoryEntry.access(frame: index, slot: slot))
      return
    case .immediate(let constant)? where first == 0:
      save(place, RegisterState(constant: UInt64(bitPattern: Int64(constant))), size)
      record(access: HistoryEntry.access(frame: index, slot: slot))
      return
    case .register(let register)? where self[register].isSpillable:
      guard size == 8, first == 0 else {
        throw reject("invalid size of register spill", .accessDenied, .partialSpill(offset: start))
      }
      if index != frame, self[register].kind == .stack {
        throw reject(
          "cannot spill pointers to stack into stack frame of the caller", .invalidArgument, .pointerLeak(register))
      }
      save(place, self[register], 8)
      record(access: HistoryEntry.access(frame: index, slot: slot))
      return
    default: break
    }
    var byte = StackByte.unknown
    switch value {
    case .register(let register)? where self[register].isNull:
      try markPrecise(register)
      byte = .zero
    case .immediate(0)?: byte = .zero
    default: break
    }
    for position in start..<(start + size) {
      let place = Self.slotPlace(index, (-position - 1) / 8)
      if slots[place].isSpilled { scrub(place, as: .unknown) }
      slots[place].setByte((position % 8 + 8) % 8, byte)
    }
  }

  /// Spills a register into the low bytes of a slot.
  private mutating func save(_ place: Int, _ register: RegisterState, _ size: Int) {
    slots[place].register = register
    if size == 8 {
      slots[place].bytes = StackSlot.all(.spilled)
      return
    }
    for byte in 0..<8 {
      if byte < size {
        slots[place].setByte(byte, .spilled)
      } else if slots[place].byte(byte) != .zero, slots[place].byte(byte) != .invalid {
        slots[place].setByte(byte, .unknown)
      }
    }
  }

  /// Marks bytes of a stack as written by a function that was called.
  mutating func clobberStack(_ index: Int, _ low: Int, _ high: Int) throws(Stop) {
    guard low < high else { return }
    for position in low..<high {
      let slot = (-position - 1) / 8
      try destroySpecial(index, slot)
      let place = Self.slotPlace(index, slot)
      if slots[place].isSpilled { scrub(place, as: .unknown) }
      slots[place].setByte((position % 8 + 8) % 8, .unknown)
    }
  }

  /// A write over an object that lives in the stack: a dynptr may be overwritten unless something depends on it.
  private mutating func destroySpecial(_ index: Int, _ slot: Int) throws(Stop) {
    guard slots[Self.slotPlace(index, slot)].isSpecial else { return }
    try destroyObject(index, slot)
  }
}
