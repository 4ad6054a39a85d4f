import BPFObject

/// The rules of `BPF_MAP_CREATE` in Linux 6.18, in the order in which Linux tests them.
enum MapRules {
  /// `KMALLOC_MAX_SIZE` with pages of 4 KiB.
  static let largestAllocation = 1 << 22
  /// `PCPU_MIN_UNIT_SIZE`.
  static let largestPerCPUValue = 32768
  /// The bytes that Linux keeps before a hash element's key (`struct htab_elem`).
  static let hashElementHeader = 48
  static let access: MapFlags = [.readOnly, .writeOnly, .readOnlyForPrograms, .writeOnlyForPrograms]

  static func check(_ definition: MapDefinition) throws(MapError) {
    let rules = Check(definition: definition)
    try rules.checkCommon()
    switch definition.type {
    case .array, .perCPUArray: try rules.checkArray()
    case .hash, .perCPUHash, .lruHash, .lruPerCPUHash: try rules.checkHash()
    default: break
    }
  }

  /// The rules for one definition.
  struct Check {
    let definition: MapDefinition
    var flags: MapFlags { definition.flags }

    func refuse(_ errno: LinuxErrno, _ reason: String) -> MapError {
      MapError(errno, map: definition.name, reason: reason)
    }

    func require(
      _ condition: Bool, _ reason: @autoclosure () -> String, _ errno: LinuxErrno = .invalidArgument
    ) throws(MapError) {
      if !condition { throw refuse(errno, reason()) }
    }

    /// What holds for all types.
    func checkCommon() throws(MapError) {
      try require(
        definition.extra == 0 || definition.type == .bloomFilter || definition.type == .arena,
        "map_extra is for bloom filters and arenas")
      try require(
        !flags.isSuperset(of: [.readOnly, .writeOnly]), "BPF_F_RDONLY and BPF_F_WRONLY exclude each other")
      try require((definition.numaNode ?? 0) == 0, "there is only NUMA node 0")
    }

    /// Only the flags given, and not both of the restrictions of programs.
    func checkFlags(_ allowed: MapFlags) throws(MapError) {
      let unknown = flags.subtracting(allowed)
      try require(
        unknown.isEmpty, "flags 0x\(String(unknown.rawValue, radix: 16)) are not allowed for type \(definition.type)")
      try require(
        !flags.isSuperset(of: [.readOnlyForPrograms, .writeOnlyForPrograms]),
        "BPF_F_RDONLY_PROG and BPF_F_WRONLY_PROG exclude each other")
    }

    /// `array_map_alloc_check`, for all that is indexed by a number.
    func checkArray() throws(MapError) {
      let isPerCPU = definition.type == .perCPUArray
      try require(definition.maxEntries > 0, "max_entries must not be 0")
      try require(definition.keySize == 4, "the key of an array is 4 bytes, not \(definition.keySize)")
      try require(definition.valueSize > 0, "value_size must not be 0")
      try checkFlags(MapRules.access.union([.numaNode, .memoryMappable, .preserveElements, .innerMap]))
      try require(!isPerCPU || !flags.contains(.numaNode), "a per-CPU array has no NUMA node")
      try require(
        definition.type == .array || flags.isDisjoint(with: [.memoryMappable, .innerMap]),
        "BPF_F_MMAPABLE and BPF_F_INNER_MAP are for plain arrays")
      try require(
        definition.type == .perfEventArray || !flags.contains(.preserveElements),
        "BPF_F_PRESERVE_ELEMS is for perf event arrays")
      try require(definition.valueSize <= UInt32(Int32.max), "a value is at most 2 GiB", .tooBig)
      try require(
        !isPerCPU || (Int(definition.valueSize) + 7) & ~7 <= MapRules.largestPerCPUValue,
        "a per-CPU value is at most \(MapRules.largestPerCPUValue) bytes", .tooBig)
    }

    /// `htab_map_alloc_check`.
    func checkHash() throws(MapError) {
      let isLRU = definition.type == .lruHash || definition.type == .lruPerCPUHash
      let isPerCPU = definition.type == .perCPUHash || definition.type == .lruPerCPUHash
      try checkFlags(MapRules.access.union([.noPreallocation, .noCommonLRU, .numaNode, .zeroSeed]))
      try require(isLRU || !flags.contains(.noCommonLRU), "BPF_F_NO_COMMON_LRU is for LRU hashes")
      try require(
        !isLRU || !flags.contains(.noPreallocation), "an LRU hash is always preallocated", .notSupportedInternal)
      try require(
        !flags.contains(.numaNode) || !(isPerCPU || flags.contains(.noCommonLRU)),
        "a per-CPU hash has no NUMA node")
      try require(
        definition.maxEntries > 0 && definition.keySize > 0 && definition.valueSize > 0,
        "key_size, value_size and max_entries must not be 0")
      try require(
        Int(definition.keySize) + Int(definition.valueSize) < MapRules.largestAllocation - MapRules.hashElementHeader,
        "key and value together must stay below 4 MiB", .tooBig)
      try require(
        !isPerCPU || (Int(definition.valueSize) + 7) & ~7 <= MapRules.largestPerCPUValue,
        "a per-CPU value is at most \(MapRules.largestPerCPUValue) bytes", .tooBig)
      try require(definition.maxEntries <= 1 << 27, "a hash has at most 2^27 entries", .tooBig)
    }
  }
}
