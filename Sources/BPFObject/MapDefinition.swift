public import BPFTypeFormat

/// A map as an object defines it: everything that creation needs. Sizes are in bytes.
public struct MapDefinition: Sendable {
  public var name: String
  public var type: MapType
  public var keySize: UInt32
  public var valueSize: UInt32
  public var maxEntries: UInt32
  public var flags: MapFlags = []
  /// The number of hash functions of a bloom filter, 0 for the default.
  public var extra: UInt64 = 0
  public var numaNode: UInt32?
  /// The object's types and the key's and value's types in them; `nil` for a map without BTF.
  public var types: BTF?
  public var keyType: BTFTypeID = .void
  public var valueType: BTFTypeID = .void
  public var pinning: Pinning = .none
  /// What the inner maps of a map of maps look like.
  public var innerMap: Indirect<MapDefinition>?
  /// The initial slots of a map of maps or of a program array, by index: names of maps or programs.
  public var initialSlots: [UInt32: String] = [:]
  /// The bytes of the single value of a data section, `nil` for other maps.
  public var initialContents: [UInt8]?
  /// What the map stands for in the ELF file.
  public var origin: Origin = .maps

  public init(name: String, type: MapType, keySize: UInt32, valueSize: UInt32, maxEntries: UInt32) {
    self.name = name
    self.type = type
    self.keySize = keySize
    self.valueSize = valueSize
    self.maxEntries = maxEntries
  }

  public enum Pinning: UInt32, Hashable, Sendable {
    case none = 0
    case byName = 1
  }

  /// The section that a map comes from.
  public enum Origin: Hashable, Sendable {
    /// Defined in `.maps`.
    case maps
    /// A writable data section: `.data`, `.bss`, or a named variant.
    case data(section: String)
    /// A read-only data section, frozen before programs are loaded.
    case readOnlyData(section: String)
    /// The values of `.kconfig` externs.
    case configuration
  }
}

/// A value on the heap, for a structure that holds one of its own kind.
public final class Indirect<Value: Sendable>: Sendable {
  public let value: Value
  public init(_ value: Value) { self.value = value }
}

/// The map types of Linux 6.18 (`enum bpf_map_type`).
public enum MapType: UInt32, Hashable, Sendable, CaseIterable {
  case unspecified = 0
  case hash = 1
  case array = 2
  case programArray = 3
  case perfEventArray = 4
  case perCPUHash = 5
  case perCPUArray = 6
  case stackTrace = 7
  case cgroupArray = 8
  case lruHash = 9
  case lruPerCPUHash = 10
  case longestPrefixMatchTrie = 11
  case arrayOfMaps = 12
  case hashOfMaps = 13
  case deviceMap = 14
  case socketMap = 15
  case cpuMap = 16
  case xskMap = 17
  case socketHash = 18
  case cgroupStorage = 19
  case reusePortSocketArray = 20
  case perCPUCgroupStorage = 21
  case queue = 22
  case stack = 23
  case socketStorage = 24
  case deviceMapHash = 25
  case structOperations = 26
  case ringBuffer = 27
  case inodeStorage = 28
  case taskStorage = 29
  case bloomFilter = 30
  case userRingBuffer = 31
  case cgroupLocalStorage = 32
  case arena = 33
}

/// The creation flags of a map (`BPF_F_*`).
public struct MapFlags: OptionSet, Hashable, Sendable {
  public let rawValue: UInt32
  public init(rawValue: UInt32) { self.rawValue = rawValue }
  public static let noPreallocation = MapFlags(rawValue: 1 << 0)
  public static let noCommonLRU = MapFlags(rawValue: 1 << 1)
  public static let numaNode = MapFlags(rawValue: 1 << 2)
  public static let readOnly = MapFlags(rawValue: 1 << 3)
  public static let writeOnly = MapFlags(rawValue: 1 << 4)
  public static let stackBuildID = MapFlags(rawValue: 1 << 5)
  public static let zeroSeed = MapFlags(rawValue: 1 << 6)
  public static let readOnlyForPrograms = MapFlags(rawValue: 1 << 7)
  public static let writeOnlyForPrograms = MapFlags(rawValue: 1 << 8)
  public static let clone = MapFlags(rawValue: 1 << 9)
  public static let memoryMappable = MapFlags(rawValue: 1 << 10)
  public static let preserveElements = MapFlags(rawValue: 1 << 11)
  public static let innerMap = MapFlags(rawValue: 1 << 12)
  public static let link = MapFlags(rawValue: 1 << 13)
}
