public import BPFObject
import BPFTypeFormat

extension BPFMap {
  /// `BPF_MAP_CREATE`: checks the definition as Linux 6.18 does and makes the map, empty, with one user reference.
  ///
  /// - Parameters:
  ///   - definition: the map. Its initial contents and slots are the engine's to fill in.
  ///   - cpuCount: the number of possible CPUs, 1 to 1024.
  ///   - identifier: the id of the map.
  ///   - environment: resolves descriptors that user space stores in the map; may be `nil` if none are.
  ///   - observer: is told of special fields that must be released; kept alive by the map.
  /// - Throws: the error number that Linux gives for the same call, with a sentence that says which rule was broken.
  public static func create(
    _ definition: MapDefinition, cpuCount: Int = 1, identifier: UInt32 = 0, environment: (any MapEnvironment)? = nil,
    observer: (any SpecialFieldObserver)? = nil
  ) throws(MapError) -> BPFMap {
    guard (1...1024).contains(cpuCount) else {
      throw MapError(.invalidArgument, map: definition.name, reason: "a map needs 1 to 1024 CPUs, not \(cpuCount)")
    }
    let fields = try MapRules.check(definition)
    let checked = CheckedMapDefinition(
      definition: definition, identifier: identifier, cpuCount: cpuCount, specialFields: fields,
      layout: ValueLayout(byteCount: Int(definition.valueSize), fields: fields?.fields ?? []),
      template: try MapRules.template(for: definition), environment: environment, observer: observer)
    switch definition.type {
    case .array: return try ArrayMap.make(checked)
    case .perCPUArray: return try PerCPUArrayMap.make(checked)
    case .hash, .perCPUHash: return try HashMap.make(checked)
    case .lruHash, .lruPerCPUHash: return try LRUHashMap.make(checked)
    case .programArray, .perfEventArray, .arrayOfMaps: return try SlotArrayMap.make(checked)
    case .hashOfMaps: return try HashOfMaps.make(checked)
    case .ringBuffer: return try RingBufferMap.make(checked)
    case .userRingBuffer: return try UserRingBufferMap.make(checked)
    case .queue, .stack: return try QueueStackMap.make(checked)
    case .longestPrefixMatchTrie: return try LongestPrefixMatchMap.make(checked)
    case .bloomFilter: return try BloomFilterMap.make(checked)
    case .taskStorage: return try TaskStorageMap.make(checked)
    case .stackTrace: return try StackTraceMap.make(checked)
    case .unspecified, .cgroupArray, .deviceMap, .socketMap, .cpuMap, .xskMap, .socketHash, .cgroupStorage,
      .reusePortSocketArray, .perCPUCgroupStorage, .socketStorage, .deviceMapHash, .structOperations, .inodeStorage,
      .cgroupLocalStorage, .arena:
      throw checked.error(.invalidArgument, "maps of type \(definition.type) are not provided in memory")
    }
  }
}
