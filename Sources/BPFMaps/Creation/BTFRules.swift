import BPFObject
import BPFTypeFormat

/// The rules of `BPF_MAP_CREATE` for the types of key and value (`map_check_btf` in Linux 6.18).
extension MapRules.Check {
  /// The special fields of the value, `nil` for a map without types, and for types that have none of their own.
  ///
  /// Types on a map that takes none are left out, as loaders do, unless the value has special fields: then the answer
  /// of Linux is more use than a map whose fields are silently plain bytes.
  func checkTypes() throws(MapError) -> SpecialFields? {
    guard let types = definition.types, definition.keyType != .void || definition.valueType != .void else {
      if definition.type == .taskStorage {
        throw refuse(.invalidArgument, "task storage needs the types of key and value")
      }
      return nil
    }
    let fields: SpecialFields?
    do { fields = try SpecialFields.find(in: types, value: definition.valueType) } catch {
      throw refuse(.invalidArgument, "the types of the object are damaged: \(error)")
    }
    guard !takesNoTypes || fields?.absence == nil else { return nil }
    try checkSizes(types)
    if let fields, fields.absence == nil { try checkFields(fields) }
    try checkKeyType(types)
    return fields?.absence == nil ? fields : nil
  }

  /// Types whose creation Linux refuses when types of key and value are given.
  private var takesNoTypes: Bool {
    switch definition.type {
    case .perfEventArray, .cgroupArray, .stackTrace, .arrayOfMaps, .hashOfMaps, .deviceMap, .deviceMapHash, .cpuMap,
      .xskMap, .socketMap, .socketHash, .queue, .stack, .ringBuffer, .userRingBuffer, .arena:
      true
    default: false
    }
  }

  /// Whether the type of the key may be left out.
  private var takesNoKeyType: Bool {
    switch definition.type {
    case .array, .perCPUArray, .bloomFilter, .longestPrefixMatchTrie, .taskStorage, .perfEventArray, .stackTrace,
      .arrayOfMaps, .hashOfMaps:
      true
    default: false
    }
  }

  private func checkSizes(_ types: BTF) throws(MapError) {
    try require(definition.valueType != .void, "a type is given for the key but not for the value")
    if definition.keyType != .void {
      let size = try? types.size(of: definition.keyType)
      try require(
        size == Int(definition.keySize),
        "the key's type has \(size.map { "\($0) bytes" } ?? "no size"), the definition says \(definition.keySize)")
    } else {
      try require(takesNoKeyType, "a type is given for the value but not for the key")
    }
    let size = try? types.size(of: definition.valueType)
    try require(
      size == Int(definition.valueSize),
      "the value's type has \(size.map { "\($0) bytes" } ?? "no size"), the definition says \(definition.valueSize)")
  }

  /// Which maps take which fields, section 3.2 of the task-work specification and its counterparts.
  private func checkFields(_ fields: SpecialFields) throws(MapError) {
    try require(
      definition.flags.isDisjoint(with: [.readOnlyForPrograms, .writeOnlyForPrograms]),
      "BPF_F_RDONLY_PROG and BPF_F_WRONLY_PROG cannot be had with special fields in the value", .accessDenied)
    for field in fields.fields {
      try require(
        Self.mapTypes(for: field.kind).contains(definition.type),
        "values of maps of type \(definition.type) cannot hold a \(field.kind)", .notSupported)
    }
  }

  private static func mapTypes(for kind: SpecialFields.Kind) -> Set<MapType> {
    let storages: Set<MapType> = [.socketStorage, .inodeStorage, .taskStorage, .cgroupLocalStorage]
    switch kind {
    case .spinLock, .resilientSpinLock: return storages.union([.hash, .array, .cgroupStorage])
    case .timer, .workQueue, .taskWork, .listHead, .treeRoot: return [.hash, .lruHash, .array]
    case .untrustedPointer, .referencedPointer, .perCPUPointer, .referenceCount:
      return storages.union([.hash, .perCPUHash, .lruHash, .lruPerCPUHash, .array, .perCPUArray])
    case .userPointer: return [.taskStorage]
    }
  }

  /// What map types say of the key's type.
  private func checkKeyType(_ types: BTF) throws(MapError) {
    switch definition.type {
    case .array, .perCPUArray:
      if definition.keyType == .void {
        // The single value of a data section.
        try require(
          definition.type == .array && definition.maxEntries == 1
            && (try? types.kind(of: definition.valueType)) == .dataSection,
          "an array without a type for its key must be the single value of a data section")
      } else {
        try require(isInteger32(definition.keyType, types), "the key of an array must be a 32-bit integer")
      }
    case .taskStorage: try require(isInteger32(definition.keyType, types), "the key of a task storage must be an int")
    case .longestPrefixMatchTrie:
      try require(
        (try? types.kind(of: definition.keyType)) == .structure,
        "the key of a trie must be a structure that begins with its prefix length")
    case .bloomFilter: try require(definition.keyType == .void, "a bloom filter has no key")
    case .perfEventArray, .stackTrace, .arrayOfMaps, .hashOfMaps:
      throw refuse(.notSupportedInternal, "maps of type \(definition.type) take no types")
    case .queue, .stack, .ringBuffer, .userRingBuffer:
      throw refuse(.invalidArgument, "maps of type \(definition.type) take no types")
    default: break
    }
  }

  private func isInteger32(_ id: BTFTypeID, _ types: BTF) -> Bool {
    guard let resolved = try? types.resolve(id), let type = try? types.type(resolved),
      case .integer(let integer) = type.kind
    else { return false }
    return integer.bitCount == 32 && integer.bitOffset == 0
  }
}
