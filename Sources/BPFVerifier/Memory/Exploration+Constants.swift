internal import BPFInstructions
internal import BPFObject
internal import BPFTypeFormat

extension Exploration {
  /// A 64-bit immediate load: a number, or the address of something.
  mutating func loadWide(_ target: Register, _ value: WideValue) throws(Stop) {
    try requireWritable(target)
    switch program.references[instruction] {
    case .map(let index)?:
      self[target] = mapPointer(index)
      return
    case .mapValue(let index, let offset)?:
      let map = program.maps[index]
      if map.definition.type == .arena {
        self[target] = RegisterState(kind: .arena, number: .unknown)
        return
      }
      guard map.definition.type == .array else {
        throw reject(
          "no direct value access support for this map type", .invalidArgument,
          .mapType(map: map.definition.name, function: "lddw"))
      }
      guard offset >= 0, offset < map.valueSize, map.definition.maxEntries == 1 else {
        throw reject(
          "invalid access to map value pointer, value_size=\(map.valueSize) off=\(offset)",
          map.definition.maxEntries == 1 ? .invalidArgument : 524,
          .mapType(map: map.definition.name, function: "lddw"))
      }
      var pointer = RegisterState(kind: .mapValue, object: UInt32(index))
      pointer.offset = Int32(offset)
      self[target] = pointer
      return
    case .function(let start)?:
      try loadFunction(target, start)
      return
    case .kernelSymbol(let name, let isWeak)?:
      try loadSymbol(target, name, isWeak: isWeak)
      return
    case .kernelFunction?, nil: break
    }
    switch value {
    case .constant(let constant): self[target] = RegisterState(constant: constant)
    case .function(let offset): try loadFunction(target, instruction + 1 + Int(offset))
    case .map, .mapValue, .mapIndex, .mapIndexValue:
      throw reject("fd 0 is not pointing to valid bpf_map", 9, .missingReference("map"))
    case .variable: throw unsupported("addresses of kernel variables by number")
    }
  }

  func mapPointer(_ index: Int) -> RegisterState { RegisterState(kind: .mapPointer, object: UInt32(index)) }

  private mutating func loadFunction(_ target: Register, _ start: Int) throws(Stop) {
    guard let function = code.function(at: start) else {
      throw reject("invalid insn idx \(start)", .invalidArgument, .jumpOutOfRange(target: start))
    }
    guard code.functions[function].type != nil else {
      throw reject("missing btf func_info", .invalidArgument, .callback(code.functions[function].name))
    }
    guard !code.functions[function].isGlobal else {
      throw reject("callback function not static", .invalidArgument, .callback(code.functions[function].name))
    }
    self[target] = RegisterState(kind: .function, object: UInt32(start))
  }

  private mutating func loadSymbol(_ target: Register, _ name: String, isWeak: Bool) throws(Stop) {
    guard let types = program.kernelTypes else {
      throw unsupported("the kernel symbol \(name) without the kernel's types")
    }
    if types.first(named: name, kind: .function) != nil {
      // Only whether it is there can be asked.
      self[target] = RegisterState(kind: .memory, flags: .readOnly, object: 0)
      return
    }
    if let variable = types.first(named: name, kind: .variable) {
      self[target] = try kernelVariable(variable, types)
      return
    }
    guard isWeak else { throw unsupported("the kernel symbol \(name)") }
    self[target] = RegisterState(constant: 0)
  }

  /// The deprecated loads from packets.
  mutating func loadPacket(_ size: MemorySize, _ index: Register?) throws(Stop) -> Continuation {
    switch program.kind.type {
    case .socketFilter, .trafficClassifier, .trafficAction: break
    default:
      throw reject(
        "BPF_LD_[ABS|IND] instructions not allowed for this program type", .invalidArgument, .other)
    }
    try require(.r6)
    // The function ends where the load fails: nothing may be open.
    try checkRegionsClosed(by: "BPF_LD_[ABS|IND]")
    guard self[.r6].kind == .context else {
      throw reject(
        "at the time of BPF_LD_ABS|IND R6 != pointer to skb", .invalidArgument,
        .argument(.r6, found: kindName(self[.r6]), expected: ["ctx"]))
    }
    try checkUnchanged(self[.r6], .r6)
    if let index { try require(index) }
    clearCallerSaved()
    self[.r0] = .unknown
    guard frame > 0 else { return .next }
    // A function that the program calls returns 0 then, and the program goes on.
    try push(instruction + 1, from: instruction)
    self[.r0] = RegisterState(constant: 0)
    return try exit()
  }
}
