internal import BPFInstructions
internal import BPFObject
internal import BPFTypeFormat

extension Exploration {
  /// A parameter of a global function, by the types of the program.
  enum GlobalParameter {
    case scalar
    case context
    case dynptr
    /// Memory of some bytes, which may be null unless it is declared not to be.
    case memory(Int, isNullable: Bool)
  }

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
    case .memory(let size, let isNullable):
      if state.isNull || state.isNullable {
        if isNullable, state.isNull { return }
        if !isNullable {
          throw reject(
            "arg#\(position) is expected to be non-NULL", .invalidArgument,
            .possiblyNull(register, kind: kindName(state)))
        }
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
    }
  }

  /// The parameters of a global function.
  mutating func globalParameters(_ index: Int) throws(Stop) -> [GlobalParameter] {
    let name = code.functions[index].name
    guard let types = program.ownTypes, let id = code.functions[index].type, let type = try? types.type(id),
      case .function(let prototypeID, _) = type.kind, let prototype = types.plain(prototypeID),
      case .functionPrototype(let signature) = prototype.kind
    else { throw unsupported("global functions without types") }
    if signature.parameters.count > 5 {
      throw reject(
        "Global function \(name)() with \(signature.parameters.count) > 5 args. Buggy compiler.", .invalidArgument,
        .globalArguments(function: name))
    }
    switch types.plain(signature.result)?.kind {
    case .integer?, .enumeration?: break
    default:
      throw reject(
        "Global function \(name)() doesn't return scalar. Only those are supported.", .invalidArgument,
        .globalArguments(function: name))
    }
    var result: [GlobalParameter] = []
    for (position, parameter) in signature.parameters.enumerated() {
      let tags = Set((try? types.declarationTags(on: id, component: position)) ?? [])
      result.append(try globalParameter(parameter.type, tags, position, name, types))
    }
    return result
  }

  private mutating func globalParameter(
    _ id: BTFTypeID, _ tags: Set<String>, _ position: Int, _ name: String, _ types: BTF
  ) throws(Stop) -> GlobalParameter {
    if tags.contains("arg:ctx") { return .context }
    guard tags.isDisjoint(with: ["arg:trusted", "arg:untrusted", "arg:arena"]) else {
      throw unsupported("tagged parameters of global functions")
    }
    switch types.plain(id)?.kind {
    case .integer?, .enumeration?: return .scalar
    case .pointer(let target)?:
      guard let pointee = types.plain(target) else { break }
      if case .structure = pointee.kind {
        if pointee.name == "bpf_dynptr" { return .dynptr }
        if isContextType(pointee.name) { return .context }
      }
      guard let size = try? types.size(of: target) else {
        let kind = pointee.name.isEmpty ? "UNKNOWN " : "FWD \(pointee.name)"
        throw reject(
          "arg#\(position) reference type('\(kind)') size cannot be determined: -22", .invalidArgument,
          .globalArguments(function: name))
      }
      return .memory(size, isNullable: !tags.contains("arg:nonnull"))
    default: break
    }
    throw reject(
      "Arg#\(position) type \(typeText(id, types)) in \(name)() is not supported yet.", .invalidArgument,
      .globalArguments(function: name))
  }

  private func typeText(_ id: BTFTypeID, _ types: BTF) -> String {
    guard let type = types.plain(id) else { return "UNKNOWN" }
    return switch type.kind {
    case .pointer: "PTR"
    case .structure: "STRUCT"
    case .union: "UNION"
    case .array: "ARRAY"
    default: "UNKNOWN"
    }
  }

  private func isContextType(_ name: String) -> Bool {
    if !program.context.structure.isEmpty { return name == program.context.structure }
    switch program.kind.type {
    case .kprobe: return name == "pt_regs" || name == "bpf_user_pt_regs_t" || name == "user_pt_regs"
    default: return false
    }
  }

  // MARK: Verification

  /// Walks each global function that was called, once, from its types.
  mutating func verifyGlobals() throws(Stop) {
    var verified: Set<Int> = []
    while let index = code.functions.indices.first(where: {
      $0 > 0 && code.functions[$0].isGlobal && code.functions[$0].wasCalled && !verified.contains($0)
    }) {
      verified.insert(index)
      beginEntry(function: index)
      entryKind = .global
      for (position, parameter) in try globalParameters(index).enumerated() {
        guard let register = Register(rawValue: UInt8(position + 1)) else { continue }
        switch parameter {
        case .scalar: self[register] = .unknown
        case .context: self[register] = RegisterState(kind: .context)
        case .dynptr: self[register] = givenDynptr()
        case .memory(let size, let isNullable):
          let memory = RegisterState(kind: .memory, object: UInt32(size))
          self[register] = isNullable ? nullable(memory) : memory
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
}
