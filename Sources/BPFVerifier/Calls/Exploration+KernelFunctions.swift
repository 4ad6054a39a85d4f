internal import BPFInstructions
internal import BPFObject
internal import BPFTypeFormat

extension Exploration {
  mutating func callKernelFunction() throws(Stop) -> Continuation {
    guard case .kernelFunction(let name, let isWeak)? = program.references[instruction] else {
      throw unsupported("kernel functions by number")
    }
    guard let types = program.kernelTypes else {
      throw unsupported("the kernel function \(name) without the kernel's types")
    }
    guard let facts = program.kernelFunctions[name] else {
      if types.first(named: name, kind: .function) == nil, isWeak {
        throw reject("invalid func unknown#2000000000", .invalidArgument, .kernelFunctionUnavailable(name))
      }
      throw unsupported("the kernel function \(name)")
    }
    guard !facts.function.programs.isDisjoint(with: KernelFunctionPrograms(kind: program.kind)) else {
      throw reject(
        "calling kernel function \(name) is not allowed", .accessDenied, .kernelFunctionUnavailable(name))
    }
    if case .resilientLock? = facts.function.role { try pushFailedLock() }
    let sleeps = facts.function.flags.contains(.sleepable)
    if sleeps, !isSleepable {
      throw reject(
        "program must be sleepable to call sleepable kfunc \(name)", .accessDenied, .sleeping(name))
    }
    var call = CallArguments(kernelFunction: name)
    try check(facts, &call)
    if facts.function.role == .throwException {
      // Without a function for exceptions the number becomes the program's result.
      if !code.functions.contains(where: \.isExceptionCallback) { try checkReturn(.r1) }
      try checkRegionsClosed(by: "bpf_throw")
      return .end
    }
    if facts.function.role == .scheduleTaskWork {
      try pushAsynchronous(call, .taskWork, returns: .full, isSleepable: true)
    } else if facts.function.role == .setWorkCallback {
      try pushAsynchronous(call, .workQueue, returns: Interval(0, 0), isSleepable: true)
    }
    if facts.function.role == .addToTree { try pushCallback(call, .treeAdd) }
    if facts.function.role == .pushToList || facts.function.role == .addToTree { passToCollection(call) }
    try changeRegions(facts.function, sleeps: sleeps)
    if let released = call.released {
      let register = Register(rawValue: released) ?? .r1
      guard release(reference: call.reference) else {
        throw reject(
          "kfunc \(name)#0 reference has not been acquired before", .invalidArgument, .notAcquired(register))
      }
    }
    let iterator = iteratorPlace
    clearCallerSaved()
    try setResult(facts, call)
    iteratorPlace = nil
    if facts.function.flags.contains(.iteratorNext), let iterator { try branchIterator(iterator) }
    return .next
  }

  // MARK: Sections

  private mutating func changeRegions(_ function: KernelFunction, sleeps: Bool) throws(Stop) {
    let name = function.name
    let isLock = function.role == .rcuLock
    let isUnlock = function.role == .rcuUnlock
    if regions.rcuDepth > 0 {
      if isLock {
        throw reject("nested rcu read lock (kernel function \(name))", .invalidArgument, .region("bpf_rcu_read_lock"))
      }
      if isUnlock {
        regions.rcuDepth = 0
        distrustRCU()
      } else if sleeps {
        throw reject(
          "kernel func \(name) is sleepable within rcu_read_lock region", .accessDenied, .sleeping(name))
      }
    } else if isLock {
      regions.rcuDepth = 1
    } else if isUnlock {
      throw reject(
        "unmatched rcu read unlock (kernel function \(name))", .invalidArgument, .region("bpf_rcu_read_lock"))
    }
    if regions.preemptionDepth > 0, sleeps {
      throw reject(
        "kernel func \(name) is sleepable within non-preemptible region", .accessDenied, .sleeping(name))
    }
    if function.role == .disablePreemption { regions.preemptionDepth += 1 }
    if function.role == .enablePreemption {
      guard regions.preemptionDepth > 0 else {
        throw reject(
          "unmatched attempt to enable preemption (kernel function \(name))", .invalidArgument,
          .region("bpf_preempt_disable"))
      }
      regions.preemptionDepth -= 1
    }
    if regions.interruptID != 0, sleeps {
      throw reject(
        "kernel func \(name) is sleepable within IRQ-disabled region", .accessDenied, .sleeping(name))
    }
    if function.flags.contains(.rcuProtected), isSleepable, regions.rcuDepth == 0 {
      throw reject(
        "kernel func \(name) requires RCU critical section protection", .accessDenied, .region("bpf_rcu_read_lock"))
    }
  }

  /// Outside of the section what it protected cannot be relied on.
  private mutating func distrustRCU() {
    func distrust(_ register: inout RegisterState) {
      guard register.flags.contains(.rcu) else { return }
      register.flags.remove([.rcu, .nullable])
      register.flags.insert(.untrusted)
    }
    for index in 0...frame {
      for register in 0..<10 { distrust(&registers[Self.place(index, register)]) }
      for slot in 0..<Int(frames[index].slotCount) where slots[Self.slotPlace(index, slot)].isSpilled {
        distrust(&slots[Self.slotPlace(index, slot)].register)
      }
    }
  }

  // MARK: Results

  private mutating func setResult(_ facts: KernelFunctionFacts, _ call: CallArguments) throws(Stop) {
    let flags = facts.function.flags
    if case .dynptrSlice(let isWritable)? = facts.function.role {
      if isWritable, !mayWritePacket {
        throw reject(
          "the prog does not allow writes to packet data", .invalidArgument,
          .kernelFunctionUnavailable(facts.function.name))
      }
      self[.r0] = nullable(slice(of: call.dynptr, size: call.resultSize ?? 0, isWritable: isWritable))
      return
    }
    if let object = try castResult(facts, call) {
      self[.r0] = object
    } else if let object = try ownObjectResult(facts, call) {
      // Another reference to what is owned is never refused.
      let isCertain = facts.function.role == .acquireObject && call.own.isOwned
      self[.r0] = flags.contains(.mayReturnNull) && !isCertain ? nullable(object) : object
    } else {
      try setPlainResult(facts, call)
    }
    if flags.contains(.acquire) {
      let id = acquire(.object)
      let place = Self.place(frame, 0)
      if registers[place].isNullable { registers[place].id = id }
      registers[place].reference = id
    }
    let place = Self.place(frame, 0)
    if registers[place].id == 0, mayHoldLock(registers[place]) { registers[place].id = newID() }
  }

  /// What the functions give that make a pointer of another type of one that they get; nil for all others.
  private mutating func castResult(_ facts: KernelFunctionFacts, _ call: CallArguments) throws(Stop) -> RegisterState? {
    switch facts.function.role {
    case .castToKernelContext?:
      return try kernelContext()
    case .readOnlyCast?:
      let constant = call.constant ?? 0
      let name = facts.function.name
      guard constant != 0 else { return RegisterState(kind: .memory, flags: [.readOnly, .untrusted]) }
      guard let id = UInt32(exactly: constant), let type = try? program.kernelTypes?.type(BTFTypeID(id)) else {
        throw reject(
          "Unknown type ID \(Int64(bitPattern: constant)) passed to kfunc \(name)", .invalidArgument,
          .missingReference("type"))
      }
      switch type.kind {
      case .structure, .union: break
      default:
        throw reject(
          "kfunc \(name) type ID argument must be of a struct or void", .invalidArgument, .missingReference("type"))
      }
      return RegisterState(kind: .btf, flags: .untrusted, object: id)
    default: return nil
    }
  }

  /// What the kernel has for the program's context.
  private mutating func kernelContext() throws(Stop) -> RegisterState {
    guard let types = program.kernelTypes, let member = program.contextType(suffix: "_kern") else {
      throw unsupported("what the kernel has for this context")
    }
    guard let resolved = try? types.resolve(member), let type = try? types.type(resolved),
      case .structure = type.kind
    else {
      throw reject(
        "kern ctx type id \(member.rawValue) is not a struct", .invalidArgument, .missingReference("context"))
    }
    return RegisterState(kind: .btf, flags: .trusted, object: resolved.rawValue)
  }

  private mutating func setPlainResult(_ facts: KernelFunctionFacts, _ call: CallArguments) throws(Stop) {
    let flags = facts.function.flags
    switch facts.result {
    case .nothing: return
    case .scalar:
      if case .resilientLock? = facts.function.role {
        self[.r0] = RegisterState(constant: 0)
      } else {
        self[.r0] = .unknown
      }
    case .structure(let type):
      var object = RegisterState(kind: .btf, object: type.rawValue)
      if flags.contains(.iteratorNext) {
        object.flags.insert(flags.contains(.rcuProtected) ? .rcu : .trusted)
      }
      self[.r0] = flags.contains(.mayReturnNull) || flags.contains(.iteratorNext) ? nullable(object) : object
    case .memory(let size):
      let isWritable = facts.function.name == "bpf_session_cookie"
      var memory = RegisterState(kind: .memory, flags: isWritable ? [] : .readOnly, object: UInt32(size))
      memory.reference = call.reference
      self[.r0] = flags.contains(.mayReturnNull) || flags.contains(.iteratorNext) ? nullable(memory) : memory
    case .unsupported(let what): throw unsupported("\(what) of \(facts.function.name)")
    }
  }

  /// The next element of an iterator: the way without one is walked first, that with one waits.
  private mutating func branchIterator(_ place: (frame: Int, slot: Int)) throws(Stop) {
    let slot = Self.slotPlace(place.frame, place.slot)
    guard slots[slot].register.range == IteratorProgress.active.rawValue else {
      self[.r0] = RegisterState(constant: 0)
      return
    }
    let result = self[.r0]
    slots[slot].register.offset += 1
    var element = result
    element.flags.remove(.nullable)
    self[.r0] = element
    try push(instruction + 1, from: instruction, .round)
    slots[slot].register.offset -= 1
    slots[slot].register.range = IteratorProgress.drained.rawValue
    self[.r0] = RegisterState(constant: 0)
  }
}
