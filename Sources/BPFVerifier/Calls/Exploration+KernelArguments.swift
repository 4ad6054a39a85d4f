internal import BPFInstructions
internal import BPFObject
internal import BPFTypeFormat

extension Exploration {
  /// Checks the arguments of a kernel function, from left to right.
  mutating func check(_ facts: KernelFunctionFacts, _ call: inout CallArguments) throws(Stop) {
    var skipsNext = false
    for (index, parameter) in facts.parameters.enumerated() where index < 5 {
      if skipsNext {
        skipsNext = false
        continue
      }
      if parameter.kind == .ignored { continue }
      guard let register = Register(rawValue: UInt8(index + 1)) else { continue }
      try require(register)
      let state = self[register]
      switch parameter.kind {
      case .unsupported(let what): throw unsupported("\(what) as arguments of \(facts.function.name)")
      case .scalar, .constant, .size:
        try checkNumber(parameter, register, state)
        if parameter.kind == .constant { call.constant = state.number.constant }
        continue
      default: break
      }
      try checkNotNull(facts, parameter, register, state, index)
      if state.isNull, parameter.isNullable, !parameter.isSized { continue }
      if state.reference != 0 {
        call.reference = state.reference
        if facts.function.flags.contains(.release) { call.released = register.rawValue }
      }
      if state.kind == .btf { try checkOffset(of: state, register) }
      skipsNext = try checkPointer(facts, parameter, register, state, index, &call)
    }
    if facts.function.flags.contains(.release), call.released == nil {
      throw reject(
        "release kernel function \(facts.function.name) expects refcounted PTR_TO_BTF_ID", .invalidArgument,
        .notAcquired(.r1))
    }
  }

  /// A pointer to an object may have been moved by a constant, and by nothing while it may be null.
  private mutating func checkOffset(of state: RegisterState, _ register: Register) throws(Stop) {
    if state.isNullable { try checkUnchanged(state, register) }
    guard state.number.constant == nil else { return }
    throw reject(
      "variable \(kindName(state)) access var_off=\(state.number.bits.logText) disallowed", .accessDenied,
      .changedContext(register))
  }

  private mutating func checkNumber(
    _ parameter: KernelFunctionFacts.Parameter, _ register: Register, _ state: RegisterState
  ) throws(Stop) {
    guard state.kind == .scalar else {
      throw reject(
        "R\(register.rawValue) is not a scalar", .invalidArgument,
        .argument(register, found: kindName(state), expected: ["scalar"]))
    }
    guard parameter.kind == .constant else { return }
    guard state.number.constant != nil else {
      throw reject(
        "R\(register.rawValue) must be a known constant", .invalidArgument,
        .unboundedMaximum(register, state.number.unsigned.maximum))
    }
    try markPrecise(register)
  }

  private mutating func checkNotNull(
    _ facts: KernelFunctionFacts, _ parameter: KernelFunctionFacts.Parameter, _ register: Register,
    _ state: RegisterState, _ index: Int
  ) throws(Stop) {
    let isStrict = !facts.function.flags.isDisjoint(with: [.trustedArguments, .rcu, .release])
    guard isStrict, state.isNull || state.isNullable, !parameter.isNullable else { return }
    throw reject(
      "Possibly NULL pointer passed to trusted arg\(index)", .accessDenied,
      .possiblyNull(register, kind: kindName(state)))
  }

  /// Checks a pointer by what the parameter is.
  ///
  /// - Returns: Whether the next argument is the size of its memory, and has been looked at.
  private mutating func checkPointer(
    _ facts: KernelFunctionFacts, _ parameter: KernelFunctionFacts.Parameter, _ register: Register,
    _ state: RegisterState, _ index: Int, _ call: inout CallArguments
  ) throws(Stop) -> Bool {
    switch parameter.kind {
    case .context:
      guard state.kind == .context else {
        throw reject(
          "arg#\(index) expected pointer to ctx, but got \(kindName(state))", .invalidArgument,
          .argument(register, found: kindName(state), expected: ["ctx"]))
      }
      try checkUnchanged(state, register)
    case .map where state.kind == .btf && call.map == nil:
      var map = parameter
      map.target = "STRUCT bpf_map"
      return try checkObjectOrMemory(facts, map, register, state, index, &call)
    case .map: try checkMap(facts, register, state, &call)
    case .mapObject:
      guard state.kind == .mapPointer else {
        return try checkObjectOrMemory(facts, parameter, register, state, index, &call)
      }
      try checkMap(facts, register, state, &call)
    case .callback:
      guard state.kind == .function else {
        throw reject(
          "arg\(index) expected pointer to func", .invalidArgument,
          .argument(register, found: kindName(state), expected: ["func"]))
      }
      call.callback = Int(state.object)
    case .taskWork, .workQueue:
      guard state.kind == .mapValue else {
        throw reject(
          "arg#\(index) doesn't point to a map value", .invalidArgument,
          .argument(register, found: kindName(state), expected: ["map_value"]))
      }
      try checkField(parameter.kind == .taskWork ? .taskWork : .workQueue, register, state)
      call.map = Int(state.object)
      call.mapInstance = state.range
    case .constantText:
      guard state.kind == .mapValue else {
        throw reject(
          "arg#\(index) doesn't point to a const string", .invalidArgument,
          .argument(register, found: kindName(state), expected: ["map_value"]))
      }
      try checkText(register, state)
    case .interruptFlag: try checkInterruptFlag(facts.function, register, state, index)
    case .resilientLock:
      guard state.kind == .mapValue && !state.isNullable || state.ownsObject else {
        throw reject(
          "arg#\(index) doesn't point to map value or allocated object", .invalidArgument,
          .argument(register, found: kindName(state), expected: ["map_value"]))
      }
      if let operation = LockOperation(facts.function.role) { try checkLock(operation, register, state) }
    case .dynptr: try checkDynptr(facts.function, parameter, register, state, &call)
    case .allocatedObject, .referenceCountedObject, .listHead, .listNode, .treeRoot, .treeNode:
      try checkOwnObject(facts, parameter, register, state, index, &call)
    case .iterator(let name, let count):
      try checkIterator(facts.function, name, count, register, state, index, &call)
    case .pointer: return try checkObjectOrMemory(facts, parameter, register, state, index, &call)
    case .scalar, .constant, .size, .ignored, .unsupported: break
    }
    return false
  }

  /// A map, which has to be the one that a field before it is of: the same map, from the same look-up.
  private mutating func checkMap(
    _ facts: KernelFunctionFacts, _ register: Register, _ state: RegisterState, _ call: inout CallArguments
  ) throws(Stop) {
    guard state.kind == .mapPointer || state.kind == .mapValue || state.kind == .mapKey else {
      throw reject(
        "pointer in R\(register.rawValue) isn't map pointer", .invalidArgument,
        .argument(register, found: kindName(state), expected: ["map_ptr"]))
    }
    // A map without any special field crashes the verifier of 6.18 here; it is a mismatch like others.
    if let map = call.map, map != Int(state.object) || call.mapInstance != state.range {
      let what = facts.function.role == .scheduleTaskWork ? "bpf_task_work" : "workqueue"
      let field = Register(rawValue: register.rawValue - 1) ?? .r1
      throw reject(
        "\(what) pointer in R\(field.rawValue) map_uid=\(call.mapInstance) doesn't match map pointer in "
          + "R\(register.rawValue) map_uid=\(state.range)",
        .invalidArgument, .mismatchedMap(field: field, map: register))
    }
    call.map = Int(state.object)
    call.mapInstance = state.range
  }

  // MARK: Objects and memory

  func isTrusted(_ state: RegisterState) -> Bool {
    if state.reference != 0 { return true }
    switch state.kind {
    case .socket, .socketCommon, .tcpSocket: return !state.isNullable
    default: break
    }
    let unsafe: RegisterFlags = [.nullable, .untrusted, .user, .perCPU, .rcu, .nonOwning]
    return !state.flags.isDisjoint(with: [.trusted, .allocated]) && state.flags.isDisjoint(with: unsafe)
  }

  private mutating func checkObjectOrMemory(
    _ facts: KernelFunctionFacts, _ parameter: KernelFunctionFacts.Parameter, _ register: Register,
    _ state: RegisterState, _ index: Int, _ call: inout CallArguments
  ) throws(Stop) -> Bool {
    if state.kind == .mapPointer {
      throw reject(
        "kernel function \(facts.function.name) args#\(index) expected pointer to \(parameter.target) but "
          + "R\(register.rawValue) has a pointer to STRUCT bpf_map",
        .invalidArgument, .argument(register, found: "bpf_map", expected: [parameter.target]))
    }
    let isObject =
      state.kind == .btf || state.kind == .socket || state.kind == .socketCommon || state.kind == .tcpSocket
    guard isObject else {
      return try checkMemory(facts, parameter, register, state, index, &call)
    }
    guard parameter.target.hasPrefix("STRUCT") else {
      throw reject(
        "kernel function \(facts.function.name) args#\(index) pointer type \(parameter.target) is not supported",
        .invalidArgument, .argument(register, found: kindName(state), expected: [parameter.target]))
    }
    let flags = facts.function.flags
    if !flags.isDisjoint(with: [.trustedArguments, .rcu, .release]), !isTrusted(state) {
      if !flags.contains(.rcu) {
        throw reject(
          "R\(register.rawValue) must be referenced or trusted", .invalidArgument,
          .argument(register, found: typeName(state), expected: ["trusted_ptr_"]))
      }
      if !state.flags.contains(.rcu) {
        throw reject(
          "R\(register.rawValue) must be a rcu pointer", .invalidArgument,
          .argument(register, found: typeName(state), expected: ["rcu_ptr_"]))
      }
    }
    if flags.contains(.release), state.reference != 0, state.offset != 0 {
      throw reject(
        "R\(register.rawValue) must have zero offset when passed to release func or trusted arg to kfunc",
        .invalidArgument, .changedContext(register))
    }
    let state = try kernelStructure(of: state)
    let name = parameter.target.dropFirst(7)
    let found = structureName(state)
    let isOfKernel = !state.flags.contains(.ownType)
    // What is given back has to be what it is called, and what is not yet made whole is nothing else.
    let isStrict =
      flags.contains(.release) && state.reference != 0 || found + "___init" == name || name + "___init" == found
    guard
      found == name && state.offset == 0 && isOfKernel || !isStrict && begins(state, with: String(name))
        || isOfKernel && KernelFunctionFacts.kernelContexts[String(name)] == found
    else {
      throw reject(
        "kernel function \(facts.function.name) args#\(index) expected pointer to \(parameter.target) but "
          + "R\(register.rawValue) has a pointer to STRUCT \(found)",
        .invalidArgument, .argument(register, found: found, expected: [String(name)]))
    }
    return false
  }

  /// A socket as the structure of the kernel that it is.
  private mutating func kernelStructure(of state: RegisterState) throws(Stop) -> RegisterState {
    let name: String
    switch state.kind {
    case .socket: name = "sock"
    case .socketCommon: name = "sock_common"
    case .tcpSocket: name = "tcp_sock"
    default: return state
    }
    var object = try kernelObject(named: name)
    object.offset = state.offset
    return object
  }

  private mutating func checkMemory(
    _ facts: KernelFunctionFacts, _ parameter: KernelFunctionFacts.Parameter, _ register: Register,
    _ state: RegisterState, _ index: Int, _ call: inout CallArguments
  ) throws(Stop) -> Bool {
    let isVoid = parameter.target == "UNKNOWN "
    guard parameter.isPlain || parameter.isSized && isVoid else {
      let alternatives = parameter.isSized ? "void, " : ""
      throw reject(
        "arg#\(index) pointer type \(parameter.target) must point to \(alternatives)scalar, or struct with scalar",
        .invalidArgument, .argument(register, found: kindName(state), expected: [parameter.target]))
    }
    if parameter.isSized, let size = Register(rawValue: register.rawValue + 1) {
      try require(size)
      let sizeState = self[size]
      guard sizeState.kind == .scalar else {
        throw reject(
          "R\(size.rawValue) is not a scalar", .invalidArgument,
          .argument(size, found: kindName(sizeState), expected: ["scalar"]))
      }
      // Memory that may be left out is not looked at then, its size all the same.
      do {
        if !(state.isNull && parameter.isNullable) { try checkKernelMemory(register, size, sizeState, &call) }
      } catch {
        let pair = "arg#\(index) arg#\(index + 1) memory, len pair leads to invalid memory access"
        if let message = rejection?.message { rejection?.message = message + "\n" + pair }
        throw error
      }
      if parameter.hasConstantSize {
        guard let constant = sizeState.number.constant else {
          throw reject(
            "R\(size.rawValue) must be a known constant", .invalidArgument,
            .unboundedMaximum(size, sizeState.number.unsigned.maximum))
        }
        call.resultSize = constant
        try markPrecise(size)
      }
      return true
    }
    try checkMemory(register, parameter.byteCount, isWrite: false, zeroAllowed: false, &call)
    try checkMemory(register, parameter.byteCount, isWrite: true, zeroAllowed: false, &call)
    return false
  }

  private mutating func checkKernelMemory(
    _ register: Register, _ size: Register, _ state: RegisterState, _ call: inout CallArguments
  ) throws(Stop) {
    if state.number.signed.minimum < 0 {
      throw reject(
        "R\(size.rawValue) min value is negative, either use unsigned or 'var &= const'", .accessDenied,
        .negativeMinimum(size, state.number.signed.minimum))
    }
    if state.number.unsigned.maximum >= UInt64(Self.maximumOffset) {
      throw reject(
        "R\(size.rawValue) unbounded memory access, use 'var &= const' or 'if (var < const)'", .accessDenied,
        .unboundedMaximum(size, state.number.unsigned.maximum))
    }
    let count = Int(state.number.unsigned.maximum)
    try checkMemory(register, count, isWrite: false, zeroAllowed: true, &call)
    try checkMemory(register, count, isWrite: true, zeroAllowed: true, &call)
    try markPrecise(size)
  }

  private mutating func checkDynptr(
    _ function: KernelFunction, _ parameter: KernelFunctionFacts.Parameter, _ register: Register,
    _ state: RegisterState, _ call: inout CallArguments
  ) throws(Stop) {
    guard parameter.isUninitialized else {
      call.dynptr = try requireDynptr(register, state)
      return
    }
    switch function.role {
    case .dynptrFromPacket(.skb)?: try makeDynptr(.skb, register, state)
    case .dynptrFromPacket(.skbMetadata)?: try makeDynptr(.skbMetadata, register, state)
    case .dynptrFromPacket(.xdp)?: try makeDynptr(.xdp, register, state)
    case .cloneDynptr?:
      guard let parent = call.dynptr else { throw unsupported("a clone of nothing") }
      try makeDynptr(parent.kind, register, state, cloneOf: parent.reference)
    default: throw unsupported("dynptrs made by \(function.name)")
    }
  }

  // MARK: Iterators

  private mutating func checkIterator(
    _ function: KernelFunction, _ name: String, _ count: Int, _ register: Register, _ state: RegisterState,
    _ index: Int,
    _ call: inout CallArguments
  ) throws(Stop) {
    guard state.kind == .stack else {
      throw reject(
        "arg#\(index) expected pointer to an iterator on stack", .invalidArgument,
        .argument(register, found: kindName(state), expected: ["fp"]))
    }
    guard let constant = state.number.constant else {
      throw reject(
        "arg#\(index) doesn't have constant offset", .invalidArgument, .unboundedOffset(register))
    }
    let offset = Int(state.offset) + Int(Int64(bitPattern: constant))
    let place = Int(state.object)
    let isAligned = offset % 8 == 0 && offset < 0 && offset >= -Self.stackSize && -offset / 8 >= count
    if function.flags.contains(.iteratorNew) {
      if offset % 8 == 0, offset >= 0 || offset < -Self.stackSize {
        try checkStackBounds(register, state, 0, 8, .write)
      }
      guard isAligned else {
        throw reject(
          "cannot pass in iter at an offset=\(offset)\nexpected uninitialized iter_\(name) as arg #\(index)",
          .invalidArgument, .argument(register, found: "fp\(offset)", expected: ["iter_\(name)"]))
      }
      try makeIterator(
        name, count, place, -offset / 8 - 1, index, register, isRCU: function.flags.contains(.rcuProtected))
      return
    }
    let slot = isAligned ? -offset / 8 - 1 : 0
    let current = slots[Self.slotPlace(place, slot)]
    guard isAligned, slot < Int(frames[place].slotCount), current.byte(0) == .iterator,
      current.register.object == Self.iteratorKind(name), current.register.reference != 0
    else {
      let line = offset % 8 == 0 ? "" : "cannot pass in iter at an offset=\(offset)\n"
      throw reject(
        "\(line)expected an initialized iter_\(name) as arg #\(index)", .invalidArgument,
        .argument(register, found: "fp\(offset)", expected: ["iter_\(name)"]))
    }
    iteratorPlace = (place, slot)
    // What the iterator gives goes with it.
    call.reference = current.register.reference
    for position in 0..<count { noteStackRead(place, slot - position) }
    if function.flags.contains(.iteratorDestroy) {
      _ = release(reference: current.register.reference)
      for position in 0..<count {
        let emptied = Self.slotPlace(place, slot - position)
        slots[emptied] = .invalid
        slots[emptied].bytes = 0
      }
    }
  }

  private mutating func makeIterator(
    _ name: String, _ count: Int, _ place: Int, _ slot: Int, _ index: Int, _ register: Register, isRCU: Bool
  ) throws(Stop) {
    growStack(place, to: slot + 1)
    for position in 0..<count where slots[Self.slotPlace(place, slot - position)].isSpecial {
      throw reject(
        "expected uninitialized iter_\(name) as arg #\(index)", .invalidArgument,
        .argument(register, found: "iter", expected: ["iter_\(name)"]))
    }
    let id = acquire(.object)
    for position in 0..<count {
      let current = Self.slotPlace(place, slot - position)
      var state = RegisterState(kind: .memory, object: Self.iteratorKind(name))
      state.reference = position == 0 ? id : 0
      state.range = IteratorProgress.active.rawValue
      slots[current] = StackSlot(bytes: StackSlot.all(.iterator), register: state)
    }
  }

  /// A number for a kind of iterator.
  static func iteratorKind(_ name: String) -> UInt32 {
    var hash: UInt32 = 2_166_136_261
    for byte in name.utf8 { hash = (hash ^ UInt32(byte)) &* 16_777_619 }
    return hash
  }

  // MARK: Interrupts

  /// What ``RegisterState/object`` is of a flag that belongs to a lock.
  private static let flagOfLock: UInt32 = 1

  private mutating func checkInterruptFlag(
    _ function: KernelFunction, _ register: Register, _ state: RegisterState, _ index: Int
  ) throws(Stop) {
    guard state.kind == .stack, let constant = state.number.constant else {
      throw reject(
        "arg#\(index) doesn't point to an irq flag on stack", .invalidArgument,
        .argument(register, found: kindName(state), expected: ["fp"]))
    }
    let offset = Int(state.offset) + Int(Int64(bitPattern: constant))
    let place = Int(state.object)
    let isAligned = offset % 8 == 0 && offset < 0 && offset >= -Self.stackSize
    let slot = isAligned ? -offset / 8 - 1 : 0
    let operation = LockOperation(function.role)
    if function.role == .saveInterrupts || operation?.isLocking == true {
      if offset % 8 == 0, offset >= 0 || offset < -Self.stackSize {
        try checkStackBounds(register, state, 0, 8, .write)
      }
      let isFree = isAligned && !slots[Self.slotPlace(place, slot)].isSpecial
      guard isFree else {
        let line = isAligned ? "" : "cannot pass in irq_flag at an offset=\(offset)\n"
        throw reject(
          "\(line)expected uninitialized irq flag as arg#\(index)", .invalidArgument,
          .argument(register, found: "fp\(offset)", expected: ["irq flag"]))
      }
      growStack(place, to: slot + 1)
      let id = acquire(.interruptFlag)
      regions.interruptID = id
      var flag = RegisterState(kind: .memory, object: operation == nil ? 0 : Self.flagOfLock)
      flag.reference = id
      slots[Self.slotPlace(place, slot)] = StackSlot(bytes: StackSlot.all(.interruptFlag), register: flag)
      return
    }
    guard isAligned, slot < Int(frames[place].slotCount),
      slots[Self.slotPlace(place, slot)].byte(0) == .interruptFlag
    else {
      throw reject(
        "expected an initialized irq flag as arg#\(index)", .invalidArgument,
        .argument(register, found: "fp\(offset)", expected: ["irq flag"]))
    }
    noteStackRead(place, slot)
    let flag = slots[Self.slotPlace(place, slot)].register
    guard flag.object == (operation == nil ? 0 : Self.flagOfLock) else {
      let (acquired, used) = operation == nil ? ("lock", "native") : ("native", "lock")
      throw reject(
        "irq flag acquired by \(acquired) kfuncs cannot be restored with \(used) kfuncs", .invalidArgument,
        .region("bpf_local_irq_save"))
    }
    let id = flag.reference
    guard id == regions.interruptID else {
      let acquired = references.first { $0.id == regions.interruptID }?.instruction ?? 0
      throw reject(
        "cannot restore irq state out of order, expected id=\(regions.interruptID) acquired at insn_idx=\(acquired)",
        .accessDenied, .region("bpf_local_irq_save"))
    }
    references.removeAll { $0.kind == .interruptFlag && $0.id == id }
    regions.interruptID = references.last { $0.kind == .interruptFlag }?.id ?? 0
    slots[Self.slotPlace(place, slot)] = .invalid
  }
}
