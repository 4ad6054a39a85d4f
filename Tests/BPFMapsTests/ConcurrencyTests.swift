import BPFMaps
import BPFObject
import Synchronization
import Testing

/// Many threads on one map. Run with `--sanitize=thread` as well.
@Suite struct ConcurrencyTests {
  @Test("a reader of a hash finds what stays, whatever comes and goes beside it")
  func hashReaders() throws {
    for flags in [MapFlags(), .noPreallocation] {
      let map = try BPFMap.create(define(.hash, 8, 8, 64, flags), cpuCount: 4)
      for key in 0..<16 { try map.put(bytes(key, 8), bytes(key, 8)) }
      try onThreads(4) { thread in
        var numbers = Numbers(seed: UInt64(thread))
        for _ in 0..<20_000 {
          if thread < 2 {
            let key = Int.random(in: 0..<16, using: &numbers)
            guard map.seen(bytes(key, 8), cpu: thread) != nil else { throw LinuxErrno.noSuchEntry }
            guard map.lookup(bytes(key, 8)) == bytes(key, 8) else { throw LinuxErrno.invalidArgument }
          } else {
            let key = 16 + Int.random(in: 0..<60, using: &numbers)
            // All threads say that they are on CPU 0: the spare elements of a CPU must stand that.
            try? map.put(bytes(key, 8), bytes(key, 8), cpu: 0)
            if Int.random(in: 0..<2, using: &numbers) == 0 { try? map.deleteElement(bytes(key, 8)) }
            let stable = Int.random(in: 0..<16, using: &numbers)
            try map.put(bytes(stable, 8), bytes(stable, 8), cpu: 0)
          }
        }
      }
      #expect(map.keys.count <= 64)
      for key in map.keys { #expect(map.lookup(key) == key) }
      // Nothing is lost: as many new keys fit as there is room.
      for key in map.keys { try map.deleteElement(key) }
      for key in 1000..<1064 { try map.put(bytes(key, 8), bytes(key, 8)) }
      #expect(errno { try map.put(bytes(2000, 8), bytes(0, 8)) } == 7)
    }
  }

  @Test("an LRU hash under many threads stays within its size and keeps its lists whole")
  func lru() throws {
    for flags in [MapFlags(), .noCommonLRU] {
      let map = try BPFMap.create(define(.lruHash, 8, 8, 64, flags), cpuCount: 4)
      let failures = Atomic<Int>(0)
      try onThreads(4) { thread in
        var numbers = Numbers(seed: 50 + UInt64(thread))
        for _ in 0..<20_000 {
          let key = bytes(Int.random(in: 0..<200, using: &numbers), 8)
          switch Int.random(in: 0..<4, using: &numbers) {
          case 0: _ = map.seen(key, cpu: thread)
          case 1: try? map.deleteElement(key, cpu: thread)
          default:
            do { try map.put(key, key, cpu: thread) } catch { failures.add(1, ordering: .relaxed) }
          }
        }
      }
      #expect(map.keys.count <= 64)
      for key in map.keys { #expect(map.lookup(key) == key) }
      for round in 0..<500 { try map.put(bytes(round, 8), bytes(round, 8), cpu: round % 4) }
      #expect(map.keys.count > 32)
      // Linux too can find no element when all are on their way.
      #expect(failures.load(ordering: .relaxed) < 800)
    }
  }

  @Test("a trie's readers find the prefix that stays")
  func trie() throws {
    let map = try BPFMap.create(define(.longestPrefixMatchTrie, 8, 8, 64, .noPreallocation))
    try map.put(bytes(8) + [10, 0, 0, 0], bytes(8, 8))
    try map.put(bytes(32) + [10, 1, 1, 1], bytes(32, 8))
    try onThreads(3) { thread in
      var numbers = Numbers(seed: UInt64(thread))
      for _ in 0..<20_000 {
        if thread == 0 {
          let key =
            bytes(Int.random(in: 9..<32, using: &numbers)) + [10, UInt8.random(in: 0..<4, using: &numbers), 1, 1]
          try? map.put(key, bytes(1, 8))
          try? map.deleteElement(key)
        } else {
          guard let offset = map.seen(bytes(32) + [10, 1, 1, 1]) else { throw LinuxErrno.noSuchEntry }
          let element = map.element(containing: offset)
          guard let element, map.value(of: element) == bytes(32, 8) else { throw LinuxErrno.invalidArgument }
          guard map.seen(bytes(32) + [10, 200, 0, 0]) != nil else { throw LinuxErrno.noSuchEntry }
        }
      }
    }
  }

  @Test("each record of a ring buffer arrives once, in the order of its producer")
  func ringBuffer() throws {
    let ring = try #require(BPFMap.create(define(.ringBuffer, 0, 0, 4096)) as? RingBufferMap)
    let perProducer = 5_000
    let finished = Atomic<Int>(0)
    let last = Mutex([-1, -1, -1])
    let count = Atomic<Int>(0)
    try onThreads(4) { thread in
      if thread < 3 {
        for number in 0..<perProducer {
          let record = bytes(thread, 8) + bytes(number, 8)
          while true {
            do throws(LinuxErrno) {
              try ring.output(record.span.bytes)
              break
            } catch {
              guard error == .tryAgain else { throw error }
            }
          }
        }
        finished.add(1, ordering: .releasing)
      } else {
        while true {
          let isLast = finished.load(ordering: .acquiring) == 3
          for record in try ring.takeRecords() {
            let producer = Int(record[0])
            let number = Int(record[8]) | Int(record[9]) << 8
            let isNext = last.withLock { last in
              defer { last[producer] = number }
              return last[producer] + 1 == number
            }
            guard isNext else { throw LinuxErrno.invalidArgument }
            count.add(1, ordering: .relaxed)
          }
          if isLast, ring.query(0) == 0 { break }
        }
      }
    }
    #expect(count.load(ordering: .relaxed) == 3 * perProducer)
  }

  @Test("locked updates and lookups of a value never see a mixture")
  func lockedValues() throws {
    let map = try BPFMap.create(try SpecialFieldTests.define(.array, "locked"))
    try onThreads(3) { thread in
      for number in 0..<5_000 {
        if thread < 2 {
          let byte = UInt8(truncatingIfNeeded: number)
          try map.updateElement(bytes(0), to: [UInt8](repeating: byte, count: 24), flags: .lock)
        } else {
          let value = try map.lookupElement(bytes(0), flags: .lock)
          guard value[4..<8].elementsEqual(value[16..<20]) else { throw LinuxErrno.invalidArgument }
        }
      }
    }
  }
}
