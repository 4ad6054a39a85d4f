import BPFMaps
import BPFObject
import Testing

@Suite struct HashAndArrayTests {
  @Test("array values stay where they are and are zero at first")
  func arrayInPlace() throws {
    let map = try BPFMap.create(define(.array, 4, 12, 3))
    let place = try #require(map.seen(bytes(1)))
    #expect(map.lookup(bytes(1)) == bytes(0, 12))
    try map.put(bytes(1), bytes(7, 12))
    #expect(map.seen(bytes(1)) == place && map.lookup(bytes(1)) == bytes(7, 12))
    #expect(map.seen(bytes(3)) == nil)
    #expect(map.element(containing: place + 11) == ElementIndex(rawValue: 1))
    #expect(map.key(of: ElementIndex(rawValue: 2)) == bytes(2))
    #expect(map.keys == [bytes(0), bytes(1), bytes(2)])
  }

  @Test("an update of an existing hash key takes a new element", arguments: [MapFlags(), .noPreallocation])
  func newElementOnUpdate(_ flags: MapFlags) throws {
    let map = try BPFMap.create(define(.hash, 4, 8, 2, flags))
    try map.put(bytes(1), bytes(10, 8))
    try map.put(bytes(2), bytes(20, 8))
    let old = try #require(map.seen(bytes(1)))
    try map.put(bytes(1), bytes(11, 8))
    let new = try #require(map.seen(bytes(1)))
    #expect(new != old)
    #expect(map.memory.base.load(fromByteOffset: old, as: UInt64.self) == 10)
    #expect(errno { try map.put(bytes(3), bytes(0, 8)) } == 7)
    try map.put(bytes(1), bytes(12, 8))
    #expect(map.seen(bytes(1)) == old, "the element that was replaced is the next replacement")
  }

  @Test("a deleted element is the next one that an insertion takes", arguments: [MapFlags(), .noPreallocation])
  func recycling(_ flags: MapFlags) throws {
    let map = try BPFMap.create(define(.hash, 4, 8, 8, flags))
    for key in 1...4 { try map.put(bytes(key), bytes(key, 8)) }
    let second = try #require(map.seen(bytes(2)))
    let third = try #require(map.seen(bytes(3)))
    try map.deleteElement(bytes(2))
    try map.deleteElement(bytes(3))
    try map.put(bytes(9), bytes(90, 8))
    try map.put(bytes(10), bytes(100, 8))
    #expect(map.seen(bytes(9)) == third && map.seen(bytes(10)) == second)
    let element = try #require(map.element(containing: third))
    #expect(map.key(of: element) == bytes(9) && map.value(of: element) == bytes(90, 8))
  }

  @Test("per-CPU values are separate, and user space sees all of them, rounded up")
  func perCPU() throws {
    for type in [MapType.perCPUHash, .perCPUArray] {
      let map = try BPFMap.create(define(type, 4, 4, 4), cpuCount: 3)
      try map.put(bytes(1), bytes(5), cpu: 1)
      #expect(map.lookup(bytes(1)) == bytes(0, 8) + bytes(5, 8) + bytes(0, 8))
      try map.updateElement(bytes(1), to: bytes(1, 8) + bytes(2, 8) + bytes(3, 8))
      let own = try #require(map.seen(bytes(1), cpu: 2))
      #expect(map.memory.base.load(fromByteOffset: own, as: UInt32.self) == 3)
      #expect(map.programLookup(bytes(1).span.bytes, onCPU: 2) == own)
      #expect(map.programLookup(bytes(1).span.bytes, onCPU: 3) == nil)
      #expect(errno { try map.updateElement(bytes(1), to: bytes(1, 8)) } == 22)
      for cpu in [-1, 3, Int.max, Int.min] {
        #expect(map.seen(bytes(1), cpu: cpu) == nil && map.valueOffset(of: ElementIndex(rawValue: 0), cpu: cpu) == nil)
        #expect(errno { try map.put(bytes(1), bytes(1), cpu: cpu) } != 0)
      }
    }
  }

  @Test("the element that was replaced on a CPU is that CPU's next replacement")
  func replacements() throws {
    let map = try BPFMap.create(define(.hash, 4, 8, 4), cpuCount: 2)
    try map.put(bytes(1), bytes(0, 8))
    let first = map.seen(bytes(1))
    try map.put(bytes(1), bytes(1, 8), cpu: 1)
    let second = map.seen(bytes(1))
    try map.put(bytes(1), bytes(2, 8), cpu: 0)
    #expect(![first, second].contains(map.seen(bytes(1))))
    try map.put(bytes(1), bytes(3, 8), cpu: 1)
    #expect(map.seen(bytes(1)) == first)
    try map.put(bytes(1), bytes(4, 8), cpu: 0)
    #expect(map.seen(bytes(1)) == second)
  }

  @Test("a program's new element of a per-CPU hash has zeros on the other CPUs")
  func otherCPUs() throws {
    let map = try BPFMap.create(define(.perCPUHash, 4, 8, 4, .noPreallocation), cpuCount: 2)
    try map.updateElement(bytes(1), to: bytes(9, 8) + bytes(9, 8))
    let place = map.seen(bytes(1))
    try map.deleteElement(bytes(1))
    try map.put(bytes(2), bytes(5, 8), cpu: 1)
    #expect(map.seen(bytes(2)) == place && map.lookup(bytes(2)) == bytes(0, 8) + bytes(5, 8))
    let plain = try BPFMap.create(define(.hash, 4, 8, 4), cpuCount: 2)
    try plain.put(bytes(1), bytes(1, 8))
    #expect(plain.programLookup(bytes(1).span.bytes, onCPU: 0) == nil, "a plain hash has no values of CPUs")
  }

  @Test("an iteration visits each element once, and the visited one may be deleted")
  func iteration() throws {
    let map = try BPFMap.create(define(.hash, 4, 8, 64))
    for key in 0..<40 { try map.put(bytes(key), bytes(key, 8)) }
    var cursor = ElementCursor()
    var seen: Set<[UInt8]> = []
    while let visited = map.nextElement(&cursor, cpu: 0) {
      let key = try #require(map.key(of: visited.element))
      #expect(seen.insert(key).inserted)
      try map.programDelete(key.span.bytes, cpu: 0)
    }
    #expect(seen.count == 40 && map.keys.isEmpty)
  }

  @Test("a frozen or restricted map refuses user space, not programs")
  func permissions() throws {
    let frozen = try BPFMap.create(define(.array))
    try frozen.freeze()
    #expect(errno { try frozen.freeze() } == 1, "it may not be written any more, so not be frozen either")
    #expect(errno { try frozen.updateElement(bytes(0), to: bytes(1, 8)) } == 1)
    try frozen.put(bytes(0), bytes(1, 8))
    let readOnly = try BPFMap.create(define(.hash, 4, 8, 4, .readOnly))
    #expect(errno { try readOnly.updateElement(bytes(0), to: bytes(1, 8)) } == 1)
    #expect(errno { try readOnly.freeze() } == 1)
    let writeOnly = try BPFMap.create(define(.hash, 4, 8, 4, .writeOnly))
    #expect(errno { _ = try writeOnly.lookupElement(bytes(0)) } == 1)
    #expect(errno { _ = try writeOnly.nextKey() } == 1)
    try writeOnly.updateElement(bytes(1), to: bytes(1, 8))
    #expect(writeOnly.lookup(bytes(1)) == nil && writeOnly.keys.isEmpty)
    #expect(errno { _ = try writeOnly.lookupBatch(count: 1) } == 1)
    #expect(errno { _ = try BPFMap.create(define(.bloomFilter, 0, 8, 4, .writeOnly)).contains(bytes(1, 8)) } == 1)
  }

  @Test("a key or a value of another size is EINVAL")
  func sizes() throws {
    let hash = try BPFMap.create(define(.hash))
    try hash.updateElement(bytes(1), to: bytes(1, 8))
    for count in [0, 3, 5, 8] {
      #expect(errno { _ = try hash.lookupElement(bytes(1, count)) } == 22)
      #expect(errno { _ = try hash.lookupAndDeleteElement(bytes(1, count)) } == 22)
      #expect(errno { try hash.updateElement(bytes(1, count), to: bytes(1, 8)) } == 22)
      #expect(errno { try hash.deleteElement(bytes(1, count)) } == 22)
      #expect(errno { _ = try hash.nextKey(after: bytes(1, count)) } == 22)
      #expect(hash.lookup(bytes(1, count)) == nil)
    }
    for count in [0, 7, 9, 16] {
      #expect(errno { try hash.updateElement(bytes(1), to: bytes(1, count)) } == 22)
      #expect(errno { _ = try BPFMap.create(define(.bloomFilter, 0, 8, 4)).contains(bytes(1, count)) } == 22)
    }
  }

  @Test("batches of a hash give whole buckets and end with ENOENT")
  func batches() throws {
    let map = try BPFMap.create(define(.hash, 4, 8, 16))
    let keys = (0..<16).map { bytes($0) }
    let done = try map.updateBatch(keys: keys, values: keys.map { $0 + bytes(0) })
    #expect(done.count == 16 && done.errno == nil)
    var all: Set<[UInt8]> = []
    var cursor = BatchCursor()
    while true {
      let part = try map.lookupBatch(from: cursor, count: 6)
      for key in part.keys { #expect(all.insert(key).inserted) }
      cursor = part.cursor
      if part.errno == .noSuchEntry { break }
      #expect(part.errno == nil)
    }
    #expect(all == Set(keys))
    #expect(try map.lookupAndDeleteBatch(count: 100).count == 16)
    #expect(map.keys.isEmpty)
    #expect(errno { _ = try BPFMap.create(define(.array)).deleteBatch(keys: []) } == 524)
  }
}
