public import BPFTypeFormat

/// A map as an object defines it: everything that creation needs. Sizes are in bytes.
public struct MapDefinition: Sendable {
  /// The name; for a data section the section's name, such as `.bss`, without the object's.
  public var name: String
  /// The map type.
  public var type: MapType
  /// The size of a key, 0 for types without keys.
  public var keySize: UInt32
  /// The size of a value, 0 for types without values.
  public var valueSize: UInt32
  /// The greatest number of elements; for a ring buffer the number of bytes, as written in the source.
  public var maxEntries: UInt32
  /// The creation flags.
  public var flags: MapFlags = []
  /// The number of hash functions of a bloom filter, 0 for the default.
  public var extra: UInt64 = 0
  /// The memory node to allocate from, `nil` for any.
  public var numaNode: UInt32?
  /// The object's types, which ``keyType`` and ``valueType`` are from; `nil` for a map without BTF.
  public var types: BTF?
  /// The key's type, `void` when only its size is known.
  public var keyType: BTFTypeID = .void
  /// The value's type, `void` when only its size is known; for a data section its `BTF_KIND_DATASEC`.
  public var valueType: BTFTypeID = .void
  /// Whether the map is shared through a file system.
  public var pinning: Pinning = .none
  /// What the inner maps of a map of maps look like.
  public var innerMap: Indirect<MapDefinition>?
  /// The initial slots of a map of maps or of a program array, by index: names of maps or programs.
  public var initialSlots: [UInt32: String] = [:]
  /// The first bytes of the single value of a data section, `nil` for other maps; the bytes after them are zero.
  ///
  /// For `.bss` there are none until a variable in it is set. ``initialValue`` is the whole value. An arena may have
  /// contents as well: what its memory begins with.
  public var initialContents: [UInt8]?
  /// What the map stands for in the ELF file.
  public var origin: Origin = .maps

  /// A map of the given shape.
  public init(name: String, type: MapType, keySize: UInt32, valueSize: UInt32, maxEntries: UInt32) {
    self.name = name
    self.type = type
    self.keySize = keySize
    self.valueSize = valueSize
    self.maxEntries = maxEntries
  }

  /// Whether a map is shared through a file system (`LIBBPF_PIN_*`).
  public enum Pinning: UInt32, Hashable, Sendable {
    /// The map belongs to those who have loaded it.
    case none = 0
    /// The map is taken from, or put into, a file of its name.
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

extension MapDefinition {
  /// The whole value of a data section: ``initialContents`` with zeros after them up to the value's size.
  public var initialValue: [UInt8]? {
    guard let initialContents else { return nil }
    let missing = Int(valueSize) - initialContents.count
    return missing > 0 ? initialContents + [UInt8](repeating: 0, count: missing) : initialContents
  }

  /// ``maxEntries`` of a ring buffer as libbpf makes it for creation: a power of two of pages.
  ///
  /// A size that is one already, 0, or too large to be rounded up stays as it is, for the engine to judge; so does that
  /// of any other map type.
  ///
  /// - Parameter pageSize: the size of a page in bytes.
  public func maxEntries(forPageSize pageSize: UInt32) -> UInt32 {
    guard type == .ringBuffer || type == .userRingBuffer, maxEntries != 0, pageSize != 0 else { return maxEntries }
    var size = UInt64(pageSize)
    while size < UInt64(maxEntries) { size *= 2 }
    return UInt32(exactly: size) ?? maxEntries
  }
}

/// A value on the heap, for a structure that holds one of its own kind.
public final class Indirect<Value: Sendable>: Sendable {
  /// The value.
  public let value: Value
  /// A box around a value.
  public init(_ value: Value) { self.value = value }
}

/// The map types of Linux 6.18 (`enum bpf_map_type`).
public enum MapType: UInt32, Hashable, Sendable, CaseIterable {
  /// `BPF_MAP_TYPE_UNSPEC`.
  case unspecified = 0
  /// `BPF_MAP_TYPE_HASH`.
  case hash = 1
  /// `BPF_MAP_TYPE_ARRAY`.
  case array = 2
  /// `BPF_MAP_TYPE_PROG_ARRAY`.
  case programArray = 3
  /// `BPF_MAP_TYPE_PERF_EVENT_ARRAY`.
  case perfEventArray = 4
  /// `BPF_MAP_TYPE_PERCPU_HASH`.
  case perCPUHash = 5
  /// `BPF_MAP_TYPE_PERCPU_ARRAY`.
  case perCPUArray = 6
  /// `BPF_MAP_TYPE_STACK_TRACE`.
  case stackTrace = 7
  /// `BPF_MAP_TYPE_CGROUP_ARRAY`.
  case cgroupArray = 8
  /// `BPF_MAP_TYPE_LRU_HASH`.
  case lruHash = 9
  /// `BPF_MAP_TYPE_LRU_PERCPU_HASH`.
  case lruPerCPUHash = 10
  /// `BPF_MAP_TYPE_LPM_TRIE`.
  case longestPrefixMatchTrie = 11
  /// `BPF_MAP_TYPE_ARRAY_OF_MAPS`.
  case arrayOfMaps = 12
  /// `BPF_MAP_TYPE_HASH_OF_MAPS`.
  case hashOfMaps = 13
  /// `BPF_MAP_TYPE_DEVMAP`.
  case deviceMap = 14
  /// `BPF_MAP_TYPE_SOCKMAP`.
  case socketMap = 15
  /// `BPF_MAP_TYPE_CPUMAP`.
  case cpuMap = 16
  /// `BPF_MAP_TYPE_XSKMAP`.
  case xskMap = 17
  /// `BPF_MAP_TYPE_SOCKHASH`.
  case socketHash = 18
  /// `BPF_MAP_TYPE_CGROUP_STORAGE`.
  case cgroupStorage = 19
  /// `BPF_MAP_TYPE_REUSEPORT_SOCKARRAY`.
  case reusePortSocketArray = 20
  /// `BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE`.
  case perCPUCgroupStorage = 21
  /// `BPF_MAP_TYPE_QUEUE`.
  case queue = 22
  /// `BPF_MAP_TYPE_STACK`.
  case stack = 23
  /// `BPF_MAP_TYPE_SK_STORAGE`.
  case socketStorage = 24
  /// `BPF_MAP_TYPE_DEVMAP_HASH`.
  case deviceMapHash = 25
  /// `BPF_MAP_TYPE_STRUCT_OPS`.
  case structOperations = 26
  /// `BPF_MAP_TYPE_RINGBUF`.
  case ringBuffer = 27
  /// `BPF_MAP_TYPE_INODE_STORAGE`.
  case inodeStorage = 28
  /// `BPF_MAP_TYPE_TASK_STORAGE`.
  case taskStorage = 29
  /// `BPF_MAP_TYPE_BLOOM_FILTER`.
  case bloomFilter = 30
  /// `BPF_MAP_TYPE_USER_RINGBUF`.
  case userRingBuffer = 31
  /// `BPF_MAP_TYPE_CGRP_STORAGE`.
  case cgroupLocalStorage = 32
  /// `BPF_MAP_TYPE_ARENA`.
  case arena = 33
}

/// The creation flags of a map (`BPF_F_*`).
public struct MapFlags: OptionSet, Hashable, Sendable {
  /// The bits.
  public let rawValue: UInt32
  /// The flags with the given bits.
  public init(rawValue: UInt32) { self.rawValue = rawValue }
  /// `BPF_F_NO_PREALLOC`.
  public static let noPreallocation = MapFlags(rawValue: 1 << 0)
  /// `BPF_F_NO_COMMON_LRU`.
  public static let noCommonLRU = MapFlags(rawValue: 1 << 1)
  /// `BPF_F_NUMA_NODE`.
  public static let numaNode = MapFlags(rawValue: 1 << 2)
  /// `BPF_F_RDONLY`: read-only for user space.
  public static let readOnly = MapFlags(rawValue: 1 << 3)
  /// `BPF_F_WRONLY`: write-only for user space.
  public static let writeOnly = MapFlags(rawValue: 1 << 4)
  /// `BPF_F_STACK_BUILD_ID`.
  public static let stackBuildID = MapFlags(rawValue: 1 << 5)
  /// `BPF_F_ZERO_SEED`.
  public static let zeroSeed = MapFlags(rawValue: 1 << 6)
  /// `BPF_F_RDONLY_PROG`.
  public static let readOnlyForPrograms = MapFlags(rawValue: 1 << 7)
  /// `BPF_F_WRONLY_PROG`.
  public static let writeOnlyForPrograms = MapFlags(rawValue: 1 << 8)
  /// `BPF_F_CLONE`.
  public static let clone = MapFlags(rawValue: 1 << 9)
  /// `BPF_F_MMAPABLE`.
  public static let memoryMappable = MapFlags(rawValue: 1 << 10)
  /// `BPF_F_PRESERVE_ELEMS`.
  public static let preserveElements = MapFlags(rawValue: 1 << 11)
  /// `BPF_F_INNER_MAP`.
  public static let innerMap = MapFlags(rawValue: 1 << 12)
  /// `BPF_F_LINK`.
  public static let link = MapFlags(rawValue: 1 << 13)
  /// `BPF_F_PATH_FD`.
  public static let pathDescriptor = MapFlags(rawValue: 1 << 14)
  /// `BPF_F_VTYPE_BTF_OBJ_FD`.
  public static let valueTypeModule = MapFlags(rawValue: 1 << 15)
  /// `BPF_F_TOKEN_FD`.
  public static let tokenDescriptor = MapFlags(rawValue: 1 << 16)
  /// `BPF_F_SEGV_ON_FAULT`.
  public static let signalOnFault = MapFlags(rawValue: 1 << 17)
  /// `BPF_F_NO_USER_CONV`.
  public static let noUserConversion = MapFlags(rawValue: 1 << 18)
}
