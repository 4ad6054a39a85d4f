import BPFMaps
import BPFObject
import BPFTypeFormat
import Testing

@Suite struct SpecialFieldTests {
  static let types: (BTF, @Sendable (String) -> BTFTypeID)? = {
    var declarations = CDeclarations()
    do {
      try declarations.read(
        """
        typedef unsigned long long u64; typedef unsigned int u32;
        struct bpf_task_work { u64 opaque; };
        struct bpf_timer { u64 opaque[2]; };
        struct bpf_spin_lock { u32 value; };
        struct work { u32 before; u32 pad; struct bpf_task_work work; u64 after; };
        struct timed { u64 before; struct bpf_timer timer; };
        struct locked { struct bpf_spin_lock lock; u32 before; struct bpf_task_work work; u64 after; };
        struct plain { u64 a; u64 b; u64 c; };
        struct task_struct { u32 pid; }; struct bpf_refcount { u32 value; };
        struct holder { u64 before; struct task_struct __attribute__((btf_type_tag("kptr"))) *task; u64 after; };
        struct held { struct bpf_spin_lock lock; u32 pad; struct task_struct __attribute__((btf_type_tag("kptr"))) *task; };
        struct counted { u64 before; struct bpf_refcount count; u32 pad; u64 after; };
        struct two { struct bpf_task_work a; struct bpf_task_work b; u64 c; };
        struct key { u32 length; u32 data; };
        """)
      let kept = declarations
      return (try BTF(declarations.builder), { kept.structure(named: $0) ?? kept.typedef(named: $0) ?? .void })
    } catch {
      return nil
    }
  }()

  /// A definition whose value is one of the structures above.
  static func define(
    _ type: MapType, _ value: String, flags: MapFlags = [], entries: UInt32 = 4
  ) throws -> MapDefinition {
    let (btf, find) = try #require(types)
    var definition = MapDefinition(
      name: "m", type: type, keySize: 4, valueSize: UInt32(try btf.size(of: find(value))), maxEntries: entries)
    definition.flags = flags
    definition.types = btf
    definition.keyType = find("u32")
    definition.valueType = find(value)
    switch type {
    case .longestPrefixMatchTrie:
      definition.keySize = 8
      definition.keyType = find("key")
    case .queue, .stack, .bloomFilter:
      definition.keySize = 0
      definition.keyType = .void
    case .taskStorage: definition.maxEntries = 0
    default: break
    }
    return definition
  }

  static let creation: [(MapType, String, MapFlags, Int32)] = [
    (.hash, "work", [], 0), (.hash, "work", .noPreallocation, 0), (.lruHash, "work", [], 0),
    (.lruHash, "work", .noCommonLRU, 0), (.array, "work", [], 0), (.array, "work", .innerMap, 0),
    (.hash, "work", .zeroSeed, 0), (.perCPUHash, "work", [], 95), (.perCPUArray, "work", [], 95),
    (.lruPerCPUHash, "work", [], 95), (.longestPrefixMatchTrie, "work", .noPreallocation, 95),
    (.bloomFilter, "work", [], 95), (.taskStorage, "work", .noPreallocation, 95), (.queue, "work", [], 22),
    (.stack, "work", [], 22), (.hash, "work", .readOnlyForPrograms, 13), (.array, "work", .writeOnlyForPrograms, 13),
    (.hash, "work", .readOnly, 0), (.array, "work", .memoryMappable, 0), (.hash, "two", [], 0),
    (.perCPUHash, "two", [], 0), (.lruHash, "locked", [], 95), (.hash, "locked", [], 0), (.array, "timed", [], 0),
    (.perCPUArray, "timed", [], 95), (.taskStorage, "plain", .noPreallocation, 0), (.perCPUArray, "plain", [], 0),
    (.longestPrefixMatchTrie, "plain", .noPreallocation, 0), (.bloomFilter, "plain", [], 0),
    (.taskStorage, "held", .noPreallocation, 0), (.perCPUArray, "held", [], 95), (.perCPUHash, "holder", [], 0),
    (.perCPUArray, "holder", [], 0), (.lruPerCPUHash, "holder", [], 0), (.hash, "held", [], 0),
    (.longestPrefixMatchTrie, "holder", .noPreallocation, 95), (.queue, "holder", [], 22),
  ]

  @Test("maps take the fields that section 3.2 says, and refuse the others with its numbers")
  func whichMaps() throws {
    for (type, value, flags, expected) in Self.creation {
      let definition = try Self.define(type, value, flags: flags)
      #expect(errno { _ = try BPFMap.create(definition) } == expected, "\(type) \(value) \(flags)")
    }
  }

  @Test("the running kernel takes and refuses the same", .enabled(if: KernelMap.isAvailable))
  func kernelAgrees() throws {
    for (type, value, flags, expected) in Self.creation {
      let definition = try Self.define(type, value, flags: flags)
      #expect(errno { _ = try KernelMap(definition) } == expected, "\(type) \(value) \(flags)")
    }
    for (key, value) in [("key", "work"), ("u64", "work"), ("u32", "u64"), ("void", "work"), ("u32", "void")] {
      for type in [MapType.hash, .array, .programArray, .lruHash, .perCPUArray, .longestPrefixMatchTrie, .bloomFilter] {
        let (_, find) = try #require(Self.types)
        var definition = try Self.define(type, "work", flags: type == .longestPrefixMatchTrie ? .noPreallocation : [])
        if type == .programArray { definition.valueSize = 4 }
        definition.keyType = find(key)
        definition.valueType = find(value)
        let theirs = errno { _ = try KernelMap(definition) }
        #expect(errno { _ = try BPFMap.create(definition) } == theirs, "\(type) \(key) \(value)")
      }
    }
  }

  @Test("a map with special fields cannot be frozen or mapped, and one without a valid record can")
  func freezing() throws {
    let map = try BPFMap.create(try Self.define(.array, "work", flags: .memoryMappable))
    #expect(errno { try map.freeze() } == 524)
    #expect(errno { _ = try map.mapMemory(writable: false) } == 524)
    let plain = try BPFMap.create(try Self.define(.array, "two", flags: .memoryMappable))
    #expect(errno { _ = try plain.mapMemory(writable: true) } == 0)
    #expect(errno { try plain.freeze() } == 0)
    #expect(errno { _ = try plain.mapMemory(writable: true) } == 1)
  }

  @Test("the bytes of a field read as zero and are not written")
  func bytesOfFields() throws {
    for type in [MapType.array, .hash, .lruHash] {
      let map = try BPFMap.create(try Self.define(type, "work"))
      let garbage = [UInt8](repeating: 0xff, count: 24)
      try map.updateElement(bytes(1), to: garbage)
      let offset = try #require(map.seen(bytes(1)))
      let expected = [UInt8](repeating: 0xff, count: 8) + bytes(0, 8) + [UInt8](repeating: 0xff, count: 8)
      #expect(map.lookup(bytes(1)) == expected)
      #expect(map.memory.base.load(fromByteOffset: offset + 8, as: UInt64.self) == 0)
      // A program that wrote there would be refused; even then user space sees nothing of it.
      map.memory.base.storeBytes(of: 7, toByteOffset: offset + 8, as: UInt64.self)
      #expect(map.lookup(bytes(1)) == expected)
      #expect(try map.lookupBatch(count: 4).values.contains(expected))
      try map.put(bytes(1), garbage)
      let now = try #require(map.seen(bytes(1)))
      #expect(map.memory.base.load(fromByteOffset: now + 8, as: UInt64.self) == 0)
    }
  }

  @Test("which operation releases fields, by map type: section 7")
  func releases() throws {
    for (type, flags) in [
      (MapType.array, MapFlags()), (.hash, .noPreallocation), (.hash, []), (.lruHash, []),
    ] {
      let recorder = Recorder()
      let map = try BPFMap.create(try Self.define(type, "work", flags: flags), observer: recorder)
      let value = bytes(1, 24)
      try map.updateElement(bytes(1), to: value)
      _ = recorder.take()
      let element = try #require(map.seen(bytes(1)).flatMap { map.element(containing: $0) })
      func causes() -> [ReleaseCause] { recorder.take().filter { $0.element == element.rawValue }.map(\.cause) }

      #expect(errno { try map.updateElement(bytes(1), to: value, flags: .mustNotExist) } == 17)
      #expect(causes() == [], "\(type): a failed update")
      #expect(errno { _ = try map.lookupElement(bytes(1)) } == 0)
      #expect(causes() == [], "\(type): a lookup")
      try map.updateElement(bytes(1), to: value, flags: .mustExist)
      #expect(causes() == [.update], "\(type): an update")

      let isArray = type == .array
      try map.updateElement(bytes(2), to: value)
      let second = try #require(map.seen(bytes(2)).flatMap { map.element(containing: $0) })
      _ = recorder.take()
      #expect(errno { try map.deleteElement(bytes(2)) } == (isArray ? 22 : 0))
      #expect(recorder.take().map(\.cause) == (isArray ? [] : [.delete]), "\(type): a delete")
      try map.updateElement(bytes(2), to: value)
      #expect(map.seen(bytes(2)).flatMap { map.element(containing: $0) } == second || isArray || type == .lruHash)
      _ = recorder.take()
      #expect(errno { _ = try map.lookupAndDeleteElement(bytes(2)) } == (isArray ? 524 : 0))
      #expect(recorder.take().map(\.cause) == (isArray ? [] : [.lookupAndDelete]), "\(type): a lookup and delete")
    }
  }

  @Test("each CPU's value has fields of its own, which the same operations release")
  func perCPUReleases() throws {
    for type in [MapType.perCPUArray, .perCPUHash, .lruPerCPUHash] {
      let recorder = Recorder()
      let map = try BPFMap.create(try Self.define(type, "holder"), cpuCount: 3, observer: recorder)
      let all = bytes(1, 24) + bytes(2, 24) + bytes(3, 24)
      try map.updateElement(bytes(1), to: all)
      // An LRU hash takes another element for each insertion.
      var places = try (0..<3).map { try #require(map.seen(bytes(1), cpu: $0)) }
      func insert() throws {
        try map.updateElement(bytes(1), to: all)
        places = try (0..<3).map { try #require(map.seen(bytes(1), cpu: $0)) }
        _ = recorder.take()
      }
      func released() -> [ReleaseCause: [Int]] {
        Dictionary(grouping: recorder.take().filter { places.contains($0.offset) }, by: \.cause)
          .mapValues { $0.map(\.offset).sorted() }
      }
      _ = recorder.take()
      try map.put(bytes(1), bytes(4, 24), cpu: 1)
      #expect(released() == [.update: [places[1]]], "\(type): a program's update")
      try map.updateElement(bytes(1), to: all)
      #expect(released() == [.update: places], "\(type): an update")
      if type != .perCPUArray {
        #expect(try map.lookupAndDeleteElement(bytes(1)) == all)
        #expect(released() == [.lookupAndDelete: places], "\(type): a lookup and delete")
        try insert()
        try map.deleteElement(bytes(1))
        #expect(released() == [.delete: places], "\(type): a delete")
        try insert()
      }
      map.releaseUserReference()
      #expect(released() == [.mapRelease: places], "\(type): the end")
    }
  }

  @Test("batches release what they delete, and their elements can be used again")
  func batches() throws {
    for type in [MapType.hash, .lruHash] {
      let recorder = Recorder()
      let map = try BPFMap.create(try Self.define(type, "work"), observer: recorder)
      let keys = (0..<4).map { bytes($0) }
      for _ in 0..<3 {
        #expect(try map.updateBatch(keys: keys, values: keys.map { $0 + bytes(0, 20) }).count == 4)
        _ = recorder.take()
        #expect(try map.lookupAndDeleteBatch(count: 10).count == 4)
        #expect(recorder.take().map(\.cause) == [ReleaseCause](repeating: .lookupAndDelete, count: 4), "\(type)")
      }
    }
  }

  @Test("an element begins its life with fields of zeros and an open lock, whatever the last one left")
  func reuse() throws {
    let locked = try BPFMap.create(try Self.define(.hash, "locked", flags: .noPreallocation))
    try locked.put(bytes(1), bytes(1, 24))
    let place = try #require(locked.seen(bytes(1)))
    #expect(locked.lockValue(at: place))
    try locked.deleteElement(bytes(1))
    try locked.put(bytes(2), bytes(2, 24))
    #expect(locked.seen(bytes(2)) == place && locked.lockValue(at: place))

    let counted = try BPFMap.create(try Self.define(.perCPUHash, "counted", flags: .noPreallocation), cpuCount: 2)
    let value = bytes(1, 24) + bytes(1, 24)
    try counted.updateElement(bytes(1), to: value)
    let places = try (0..<2).map { try #require(counted.seen(bytes(1), cpu: $0)) }
    for place in places { counted.memory.base.storeBytes(of: 7, toByteOffset: place + 8, as: UInt32.self) }
    try counted.deleteElement(bytes(1))
    try counted.updateElement(bytes(2), to: value)
    for place in places { #expect(counted.memory.base.load(fromByteOffset: place + 8, as: UInt32.self) == 0) }
  }

  @Test("an update with BPF_F_LOCK releases the fields of an array and not those of a hash")
  func lockedUpdates() throws {
    for (type, flags, expected) in [
      (MapType.array, MapFlags(), [ReleaseCause.update]), (.hash, .noPreallocation, []), (.hash, [], []),
    ] {
      let recorder = Recorder()
      let map = try BPFMap.create(try Self.define(type, "locked", flags: flags), observer: recorder)
      try map.updateElement(bytes(1), to: bytes(1, 24))
      let place = map.seen(bytes(1))
      _ = recorder.take()
      try map.updateElement(bytes(1), to: [UInt8](repeating: 9, count: 24), flags: .lock)
      #expect(recorder.take().map(\.cause) == expected, "\(type)")
      #expect(map.seen(bytes(1)) == place)
      #expect(
        try map.lookupElement(bytes(1), flags: .lock) == bytes(0) + [9, 9, 9, 9] + bytes(0, 8)
          + [UInt8](repeating: 9, count: 8))
    }
  }

  @Test("an eviction releases the element that goes")
  func evictions() throws {
    let recorder = Recorder()
    let map = try BPFMap.create(try Self.define(.lruHash, "work", entries: 8), observer: recorder)
    for key in 0..<40 { try map.put(bytes(key), bytes(key, 24)) }
    #expect(recorder.events.count >= 32 && recorder.events.allSatisfy { $0.cause == .eviction })
  }

  @Test("the last user reference releases the fields of all elements, and only the last")
  func lastReference() throws {
    for type in [MapType.array, .hash, .lruHash] {
      let recorder = Recorder()
      let map = try BPFMap.create(try Self.define(type, "work"), observer: recorder)
      try map.updateElement(bytes(1), to: bytes(1, 24))
      let element = map.seen(bytes(1)).flatMap { map.element(containing: $0) }
      _ = recorder.take()
      map.retainUserReference()
      map.releaseUserReference()
      #expect(recorder.take().isEmpty && map.hasUserReferences)
      map.releaseUserReference()
      #expect(!map.hasUserReferences)
      #expect(recorder.events.contains { $0.element == element?.rawValue && $0.cause == .mapRelease })
    }
  }

  @Test("a value whose lock is held for ever is an error, not a hang")
  func heldLock() throws {
    let map = try BPFMap.create(try Self.define(.array, "locked"))
    let offset = try #require(map.seen(bytes(0)))
    #expect(map.lockValue(at: offset))
    #expect(errno { try map.updateElement(bytes(0), to: bytes(0, 24), flags: .lock) } == 35)
    #expect(errno { _ = try map.lookupElement(bytes(0), flags: .lock) } == 35)
    // An update without the flag does not ask for the lock, and leaves it to its holder.
    try map.updateElement(bytes(0), to: bytes(1, 24))
    #expect(!map.lockValue(at: offset))
    map.unlockValue(at: offset)
    #expect(errno { try map.updateElement(bytes(0), to: bytes(0, 24), flags: .lock) } == 0)
  }
}
