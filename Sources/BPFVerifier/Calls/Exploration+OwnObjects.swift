internal import BPFInstructions
internal import BPFObject
internal import BPFTypeFormat

// Objects of the program's own types: made by `bpf_obj_new`, given back by `bpf_obj_drop`, or owned by a list or a tree. Who
// has made or taken one owns it; once it is in a list, pointers to it may be used only as long as the list's lock is held.

extension RegisterState {
  /// Whether it points to an object of the program that may be used, owned or not.
  var isOwnObject: Bool {
    kind == .btf && flags.contains(.allocated) && flags.isDisjoint(with: [.nullable, .untrusted, .perCPU])
  }

  /// Whether it owns such an object.
  var ownsObject: Bool { isOwnObject && !flags.contains(.nonOwning) }
}

/// What a call does with objects of the program, as its arguments tell.
struct OwnObjectArguments {
  /// The type that an argument points to, and whether the argument owns it.
  var type: UInt32 = 0
  var isOwned = false
  /// The elements of the list or tree that was passed.
  var elements: (type: UInt32, nodeOffset: Int)?
  /// The reference of the node that goes into the list or tree.
  var node: UInt32 = 0
}

extension Exploration {
  /// Checks an argument that is an object of the program, or a part of one.
  mutating func checkOwnObject(
    _ facts: KernelFunctionFacts, _ parameter: KernelFunctionFacts.Parameter, _ register: Register,
    _ state: RegisterState, _ index: Int, _ call: inout CallArguments
  ) throws(Stop) {
    func expected(_ text: String) -> Stop {
      reject(
        text, .invalidArgument, .argument(register, found: typeName(state), expected: ["ptr_ to an allocated object"]))
    }
    switch parameter.kind {
    case .allocatedObject:
      guard isTrusted(state) else { throw expected("R\(register.rawValue) must be referenced or trusted") }
      let isPerCPU = state.kind == .btf && state.flags == [.allocated, .perCPU, .ownType]
      guard state.ownsObject || isPerCPU else { throw expected("arg#\(index) expected pointer to allocated object") }
      let drop = isPerCPU ? KernelFunction.Role.dropPerCPUObject : .dropObject
      guard facts.function.role == drop else {
        throw expected("arg#\(index) expected for \(isPerCPU ? "bpf_percpu_obj_drop_impl" : "bpf_obj_drop_impl")()")
      }
      guard state.reference != 0 else { throw expected("allocated object must be referenced") }
      try checkReleasedOffset(register, state)
    case .referenceCountedObject:
      guard state.isOwnObject else { throw expected("arg#\(index) is neither owning or non-owning ref") }
      guard ownFields(state.object)?.first(.referenceCount) != nil else {
        throw expected("arg#\(index) doesn't point to a type with bpf_refcount field")
      }
      call.own.type = state.object
      call.own.isOwned = state.ownsObject
    case .listHead, .treeRoot: try checkHead(parameter.kind == .listHead, register, state, index, &call)
    case .listNode:
      guard state.ownsObject else { throw expected("arg#\(index) expected pointer to allocated object") }
      guard state.reference != 0 else { throw expected("allocated object must be referenced") }
      try checkNode(.listNode, register, state, &call)
    case .treeNode:
      if facts.function.role == .addToTree {
        guard state.ownsObject else { throw expected("arg#\(index) expected pointer to allocated object") }
        guard state.reference != 0 else { throw expected("allocated object must be referenced") }
      } else {
        guard state.flags.contains(.nonOwning) || state.reference != 0 else {
          throw expected("\(facts.function.name) can only take non-owning or refcounted bpf_rb_node pointer")
        }
        if isInTreeCallback { throw expected("\(facts.function.name) not allowed in rbtree cb") }
      }
      try checkNode(.treeNode, register, state, &call)
    default: break
    }
  }

  /// Whether the walk is in the function that orders the elements of a tree, whose lock is held.
  var isInTreeCallback: Bool { frame > 0 && frames[frame].callback == .treeAdd }

  private mutating func checkReleasedOffset(_ register: Register, _ state: RegisterState) throws(Stop) {
    guard state.offset != 0 else { return try checkUnchanged(state, register) }
    throw reject(
      "R\(register.rawValue) must have zero offset when passed to release func or trusted arg to kfunc",
      .invalidArgument, .changedContext(register))
  }

  private mutating func constantOffset(
    _ register: Register, _ state: RegisterState, of what: String
  ) throws(Stop) -> Int {
    guard let constant = state.number.constant else {
      throw reject(
        "R\(register.rawValue) doesn't have constant offset. \(what) has to be at the constant offset",
        .invalidArgument, .unboundedOffset(register))
    }
    return Int(state.offset) + Int(truncatingIfNeeded: Int64(bitPattern: constant))
  }

  // MARK: Lists and trees

  private mutating func checkHead(
    _ isList: Bool, _ register: Register, _ state: RegisterState, _ index: Int, _ call: inout CallArguments
  ) throws(Stop) {
    guard state.kind == .mapValue && !state.isNullable || state.ownsObject else {
      throw reject(
        "arg#\(index) expected pointer to map value or allocated object", .invalidArgument,
        .argument(register, found: typeName(state), expected: ["map_value"]))
    }
    if state.kind == .btf, state.reference == 0 {
      throw reject("allocated object must be referenced", .invalidArgument, .notAcquired(register))
    }
    let name = isList ? "bpf_list_head" : "bpf_rb_root"
    let offset = try constantOffset(register, state, of: name)
    var elements: (type: UInt32, nodeOffset: Int)?
    var lockOffset = 0
    if state.kind == .mapValue {
      let fields = program.maps[Int(state.object)].fields
      lockOffset = fields.first(.spinLock)?.offset ?? Self.noLock
      let field = fields.fields.first { $0.kind == (isList ? .listHead : .treeRoot) && $0.offset == offset }
      if case .elements(let type, let nodeOffset)? = field?.target { elements = (type.rawValue, nodeOffset) }
    } else if let fields = ownFields(state.object) {
      lockOffset = fields.first(.spinLock)?.offset ?? Self.noLock
      elements = fields.field(isList ? .listHead : .treeRoot, at: offset)?.elements.map {
        ($0.type.rawValue, $0.nodeOffset)
      }
    }
    guard let elements else {
      throw reject("\(name) not found at offset=\(offset)", .invalidArgument, .missingField(map: "", field: name))
    }
    guard holdsLock(of: state) else {
      let line = regions.lockCount > 0 ? "held lock and object are not in the same allocation\n" : ""
      throw reject(
        "\(line)bpf_spin_lock at off=\(lockOffset) must be held for \(name)", .invalidArgument,
        .region("bpf_spin_lock"))
    }
    call.own.elements = elements
  }

  /// What Linux names as the offset of a spin lock where the lock is a resilient one.
  private static let noLock = -22

  /// What a lock belongs to: a map, or the program's types.
  func lockOwner(_ state: RegisterState) -> UInt32 { state.kind == .mapValue ? state.object + 1 : .max }

  private mutating func checkNode(
    _ kind: OwnObjectFields.Kind, _ register: Register, _ state: RegisterState, _ call: inout CallArguments
  ) throws(Stop) {
    let offset = try constantOffset(register, state, of: kind.rawValue)
    func refused(_ text: String) -> Stop {
      reject(text, .invalidArgument, .missingField(map: structureName(state), field: kind.rawValue))
    }
    guard ownFields(state.object)?.field(kind, at: offset) != nil else {
      throw refused("\(kind.rawValue) not found at offset=\(offset)")
    }
    guard let elements = call.own.elements else { throw unsupported("a node without a head") }
    let head = kind == .listNode ? "bpf_list_head" : "bpf_rb_root"
    let wanted = (try? program.ownTypes?.name(of: BTFTypeID(elements.type))) ?? ""
    guard elements.type == state.object else {
      throw refused(
        "operation on \(head) expects arg#1 \(kind.rawValue) at offset=\(elements.nodeOffset) in struct \(wanted), "
          + "but arg is at offset=\(offset) in struct \(structureName(state))")
    }
    guard offset == elements.nodeOffset else {
      throw refused(
        "arg#1 offset=\(offset), but expected \(kind.rawValue) at offset=\(elements.nodeOffset) in struct \(wanted)")
    }
    call.own.node = state.reference
  }

  // MARK: Results

  /// What R0 holds after a call that gives an object of the program; nil for all others.
  mutating func ownObjectResult(_ facts: KernelFunctionFacts, _ call: CallArguments) throws(Stop) -> RegisterState? {
    switch facts.function.role {
    case .newObject?, .newPerCPUObject?:
      guard let constant = call.constant, let type = UInt32(exactly: constant) else {
        throw reject(
          "local type ID argument must be in range [0, U32_MAX]", .invalidArgument, .missingReference("type"))
      }
      guard let types = program.ownTypes else {
        throw reject(
          "bpf_obj_new/bpf_percpu_obj_new requires prog BTF", .invalidArgument, .missingReference("type"))
      }
      guard let found = try? types.type(BTFTypeID(type)), case .structure(let composite) = found.kind else {
        throw reject(
          "bpf_obj_new/bpf_percpu_obj_new type ID argument must be of a struct", .invalidArgument,
          .missingReference("type"))
      }
      guard facts.function.role == .newPerCPUObject else {
        return RegisterState(kind: .btf, flags: [.allocated, .ownType], object: type)
      }
      try checkPerCPUObject(type, composite, types)
      return RegisterState(kind: .btf, flags: [.allocated, .perCPU, .ownType], object: type)
    case .acquireObject?: return RegisterState(kind: .btf, flags: [.allocated, .ownType], object: call.own.type)
    case .popFromList?, .removeFromTree?, .peekList?, .peekTree?:
      guard let elements = call.own.elements else { throw unsupported("an element of nothing") }
      var node = element(elements)
      if facts.function.role == .peekList || facts.function.role == .peekTree { disown(&node) }
      return node
    default: return nil
    }
  }

  /// Of an object of which each CPU has its own, only numbers can be told.
  private mutating func checkPerCPUObject(
    _ type: UInt32, _ composite: BTFType.Composite, _ types: BTF
  ) throws(Stop) {
    let limit = 512
    if composite.byteCount > UInt32(limit) {
      throw reject(
        "bpf_percpu_obj_new type size (\(composite.byteCount)) is greater than \(limit)", .invalidArgument,
        .missingReference("type"))
    }
    guard KernelFunctionFacts.isPlain(composite, types, 0) else {
      throw reject(
        "bpf_percpu_obj_new type ID argument must be of a struct of scalars", .invalidArgument,
        .missingReference("type"))
    }
    guard ownFields(type)?.fields.isEmpty ?? true else {
      throw reject(
        "bpf_percpu_obj_new type ID argument must not contain special fields", .invalidArgument,
        .missingReference("type"))
    }
  }

  /// A pointer to the node of an element.
  private func element(_ elements: (type: UInt32, nodeOffset: Int)) -> RegisterState {
    var node = RegisterState(kind: .btf, flags: [.allocated, .ownType], object: elements.type)
    node.offset = Int32(elements.nodeOffset)
    return node
  }

  /// Makes a pointer one that does not own what it points to; what is counted is freed only after a grace period.
  private mutating func disown(_ register: inout RegisterState) {
    register.flags.insert(.nonOwning)
    if ownFields(register.object)?.first(.referenceCount) != nil { register.flags.insert(.rcu) }
  }

  /// The arguments of the function that orders a tree: two elements of it.
  mutating func setOrderArguments(_ call: CallArguments) {
    guard let elements = call.own.elements else { return }
    var node = element(elements)
    disown(&node)
    self[.r1] = node
    self[.r2] = node
  }

  /// An object goes into a list or a tree, which owns it from here on.
  mutating func passToCollection(_ call: CallArguments) {
    let reference = call.own.node
    guard reference != 0 else { return }
    forgetReference(reference)
    changeRegisters { exploration, register in
      guard register.reference == reference else { return }
      register.reference = 0
      exploration.disown(&register)
    }
  }

  /// Where a lock is given up, what is in the lists and trees that it protects may go.
  mutating func invalidateBorrowed() {
    changeRegisters { _, register in
      if register.kind == .btf, register.flags.contains(.nonOwning) { register = .unknown }
    }
  }

  /// Changes the registers of all frames, those that were spilled included.
  private mutating func changeRegisters(_ change: (inout Exploration, inout RegisterState) -> Void) {
    for index in 0...frame {
      for register in 0..<10 {
        let place = Self.place(index, register)
        var state = registers[place]
        change(&self, &state)
        registers[place] = state
      }
      for slot in 0..<Int(frames[index].slotCount) {
        let place = Self.slotPlace(index, slot)
        guard slots[place].isSpilled else { continue }
        var state = slots[place].register
        change(&self, &state)
        slots[place].register = state
      }
    }
  }
}
