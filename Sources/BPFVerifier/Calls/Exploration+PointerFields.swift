internal import BPFInstructions
internal import BPFObject
internal import BPFTypeFormat

extension Exploration {
  // What `bpf_kptr_xchg` takes: the place of a pointer in a map value, and a reference to what the place is for.

  /// A field for references to objects, at a constant offset.
  mutating func checkPointerField(
    _ register: Register, _ state: RegisterState, _ call: inout CallArguments
  ) throws(Stop) {
    let fields: [SpecialFields.Field]
    var holder = structureName(state)
    if state.kind == .mapValue {
      let map = program.maps[Int(state.object)]
      holder = map.definition.name
      guard map.hasTypes else {
        throw reject(
          "map '\(holder)' has to have BTF in order to use bpf_kptr_xchg", .invalidArgument,
          .missingField(map: holder, field: "kptr"))
      }
      fields = map.fields.fields
      call.fieldTypes = map.definition.types
    } else {
      fields = ownPointers(state)
      call.fieldTypes = program.ownTypes
    }
    guard let constant = state.number.constant else {
      throw reject(
        "R\(register.rawValue) doesn't have constant offset. kptr has to be at the constant offset", .invalidArgument,
        .unboundedOffset(register))
    }
    let pointers = fields.filter { $0.kind.isPointer && $0.kind != .userPointer }
    guard !pointers.isEmpty else {
      throw reject(
        "R\(register.rawValue) has no valid kptr", .invalidArgument, .missingField(map: holder, field: "kptr"))
    }
    let offset = Int(state.offset) + Int(truncatingIfNeeded: Int64(bitPattern: constant))
    guard let field = pointers.first(where: { $0.offset == offset }) else {
      throw reject(
        "off=\(offset) doesn't point to kptr", .accessDenied, .missingField(map: holder, field: "kptr"))
    }
    guard field.kind == .referencedPointer || field.kind == .perCPUPointer else {
      throw reject(
        "off=\(offset) kptr isn't referenced kptr", .accessDenied, .missingField(map: holder, field: "kptr"))
    }
    call.pointerField = field
  }

  /// The fields for pointers in an object of the program.
  private func ownPointers(_ state: RegisterState) -> [SpecialFields.Field] {
    guard let types = program.ownTypes, state.flags.contains(.ownType),
      let found = try? SpecialFields.find(in: types, value: BTFTypeID(state.object))
    else { return [] }
    return found.fields
  }

  /// What the field is for: a structure of the kernel where it has one of the name, else one of the program.
  func fieldObject(_ call: CallArguments) -> RegisterState {
    guard let field = call.pointerField, let types = call.fieldTypes else { return RegisterState(kind: .btf) }
    return pointee(of: field, types)
  }

  /// What a field for pointers is for.
  func pointee(of field: SpecialFields.Field, _ types: BTF) -> RegisterState {
    guard case .pointee(let target) = field.target, let name = try? types.name(of: target) else {
      return RegisterState(kind: .btf)
    }
    if let kernel = program.kernelTypes?.first(named: name, kind: .structure) {
      return RegisterState(kind: .btf, object: kernel.rawValue)
    }
    let flags: RegisterFlags = field.kind == .perCPUPointer ? [.allocated, .perCPU, .ownType] : [.allocated, .ownType]
    return RegisterState(kind: .btf, flags: flags, object: target.rawValue)
  }

  private func fieldName(_ call: CallArguments) -> String {
    guard case .pointee(let target)? = call.pointerField?.target else { return "" }
    return (try? call.fieldTypes?.name(of: target)) ?? ""
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
    let wanted = fieldObject(call)
    var allowed: RegisterFlags = state.flags.contains(.ownType) ? [.allocated, .ownType] : [.trusted, .rcu]
    if state.flags.contains(.ownType), call.pointerField?.kind == .perCPUPointer { allowed.insert(.perCPU) }
    let isOwn = state.flags.contains(.ownType)
    // Types of the program are only those of a map where both are told in the same types.
    let isSame =
      state.object == wanted.object && isOwn == wanted.flags.contains(.ownType)
      && (!isOwn || call.fieldTypes?.isIdentical(to: program.ownTypes) ?? false)
    let hasAllowedFlags = state.flags.subtracting(allowed).isEmpty
    guard hasAllowedFlags, isSame, state.offset == 0, state.number.constant == 0 else {
      let found = hasAllowedFlags ? typeName(state) : kindName(state)
      let name = fieldName(call)
      throw reject(
        "invalid kptr access, R\(register.rawValue) type=\(found) expected=ptr_\(name)", .accessDenied,
        .argument(register, found: typeName(state), expected: ["ptr_\(name)"]))
    }
  }
}
