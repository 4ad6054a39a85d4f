public import BPFObject
import BPFTypeFormat
import SystemPackage

extension LinuxKernel {
  /// Makes one map (`BPF_MAP_CREATE`), with the types of its definition, and with contents if it has any.
  ///
  /// A creation that fails with types is not tried without them: the map would lack its special fields, and the reason
  /// would be lost.
  ///
  /// - Throws: ``BPFError`` that names the map; nothing stays behind.
  public func makeMap(_ definition: MapDefinition) throws(BPFError) -> LinuxMap {
    var types: Descriptor?
    if let blob = definition.neededTypes { types = try load(blob, for: definition.name) }
    return try makeMap(definition, types: types)
  }

  /// Makes a map with types that are loaded already.
  func makeMap(_ definition: MapDefinition, types: Descriptor?) throws(BPFError) -> LinuxMap {
    let subject = "map '\(definition.name)'"
    guard definition.type != .structOperations else {
      throw .refusal(subject, "struct_ops maps are not supported by the Linux engine so far")
    }
    guard definition.type != .arena || definition.initialContents?.isEmpty ?? true else {
      throw .refusal(subject, "variables in an arena are not supported by the Linux engine so far")
    }
    var attributes = MapCreateAttributes(
      mapType: definition.type.rawValue, keySize: definition.keySize, valueSize: definition.valueSize,
      maxEntries: try entries(of: definition), mapFlags: definition.flags.rawValue,
      mapName: KernelName(definition.name),
      mapExtra: definition.extra)
    if let node = definition.numaNode {
      attributes.numaNode = node
      attributes.mapFlags |= MapFlags.numaNode.rawValue
    }
    if let types, definition.takesTypes {
      attributes.btfDescriptor = types.rawValue
      attributes.btfKeyType = definition.keyType.rawValue
      attributes.btfValueType = definition.valueType.rawValue
    }
    // The kernel looks at the inner map only now, to learn its shape.
    var inner: LinuxMap?
    if let shape = definition.innerMap?.value {
      inner = try makeMap(shape, types: types)
      attributes.innerMapDescriptor = inner?.descriptor.rawValue ?? 0
      attributes.keySize = 4
      attributes.valueSize = 4
      if definition.keySize != 0 { attributes.keySize = definition.keySize }
    }
    if let token {
      attributes.mapFlags |= MapFlags.tokenDescriptor.rawValue
      attributes.tokenDescriptor = token.descriptor.rawValue
    }
    let descriptor: Descriptor
    do throws(Errno) {
      descriptor = Descriptor(try systemCalls.perform(.mapCreate, &attributes), systemCalls)
    } catch {
      var failure = BPFError(subject, .mapCreate, error)
      failure.problem = definition.problem(error, hasTypes: attributes.btfDescriptor != 0)
      throw failure
    }
    withExtendedLifetime((inner, types, token)) {}
    let map = try LinuxMap(descriptor, name: definition.name, kernel: self)
    if definition.type != .arena, let contents = definition.initialValue, contents.contains(where: { $0 != 0 }) {
      try map.updateElement([0, 0, 0, 0], to: contents)
    }
    switch definition.origin {
    case .readOnlyData, .configuration: try map.freeze()
    case .maps, .data: break
    }
    return map
  }

  /// The number of elements to ask for: a ring buffer takes a power of two of pages, a perf event array without a number
  /// one element for each CPU.
  func entries(of definition: MapDefinition) throws(BPFError) -> UInt32 {
    if definition.type == .perfEventArray, definition.maxEntries == 0 {
      return UInt32(clamping: try possibleCPUCount())
    }
    return definition.maxEntries(forPageSize: UInt32(clamping: RunningKernel.pageSize))
  }
}
