internal import BPFInstructions
internal import BPFObject
internal import BPFTypeFormat

extension Exploration {
  /// What helper functions do that call back or do not return: nil for all others.
  mutating func callBackOrTail(_ identifier: Int32, _ call: inout CallArguments) throws(Stop) -> Continuation? {
    switch identifier {
    case 12:
      try checkRegionsClosed(by: "tail_call")
      // Linux makes a jump of its own of one to a place that is known.
      if let map = call.map, let index = self[.r3].number.constant, self[.r3].kind == .scalar,
        index < UInt64(program.maps[map].definition.maxEntries)
      {
        try markPrecise(.r3)
      }
      guard frame > 0 else { return nil }
      // The program that is jumped to returns to the caller; where the jump fails, the function goes on.
      clearCallerSaved()
      self[.r0] = .unknown
      try push(instruction + 1, from: instruction)
      invalidatePackets()
      return try exit()
    case 81:
      guard self[.r2].isNull else {
        throw reject("get_local_storage() doesn't support non-zero flags", .invalidArgument, .other)
      }
      return nil
    case 164:
      try pushCallback(call, .mapElement)
      return nil
    case 170:
      try pushAsynchronous(call, .timer, returns: Interval(0, 0), isSleepable: false)
      return nil
    case 180:
      try pushCallback(call, .virtualMemoryArea)
      return nil
    case 181:
      // The number of rounds decides whether another one is walked.
      try markPrecise(.r1)
      if frames[frame].callbackDepth < UInt32(clamping: self[.r1].number.unsigned.maximum) {
        try pushCallback(call, .loop)
      } else {
        frames[frame].callbackDepth = 0
      }
      return nil
    case 209:
      try pushCallback(call, .userRingBuffer)
      return nil
    default: return nil
    }
  }

  /// Puts one more round of a callback aside; the path itself goes on after the last.
  mutating func pushCallback(_ call: CallArguments, _ kind: CallbackKind) throws(Stop) {
    guard let start = call.callback, let function = code.function(at: start) else {
      throw reject("invalid callback", .invalidArgument, .callback(call.function))
    }
    code.functions[function].isCallback = true
    let caller = frame
    let depth = frames[frame].callbackDepth
    frames[frame].callbackDepth += 1
    callbackUnrolls += 1
    var header = Frame()
    header.callSite = Int32(instruction)
    header.function = Int32(function)
    header.isCallback = true
    header.callback = kind
    header.returns = Interval(0, 1)
    try openCallee(header)
    setArguments(kind, caller, call)
    try push(start, from: instruction)
    frame = caller
    callbackUnrolls -= 1
    frames[frame].callbackDepth = kind == .loop ? 0 : depth
    if kind != .loop { frames[frame].callbackDepth = 0 }
  }

  private mutating func setArguments(_ kind: CallbackKind, _ caller: Int, _ call: CallArguments) {
    func callerRegister(_ register: Int) -> RegisterState { registers[Self.place(caller, register)] }
    switch kind {
    case .loop:
      self[.r1] = .unknown
      self[.r2] = callerRegister(3)
    case .mapElement:
      setElementArguments(call)
      self[.r4] = callerRegister(3)
    case .virtualMemoryArea:
      self[.r1] = callerRegister(1)
      if let object = program.kernelTypes?.first(named: "vm_area_struct", kind: .structure) {
        self[.r2] = RegisterState(kind: .btf, object: object.rawValue)
      }
      self[.r3] = callerRegister(4)
    case .timer, .workQueue, .taskWork: setElementArguments(call)
    case .userRingBuffer:
      self[.r1] = givenDynptr()
      self[.r2] = callerRegister(3)
    case .treeAdd: setOrderArguments(call)
    case .none: break
    }
  }

  /// Map, key and value, as callbacks of elements are given.
  private mutating func setElementArguments(_ call: CallArguments) {
    let map = call.map ?? 0
    var pointer = mapPointer(map)
    pointer.range = call.mapInstance
    self[.r1] = pointer
    self[.r2] = RegisterState(kind: .mapKey, object: UInt32(map))
    var value = RegisterState(kind: .mapValue, object: UInt32(map))
    value.range = call.mapInstance
    self[.r3] = value
  }

  /// Puts aside a callback that runs later, on its own: an entry with a stack, and rights, of its own.
  mutating func pushAsynchronous(
    _ call: CallArguments, _ kind: CallbackKind, returns: Interval<Int32>, isSleepable: Bool
  ) throws(Stop) {
    guard let start = call.callback, let function = code.function(at: start) else {
      throw reject("invalid callback", .invalidArgument, .callback(call.function))
    }
    code.functions[function].isCallback = true
    code.functions[function].isAsynchronousCallback = true
    // The state is made in place of the one being walked, which is put aside meanwhile.
    let (contents, words) = capture(keepsAll: true)
    let saved = (
      parent, firstInstruction, history: captureHistory(), count: history.count, currentEntry, self.isSleepable
    )
    let entry = frames[frame].asynchronousEntry
    let unrolls = (mayGotoDepth, callbackUnrolls)
    references.removeAll(keepingCapacity: true)
    regions = StateRegions()
    history.truncate(to: 0)
    parent = -1
    firstInstruction = Int32(start)
    self.isSleepable = isSleepable
    (mayGotoDepth, callbackUnrolls) = (0, 0)
    var header = Frame()
    header.function = Int32(function)
    header.isAsynchronous = true
    header.asynchronousEntry = entry + 1
    header.returns = returns
    openFrame(0, header)
    setArguments(kind, 0, call)
    try push(start, from: -1)
    restore(contents)
    pool.release(contents, words)
    restoreHistory(saved.history, saved.count)
    releaseHistory(saved.history, saved.count)
    (parent, firstInstruction, currentEntry, self.isSleepable) = (saved.0, saved.1, saved.4, saved.5)
    (mayGotoDepth, callbackUnrolls) = unrolls
  }

  // MARK: Fields of map values

  /// A field of a map value that a function works on has to be at the offset that the map's types say, in the map that
  /// goes with it.
  mutating func checkField(
    _ kind: SpecialFields.Kind, _ register: Register, _ state: RegisterState
  ) throws(Stop) {
    let map = program.maps[Int(state.object)]
    let name = kind.description
    guard let constant = state.number.constant else {
      throw reject(
        "R\(register.rawValue) doesn't have constant offset. \(name) has to be at the constant offset",
        .invalidArgument,
        .unboundedOffset(register))
    }
    guard map.hasTypes else {
      throw reject(
        "map '\(map.definition.name)' has to have BTF in order to use \(name)", .invalidArgument,
        .missingField(map: map.definition.name, field: name))
    }
    guard let field = map.fields.first(kind) else {
      throw reject(
        "map '\(map.definition.name)' has no valid \(name)", .invalidArgument,
        .missingField(map: map.definition.name, field: name))
    }
    let offset = Int(Int64(bitPattern: constant)) + Int(state.offset)
    guard offset == field.offset else {
      throw reject(
        "off \(offset) doesn't point to 'struct \(name)' that is at \(field.offset)", .invalidArgument,
        .missingField(map: map.definition.name, field: name))
    }
  }

  mutating func checkTimer(_ register: Register, _ state: RegisterState, _ call: inout CallArguments) throws(Stop) {
    try checkField(.timer, register, state)
    call.map = Int(state.object)
    call.mapInstance = state.range
  }
}
