internal import BPFInstructions
internal import BPFObject
internal import BPFTypeFormat

extension Exploration {
  /// A call of a function that is verified on its own: only its types count.
  mutating func callGlobal(_ index: Int) throws(Stop) {
    let name = code.functions[index].name
    do {
      for (position, parameter) in try globalParameters(index).enumerated() {
        try checkGlobal(parameter, position)
      }
    } catch {
      if let message = rejection?.message {
        rejection?.message = message + "\nCaller passes invalid args into func#\(index) ('\(name)')"
      }
      throw error
    }
    if regions.lockCount > 0 {
      throw reject(
        "global function calls are not allowed while holding a lock,\nuse static function instead", .invalidArgument,
        .region("bpf_spin_lock"))
    }
    if code.functions[index].mightSleep, !maySleep {
      throw reject(
        "global functions that may sleep are not allowed in non-sleepable context,\n"
          + "i.e., in a RCU/IRQ/preempt-disabled section, or in\na non-sleepable BPF program context",
        .invalidArgument, .sleeping(name))
    }
    code.functions[index].wasCalled = true
    if code.functions[index].changesPacket { invalidatePackets() }
    log.write("Func#\(index) ('\(name)') is global and assumed valid.")
  }

  private mutating func checkGlobal(_ parameter: GlobalParameter, _ position: Int) throws(Stop) {
    guard let register = Register(rawValue: UInt8(position + 1)) else { return }
    let state = self[register]
    switch parameter {
    case .scalar:
      guard state.kind == .scalar else {
        throw reject(
          "R\(register.rawValue) is not a scalar", .invalidArgument,
          .argument(register, found: kindName(state), expected: ["scalar"]))
      }
    case .context:
      if state.kind == .context { try checkUnchanged(state, register) }
      guard state.kind == .context else {
        throw reject(
          "arg#\(position) expects pointer to ctx", .invalidArgument,
          .argument(register, found: kindName(state), expected: ["ctx"]))
      }
    case .dynptr: try requireDynptr(register, state)
    // Reads of it are caught where they fail.
    case .untrustedMemory, .untrustedObject: break
    case .arena:
      guard state.kind == .arena || state.kind == .scalar else {
        throw reject(
          "R\(register.rawValue) is not a pointer to arena or scalar.", .invalidArgument,
          .argument(register, found: kindName(state), expected: ["arena", "scalar"]))
      }
    case .trustedObject(let type, let isNullable):
      if state.isNull, isNullable { return }
      let name = (try? program.kernelTypes?.name(of: BTFTypeID(type))) ?? ""
      try checkObject(named: name, isNullable: isNullable, register, state)
    case .memory(let size, let isNullable):
      func refusedNull() -> Stop {
        reject(
          "arg#\(position) is expected to be non-NULL", .invalidArgument,
          .possiblyNull(register, kind: kindName(state)))
      }
      if state.isNull {
        if isNullable { return }
        throw refusedNull()
      }
      // A pointer that may be null is looked at as if it were not: the callee checks.
      let saved = self[register]
      if state.isNullable { registers[Self.place(frame, position + 1)].flags.remove(.nullable) }
      var call = CallArguments(kernelFunction: "")
      do {
        try checkMemory(register, size, isWrite: false, zeroAllowed: false, &call)
        try checkMemory(register, size, isWrite: true, zeroAllowed: false, &call)
      } catch {
        if let cause = rejection?.cause, case .unsupported = cause { throw error }
        rejection?.errno = .invalidArgument
        throw error
      }
      self[register] = saved
      if state.isNullable, !isNullable { throw refusedNull() }
    }
  }

  // MARK: Verification

  /// Walks each global function that was called, once, from its types.
  mutating func verifyGlobals() throws(Stop) {
    var verified: Set<Int> = []
    var finds = true
    while finds {
      finds = false
      for (index, function) in code.functions.enumerated().dropFirst() {
        guard function.isGlobal, function.isExceptionCallback || code.functions[index].wasCalled else { continue }
        guard verified.insert(index).inserted else { continue }
        finds = true
        try verifyGlobal(index)
      }
    }
  }

  private mutating func verifyGlobal(_ index: Int) throws(Stop) {
    beginEntry(function: index)
    entryKind = .global
    let parameters = try globalParameters(index)
    if code.functions[index].isExceptionCallback {
      frames[0].isException = true
      guard parameters.count == 1, case .scalar = parameters[0] else {
        throw reject(
          "exception cb only supports single integer argument", .invalidArgument,
          .globalArguments(function: code.functions[index].name))
      }
    }
    for (position, parameter) in parameters.enumerated() {
      guard let register = Register(rawValue: UInt8(position + 1)) else { continue }
      switch parameter {
      case .scalar, .arena: self[register] = .unknown
      case .context: self[register] = RegisterState(kind: .context)
      case .dynptr: self[register] = givenDynptr()
      case .memory(let size, let isNullable):
        let memory = RegisterState(kind: .memory, object: UInt32(size))
        self[register] = isNullable ? nullable(memory) : memory
      case .untrustedMemory: self[register] = RegisterState(kind: .memory, flags: [.readOnly, .untrusted])
      case .untrustedObject(let type):
        self[register] = RegisterState(kind: .btf, flags: .untrusted, object: type)
        self[register].id = newID()
      case .trustedObject(let type, let isNullable):
        let object = RegisterState(kind: .btf, flags: .trusted, object: type)
        self[register] = isNullable ? nullable(object) : object
        if !isNullable { self[register].id = newID() }
      }
    }
    let name = code.functions[index].name
    log.write("Validating \(name)() func#\(index)...")
    if log.isWritten { logBeginning() }
    try walk()
    log.noteEnd()
    log.write("Func#\(index) ('\(name)') is safe for any args that match its prototype")
  }
}
