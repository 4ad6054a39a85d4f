import BPFObject
import BPFTypeFormat

/// The rules of `BPF_MAP_CREATE` in Linux 6.18, in the order in which Linux tests them.
enum MapRules {
  /// `KMALLOC_MAX_SIZE` with pages of 4 KiB.
  static let largestAllocation = 1 << 22
  /// `PCPU_MIN_UNIT_SIZE`.
  static let largestPerCPUValue = 32768
  /// The bytes that Linux keeps before a hash element's key (`struct htab_elem`).
  static let hashElementHeader = 48
  /// The bytes that Linux keeps before the data of a trie's node (`struct lpm_trie_node`).
  static let trieNodeHeader = 24
  /// `BPF_LOCAL_STORAGE_MAX_VALUE_SIZE`.
  static let largestStorageValue = 65407
  static let access: MapFlags = [.readOnly, .writeOnly, .readOnlyForPrograms, .writeOnlyForPrograms]

  /// Checks a definition and finds the special fields of its value.
  static func check(_ definition: MapDefinition) throws(MapError) -> SpecialFields? {
    let rules = Check(definition: definition)
    try rules.checkCommon()
    switch definition.type {
    case .array, .perCPUArray: try rules.checkArray()
    case .programArray, .perfEventArray, .arrayOfMaps: try rules.checkSlotArray()
    case .hash, .perCPUHash, .lruHash, .lruPerCPUHash: try rules.checkHash()
    case .hashOfMaps:
      try rules.require(definition.valueSize == 4, "the value of a map of maps is 4 bytes, not \(definition.valueSize)")
      try rules.checkHash()
    case .queue, .stack: try rules.checkQueue()
    case .longestPrefixMatchTrie: try rules.checkTrie()
    case .bloomFilter: try rules.checkBloomFilter()
    case .ringBuffer, .userRingBuffer: try rules.checkRingBuffer()
    case .taskStorage: try rules.checkTaskStorage()
    case .stackTrace: try rules.checkStackTrace()
    default: break
    }
    return try rules.checkTypes()
  }

  /// What the inner maps must look like; `nil` for maps that have none.
  static func template(for definition: MapDefinition) throws(MapError) -> MapTemplate? {
    guard definition.type == .arrayOfMaps || definition.type == .hashOfMaps else { return nil }
    let rules = Check(definition: definition)
    guard let inner = definition.innerMap?.value else {
      throw rules.refuse(.badFileDescriptor, "a map of maps needs the definition of its inner maps")
    }
    // Linux asks for a map that exists as the template, so its own rules hold for it.
    let fields = try check(inner)
    try rules.require(
      inner.type != .arrayOfMaps && inner.type != .hashOfMaps, "an inner map cannot be a map of maps itself")
    try rules.require(
      inner.type != .programArray, "program arrays cannot be inner maps", .notSupportedInternal)
    return MapTemplate(inner, fields: fields)
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

    /// `fd_array_map_alloc_check`.
    func checkSlotArray() throws(MapError) {
      try require(
        definition.valueSize == 4, "the value of a \(definition.type) is 4 bytes, not \(definition.valueSize)")
      try require(
        flags.isDisjoint(with: [.readOnlyForPrograms, .writeOnlyForPrograms]),
        "BPF_F_RDONLY_PROG and BPF_F_WRONLY_PROG are not for this type")
      try checkArray()
    }

    /// `queue_stack_map_alloc_check`.
    func checkQueue() throws(MapError) {
      try require(definition.maxEntries > 0 && definition.valueSize > 0, "value_size and max_entries must not be 0")
      try require(definition.keySize == 0, "a \(definition.type) has no key: key_size must be 0")
      try checkFlags(MapRules.access.union(.numaNode))
      try require(
        Int(definition.valueSize) <= MapRules.largestAllocation, "a value is at most 4 MiB", .tooBig)
    }

    /// `trie_alloc`.
    func checkTrie() throws(MapError) {
      try require(definition.maxEntries > 0, "max_entries must not be 0")
      try require(flags.contains(.noPreallocation), "a trie needs BPF_F_NO_PREALLOC")
      try checkFlags(MapRules.access.union([.noPreallocation, .numaNode]))
      try require(
        (5...260).contains(definition.keySize),
        "the key of a trie is a prefix length of 4 bytes and 1 to 256 bytes of data")
      try require(
        definition.valueSize > 0
          && Int(definition.valueSize) <= MapRules.largestAllocation - 256 - MapRules.trieNodeHeader,
        "the value of a trie has 1 byte to almost 4 MiB")
    }

    /// `bloom_map_alloc`.
    func checkBloomFilter() throws(MapError) {
      try require(definition.keySize == 0, "a bloom filter has no key: key_size must be 0")
      try require(definition.valueSize > 0 && definition.maxEntries > 0, "value_size and max_entries must not be 0")
      try checkFlags(MapRules.access.union([.numaNode, .zeroSeed]))
      try require(definition.extra <= 15, "map_extra is the number of hash functions, at most 15")
    }

    /// `ringbuf_map_alloc`.
    func checkRingBuffer() throws(MapError) {
      try checkFlags(.numaNode)
      try require(definition.keySize == 0 && definition.valueSize == 0, "key_size and value_size must be 0")
      let size = definition.maxEntries
      try require(
        size >= 4096 && size & (size &- 1) == 0, "the size must be a power of two and a multiple of the page size, 4096"
      )
    }

    /// `bpf_local_storage_map_alloc_check`.
    func checkTaskStorage() throws(MapError) {
      try checkFlags([.noPreallocation, .clone])
      try require(flags.contains(.noPreallocation), "task storage needs BPF_F_NO_PREALLOC")
      try require(definition.maxEntries == 0, "task storage has no max_entries: it must be 0")
      try require(definition.keySize == 4 && definition.valueSize > 0, "the key is an int, value_size must not be 0")
      try require(
        definition.types != nil && definition.keyType != .void && definition.valueType != .void,
        "task storage needs the types of key and value")
      try require(definition.valueSize <= MapRules.largestStorageValue, "the value is too large", .tooBig)
    }

    /// `stack_map_alloc`.
    func checkStackTrace() throws(MapError) {
      try checkFlags([.numaNode, .readOnly, .writeOnly, .stackBuildID])
      try require(definition.maxEntries > 0, "max_entries must not be 0")
      try require(definition.keySize == 4, "the key of a stack trace is 4 bytes, not \(definition.keySize)")
      let frame: UInt32 = flags.contains(.stackBuildID) ? 32 : 8
      try require(
        definition.valueSize >= 8 && definition.valueSize % frame == 0 && definition.valueSize / frame <= 127,
        "the value holds up to 127 frames of \(frame) bytes each")
      try require(definition.maxEntries <= 1 << 31, "a stack trace has at most 2^31 entries", .tooBig)
    }
  }
}
