internal import BPFInstructions
internal import BPFObject
internal import BPFTypeFormat

extension Exploration {
  mutating func jumpIf(
    _ condition: JumpCondition, _ width: OperandWidth, _ left: Register, _ right: Operand, _ target: Int
  ) throws(Stop) -> Continuation {
    try require(left)
    if case .register(let source) = right { try require(source) }
    if let isTaken = decide(condition, width, left, right) {
      // What a decision rests on matters. A pointer is no number: that it is not null is known without any.
      if self[left].kind == .scalar { try markPrecise(left) }
      if case .register(let source) = right, self[source].kind == .scalar { try markPrecise(source) }
      if isTaken { return .jump(target) }
      return .next
    }
    collectLinked(left, right)
    try push(target, from: instruction, .taken)
    refine(condition, width, left, right, holds: false)
    return .next
  }

  /// Whether a comparison holds in every case, in none (false), or in some (nil).
  private func decide(
    _ condition: JumpCondition, _ width: OperandWidth, _ left: Register, _ right: Operand
  ) -> Bool? {
    let first = self[left]
    let second = value(of: right)
    if first.kind == .scalar, second.kind == .scalar { return first.number.decide(condition, width, second.number) }
    if first.isPointer, second.isPointer { return decidePacket(condition, width, first, second) }
    // A pointer that is not null against the number zero.
    let (pointer, number) = first.isPointer ? (first, second) : (second, first)
    guard pointer.isPointer, number.kind == .scalar, number.number.constant == 0, isKnownNotNull(pointer) else {
      return nil
    }
    switch condition {
    case .equal: return false
    case .notEqual: return true
    default: return nil
    }
  }

  /// Whether a pointer is certainly not null.
  func isKnownNotNull(_ register: RegisterState) -> Bool {
    guard !register.isNullable else { return false }
    switch register.kind {
    case .socket, .tcpSocket, .mapValue, .mapKey, .socketCommon, .mapPointer: return true
    case .memory: return !register.flags.contains(.untrusted)
    case .btf:
      return register.reference != 0 || register.flags.contains(.trusted) || register.flags.contains(.rcu)
        || register.flags.contains(.allocated)
    default: return false
    }
  }

  private static let atEnd: Int32 = -1
  private static let beyondEnd: Int32 = -2

  /// What is known of a pointer to a packet and the packet's end.
  private func decidePacket(
    _ condition: JumpCondition, _ width: OperandWidth, _ first: RegisterState, _ second: RegisterState
  ) -> Bool? {
    guard width == .bits64 else { return nil }
    let packet: RegisterState
    var condition = condition
    if second.kind == .packetEnd {
      packet = first
    } else if first.kind == .packetEnd {
      packet = second
      condition = condition.mirrored
    } else {
      return nil
    }
    guard packet.range < 0 else { return nil }
    switch condition {
    case .lessOrEqual where packet.range == Self.beyondEnd: return false
    case .greater where packet.range == Self.beyondEnd: return true
    case .less where packet.range == Self.beyondEnd || packet.range == Self.atEnd: return false
    case .greaterOrEqual where packet.range == Self.beyondEnd || packet.range == Self.atEnd: return true
    default: return nil
    }
  }

  // MARK: Refinement

  /// Narrows the state by the outcome of a comparison.
  mutating func refine(
    _ condition: JumpCondition, _ width: OperandWidth, _ left: Register, _ right: Operand, holds: Bool
  ) {
    let leftPlace = Self.place(frame, Int(left.rawValue))
    let second = value(of: right)
    if registers[leftPlace].kind == .scalar, second.kind == .scalar {
      refineNumbers(condition, width, leftPlace, right, second, holds: holds)
      return
    }
    let isEquality = condition == .equal || condition == .notEqual
    if isEquality, width == .bits64 {
      let isEqual = (condition == .equal) == holds
      if case .register(let source) = right, registers[leftPlace].isPointer, second.isPointer {
        refineEqualPointers(leftPlace, Self.place(frame, Int(source.rawValue)), isEqual: isEqual)
        return
      }
      if case .immediate(0) = right, registers[leftPlace].isNullable {
        resolveNull(registers[leftPlace].id, reference: registers[leftPlace].reference, isNull: isEqual)
        return
      }
    }
    if width == .bits64, case .register(let source) = right {
      refinePacket(condition, leftPlace, Self.place(frame, Int(source.rawValue)), holds: holds)
    }
  }

  private mutating func refineNumbers(
    _ condition: JumpCondition, _ width: OperandWidth, _ leftPlace: Int, _ right: Operand, _ second: RegisterState,
    holds: Bool
  ) {
    var number = second.number
    guard case .register(let source) = right else {
      ScalarNumber.refine(&registers[leftPlace].number, &number, condition, width, holds: holds)
      if registers[leftPlace].id != 0 { synchronizeLinked(registers[leftPlace]) }
      return
    }
    let rightPlace = Self.place(frame, Int(source.rawValue))
    guard rightPlace != leftPlace else {
      registers[leftPlace].number.refineBySelf(condition, width, holds: holds)
      if registers[leftPlace].id != 0 { synchronizeLinked(registers[leftPlace]) }
      return
    }
    ScalarNumber.refine(&registers[leftPlace].number, &number, condition, width, holds: holds)
    registers[rightPlace].number = number
    if registers[rightPlace].id != 0 { synchronizeLinked(registers[rightPlace]) }
    if registers[leftPlace].id != 0 { synchronizeLinked(registers[leftPlace]) }
  }

  /// One of two equal pointers can not be null: neither can the other. Its copies are not looked at, and no pointer to a
  /// structure of the kernel is relied on for it.
  private mutating func refineEqualPointers(_ left: Int, _ right: Int, isEqual: Bool) {
    guard isEqual, registers[left].isNullable != registers[right].isNullable,
      registers[left].kind != .btf, registers[right].kind != .btf
    else { return }
    let place = registers[left].isNullable ? left : right
    registers[place] = notNull(registers[place])
  }

  // MARK: Linked numbers

  /// Notes in the history which registers and slots a comparison will narrow together.
  private mutating func collectLinked(_ left: Register, _ right: Operand) {
    var linked = LinkedRegisters()
    if case .register(let source) = right, self[source].kind == .scalar, self[source].id != 0 {
      collectLinked(self[source].linkID, &linked)
    }
    if self[left].kind == .scalar, self[left].id != 0 { collectLinked(self[left].linkID, &linked) }
    if linked.count > 1 { record(linked: linked.packed) }
  }

  private mutating func collectLinked(_ id: UInt32, _ linked: inout LinkedRegisters) {
    for index in (0...frame).reversed() {
      for register in 0..<10 {
        let place = Self.place(index, register)
        guard registers[place].kind == .scalar, registers[place].linkID == id else { continue }
        if !linked.append(frame: index, index: register, isRegister: true) { registers[place].id = 0 }
      }
      for slot in 0..<Int(frames[index].slotCount) {
        let place = Self.slotPlace(index, slot)
        guard slots[place].isSpilled, slots[place].register.kind == .scalar, slots[place].register.linkID == id else {
          continue
        }
        if !linked.append(frame: index, index: slot, isRegister: false) { slots[place].register.id = 0 }
      }
    }
  }

  /// Gives what was learnt of a number to its copies, and to those that differ from it by a constant.
  private mutating func synchronizeLinked(_ known: RegisterState) {
    let id = known.linkID
    for index in 0...frame {
      for register in 0..<10 {
        let place = Self.place(index, register)
        if registers[place].kind == .scalar, registers[place].id != 0, registers[place].linkID == id {
          Self.follow(&registers[place], known)
        }
      }
      for slot in 0..<Int(frames[index].slotCount) {
        let place = Self.slotPlace(index, slot)
        if slots[place].isSpilled, slots[place].register.kind == .scalar, slots[place].register.id != 0,
          slots[place].register.linkID == id
        {
          Self.follow(&slots[place].register, known)
        }
      }
    }
  }

  private static func follow(_ register: inout RegisterState, _ known: RegisterState) {
    let flags = (register.id | known.id) & RegisterState.linkFlag
    // Distances of different widths do not add up.
    guard flags != RegisterState.linkFlag else { return }
    let from = known.id & RegisterState.linkFlag != 0 ? known.offset : 0
    let to = register.id & RegisterState.linkFlag != 0 ? register.offset : 0
    let (id, offset) = (register.id, register.offset)
    register = known
    register.id = id
    register.offset = offset
    guard flags != 0, from != to else { return }
    let distance = Int64(to) - Int64(from)
    register.number.apply(
      .add, flags == RegisterState.linkFlag32 ? .bits32 : .bits64, ScalarNumber(UInt64(bitPattern: distance)))
  }

  // MARK: Null

  /// All copies of a pointer that may be null become null, or not null.
  mutating func resolveNull(_ id: UInt32, reference: UInt32, isNull: Bool) {
    if isNull, reference != 0, reference == id { forgetReference(reference) }
    for index in 0...frame {
      for register in 0..<10 {
        let place = Self.place(index, register)
        if registers[place].isNullable, registers[place].id == id {
          registers[place] = resolved(registers[place], isNull)
        }
      }
      for slot in 0..<Int(frames[index].slotCount) {
        let place = Self.slotPlace(index, slot)
        if slots[place].isSpilled, slots[place].register.isNullable, slots[place].register.id == id {
          slots[place].register = resolved(slots[place].register, isNull)
        }
      }
    }
  }

  private mutating func resolved(_ nullable: RegisterState, _ isNull: Bool) -> RegisterState {
    var register = nullable
    guard register.offset == 0 || register.flags.contains(.allocated), register.number.constant == 0 else {
      return register
    }
    if isNull { return RegisterState(constant: 0) }
    register = notNull(register)
    if !mayHoldLock(register) { register.id = 0 }
    return register
  }

  /// A pointer that was found not to be null, with its id.
  private func notNull(_ nullable: RegisterState) -> RegisterState {
    var register = nullable
    register.flags.remove(.nullable)
    if register.kind == .mapValue {
      let map = program.maps[Int(register.object)]
      if let inner = map.inner {
        let instance = program.maps[inner].hasAsynchronousField ? Int32(bitPattern: register.id) : 0
        register.kind = .mapPointer
        register.object = UInt32(inner)
        register.range = instance
      } else if map.definition.type == .xskMap {
        register.kind = .xdpSocket
      } else if map.definition.type == .socketMap || map.definition.type == .socketHash {
        register.kind = .socket
      }
    }
    return register
  }

  mutating func mayHoldLock(_ register: RegisterState) -> Bool {
    switch register.kind {
    case .mapValue:
      let fields = program.maps[Int(register.object)].fields
      return fields.first(.spinLock) != nil || fields.first(.resilientSpinLock) != nil
    case .btf where register.flags.contains(.allocated):
      let fields = ownFields(register.object)
      return fields?.first(.spinLock) != nil || fields?.first(.resilientSpinLock) != nil
    default: return false
    }
  }

  // MARK: Packets

  /// A pointer to a packet was compared with its end, or with its beginning from the metadata in front of it.
  private mutating func refinePacket(_ condition: JumpCondition, _ left: Int, _ right: Int, holds: Bool) {
    let first = registers[left]
    let second = registers[right]
    let packetPlace: Int
    var condition = condition
    let isEnd = { (packet: RegisterState, end: RegisterState) -> Bool in
      packet.kind == .packet && end.kind == .packetEnd
        || packet.kind == .packetMetadata && end.kind == .packet && end.offset == 0 && end.id == 0
          && end.number.constant == 0
    }
    if isEnd(first, second) {
      packetPlace = left
    } else if isEnd(second, first) {
      packetPlace = right
      condition = condition.mirrored
    } else {
      return
    }
    // What is true of the packet pointer on this branch: at most the end, below it, above it, or not below it.
    let outcome = holds ? condition : condition.negation
    switch outcome {
    case .lessOrEqual: proveRange(packetPlace, isOpen: false)
    case .less: proveRange(packetPlace, isOpen: true)
    case .greater: if registers[packetPlace].kind == .packet { registers[packetPlace].range = Self.beyondEnd }
    case .greaterOrEqual: if registers[packetPlace].kind == .packet { registers[packetPlace].range = Self.atEnd }
    default: break
    }
  }

  /// The bytes up to a pointer are in the packet: for every pointer of the same origin.
  private mutating func proveRange(_ place: Int, isOpen: Bool) {
    let pointer = registers[place]
    guard pointer.offset > 0 || pointer.offset == 0 && !isOpen else { return }
    let limit: UInt64 = 0xffff
    guard pointer.number.unsigned.maximum <= limit,
      pointer.number.unsigned.maximum + UInt64(pointer.offset) <= limit
    else { return }
    let range = pointer.offset + (isOpen ? 1 : 0)
    for index in 0...frame {
      for register in 0..<10 {
        let other = Self.place(index, register)
        if registers[other].kind == pointer.kind, registers[other].id == pointer.id {
          registers[other].range = max(registers[other].range, range)
        }
      }
      for slot in 0..<Int(frames[index].slotCount) {
        let other = Self.slotPlace(index, slot)
        if slots[other].isSpilled, slots[other].register.kind == pointer.kind, slots[other].register.id == pointer.id {
          slots[other].register.range = max(slots[other].register.range, range)
        }
      }
    }
  }

  mutating func mayGoto(_ target: Int) throws(Stop) -> Continuation {
    // The way out is walked first; another round waits, with numbers widened so that rounds become alike.
    mayGotoDepth += 1
    try push(instruction + 1, from: instruction, .round)
    mayGotoDepth -= 1
    return .jump(target)
  }
}
