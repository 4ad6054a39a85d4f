import BPFObject
import BPFTypeFormat
import SystemPackage

/// What is probably wrong with a map that the kernel does not make. Its answer is a number, and nearly always the same.
///
/// The rules are those of Linux 6.18, as it answers to maps that break one of them.
extension MapDefinition {
  /// The rule that a map breaks, in words; empty where the number says all there is.
  ///
  /// - Parameter hasTypes: whether the kernel was given the types of keys and values.
  func problem(_ errno: Errno, hasTypes: Bool) -> String {
    switch errno {
    case .invalidArgument, .argListTooLong, .badFileDescriptor, BPFError.notSupported:
      brokenRule(hasTypes: hasTypes)
        ?? (errno == .invalidArgument ? "this kernel may not know maps of type \(type), or one of their flags" : "")
    case .permissionDenied: "a value with special fields cannot be in a map that programs may only read, or only write"
    default: errno.rawValue == 95 ? "values of maps of type \(type) cannot have special fields" : ""
    }
  }

  private func brokenRule(hasTypes: Bool) -> String? {
    brokenKeyRule ?? brokenValueRule ?? brokenCountRule ?? brokenFlagRule ?? (hasTypes ? brokenTypeRule : nil)
  }

  // MARK: Sizes

  /// Maps whose keys are indexes.
  private var isIndexed: Bool {
    [
      .array, .perCPUArray, .programArray, .perfEventArray, .cgroupArray, .arrayOfMaps, .deviceMap, .deviceMapHash,
      .cpuMap, .xskMap, .socketMap, .reusePortSocketArray,
    ].contains(type)
  }

  /// Maps that belong to sockets, files, tasks or control groups, with as many elements as there are of those.
  private var isStorage: Bool {
    [.socketStorage, .inodeStorage, .taskStorage, .cgroupLocalStorage].contains(type)
  }

  private var isOfGroup: Bool { type == .cgroupStorage || type == .perCPUCgroupStorage }

  private var brokenKeyRule: String? {
    switch type {
    case .ringBuffer, .userRingBuffer, .queue, .stack, .bloomFilter, .arena:
      return keySize == 0 ? nil : "maps of type \(type) have no keys, and this one has keys of \(keySize) bytes"
    case _ where isIndexed || isStorage:
      return keySize == 4 ? nil : "keys of maps of type \(type) have 4 bytes, and those of this one \(keySize)"
    case .longestPrefixMatchTrie:
      return (5...260).contains(keySize)
        ? nil : "keys of a trie have 5 to 260 bytes, the length of the prefix in the first 4, and not \(keySize)"
    default: break
    }
    return keySize == 0 ? "it has no keys: their type or size is missing (__type(key, …) or __uint(key_size, …))" : nil
  }

  private var brokenValueRule: String? {
    let allowed: [UInt32]
    switch type {
    case .ringBuffer, .userRingBuffer, .arena:
      return valueSize == 0 ? nil : "maps of type \(type) have no values, and this one has values of \(valueSize) bytes"
    case .programArray, .perfEventArray, .cgroupArray, .xskMap: allowed = [4]
    case .socketMap, .socketHash, .deviceMap, .deviceMapHash, .cpuMap, .reusePortSocketArray: allowed = [4, 8]
    case .stackTrace:
      let unit: UInt32 = flags.contains(.stackBuildID) ? 32 : 8
      return valueSize != 0 && valueSize % unit == 0
        ? nil : "values of a map of stacks are frames of \(unit) bytes, and \(valueSize) bytes are not a number of them"
    case .arrayOfMaps, .hashOfMaps:
      return innerMap == nil ? "it does not say what its inner maps look like (__array(values, …))" : nil
    case .perCPUHash, .perCPUArray, .lruPerCPUHash, .perCPUCgroupStorage:
      if valueSize > 32_768 { return "values of a per-CPU map have at most 32768 bytes, and not \(valueSize)" }
      allowed = []
    default: allowed = []
    }
    if valueSize == 0 {
      return "it has no values: their type or size is missing (__type(value, …) or __uint(value_size, …))"
    }
    guard !allowed.isEmpty, !allowed.contains(valueSize) else { return nil }
    let sizes = allowed.map(String.init).joined(separator: " or ")
    return "values of maps of type \(type) have \(sizes) bytes, and those of this one \(valueSize)"
  }

  private var brokenCountRule: String? {
    if isStorage || isOfGroup {
      return maxEntries == 0 ? nil : "maps of type \(type) have no number of elements: max_entries has to be 0"
    }
    if maxEntries == 0 { return "it has no room for an element: max_entries is missing" }
    if type == .bloomFilter, extra > 15 { return "a bloom filter has at most 15 hash functions, and not \(extra)" }
    if extra != 0, type != .bloomFilter, type != .arena { return "map_extra is for bloom filters and arenas" }
    if type == .ringBuffer || type == .userRingBuffer {
      let isPower = maxEntries & (maxEntries - 1) == 0
      return isPower && maxEntries >= 4096 ? nil : "the size of a ring buffer is a power of two of pages"
    }
    return nil
  }

  // MARK: Flags

  private var brokenFlagRule: String? {
    if flags.contains([.readOnly, .writeOnly]) || flags.contains([.readOnlyForPrograms, .writeOnlyForPrograms]) {
      return "it cannot be read-only and write-only"
    }
    let isLRU = type == .lruHash || type == .lruPerCPUHash
    let isHash = isLRU || [.hash, .perCPUHash, .hashOfMaps].contains(type)
    if type == .longestPrefixMatchTrie || isStorage, !flags.contains(.noPreallocation) {
      return "maps of type \(type) need the flag BPF_F_NO_PREALLOC"
    }
    if type == .arena, !flags.contains(.memoryMappable) { return "an arena needs the flag BPF_F_MMAPABLE" }
    if isStorage, types == nil || keyType == .void || valueType == .void {
      return "maps of type \(type) need the types of keys and values (__type(key, int) and __type(value, …))"
    }
    let rules: [(MapFlags, String, Bool)] = [
      (
        .noPreallocation, "BPF_F_NO_PREALLOC",
        isHash && !isLRU || isStorage || [.longestPrefixMatchTrie, .socketHash].contains(type)
      ),
      (.noCommonLRU, "BPF_F_NO_COMMON_LRU", isLRU), (.stackBuildID, "BPF_F_STACK_BUILD_ID", type == .stackTrace),
      (.zeroSeed, "BPF_F_ZERO_SEED", isHash || type == .bloomFilter),
      (.memoryMappable, "BPF_F_MMAPABLE", type == .array || type == .arena),
      (.preserveElements, "BPF_F_PRESERVE_ELEMS", type == .perfEventArray),
      (.innerMap, "BPF_F_INNER_MAP", type == .array), (.clone, "BPF_F_CLONE", type == .socketStorage),
      (.signalOnFault, "BPF_F_SEGV_ON_FAULT", type == .arena),
      (.noUserConversion, "BPF_F_NO_USER_CONV", type == .arena),
    ]
    for (flag, name, isAllowed) in rules where flags.contains(flag) && !isAllowed {
      return "maps of type \(type) do not take the flag \(name)"
    }
    if numaNode != nil || flags.contains(.numaNode), [.perCPUArray, .perCPUHash, .lruPerCPUHash].contains(type) {
      return "a per-CPU map has memory on every node, and takes no numa_node"
    }
    return nil
  }

  // MARK: Types

  private var brokenTypeRule: String? {
    guard let types else { return nil }
    for (what, type, size) in [("keys", keyType, keySize), ("values", valueType, valueSize)] where type != .void {
      guard let found = try? types.size(of: type), found != Int(size) else { continue }
      return "the type of its \(what) has \(found) bytes, and its \(what) \(size)"
    }
    if type == .bloomFilter, keyType != .void { return "a bloom filter has no keys, and takes no type of any" }
    if type == .longestPrefixMatchTrie {
      guard let key = try? types.kind(of: types.resolve(keyType)), key != .structure else { return nil }
      return "the type of a trie's keys has to be a structure"
    }
    if type == .array || type == .perCPUArray, keyType != .void {
      guard let key = try? types.kind(of: types.resolve(keyType)), key != .integer else { return nil }
      return "the type of an array's keys has to be an integer of 32 bits"
    }
    return nil
  }
}
