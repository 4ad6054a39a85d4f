internal import BPFInstructions
internal import BPFObject
internal import BPFTypeFormat

extension Exploration {
  mutating func callHelper(_ identifier: Int32) throws(Stop) -> Continuation {
    guard let prototype = program.helpers[identifier] else {
      if identifier == 0 {
        throw reject(
          "program of this type cannot use helper bpf_unspec#0", .invalidArgument,
          .helperUnavailable(number: 0, name: nil))
      }
      throw reject(
        "invalid func \(Self.helperName(identifier))", .invalidArgument,
        .helperUnavailable(number: identifier, name: HelperFunction(identifier: identifier)?.name))
    }
    guard program.availableHelpers.contains(identifier) else {
      throw reject(
        "program of this type cannot use helper \(Self.helperName(identifier))", .invalidArgument,
        .helperUnavailable(number: identifier, name: prototype.name))
    }
    if prototype.traits.contains(.gplOnly), !program.isGPLCompatible {
      throw reject(
        "cannot call GPL-restricted function from non-GPL compatible program", .invalidArgument,
        .licence(prototype.name))
    }
    if HelperPrototype.isRefusedInProbe(identifier, for: program.kind) {
      throw reject(
        "helper call is not allowed in probe", .invalidArgument,
        .helperUnavailable(number: identifier, name: prototype.name))
    }
    if prototype.traits.contains(.mightSleep) { try checkMaySleep(identifier, prototype.name) }
    var call = CallArguments(helper: identifier)
    for (index, argument) in prototype.arguments.enumerated() {
      try check(argument, index, prototype, &call)
    }
    try checkMapCompatibility(identifier, call)
    if identifier == 173, program.kind.type != .kprobe, program.kind.type != .tracing {
      throw reject(
        "func bpf_get_func_ip#173 not supported for program type \(program.kind.type.rawValue)", 524,
        .helperUnavailable(number: identifier, name: prototype.name))
    }
    if let written = call.written {
      let register = Register(rawValue: written.register) ?? .r1
      try writeThrough(register, written.count)
    }
    if let released = call.released { try release(argument: released, call) }
    if identifier == 197, self[.r1].kind != .mapValue {
      throw reject(
        "Unsupported reg type \(kindName(self[.r1])) for bpf_dynptr_from_mem data", .accessDenied,
        .argument(.r1, found: kindName(self[.r1]), expected: ["map_value"]))
    }
    return try finish(identifier, prototype, &call)
  }

  static func helperName(_ identifier: Int32) -> String {
    "\(HelperFunction(identifier: identifier)?.name ?? "unknown")#\(identifier)"
  }

  private mutating func checkMaySleep(_ identifier: Int32, _ function: String) throws(Stop) {
    let name = Self.helperName(identifier)
    if !isSleepable {
      throw reject("helper call might sleep in a non-sleepable prog", .invalidArgument, .sleeping(function))
    }
    if regions.rcuDepth > 0 {
      throw reject("sleepable helper \(name) in rcu_read_lock region", .invalidArgument, .sleeping(function))
    }
    if regions.preemptionDepth > 0 {
      throw reject("sleepable helper \(name) in non-preemptible region", .invalidArgument, .sleeping(function))
    }
    if regions.interruptID != 0 {
      throw reject("sleepable helper \(name) in IRQ-disabled region", .invalidArgument, .sleeping(function))
    }
  }

  // MARK: Results

  private mutating func finish(
    _ identifier: Int32, _ prototype: HelperPrototype, _ call: inout CallArguments
  ) throws(Stop) -> Continuation {
    if let special = try callBackOrTail(identifier, &call) { return special }
    clearCallerSaved()
    switch prototype.result {
    case .integer: self[.r0] = .unknown
    case .nothing: break
    case .mapValue(let isNullable):
      guard let map = call.map else {
        throw reject("kernel subsystem misconfigured verifier", .invalidArgument, .other)
      }
      var result = RegisterState(kind: .mapValue, object: UInt32(map))
      result.range = call.mapInstance
      if isNullable, !isPresentElement(identifier, map, call) {
        result.flags.insert(.nullable)
        result.id = newID()
      } else if program.maps[map].fields.first(.spinLock) != nil
        || program.maps[map].fields.first(.resilientSpinLock) != nil
      {
        result.id = newID()
      }
      self[.r0] = result
    case .ringBufferRecord:
      let size = UInt32(clamping: call.resultSize ?? 0)
      self[.r0] = nullable(RegisterState(kind: .memory, flags: .ringBuffer, object: size))
    case .dynptrSlice:
      self[.r0] = nullable(slice(of: call.dynptr, size: call.resultSize ?? 0, isWritable: true))
    case .socket: self[.r0] = nullable(RegisterState(kind: .socket))
    case .socketCommon: self[.r0] = nullable(RegisterState(kind: .socketCommon))
    case .tcpSocket: self[.r0] = nullable(RegisterState(kind: .tcpSocket))
    case .kernelObject(let name, let isNullable, let isTrusted):
      var object = try kernelObject(named: name)
      if isTrusted { object.flags.insert(.trusted) }
      self[.r0] = isNullable ? nullable(object) : object
    case .exchangedPointer: self[.r0] = nullable(fieldObject(call))
    case .perCPUVariable(let isNullable):
      let element = try elementOfProcessor(call)
      // Of an object of the program every CPU has its own.
      self[.r0] = isNullable && !element.flags.contains(.allocated) ? nullable(element) : element
    }
    if prototype.traits.contains(.acquires) || identifier == 1 && holdsSockets(call.map) {
      let id = acquire(.object)
      let place = Self.place(frame, 0)
      registers[place].id = id
      registers[place].reference = id
    } else if prototype.traits.contains(.resultSharesReference) {
      registers[Self.place(frame, 0)].reference = call.reference
    }
    if prototype.traits.contains(.resultIsSizeOrError) { boundResult(call) }
    if identifier == 8 {
      // The number of this processor.
      registers[Self.place(frame, 0)].number.unsigned.maximum = UInt64(max(options.kernel.processorCount, 1) - 1)
      registers[Self.place(frame, 0)].number.synchronize()
    }
    if prototype.traits.contains(.changesPacket) || identifier == 202 && writesPacket(call) { invalidatePackets() }
    return .next
  }

  /// A write through a dynptr may move the packet that it is made of.
  private func writesPacket(_ call: CallArguments) -> Bool {
    call.dynptr?.kind == .skb || call.dynptr?.kind == .skbMetadata
  }

  /// A look-up in a map of sockets takes a reference on the socket.
  private func holdsSockets(_ map: Int?) -> Bool {
    guard let map else { return false }
    let type = program.maps[map].definition.type
    return type == .socketMap || type == .socketHash
  }

  /// An array has an element for every key below its length: the value cannot be null.
  private func isPresentElement(_ identifier: Int32, _ map: Int, _ call: CallArguments) -> Bool {
    guard identifier == 1, let key = call.constantKey else { return false }
    switch program.maps[map].definition.type {
    case .array, .perCPUArray: return key < UInt64(program.maps[map].definition.maxEntries)
    default: return false
    }
  }

  /// Functions that return how many bytes they wrote return no more than the size they were given.
  private mutating func boundResult(_ call: CallArguments) {
    let place = Self.place(frame, 0)
    guard registers[place].kind == .scalar else { return }
    let maximum = Int64(clamping: call.maximumSize)
    registers[place].number.signed = Interval(-4095, maximum)
    registers[place].number.signed32 = Interval(-4095, Int32(clamping: maximum))
    registers[place].number.synchronize()
  }

  private mutating func release(argument: UInt8, _ call: CallArguments) throws(Stop) {
    let register = Register(rawValue: argument) ?? .r1
    if call.releasesDynptr { return releaseDynptr(self[register]) }
    if call.reference != 0 {
      if release(reference: call.reference) { return }
    } else if self[register].isNull {
      return
    }
    throw reject(
      "func \(call.function) reference has not been acquired before", .invalidArgument, .notAcquired(register))
  }

  /// What a function writes through a pointer that it was given.
  private mutating func writeThrough(_ register: Register, _ count: Int) throws(Stop) {
    let state = self[register]
    if state.kind == .stack, let constant = state.number.constant {
      let start = Int(state.offset) + Int(Int64(bitPattern: constant))
      try clobberStack(Int(state.object), start, start + count)
      return
    }
    guard count > 0, state.kind != .stack else { return }
    for offset in [0, count - 1] {
      try access(Access(base: register, offset: offset, size: 1, isWrite: true))
    }
  }

  // MARK: Maps

  private mutating func checkMapCompatibility(_ identifier: Int32, _ call: CallArguments) throws(Stop) {
    guard let map = call.map else { return }
    let definition = program.maps[map].definition
    let isAllowed = MapRule.allows(definition.type, in: identifier, for: program.kind)
    if !isAllowed, identifier == 164 {
      throw reject(
        "callback function not allowed for map", 524, .mapType(map: definition.name, function: call.function))
    }
    if !isAllowed, identifier == 12 {
      throw reject(
        "expected prog array map for tail call", .invalidArgument,
        .mapType(map: definition.name, function: call.function))
    }
    guard isAllowed else {
      throw reject(
        "cannot pass map_type \(definition.type.rawValue) into func \(call.function)", .invalidArgument,
        .mapType(map: definition.name, function: call.function))
    }
    // What the program may not do itself, it may not have done.
    let writes = [2, 3, 87, 88].contains(identifier)
    if writes && program.maps[map].isReadOnly {
      throw reject("write into map forbidden", .accessDenied, .readOnlyMemory(.r1))
    }
  }
}
