internal import BPFInstructions
internal import BPFObject
internal import BPFTypeFormat

extension Exploration {
  /// Checks one argument of a helper function.
  mutating func check(
    _ argument: HelperArgument, _ index: Int, _ prototype: HelperPrototype, _ call: inout CallArguments
  ) throws(Stop) {
    guard let register = Register(rawValue: UInt8(index + 1)) else { return }
    try require(register)
    let state = self[register]
    if case .anything = argument.kind { return }
    if state.isPacketPointer, !mayReadPacket(prototype) {
      throw reject(
        "helper access to the packet is not allowed", .accessDenied,
        .argument(register, found: kindName(state), expected: []))
    }
    let isNull = state.isNull && argument.traits.contains(.isNullable)
    if !isNull {
      try checkKind(argument, register, state, call)
      try checkOffset(argument, register, state)
    }
    if argument.traits.contains(.isReleased) {
      if case .dynptr = argument.kind {
        try requireAcquiredDynptr(register, state)
        call.releasesDynptr = true
      } else if state.reference == 0, !state.isNull {
        throw reject(
          "R\(register.rawValue) must be referenced when passed to release function", .invalidArgument,
          .notAcquired(register))
      }
      call.released = register.rawValue
    }
    if state.reference != 0, argument.kind != .pointerField {
      if call.reference != 0 {
        throw reject(
          "more than one arg with ref_obj_id R\(register.rawValue) \(state.reference) \(call.reference)", .accessDenied,
          .argument(register, found: kindName(state), expected: []))
      }
      call.reference = state.reference
    }
    call.isUninitialized = argument.traits.contains(.isUninitialized)
    try checkContents(argument, register, state, isNull, index, prototype, &call)
  }

  private func mayReadPacket(_ prototype: HelperPrototype) -> Bool {
    switch program.kind.type {
    case .lightweightTunnelIn, .lightweightTunnelOut, .lightweightTunnelSeg6Local, .socketReusePort, .flowDissector,
      .cgroupSKB, .trafficClassifier, .trafficAction, .xdp, .lightweightTunnelTransmit, .socketSKB, .socketMessage:
      prototype.traits.contains(.takesPacket)
    case .cgroupSocketOption: true
    default: false
    }
  }

  // MARK: Kinds

  /// The kinds of registers that an argument takes, in the kernel's order.
  private func kinds(of argument: HelperArgument) -> [(RegisterKind, RegisterFlags)] {
    switch argument.kind {
    case .anything: []
    case .size, .allocationSize: [(.scalar, [])]
    case .map: [(.mapPointer, [])]
    case .context: [(.context, [])]
    case .socketCommon: [(.socketCommon, []), (.socket, []), (.tcpSocket, []), (.xdpSocket, [])]
    case .socket: [(.socket, [])]
    case .kernelSocketCommon:
      [
        (.socketCommon, []), (.socket, []), (.tcpSocket, []), (.xdpSocket, []), (.btf, []), (.btf, .trusted),
      ]
    case .mapKey, .mapValue, .memory, .fixedMemory: Self.memoryKinds
    case .ringBufferRecord: [(.memory, .ringBuffer)]
    case .kernelObject: [(.btf, []), (.btf, .trusted), (.btf, .rcu)]
    case .perCPUVariable:
      [
        (.btf, .perCPU), (.btf, [.perCPU, .rcu]), (.btf, [.perCPU, .trusted]),
      ]
    case .function: [(.function, [])]
    case .stack: [(.stack, [])]
    case .constantText: [(.mapValue, [])]
    case .timer: [(.mapValue, [])]
    case .spinLock: [(.mapValue, []), (.btf, .allocated)]
    case .pointerField: [(.mapValue, []), (.btf, .allocated)]
    case .fieldPointer: [(.btf, []), (.btf, .trusted), (.btf, .rcu)]
    case .dynptr: [(.stack, []), (.dynptr, [])]
    }
  }

  private static let memoryKinds: [(RegisterKind, RegisterFlags)] = [
    (.stack, []), (.packet, []), (.packetMetadata, []), (.mapKey, []), (.mapValue, []), (.memory, []),
    (.memory, .ringBuffer), (.buffer, []), (.btf, .trusted),
  ]

  /// Whether an argument is memory of which is not said that the function only reads it.
  private func mayWrite(_ argument: HelperArgument) -> Bool {
    switch argument.kind {
    case .mapKey, .mapValue: true
    case .memory, .fixedMemory:
      argument.traits.contains(.isWritten) || argument.traits.contains(.isUninitialized)
    default: false
    }
  }

  private mutating func checkKind(
    _ argument: HelperArgument, _ register: Register, _ state: RegisterState, _ call: CallArguments
  ) throws(Stop) {
    var expected = kinds(of: argument)
    if argument.kind == .mapValue, let map = call.map,
      [.socketMap, .socketHash].contains(program.maps[map].definition.type)
    {
      expected = kinds(of: HelperArgument(.kernelSocketCommon))
    }
    var flags = state.flags
    flags.remove([.dynptrSlice, .packetSlice, .ownType])
    // What goes into a field may be an object of the program as well.
    if argument.kind == .fieldPointer { flags.remove([.allocated, .perCPU]) }
    if argument.traits.contains(.isNullable) { flags.remove(.nullable) }
    if argument.traits.contains(.isOnlyRead) { flags.remove(.readOnly) }
    let mayBeReadOnly: Bool
    switch argument.kind {
    case .mapKey, .memory, .fixedMemory, .mapValue:
      mayBeReadOnly = !argument.traits.contains(.isWritten) && !argument.traits.contains(.isUninitialized)
    default: mayBeReadOnly = false
    }
    if mayBeReadOnly { flags.remove(.readOnly) }
    guard expected.contains(where: { $0.0 == state.kind && $0.1 == flags }) else {
      let names = expected.map { kindName(RegisterState(kind: $0.0, flags: $0.1)) }
      throw reject(
        "R\(register.rawValue) type=\(kindName(state)) expected=\(names.joined(separator: ", "))", .accessDenied,
        state.isNullable
          ? .possiblyNull(register, kind: kindName(state))
          : .argument(register, found: kindName(state), expected: names))
    }
    if state.kind == .btf, mayWrite(argument), expected.count == Self.memoryKinds.count {
      throw reject(
        "\(call.function.prefix { $0 != "#" })() may write into memory pointed by R\(register.rawValue) "
          + "type=\(kindName(state))",
        .accessDenied, .readOnlyMemory(register))
    }
    if case .kernelObject(let name) = argument.kind { try checkStructure(state, register, name) }
    if argument.kind == .fieldPointer { try checkFieldPointer(register, state, call) }
  }

  /// A pointer to an object of the kernel, for a function of the program that asks for one.
  mutating func checkObject(
    named name: String, isNullable: Bool, _ register: Register, _ state: RegisterState
  ) throws(Stop) {
    let argument = HelperArgument(.kernelObject(name), isNullable ? .isNullable : [])
    try checkKind(argument, register, state, CallArguments(kernelFunction: ""))
    try checkOffset(argument, register, state)
  }

  /// The structure that a typed pointer points to has to be the one that is wanted, or begin with it.
  private mutating func checkStructure(_ state: RegisterState, _ register: Register, _ name: String) throws(Stop) {
    let found = structureName(state)
    guard found == name || begins(state, with: name) else {
      throw reject(
        "R\(register.rawValue) is of type \(found) but \(name) is expected", .accessDenied,
        .argument(register, found: found, expected: [name]))
    }
  }

  /// Pointers that must be as they were given: only some kinds may have been moved.
  private mutating func checkOffset(
    _ argument: HelperArgument, _ register: Register, _ state: RegisterState
  ) throws(Stop) {
    if argument.traits.contains(.isReleased), state.isPointer, state.kind != .stack {
      if state.offset != 0 {
        throw reject(
          "R\(register.rawValue) must have zero offset when passed to release func or trusted arg to kfunc",
          .invalidArgument, .changedContext(register))
      }
      try checkUnchanged(state, register)
    }
    switch state.kind {
    case .stack, .packet, .packetMetadata, .mapKey, .mapValue, .memory, .buffer, .scalar: return
    case .btf:
      if state.number.constant == nil {
        throw reject(
          "variable \(kindName(state)) access var_off=\(state.number.bits.logText) disallowed", .accessDenied,
          .changedContext(register))
      }
      return
    default: break
    }
    try checkUnchanged(state, register)
  }

  // MARK: Contents

  private mutating func checkContents(
    _ argument: HelperArgument, _ register: Register, _ state: RegisterState, _ isNull: Bool, _ index: Int,
    _ prototype: HelperPrototype, _ call: inout CallArguments
  ) throws(Stop) {
    let isWritten = argument.traits.contains(.isWritten) || argument.traits.contains(.isUninitialized)
    switch argument.kind {
    case .anything, .context, .socketCommon, .socket, .kernelSocketCommon, .kernelObject, .ringBufferRecord, .memory,
      .stack:
      break
    case .perCPUVariable: call.perCPUVariable = state
    case .map:
      if let map = call.map, map != Int(state.object) || call.mapInstance != state.range {
        throw reject(
          "timer pointer in R1 map_uid=\(call.mapInstance) doesn't match map pointer in R2 map_uid=\(state.range)",
          .invalidArgument, .mismatchedMap(field: .r1, map: .r2))
      }
      call.map = Int(state.object)
      call.mapInstance = state.range
    case .mapKey:
      guard let map = call.map else {
        throw reject("invalid map_ptr to access map->key", .accessDenied, .other)
      }
      if isNull { return }
      try checkMemory(register, program.maps[map].keySize, isWrite: false, zeroAllowed: false, &call)
      // Only of an array can it be told by the key that the element is there.
      if [.array, .perCPUArray].contains(program.maps[map].definition.type) {
        call.constantKey = constantKey(state, program.maps[map].keySize)
      }
    case .mapValue:
      guard let map = call.map else {
        throw reject("invalid map_ptr to access map->value", .accessDenied, .other)
      }
      if isNull || ![.stack, .packet, .packetMetadata, .mapKey, .mapValue, .memory, .buffer, .btf].contains(state.kind)
      {
        return
      }
      if state.kind == .btf, !state.flags.contains(.trusted) { return }
      try checkMemory(register, program.maps[map].valueSize, isWrite: isWritten, zeroAllowed: false, &call)
    case .fixedMemory(let count):
      if isNull { return }
      try checkMemory(register, count, isWrite: isWritten, zeroAllowed: false, &call)
      if argument.traits.contains(.isAligned), state.kind == .stack {
        let place = state.number.bits &+ TristateNumber(UInt64(bitPattern: Int64(state.offset)))
        if !place.isAligned(to: UInt64(count)) {
          throw reject(
            "misaligned stack access off \(state.number.bits.logText)+\(state.offset)+0 size \(count)", .accessDenied,
            .misaligned(register, size: count))
        }
      }
    case .size(let mayBeZero):
      let memory = index > 0 ? prototype.arguments[index - 1] : argument
      call.isUninitialized = memory.traits.contains(.isUninitialized)
      let writes = memory.traits.contains(.isWritten) || memory.traits.contains(.isUninitialized)
      try checkSize(register, state, isWrite: writes, zeroAllowed: mayBeZero, &call)
    case .allocationSize:
      guard let constant = state.number.constant else {
        throw reject(
          "R\(register.rawValue) is not a known constant'", .accessDenied,
          .unboundedMaximum(register, state.number.unsigned.maximum))
      }
      call.resultSize = constant
      try markPrecise(register)
    case .function: call.callback = Int(state.object)
    case .constantText: try checkText(register, state)
    case .timer: try checkTimer(register, state, &call)
    case .spinLock: try checkLock(LockOperation(isLocking: call.helper == 93, kind: .spinLock), register, state)
    case .pointerField: try checkPointerField(register, state, &call)
    case .fieldPointer: break
    case .dynptr(.any): call.dynptr = try requireDynptr(register, state)
    case .dynptr(.ringBuffer): call.dynptr = try requireDynptr(register, state, wanted: .ringBuffer)
    case .dynptr(.newLocal): try makeDynptr(.local, register, state)
    case .dynptr(.newRingBuffer): try makeDynptr(.ringBuffer, register, state)
    }
  }

  /// A size that was passed, and the memory before it.
  private mutating func checkSize(
    _ register: Register, _ state: RegisterState, isWrite: Bool, zeroAllowed: Bool, _ call: inout CallArguments
  ) throws(Stop) {
    call.maximumSize = state.number.unsigned.maximum
    // Memory need not be initialised only where all of it is certain to be written.
    if state.number.constant == nil { call.isUninitialized = false }
    if state.number.signed.minimum < 0 {
      throw reject(
        "R\(register.rawValue) min value is negative, either use unsigned or 'var &= const'", .accessDenied,
        .negativeMinimum(register, state.number.signed.minimum))
    }
    if state.number.unsigned.minimum == 0, !zeroAllowed {
      let range = state.number.unsigned
      throw reject(
        "R\(register.rawValue) invalid zero-sized read: u64=[\(range.minimum),\(range.maximum)]", .accessDenied,
        .negativeMinimum(register, 0))
    }
    if state.number.unsigned.maximum >= UInt64(Self.maximumOffset) {
      throw reject(
        "R\(register.rawValue) unbounded memory access, use 'var &= const' or 'if (var < const)'", .accessDenied,
        .unboundedMaximum(register, state.number.unsigned.maximum))
    }
    if let memory = Register(rawValue: register.rawValue - 1) {
      try checkMemory(
        memory, Int(state.number.unsigned.maximum), isWrite: isWrite, zeroAllowed: zeroAllowed, &call)
    }
    try markPrecise(register)
  }

  /// Memory that a function reads or writes.
  mutating func checkMemory(
    _ register: Register, _ size: Int, isWrite: Bool, zeroAllowed: Bool, _ call: inout CallArguments
  ) throws(Stop) {
    let state = self[register]
    func mustNotWrite() throws(Stop) {
      throw reject(
        "R\(register.rawValue) cannot write into \(kindName(state))", .accessDenied, .readOnlyMemory(register))
    }
    switch state.kind {
    case .packet, .packetMetadata:
      try checkPacket(state, register, 0, size, zeroAllowed: zeroAllowed)
    case .mapKey:
      if isWrite { try mustNotWrite() }
      try checkRegion(
        state, register, 0, size, limit: program.maps[Int(state.object)].keySize, region: "map key", zeroAllowed: false)
    case .mapValue:
      try checkMapPermission(state, register, 0, size, isWrite: isWrite)
      try checkMapRegion(state, register, 0, size, zeroAllowed: zeroAllowed)
    case .memory where !state.isNullable:
      if isWrite, state.flags.contains(.readOnly) { try mustNotWrite() }
      try checkRegion(
        state, register, 0, size, limit: Int(state.object), region: "memory", zeroAllowed: zeroAllowed)
    case .buffer where !state.isNullable:
      if isWrite, state.flags.contains(.readOnly) { try mustNotWrite() }
      try checkBuffer(state, register, Int(state.offset), size)
    case .stack:
      try checkStackMemory(register, state, size, isWrite: isWrite, zeroAllowed: zeroAllowed, &call)
    case .btf where state.flags.contains(.trusted) && !state.isNullable:
      try access(Access(base: register, offset: 0, size: max(size, 1), isWrite: false))
    case .context:
      guard case .userBytes = program.context.rule else { fallthrough }
      try access(Access(base: register, offset: max(size - 1, 0), size: 1, isWrite: isWrite))
    default:
      if zeroAllowed, size == 0, state.isNull { return }
      throw reject(
        "R\(register.rawValue) type=\(kindName(state)) expected=fp", .accessDenied,
        .argument(register, found: kindName(state), expected: ["fp"]))
    }
  }

  private mutating func checkStackMemory(
    _ register: Register, _ state: RegisterState, _ size: Int, isWrite: Bool, zeroAllowed: Bool,
    _ call: inout CallArguments
  ) throws(Stop) {
    if size == 0, !zeroAllowed {
      throw reject("invalid zero-sized read", .accessDenied, .negativeMinimum(register, 0))
    }
    try checkStackBounds(register, state, 0, size, isWrite ? .write : .read)
    let index = Int(state.object)
    let low: Int
    let high: Int
    if let constant = state.number.constant {
      low = Int(state.offset) + Int(Int64(bitPattern: constant))
      high = low + size
      if call.isUninitialized {
        for position in low..<high where slots[Self.slotPlace(index, (-position - 1) / 8)].byte(0) == .dynptr {
          throw reject(
            "potential write to dynptr at off=\(position) disallowed", .accessDenied, .readOnlyMemory(register))
        }
        call.written = (register.rawValue, size)
        return
      }
    } else {
      low = Int(state.offset) + Int(state.number.signed.minimum)
      high = Int(state.offset) + Int(state.number.signed.maximum) + size
    }
    guard low >= -Self.slotCount * 8, low <= high, high <= 0 else {
      throw reject(
        "invalid read from stack R\(register.rawValue) off \(low) size \(size)", .accessDenied,
        .uninitializedStack(offset: low, size: size))
    }
    for position in low..<high {
      let slot = (-position - 1) / 8
      let place = Self.slotPlace(index, slot)
      if slots[place].isSpecial {
        let text =
          state.number.isConstant
          ? "off \(low)+\(position - low)" : "var_off \(state.number.bits.logText)+\(position - low)"
        throw reject(
          "invalid read from stack R\(register.rawValue) \(text) size \(size)", .accessDenied,
          .uninitializedStack(offset: position, size: size))
      }
      noteStackRead(index, slot)
      if isWrite { try clobberStack(index, position, position + 1) }
    }
  }

  /// The key that is passed, where all of it is known to be a constant: a spilled number, or bytes that are zero.
  private mutating func constantKey(_ state: RegisterState, _ size: Int) -> UInt64? {
    guard state.kind == .stack, let constant = state.number.constant, size == 4 || size == 8 || size == 2 || size == 1
    else {
      return nil
    }
    let start = Int(state.offset) + Int(Int64(bitPattern: constant))
    guard start < 0, start >= -Self.stackSize else { return nil }
    let index = Int(state.object)
    let slot = (-start - 1) / 8
    let first = (start % 8 + 8) % 8
    let place = Self.slotPlace(index, slot)
    guard first + size <= 8 else { return nil }
    if (0..<size).allSatisfy({ slots[place].byte(first + $0) == .zero }) { return 0 }
    // The spilled bytes from there to the end of the slot, as Linux counts them.
    guard (first..<8).prefix(while: { slots[place].byte($0) == .spilled }).count == size,
      let value = slots[place].register.number.constant, slots[place].register.kind == .scalar
    else { return nil }
    markPrecise(slot: slot, of: index)
    return value
  }

  mutating func checkText(_ register: Register, _ state: RegisterState) throws(Stop) {
    let map = program.maps[Int(state.object)]
    guard let frozen = map.frozen else {
      throw reject(
        "R\(register.rawValue) does not point to a readonly map'", .accessDenied,
        .argument(register, found: "map_value", expected: []))
    }
    guard let constant = state.number.constant else {
      throw reject(
        "R\(register.rawValue) is not a constant address'", .accessDenied, .unboundedOffset(register))
    }
    let start = Int(state.offset) + Int(Int64(bitPattern: constant))
    try checkMapRegion(state, register, 0, max(map.valueSize - start, 0), zeroAllowed: false)
    guard start >= 0, start < map.valueSize, frozen.count < map.valueSize || frozen.dropFirst(start).contains(0) else {
      throw reject("string is not zero-terminated", .invalidArgument, .other)
    }
  }
}

extension ScalarNumber {
  var isConstant: Bool { bits.isConstant }
}
