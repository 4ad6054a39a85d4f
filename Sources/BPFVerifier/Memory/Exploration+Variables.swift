internal import BPFInstructions
internal import BPFTypeFormat

extension Exploration {
  // Variables of the kernel by their address. One that each CPU has for itself can only be used by way of a helper function,
  // and so can an object of the program of which each CPU has its own.

  /// What the address of a variable is: a structure, memory that may be read, or something of each CPU.
  mutating func kernelVariable(_ variable: BTFTypeID, _ types: BTF) throws(Stop) -> RegisterState {
    guard let record = try? types.type(variable), case .variable(let type, _) = record.kind else {
      throw unsupported("a kernel variable without a type")
    }
    if isOfEachProcessor(variable, types) { return RegisterState(kind: .btf, flags: .perCPU, object: type.rawValue) }
    return try object(of: type, types)
  }

  /// Whether a variable stands in the section of which each CPU has a copy.
  private func isOfEachProcessor(_ variable: BTFTypeID, _ types: BTF) -> Bool {
    guard let id = types.first(named: ".data..percpu", kind: .dataSection), let section = try? types.type(id),
      case .dataSection(let contents) = section.kind
    else { return false }
    return contents.variables.contains { $0.type == variable }
  }

  /// A pointer to something of the kernel: typed where it is a structure, else memory of its size.
  private mutating func object(of type: BTFTypeID, _ types: BTF) throws(Stop) -> RegisterState {
    guard let plain = types.plain(type) else { throw unsupported("the type of a kernel variable") }
    if case .structure = plain.kind, let resolved = try? types.resolve(type) {
      return RegisterState(kind: .btf, object: resolved.rawValue)
    }
    guard let size = try? types.size(of: type) else {
      throw reject(
        "unable to resolve the size of type '\(plain.name)': -22", .invalidArgument, .missingReference(plain.name))
    }
    return RegisterState(kind: .memory, flags: .readOnly, object: UInt32(clamping: size))
  }

  /// What belongs to one CPU of what was passed: `bpf_per_cpu_ptr` and `bpf_this_cpu_ptr`.
  mutating func elementOfProcessor(_ call: CallArguments) throws(Stop) -> RegisterState {
    guard let variable = call.perCPUVariable, let types = program.kernelTypes else {
      throw unsupported("a variable of each CPU without the kernel's types")
    }
    guard variable.flags.contains(.rcu) else { return try object(of: BTFTypeID(variable.object), types) }
    let flags: RegisterFlags = variable.flags.contains(.ownType) ? [.allocated, .rcu, .ownType] : [.allocated, .rcu]
    return RegisterState(kind: .btf, flags: flags, object: variable.object)
  }
}
