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
