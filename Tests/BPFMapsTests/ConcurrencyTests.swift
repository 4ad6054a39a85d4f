import BPFObject
import Foundation
import Synchronization
import Testing

@testable import BPFMaps

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

  @Test("a reader that stands on an element which has moved to another bucket begins again")
  func movedElement() throws {
    let definition = define(.hash, 4, 8, 4)
    guard let memory = MemoryBlock.allocate(byteCount: 4 * 16),
      let table = HashTable(memory: memory, keySize: 4, stride: 16, elementCount: 4, maxEntries: 4)
    else {
      Issue.record("no memory for \(definition)")
      return
    }
    defer {
      table.deallocate()
      memory.deallocate()
    }
    let stays = bytes(0)
    let hash = table.hash(stays.span.bytes)
    let elsewhere = try #require((1..<100).first { table.hash(bytes($0).span.bytes) & 3 != hash & 3 })
    table.storeKey(stays.span.bytes, of: 0)
    table.insert(0, hash: hash)
    table.storeKey(bytes(elsewhere).span.bytes, of: 1)
    table.insert(1, hash: hash)
    // As a reader sees it that has just read the head of the first bucket: the element is in the second one.
    table.insert(1, hash: table.hash(bytes(elsewhere).span.bytes))
    let hasBegun = Atomic<Bool>(false)
    try onThreads(2) { thread in
      if thread == 0 {
        hasBegun.store(true, ordering: .releasing)
        guard table.find(bytes(0).span.bytes, hash: hash) == 0 else { throw LinuxErrno.noSuchEntry }
      } else {
        while !hasBegun.load(ordering: .acquiring) {}
        for _ in 0..<1_000_000 { _ = hasBegun.load(ordering: .relaxed) }
        table.insert(0, hash: hash)
      }
    }
  }

  @Test("a reader finds a key that is replaced behind it")
  func replacedKey() throws {
    let map = try BPFMap.create(define(.hash, 4, 8, 16))
    // Twelve keys of one bucket, each of which in turn is put first by an update, so that each comes last too.
    let keys = (0..<2000).filter { JenkinsHash.hash(UInt32($0)) & 15 == 3 }.prefix(12).map { bytes($0) }
    for key in keys { try map.put(key, bytes(0, 8)) }
    let absent = try #require((2000..<4000).first { JenkinsHash.hash(UInt32($0)) & 15 == 3 }.map { bytes($0) })
    let value = bytes(1, 8)
    let isDone = Atomic<Bool>(false)
    try onThreads(2) { thread in
      if thread == 0 {
        defer { isDone.store(true, ordering: .relaxed) }
        for _ in 0..<5000 {
          for key in keys { try map.put(key, value) }
        }
      } else {
        while !isDone.load(ordering: .relaxed) {
          for key in keys where map.seen(key) == nil { throw LinuxErrno.noSuchEntry }
          guard map.seen(absent) == nil else { throw LinuxErrno.exists }
        }
      }
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
    let wanted = bytes(32) + [10, 1, 1, 1]
    let place = map.seen(wanted)
    // The first lies on the reader's way, the second takes its node elsewhere.
    let others = [bytes(16) + [10, 1, 0, 0], bytes(24) + [10, 200, 1, 0]]
    let value = bytes(1, 8)
    let isDone = Atomic<Bool>(false)
    try onThreads(2) { thread in
      if thread == 0 {
        defer { isDone.store(true, ordering: .relaxed) }
        for _ in 0..<100_000 {
          for key in others {
            try map.put(key, value)
            try map.programDelete(key.span.bytes, cpu: 0)
          }
        }
      } else {
        while !isDone.load(ordering: .relaxed) {
          guard map.seen(wanted) == place else { throw LinuxErrno.noSuchEntry }
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

  @Test("who holds the lock of a value is waited for while it is away")
  func absentHolder() throws {
    let map = try BPFMap.create(try SpecialFieldTests.define(.array, "locked"))
    let offset = try #require(map.seen(bytes(0)))
    let isHeld = Atomic<Bool>(false)
    try onThreads(2) { thread in
      if thread == 0 {
        guard map.lockValue(at: offset) else { throw LinuxErrno.wouldDeadlock }
        isHeld.store(true, ordering: .releasing)
        usleep(50_000)
        map.unlockValue(at: offset)
      } else {
        while !isHeld.load(ordering: .acquiring) { sched_yield() }
        try map.updateElement(bytes(0), to: [UInt8](repeating: 7, count: 24), flags: .lock)
      }
    }
    #expect(try map.lookupElement(bytes(0), flags: [])[16] == 7)
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
