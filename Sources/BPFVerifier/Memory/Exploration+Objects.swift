internal import BPFInstructions
internal import BPFObject
internal import BPFTypeFormat

extension Exploration {
  /// An access through a pointer to a structure of the kernel or of the program.
  mutating func accessObject(_ state: RegisterState, _ access: Access) throws(Stop) {
    let name = structureName(state)
    let register = access.base.rawValue
    let offset = Int(state.offset) + access.offset
    if offset < 0 {
      throw reject(
        "R\(register) is ptr_\(name) invalid negative access: off=\(offset)", .accessDenied,
        .contextAccess(offset: offset, size: access.size))
    }
    guard state.number.constant == 0 else {
      throw reject(
        "R\(register) is ptr_\(name) invalid variable offset: off=\(offset), var_off=\(state.number.bits.logText)",
        .accessDenied, .unboundedOffset(access.base))
    }
    for (flag, what) in [(RegisterFlags.user, "user"), (.perCPU, "percpu")] where state.flags.contains(flag) {
      throw reject(
        "R\(register) is ptr_\(name) access \(what) memory: off=\(offset)", .accessDenied,
        .notMemory(access.base, kind: what))
    }
    if access.isWrite, !state.isOwnObject {
      try checkKernelWrite(name, offset, access)
      return
    }
    if state.flags.contains(.allocated), let fields = ownFields(state.object)?.fields,
      let field = fields.first(where: { offset < $0.offset + $0.byteCount && $0.offset < offset + access.size })
    {
      throw reject(
        "direct access to \(field.kind.rawValue) is disallowed", .accessDenied, .specialField(field.kind.rawValue))
    }
    let isOwn = state.flags.contains(.ownType)
    switch lookUp(BTFTypeID(state.object), isOwn: isOwn, offset: offset, size: access.size) {
    case .scalar: setLoaded(access)
    case .untrustedMemory: setUntrustedMemory(access)
    case .fault(let message):
      throw reject(message, .accessDenied, .contextAccess(offset: offset, size: access.size))
    case .pointer where state.flags.contains(.allocated): setLoaded(access)
    case .pointer(let target, let tags, let field):
      guard let destination = access.target, !access.isWrite else { return }
      var pointer = RegisterState(kind: .btf, object: target.rawValue)
      pointer.flags = trust(of: state, tags, structure: name, field: field)
      if isOwn { pointer.flags.insert(.ownType) }
      self[destination] = pointer.isNullable ? nullable(pointer) : pointer
    }
  }

  /// Of the kernel's objects programs may write the mark of a connection, in programs for packets.
  private mutating func checkKernelWrite(_ name: String, _ offset: Int, _ access: Access) throws(Stop) {
    func refused(_ text: String) -> Stop { reject(text, .accessDenied, .readOnlyMemory(access.base)) }
    let seesPackets = [.xdp, .trafficClassifier, .trafficAction].contains(program.kind.type)
    guard seesPackets, name == "nf_conn" || name == "nf_conn___init",
      let type = program.kernelTypes?.first(named: "nf_conn", kind: .structure),
      let members = layout(type, isOwn: false)?.members
    else { throw refused("only read is supported") }
    guard let mark = members.first(where: { $0.name == "mark" }), offset == mark.bitOffset / 8 else {
      throw refused("no write support to nf_conn at off \(offset)")
    }
    let end = offset + mark.byteCount
    if offset + access.size > end {
      throw refused(
        "write access at off \(offset) with size \(access.size) beyond the member of nf_conn ended at \(end)")
    }
  }

  /// A read gave a pointer of which nothing can be relied on; reads through it are caught where they fail.
  mutating func setUntrustedMemory(_ access: Access) {
    guard let target = access.target, !access.isWrite else { return }
    self[target] = RegisterState(kind: .memory, flags: [.readOnly, .untrusted])
  }

  /// Whether this is a place at which RCU protects pointers.
  private var isProtectedByRCU: Bool { regions.rcuDepth > 0 || regions.lockCount > 0 || !isSleepable }

  /// How far a pointer that was read from a structure can be relied on.
  private func trust(
    of parent: RegisterState, _ tags: RegisterFlags, structure: String, field: String
  ) -> RegisterFlags {
    if parent.flags.contains(.untrusted) { return .untrusted }
    let isTrusted =
      parent.reference != 0
      || parent.flags.contains(.trusted) && parent.flags.isDisjoint(with: [.nullable, .user, .perCPU, .rcu])
    guard isTrusted || parent.flags.contains(.rcu) else {
      return tags.subtracting([.rcu, .trusted])
    }
    let path = "\(structure).\(field)"
    if Self.trustedFields.contains(path) { return tags.union(.trusted) }
    if Self.trustedOrNullFields.contains(path) { return tags.union([.trusted, .nullable]) }
    guard isProtectedByRCU, !parent.isNullable else { return .untrusted }
    if Self.rcuFields.contains(path) { return tags.union(.rcu) }
    if tags.contains(.rcu) || Self.rcuOrNullFields.contains(path) {
      var flags = tags.union([.rcu, .nullable])
      if Self.rcuOrNullFields.contains(path) { flags.remove(.untrusted) }
      return flags
    }
    if !tags.isDisjoint(with: [.perCPU, .user]) { return tags }
    return tags.subtracting([.rcu, .trusted])
  }

  // Fields that are as good as what they are read from, by the kernel's lists.
  private static let trustedFields: Set<String> = [
    "bpf_iter_meta.seq", "bpf_iter__task.meta", "bpf_iter__task.task", "linux_binprm.file", "file.f_inode",
  ]
  private static let trustedOrNullFields: Set<String> = [
    "socket.sk", "vm_area_struct.vm_mm", "vm_area_struct.vm_file",
  ]
  private static let rcuFields: Set<String> = [
    "task_struct.cpus_ptr", "task_struct.cgroups", "task_struct.real_parent", "task_struct.group_leader", "cgroup.kn",
    "css_set.dfl_cgrp", "cgroup_subsys_state.cgroup",
  ]
  private static let rcuOrNullFields: Set<String> = ["mm_struct.exe_file", "sk_buff.sk", "request_sock.sk"]

  // MARK: Parameters

  /// A parameter of what a program is attached to: eight bytes each.
  mutating func accessParameter(_ access: Access) throws(Stop) {
    let name = program.kind.target
    guard let types = program.kernelTypes else { throw unsupported("parameters without the kernel's types") }
    let isIterator = program.kind.attachType == AttachType.traceIterator.rawValue
    guard isIterator || program.kind.attachType == AttachType.traceRawTracepoint.rawValue else {
      throw unsupported("parameters of functions")
    }
    let function = isIterator ? "bpf_iter_\(name)" : name
    func invalid(_ line: String) -> Stop {
      reject(
        "\(line)\ninvalid bpf_context access off=\(access.offset) size=\(access.size)", .accessDenied,
        .contextAccess(offset: access.offset, size: access.size))
    }
    guard let parameters = parameters(types, name, isIterator: isIterator) else {
      throw unsupported("the prototype of \(function)")
    }
    if access.isWrite || access.offset < 0 {
      throw reject(
        "invalid bpf_context access off=\(access.offset) size=\(access.size)", .accessDenied,
        .contextAccess(offset: access.offset, size: access.size))
    }
    guard access.offset % 8 == 0 else {
      throw invalid("func '\(function)' offset \(access.offset) is not multiple of 8")
    }
    let index = access.offset / 8
    guard index < parameters.count else { throw invalid("func '\(function)' doesn't have \(index + 1)-th argument") }
    guard let type = types.plain(parameters[index].type) else {
      throw unsupported("the parameter \(index) of \(function)")
    }
    guard case .pointer(let target) = type.kind else {
      setLoaded(access)
      return
    }
    guard let resolved = try? types.resolve(target), let pointee = try? types.type(resolved) else {
      throw unsupported("the parameter \(index) of \(function)")
    }
    switch pointee.kind {
    case .structure, .union:
      guard access.size == 8 else { throw invalid("func '\(function)' size \(access.size) must be 8") }
      guard let destination = access.target else { return }
      var object = RegisterState(kind: .btf, flags: .trusted, object: resolved.rawValue)
      if isIterator {
        switch IteratorArguments.trait(of: name, argument: index) {
        case .trusted: break
        case .trustedOrNull: object = nullable(object)
        case .readableOrNull, .bufferOrNull: object = nullable(RegisterState(kind: .btf, object: resolved.rawValue))
        }
      } else {
        switch TracepointArguments.trait(of: name, argument: index) {
        case .mayBeError?: object = .unknown
        case .nullable?: object = nullable(object)
        case nil: if parameters[index].isNullable { object = nullable(object) }
        }
        object.flags.formUnion(
          object.kind == .btf ? ObjectLayout.tags(on: target, types).intersection([.user, .perCPU]) : [])
      }
      if !isIterator || index == 0 { logParameter(index, of: function, resolved, pointee) }
      self[destination] = object
    case .functionPrototype: throw invalid("func '\(function)' arg\(index) type FUNC_PROTO is not a struct")
    default:
      if isIterator, case .bufferOrNull(let isWritable) = IteratorArguments.trait(of: name, argument: index) {
        guard access.size == 8 else { throw invalid("func '\(function)' size \(access.size) must be 8") }
        guard let destination = access.target else { return }
        self[destination] = nullable(RegisterState(kind: .buffer, flags: isWritable ? [] : .readOnly))
      } else {
        setLoaded(access)
      }
    }
  }

  /// A parameter that a program sees.
  private struct Parameter {
    var type: BTFTypeID
    /// Whether its name says that it may be null.
    var isNullable: Bool
  }

  /// The parameters that a program sees.
  private func parameters(_ types: BTF, _ name: String, isIterator: Bool) -> [Parameter]? {
    // A tracepoint's function has names for its parameters, which its type has not.
    let function = isIterator ? "bpf_iter_\(name)" : "__bpf_trace_\(name)"
    var prototype: BTFTypeID?
    if let id = types.first(named: function, kind: .function), let type = try? types.type(id),
      case .function(let found, _) = type.kind
    {
      prototype = found
    }
    if !isIterator {
      guard let id = types.first(named: "btf_trace_\(name)", kind: .typedef), let type = types.plain(id),
        case .pointer(let found) = type.kind
      else { return nil }
      if prototype == nil { prototype = found }
    }
    guard let prototype, let type = types.plain(prototype), case .functionPrototype(let signature) = type.kind else {
      return nil
    }
    let all = signature.parameters.map { Parameter(type: $0.type, isNullable: $0.name.hasSuffix("__nullable")) }
    // The first parameter of a tracepoint's function is the tracer's own.
    return isIterator ? all : Array(all.dropFirst())
  }

  /// Whether a structure begins with another, so that a pointer to one is a pointer to the other.
  mutating func begins(_ state: RegisterState, with name: String) -> Bool {
    guard !state.flags.contains(.ownType), state.offset >= 0, state.number.constant == 0 else { return false }
    var id = BTFTypeID(state.object)
    var offset = Int(state.offset)
    for _ in 0..<16 {
      guard let layout = layout(id, isOwn: false) else { return false }
      if layout.name == name && offset == 0 && !layout.isUnion { return true }
      var next: (BTFTypeID, Int)?
      for member in layout.members {
        let start = member.bitOffset / 8
        guard case .composite(let inner, _, _) = member.kind, member.elementByteCount > 0, start <= offset,
          offset < start + member.byteCount
        else { continue }
        next = (inner, (offset - start) % member.elementByteCount)
        break
      }
      guard let (inner, rest) = next else { return false }
      (id, offset) = (inner, rest)
    }
    return false
  }

  // MARK: Fields for pointers

  /// An access of a field for pointers in a map value; false when the access does not touch it.
  mutating func accessPointerField(
    _ state: RegisterState, _ access: Access, _ fields: [SpecialFields.Field]
  ) throws(Stop) -> Bool {
    let low = Int(state.offset) + access.offset + Int(clamping: state.number.signed.minimum)
    let high = Int(state.offset) + access.offset + Int(clamping: state.number.unsigned.maximum)
    guard
      let field = fields.first(where: {
        $0.kind.isPointer && low < $0.offset + 8 && $0.offset < high &+ access.size
      })
    else { return false }
    func refused(_ text: String) -> Stop { reject(text, .accessDenied, .specialField(field.kind.description)) }
    guard field.kind != .userPointer else { throw unsupported("\(field.kind) in map values") }
    let name = field.kind == .perCPUPointer ? "percpu_kptr" : "kptr"
    if access.isAtomic { throw refused("\(name) cannot be accessed indirectly by helper") }
    guard state.number.constant != nil else { throw refused("\(name) access cannot have variable offset") }
    guard low == field.offset else {
      throw refused("\(name) access misaligned expected=\(field.offset) off=\(low)")
    }
    guard access.size == 8 else { throw refused("\(name) access size must be BPF_DW") }
    guard case .pointee(let target) = field.target, let own = program.maps[Int(state.object)].definition.types,
      let targetName = try? own.name(of: target)
    else { throw unsupported("the type of a pointer in a map value") }
    let isReferenced = field.kind != .untrustedPointer
    if access.isWrite {
      if isReferenced { throw refused("store to referenced kptr disallowed") }
      switch access.value {
      case .immediate(let constant)?:
        guard constant == 0 else {
          throw refused("BPF_ST imm must be 0 when storing to kptr at off=\(field.offset)")
        }
      case .register(let register)?:
        let value = self[register]
        if value.kind == .btf, value.number.constant != 0 {
          throw refused("variable \(kindName(value)) access var_off=\(value.number.bits.logText) disallowed")
        }
        guard value.isNull || value.kind == .btf && structureName(value) == targetName && value.offset == 0 else {
          throw refused(
            "invalid kptr access, R\(register.rawValue) type=\(typeName(value)) expected=ptr_\(targetName) or "
              + "untrusted_ptr_\(targetName)")
        }
      case nil: break
      }
      return true
    }
    guard let destination = access.target else { return true }
    var object = pointee(of: field, own)
    if isReferenced && isProtectedByRCU {
      object.flags.insert(.rcu)
      if field.kind == .perCPUPointer { object.flags.remove(.allocated) }
      if object.flags.contains(.ownType), ownFields(object.object)?.hasNode == true { object.flags.insert(.nonOwning) }
    } else {
      object.flags.remove([.allocated, .perCPU])
      object.flags.insert(.untrusted)
    }
    self[destination] = nullable(object)
    return true
  }

  // MARK: Objects in the stack

  /// A write over a dynptr, an iterator or an interrupt flag in the stack.
  mutating func destroyObject(_ frame: Int, _ slot: Int) throws(Stop) {
    let place = Self.slotPlace(frame, slot)
    if slots[place].byte(0) == .dynptr { return try destroyDynptr(frame, slot) }
    // The others are lost, and with them the way to give them back.
    slots[place].bytes = StackSlot.all(.unknown)
    slots[place].register = .uninitialized
  }
}
