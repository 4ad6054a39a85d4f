import BPFExecution
import BPFInstructions
import BPFMaps
public import BPFObject
import BPFTypeFormat
import OrderedCollections

/// Loading an object: maps, then values of externs, then programs.
extension Machine {
  /// Loads an object into the simulated kernel.
  ///
  /// - Parameters:
  ///   - object: the object, edited as wanted.
  ///   - programs: the programs to load, `nil` for all but those whose section begins with `?`, as in Linux.
  ///   - verification: whether programs are verified first.
  /// - Throws: `LoadError` that names the map, program or symbol, with the verifier's finding where there is one; nothing of
  ///   the object stays behind.
  public func load(
    _ object: ObjectFile, programs names: Set<String>? = nil, verification: ProgramVerification = .standard
  ) throws(LoadError) -> LoadedObject {
    for name in names ?? [] where object.programs[name] == nil {
      throw LoadError(
        .program(name), "the object has no such program; it has \(object.programs.keys.joined(separator: ", "))")
    }
    guard object.byteOrder == .little else {
      throw LoadError(
        .object, "it was compiled for a big-endian machine and the simulated one is little-endian; use -target bpfel")
    }
    var object = object
    do {
      try object.setConfiguration { KernelConfiguration.values[$0] }
    } catch {
      throw LoadError(.object, "\(error)")
    }
    var maps: [String: LoadedMap] = [:]
    var programs: [LoadedProgram] = []
    do throws(LoadError) {
      for definition in object.maps.values { maps[definition.name] = try makeMap(definition, in: object) }
      for definition in object.maps.values { try fillSlots(of: definition, in: maps) }
      for program in object.programs.values where names?.contains(program.name) ?? program.loadsByDefault {
        programs.append(try load(program, of: object, maps: maps, verification))
      }
      for definition in object.maps.values where definition.type == .programArray {
        try fillProgramSlots(of: definition, in: maps, programs: programs)
      }
    } catch {
      for program in programs { release(program) }
      for map in maps.values { releaseUserReference(to: map) }
      throw error
    }
    return LoadedObject(machine: self, object: object, programs: programs, maps: maps)
  }

  // MARK: Maps

  private func makeMap(_ definition: MapDefinition, in object: ObjectFile) throws(LoadError) -> LoadedMap {
    let map = try makeMap(definition)
    if let contents = definition.initialValue {
      do {
        try map.map.updateElement([0, 0, 0, 0], to: contents)
      } catch {
        throw LoadError(.map(definition.name), "its initial contents cannot be stored: \(error)")
      }
    }
    switch definition.origin {
    case .readOnlyData, .configuration:
      do { try map.map.freeze() } catch {
        throw LoadError(.map(definition.name), "it cannot be frozen: \(error)")
      }
    case .maps, .data: break
    }
    return map
  }

  /// Puts inner maps into the slots that the object gives them.
  private func fillSlots(of definition: MapDefinition, in maps: [String: LoadedMap]) throws(LoadError) {
    guard definition.type == .arrayOfMaps || definition.type == .hashOfMaps, let outer = maps[definition.name] else {
      return
    }
    for (index, name) in definition.initialSlots.sorted(by: { $0.key < $1.key }) {
      guard let inner = maps[name] else {
        throw LoadError(.map(definition.name), "slot \(index) is to hold map '\(name)', which the object does not have")
      }
      try store(descriptor: mapEvents.descriptor(for: .map(inner)), at: index, in: outer)
    }
  }

  private func fillProgramSlots(
    of definition: MapDefinition, in maps: [String: LoadedMap], programs: [LoadedProgram]
  ) throws(LoadError) {
    guard let array = maps[definition.name] else { return }
    for (index, name) in definition.initialSlots.sorted(by: { $0.key < $1.key }) {
      guard let program = programs.first(where: { $0.name == name }) else {
        throw LoadError(.map(definition.name), "slot \(index) is to hold program '\(name)', which was not loaded")
      }
      try store(descriptor: mapEvents.descriptor(for: .program(program)), at: index, in: array)
    }
  }

  private func store(descriptor: Int32, at index: UInt32, in map: LoadedMap) throws(LoadError) {
    let key = withUnsafeBytes(of: index.littleEndian, Array.init)
    let value = withUnsafeBytes(of: descriptor.littleEndian, Array.init)
    do {
      try map.map.updateElement(key, to: value)
    } catch {
      throw LoadError(.map(map.name), "slot \(index) cannot be filled: \(error)")
    }
  }

  // MARK: Programs

  private func load(
    _ program: Program, of object: ObjectFile, maps: [String: LoadedMap], _ verification: ProgramVerification
  ) throws(LoadError) -> LoadedProgram {
    var program = program
    if let local = object.types, !program.typeRelocations.isEmpty {
      do {
        try program.applyTypeRelocations(local: local, target: types)
      } catch {
        throw LoadError(.program(program.name), "\(error)")
      }
    }
    let fitted = program
    var used: [LoadedMap] = []
    for (index, reference) in program.references.sorted(by: { $0.key < $1.key }) {
      try resolve(reference, at: index, in: &program, maps: maps, used: &used)
    }
    try checkCalls(of: program)
    // What this kernel lacks was said above; what is left is about the program itself.
    let (execution, proof): (ProgramExecution, [ProvenAccess]) =
      switch verification {
      case .standard: try verify(fitted, of: object)
      case .none: (.checked(reason: nil), [])
      }
    let prepared: PreparedProgram
    do throws(ProgramError) {
      prepared = try PreparedProgram(
        name: program.name, program.instructions,
        functions: program.functions.map { PreparedProgram.Function(name: $0.name, start: $0.start) }, trusting: proof)
    } catch {
      throw LoadError(.program(program.name), error.reason.description, instruction: error.instruction)
    }
    let loaded = LoadedProgram(
      id: nextProgramID, program, prepared: prepared, execution: execution, maps: used, types: object.types)
    nextProgramID += 1
    for map in used { map.kernelReferenceCount += 1 }
    programs[loaded.id] = loaded
    return loaded
  }

  private func resolve(
    _ reference: Program.Reference, at index: Int, in program: inout Program, maps: [String: LoadedMap],
    used: inout [LoadedMap]
  ) throws(LoadError) {
    func take(_ name: String) throws(LoadError) -> LoadedMap {
      guard let map = maps[name] else {
        throw LoadError(
          .program(program.name), "it refers to map '\(name)', which the object does not define", instruction: index)
      }
      if !used.contains(where: { $0 === map }) { used.append(map) }
      return map
    }
    switch reference {
    case .map(let name):
      setAddress(try take(name).object.address, at: index, in: &program)
    case .mapValue(let name, let offset):
      let map = try take(name)
      guard let base = map.valueAddress(of: ElementIndex(rawValue: 0)) else {
        throw LoadError(.program(program.name), "map '\(name)' has no value to refer to", instruction: index)
      }
      setAddress(base &+ UInt64(bitPattern: Int64(offset)), at: index, in: &program)
    case .function: break
    case .kernelFunction(let name, let isWeak):
      try resolveKernelFunction(name, isWeak: isWeak, at: index, in: &program)
    case .kernelSymbol(let name, let isWeak):
      if KernelFunctionTable.shared.number(of: essentialName(name)) != nil {
        setAddress(textAddress(of: essentialName(name)), at: index, in: &program)
      } else if let address = kernelVariables[name] {
        setAddress(address, at: index, in: &program)
      } else if isWeak {
        setAddress(0, at: index, in: &program)
      } else {
        throw LoadError(
          .symbol(name), "the simulated kernel has no such symbol; declare it __weak and test for it",
          instruction: index)
      }
    }
  }

  private func resolveKernelFunction(
    _ name: String, isWeak: Bool, at index: Int, in program: inout Program
  ) throws(LoadError) {
    guard program.instructions.indices.contains(index) else { return }
    if let number = KernelFunctionTable.shared.number(of: essentialName(name)) {
      program.instructions[index].source = 2
      program.instructions[index].immediate = number
      program.instructions[index].offset = 0
    } else if isWeak {
      // A call that a test for the symbol guards is never reached; one that is reached says what is missing.
      program.instructions[index].source = 2
      program.instructions[index].immediate = missingFunction(name)
      program.instructions[index].offset = 0
    } else {
      throw LoadError(
        .symbol(name),
        "the simulated kernel has no such kernel function; it has "
          + KernelFunctionTable.shared.names.sorted().joined(separator: ", "), instruction: index)
    }
  }

  /// The negative number that stands for a weak function which the kernel does not have.
  private func missingFunction(_ name: String) -> Int32 {
    if let index = missingFunctions.firstIndex(of: name) { return -1 - Int32(index) }
    missingFunctions.append(name)
    return -Int32(missingFunctions.count)
  }

  /// The name without a flavour: `bpf_task_acquire___v2` asks for `bpf_task_acquire`.
  private func essentialName(_ name: String) -> String {
    guard let range = name.firstRange(of: "___"), range.lowerBound > name.startIndex else { return name }
    return String(name[..<range.lowerBound])
  }

  private func setAddress(_ address: UInt64, at index: Int, in program: inout Program) {
    guard program.instructions.indices.contains(index + 1) else { return }
    program.instructions[index].source = 0
    program.instructions[index].immediate = Int32(truncatingIfNeeded: address)
    program.instructions[index + 1].immediate = Int32(truncatingIfNeeded: address >> 32)
  }

  /// A helper that the simulated kernel does not have is an error now and not when a run comes to it.
  private func checkCalls(of program: Program) throws(LoadError) {
    var index = 0
    while index < program.instructions.count {
      let instruction = program.instructions[index]
      if instruction.opcode == 0x85, instruction.source == 0, HelperTable.shared[instruction.immediate] == nil,
        instruction.immediate != Self.poisonedCall
      {
        let helper = HelperFunction(identifier: instruction.immediate)
        let name = helper.map { "helper \($0.name) (#\(instruction.immediate))" } ?? "helper #\(instruction.immediate)"
        throw LoadError(
          .program(program.name), "it calls \(name), which the simulated kernel does not have", instruction: index)
      }
      index += instruction.isWideLoad ? 2 : 1
    }
  }

  /// The helper number that stands for a CO-RE relocation without a match, as libbpf writes it.
  static let poisonedCall: Int32 = 0x0bad_2310
}
