import BPFMaps
import BPFObject
import Testing

@Suite struct OtherMapTests {
  @Test("a slot gives programs its token and user space the id")
  func slots() throws {
    let environment = InnerMaps()
    environment.map = try BPFMap.create(define(.array), identifier: 7)
    var definition = define(.arrayOfMaps, 4, 4, 3)
    definition.innerMap = Indirect(define(.array))
    for type in [MapType.arrayOfMaps, .hashOfMaps] {
      definition.type = type
      let map = try BPFMap.create(definition, environment: environment)
      #expect(map.programLookupStored(bytes(1).span.bytes) == nil)
      try map.updateElement(bytes(1), to: bytes(3))
      #expect(map.programLookupStored(bytes(1).span.bytes) == 0x1007)
      #expect(map.lookup(bytes(1)) == bytes(7))
      #expect(map.storedObject(forKey: bytes(1))?.map === environment.map)
      #expect(errno { try map.store(StoredObject(Recorder(), identifier: 1, token: 1), forKey: bytes(0)) } == 22)
      try map.deleteElement(bytes(1))
      #expect(map.programLookupStored(bytes(1).span.bytes) == nil)
      #expect(errno { try map.deleteElement(bytes(1)) } == 2)
    }
  }

  @Test("a program array is empty when its last user has gone, a map of maps is not")
  func programArrays() throws {
    let array = try BPFMap.create(define(.programArray, 4, 4, 3))
    let object = Recorder()
    try array.store(StoredObject(object, identifier: 5, token: 50), forKey: bytes(2))
    #expect(array.programLookupStored(bytes(2).span.bytes) == 50 && array.lookup(bytes(2)) == bytes(5))
    #expect(errno { try array.store(StoredObject(object, identifier: 5, token: 50), forKey: bytes(3)) } == 7)
    array.releaseUserReference()
    #expect(array.programLookupStored(bytes(2).span.bytes) == nil)

    let environment = InnerMaps()
    environment.map = try BPFMap.create(define(.array), identifier: 7)
    var definition = define(.arrayOfMaps, 4, 4, 3)
    definition.innerMap = Indirect(define(.array))
    let outer = try BPFMap.create(definition, environment: environment)
    try outer.updateElement(bytes(1), to: bytes(3))
    outer.releaseUserReference()
    #expect(outer.programLookupStored(bytes(1).span.bytes) == 0x1007)
  }

  @Test("a slot holds its map until it is emptied, overwritten, or the map of maps ends")
  func holding() throws {
    let environment = InnerMaps()
    for type in [MapType.arrayOfMaps, .hashOfMaps] {
      var definition = define(type, 4, 4, 3)
      definition.innerMap = Indirect(define(.array))
      for end in ["delete", "overwrite", "end"] {
        var outer: BPFMap? = try BPFMap.create(definition, environment: environment)
        weak var inner: BPFMap?
        do {
          let map = try BPFMap.create(define(.array))
          inner = map
          environment.map = map
          try outer?.updateElement(bytes(1), to: bytes(3))
          environment.map = nil
        }
        #expect(inner != nil, "\(type)")
        switch end {
        case "delete": try outer?.deleteElement(bytes(1))
        case "overwrite":
          environment.map = try BPFMap.create(define(.array))
          try outer?.updateElement(bytes(1), to: bytes(3))
        default: outer = nil
        }
        #expect(inner == nil, "\(type) \(end)")
        withExtendedLifetime(outer) {}
      }
    }
  }

  @Test("a hash of maps has the flags, the limit and the errors of a hash")
  func hashOfMaps() throws {
    let environment = InnerMaps()
    environment.map = try BPFMap.create(define(.array))
    var definition = define(.hashOfMaps, 4, 4, 3)
    definition.innerMap = Indirect(define(.array))
    let map = try BPFMap.create(definition, environment: environment)
    func put(_ key: Int, _ flags: UInt64 = 0) -> Int32 {
      errno { try map.updateElement(bytes(key), to: bytes(3), flags: ElementFlags(rawValue: flags)) }
    }
    // Whatever was deleted makes room again.
    for _ in 0..<3 {
      #expect(put(1, 2) == 2 && put(1, 1) == 0 && put(1, 1) == 17 && put(1, 2) == 0 && put(1, 3) == 22)
      #expect(put(2) == 0 && put(3) == 0 && put(4) == 7 && put(3) == 0)
      #expect(errno { _ = try map.lookupAndDeleteElement(bytes(1)) } == 524)
      for key in 1...3 { try map.deleteElement(bytes(key)) }
      #expect(map.keys.isEmpty)
    }
    #expect(errno { try map.programUpdate(bytes(1).span.bytes, bytes(3).span.bytes, flags: .any, cpu: 0) } == 22)
  }

  @Test("a bloom filter of more bits than 32 bits count is made, and values cannot be taken out of any")
  func bloomFilters() throws {
    let map = try BPFMap.create(define(.bloomFilter, 0, 8, .max, extra: 3))
    for value in 0..<200 { try map.updateElement([], to: bytes(value, 8)) }
    #expect(try (0..<200).allSatisfy { try map.contains(bytes($0, 8)) })
    #expect(try (1000..<3000).allSatisfy { try !map.contains(bytes($0, 8)) })
    #expect(errno { try map.programDelete(bytes(1, 8).span.bytes, cpu: 0) } == 95)
  }

  @Test("a queue gives the oldest, a stack the newest, and BPF_EXIST drops the oldest of both")
  func queues() throws {
    for (type, order) in [(MapType.queue, [2, 3, 4]), (.stack, [4, 3, 2])] {
      let map = try BPFMap.create(define(type, 0, 4, 3))
      for value in 1...3 { try map.programPush(bytes(value).span.bytes, flags: .any) }
      #expect(errno { try map.programPush(bytes(4).span.bytes, flags: .any) } == 7)
      try map.programPush(bytes(4).span.bytes, flags: .mustExist)
      for value in order {
        #expect(map.lookup([]) == bytes(value), "a peek")
        var out = [UInt8](repeating: 0xff, count: 4)
        var span = out.mutableSpan
        var destination = span.mutableBytes
        try map.programPop(into: &destination)
        #expect(out == bytes(value), "\(type)")
      }
      var out = [UInt8](repeating: 0xff, count: 4)
      var span = out.mutableSpan
      var destination = span.mutableBytes
      #expect(throws: LinuxErrno.noSuchEntry) { try map.programPeek(into: &destination) }
      #expect(out == bytes(0), "what is read from an empty \(type) is zero")
    }
  }

  @Test("task storage makes a value on demand, keeps its place, and ends with the task")
  func taskStorage() throws {
    let definition = try SpecialFieldTests.define(.taskStorage, "plain", flags: .noPreallocation)
    let map = try #require(BPFMap.create(definition, environment: InnerMaps()) as? TaskStorageMap)
    let task = StorageOwner(rawValue: 5)
    #expect(map.programGet(task, flags: 0) == nil && map.programGet(task, flags: 2) == nil)
    let made = map.programGet(task, flags: 1, initialValue: bytes(3, 24).span.bytes)
    let place = try #require(made)
    #expect(map.programGet(task, flags: 0) == place && map.value(of: task) == bytes(3, 24))
    #expect(map.lookup(bytes(5)) == bytes(3, 24) && errno { _ = try map.lookupElement(bytes(1)) } == 9)
    #expect(errno { _ = try map.lookupElement(bytes(6)) } == 2)
    #expect(errno { try map.updateElement(bytes(5), to: bytes(4, 24), flags: .mustNotExist) } == 17)
    try map.updateElement(bytes(5), to: bytes(4, 24))
    #expect(map.programGet(task, flags: 0) != place, "an update makes a new value")
    map.ownerEnded(task)
    #expect(map.value(of: task) == nil && map.owners.isEmpty)
    #expect(map.programGet(task, flags: 1) != nil && map.value(of: task) == bytes(0, 24))
  }

  @Test("a call chain has the number of its hash, and another with the same number is told apart")
  func stackTraces() throws {
    let map = try #require(BPFMap.create(define(.stackTrace, 4, 24, 2)) as? StackTraceMap)
    let number = try map.store([1, 2, 3, 4], flags: 1)
    #expect(number < 2 && map.frames(of: number) == [2, 3, 4])
    #expect(try map.store([2, 3, 4, 9], flags: 0) == number, "frames beyond the depth do not count")
    #expect(map.lookup(bytes(Int(number))) == bytes(2, 8) + bytes(3, 8) + bytes(4, 8))
    #expect(throws: LinuxErrno.badAddress) { try map.store([1], flags: 1) }
    #expect(throws: LinuxErrno.invalidArgument) { try map.store([1], flags: 1 << 11) }
    let rival = try #require((5..<100).first { (try? map.store([$0], flags: 0)) == nil })
    #expect(throws: LinuxErrno.exists) { try map.store([rival], flags: 0) }
    try map.deleteElement(bytes(Int(number)))
    #expect(errno { try map.deleteElement(bytes(Int(number))) } == 2)
    #expect(errno { try map.deleteElement(bytes(2)) } == 7)
    #expect(errno { try map.programDelete(bytes(2).span.bytes, cpu: 0) } == 7)
  }

  @Test("flags of a stored call chain: comparison by hash only, a chain in another's place, build ids")
  func stackTraceFlags() throws {
    let map = try #require(BPFMap.create(define(.stackTrace, 4, 16, 2)) as? StackTraceMap)
    let (fast, reuse) = (StackTraceMap.Flags.fastCompare.rawValue, StackTraceMap.Flags.reuse.rawValue)
    func place(of frame: UInt64) -> UInt32? {
      try? (BPFMap.create(define(.stackTrace, 4, 16, 2)) as? StackTraceMap)?.store([frame], flags: 0)
    }
    let number = try map.store([1], flags: 0)
    let rival = try #require((5..<100).first { place(of: $0) == number })
    // Another chain is told apart by its hash as well.
    #expect(throws: LinuxErrno.exists) { try map.store([rival], flags: fast) }
    #expect(try map.store([1], flags: fast) == number)
    #expect(try map.store([rival], flags: reuse) == number && map.frames(of: number) == [rival])
    // The other number as well, and then there is no element for a replacement.
    let other = try #require((5..<100).first { place(of: $0) == 1 - number })
    #expect(try map.store([other], flags: 0) == 1 - number)
    #expect(throws: LinuxErrno.outOfMemory) { try map.store([1], flags: reuse) }
    #expect(try map.nextKey() == bytes(0) && map.nextKey(after: bytes(0)) == bytes(1))
    #expect(try map.nextKey(after: bytes(7)) == bytes(0) && errno { _ = try map.nextKey(after: bytes(1)) } == 2)
    #expect(try map.lookupAndDeleteElement(bytes(Int(number))) == bytes(Int(rival), 8) + bytes(0, 8))
    #expect(map.frames(of: number) == nil && map.frames(of: 1 - number) == [other])
    #expect(try map.nextKey(after: bytes(Int(number))) == bytes(Int(1 - number)), "what is absent begins again")

    let files = try #require(BPFMap.create(define(.stackTrace, 4, 64, 2, .stackBuildID)) as? StackTraceMap)
    #expect(files.depth == 2)
    let stored = try files.store([0x11, 0x22, 0x33], flags: 0)
    // struct bpf_stack_build_id: the status BPF_STACK_BUILD_ID_IP, no id, the address.
    let frames = [0x11, 0x22].map { bytes(2) + bytes(0, 20) + bytes($0, 8) }
    #expect(files.lookup(bytes(Int(stored))) == frames[0] + frames[1])
  }

  @Test("flags and errors of task storage, and what its operations release")
  func taskStorageOperations() throws {
    let definition = try SpecialFieldTests.define(.taskStorage, "held", flags: .noPreallocation)
    let recorder = Recorder()
    let map = try #require(
      BPFMap.create(definition, environment: InnerMaps(), observer: recorder) as? TaskStorageMap)
    let task = StorageOwner(rawValue: 5)
    for flags: UInt64 in [2, 3, 1 << 32 | 1] { #expect(map.programGet(task, flags: flags) == nil) }
    func put(_ flags: UInt64, _ value: UInt8) -> Int32 {
      let value = [UInt8](repeating: value, count: map.valueSize)
      return errno { try map.updateElement(bytes(5), to: value, flags: ElementFlags(rawValue: flags)) }
    }
    #expect(put(2, 1) == 2 && put(8, 1) == 22 && put(1, 1) == 0 && put(1, 1) == 17 && put(3, 1) == 22)
    let place = map.programGet(task, flags: 0)
    _ = recorder.take()
    #expect(put(4, 2) == 0 && map.programGet(task, flags: 0) == place, "under the lock a value is changed in place")
    #expect(recorder.take().isEmpty)
    #expect(put(2, 3) == 0 && map.programGet(task, flags: 0) != place)
    #expect(recorder.take().map(\.cause) == [.update])
    try map.programDelete(task)
    #expect(recorder.take().map(\.cause) == [.delete])
    #expect(throws: LinuxErrno.noSuchEntry) { try map.programDelete(task) }
    let zeros = try #require(map.programGet(task, flags: 1))
    #expect(map.value(of: task) == bytes(0, map.valueSize))
    _ = recorder.take()
    map.releaseUserReference()
    #expect(recorder.take().contains { $0.offset == zeros && $0.cause == .mapRelease })
    #expect(errno { _ = try BPFMap.create(definition).lookupElement(bytes(5)) } == 9, "nobody knows the descriptor")
  }

  @Test("a trie finds the longest prefix that fits")
  func tries() throws {
    let map = try BPFMap.create(define(.longestPrefixMatchTrie, 8, 8, 5, .noPreallocation))
    func key(_ length: Int, _ address: [UInt8]) -> [UInt8] { bytes(length) + address }
    try map.put(key(8, [10, 0, 0, 0]), bytes(8, 8))
    try map.put(key(24, [10, 1, 2, 0]), bytes(24, 8))
    try map.put(key(16, [10, 1, 0, 0]), bytes(16, 8))
    for (address, expected) in [([10, 1, 2, 3], 24), ([10, 1, 3, 3], 16), ([10, 2, 0, 0], 8)] as [([UInt8], Int)] {
      let offset = try #require(map.seen(key(32, address)))
      #expect(map.memory.base.load(fromByteOffset: offset, as: UInt64.self) == UInt64(expected))
      let element = try #require(map.element(containing: offset))
      #expect(map.key(of: element)?.first == UInt8(expected))
    }
    #expect(map.seen(key(32, [11, 0, 0, 0])) == nil && map.seen(key(33, [10, 0, 0, 0])) == nil)
  }
}
