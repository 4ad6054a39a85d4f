internal import BPFInstructions
internal import BPFObject
internal import BPFTypeFormat

extension Exploration {
  // What `bpf_kptr_xchg` takes: the place of a pointer in a map value, and a reference to what the place is for.

  /// A field for references to objects, at a constant offset.
  mutating func checkPointerField(
    _ register: Register, _ state: RegisterState, _ call: inout CallArguments
  ) throws(Stop) {
    guard state.kind == .mapValue else { throw unsupported("pointers in objects of the program") }
    let map = program.maps[Int(state.object)]
    guard map.hasTypes else {
      throw reject(
        "map '\(map.definition.name)' has to have BTF in order to use bpf_kptr_xchg", .invalidArgument,
        .missingField(map: map.definition.name, field: "kptr"))
    }
    guard let constant = state.number.constant else {
      throw reject(
        "R\(register.rawValue) doesn't have constant offset. kptr has to be at the constant offset", .invalidArgument,
        .unboundedOffset(register))
    }
    let pointers = map.fields.fields.filter { $0.kind.isPointer && $0.kind != .userPointer }
    guard !pointers.isEmpty else {
      throw reject(
        "R\(register.rawValue) has no valid kptr", .invalidArgument,
        .missingField(map: map.definition.name, field: "kptr"))
    }
    let offset = Int(state.offset) + Int(truncatingIfNeeded: Int64(bitPattern: constant))
    guard let field = pointers.first(where: { $0.offset == offset }) else {
      throw reject(
        "off=\(offset) doesn't point to kptr", .accessDenied, .missingField(map: map.definition.name, field: "kptr"))
    }
    guard field.kind != .perCPUPointer else { throw unsupported("per-CPU pointers in map values") }
    guard field.kind == .referencedPointer else {
      throw reject(
        "off=\(offset) kptr isn't referenced kptr", .accessDenied,
        .missingField(map: map.definition.name, field: "kptr"))
    }
    call.pointerField = field
    call.fieldMap = Int(state.object)
  }

  /// What the field is for: a structure of the kernel where it has one of the name, else one of the program.
  func fieldObject(_ call: CallArguments) throws(Stop) -> RegisterState {
    guard case .pointee(let target)? = call.pointerField?.target, let map = call.fieldMap,
      let name = try? program.maps[map].definition.types?.name(of: target)
    else {
      return RegisterState(kind: .btf)
    }
    if let kernel = program.kernelTypes?.first(named: name, kind: .structure) {
      return RegisterState(kind: .btf, object: kernel.rawValue)
    }
    return RegisterState(kind: .btf, flags: [.allocated, .ownType], object: target.rawValue)
  }

  /// What goes into a field has to be exactly what the field is for.
  mutating func checkFieldPointer(
    _ register: Register, _ state: RegisterState, _ call: CallArguments
  ) throws(Stop) {
    guard state.kind == .btf else { return }
    if state.isNullable {
      throw reject(
        "Possibly NULL pointer passed to helper arg\(register.rawValue)", .accessDenied,
        .possiblyNull(register, kind: kindName(state)))
    }
    let wanted = try fieldObject(call)
    let allowed: RegisterFlags = state.flags.contains(.ownType) ? [.allocated, .ownType] : [.trusted, .rcu]
    guard state.flags.subtracting(allowed).isEmpty, state.object == wanted.object,
      state.flags.contains(.ownType) == wanted.flags.contains(.ownType), state.offset == 0, state.number.constant == 0
    else {
      throw reject(
        "invalid kptr access, R\(register.rawValue) type=\(typeName(state)) expected=ptr_\(structureName(wanted))",
        .accessDenied, .argument(register, found: typeName(state), expected: ["ptr_\(structureName(wanted))"]))
    }
  }
}
