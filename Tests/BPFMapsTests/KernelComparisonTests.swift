import BPFMaps
import BPFObject
import Testing

/// The same random operations on a map here and on one of the running kernel: the same answers.
@Suite(.enabled(if: KernelMap.isAvailable)) struct KernelComparisonTests {
  @Test("hashes and arrays answer random operations as the running kernel does")
  func hashesAndArrays() throws {
    for (index, definition) in [
      define(.array, 4, 8, 5), define(.array, 4, 5, 3, .memoryMappable), define(.perCPUArray, 4, 12, 5),
      define(.hash, 4, 8, 5, .zeroSeed), define(.hash, 12, 3, 40, [.zeroSeed, .noPreallocation]),
      define(.hash, 7, 24, 40, .zeroSeed), define(.hash, 30, 8, 40, .zeroSeed), define(.hash, 8, 8, 100, .zeroSeed),
      define(.perCPUHash, 4, 4, 12, .zeroSeed), define(.perCPUHash, 5, 8, 12, [.zeroSeed, .noPreallocation]),
    ].enumerated() {
      let difference = try firstDifference(definition, operations: 3000, seed: UInt64(index))
      #expect(difference == nil, "\(definition.type) key \(definition.keySize)")
    }
  }

  @Test("LRU hashes give up the same elements as the running kernel")
  func lru() throws {
    for (index, definition) in [
      define(.lruHash, 8, 8, 4, .zeroSeed), define(.lruHash, 8, 8, 30, .zeroSeed),
      define(.lruHash, 8, 8, 1000, .zeroSeed), define(.lruHash, 8, 8, 16, [.zeroSeed, .noCommonLRU]),
      define(.lruHash, 8, 8, 301, [.zeroSeed, .noCommonLRU]), define(.lruPerCPUHash, 8, 12, 30, .zeroSeed),
    ].enumerated() {
      let difference = try firstDifference(
        definition, operations: Int(definition.maxEntries) * 20 + 1000, seed: 100 + UInt64(index),
        movesBetweenCPUs: true)
      #expect(difference == nil, "\(definition.type) with \(definition.maxEntries) entries")
    }
  }

  @Test("what programs look up is given up as late as in the running kernel")
  func lruLookups() throws {
    pin(toCPU: 0)
    defer { pin(toCPU: nil) }
    for definition in [
      define(.lruHash, 8, 8, 24, .zeroSeed), define(.lruHash, 8, 8, 600, .zeroSeed),
      define(.lruHash, 8, 8, 64, [.zeroSeed, .noCommonLRU]),
    ] {
      let theirs = try KernelMap(definition)
      let ours = try BPFMap.create(definition, cpuCount: KernelMap.cpuCount)
      let program = try KernelProgram.lookup(in: theirs)
      var numbers = Numbers(seed: 300 + UInt64(definition.maxEntries))
      var found = 0
      for step in 0..<Int(definition.maxEntries) * 60 {
        // Some keys are looked up often, so that elements become active.
        let range =
          Bool.random(using: &numbers) ? 0..<Int(definition.maxEntries) / 3 : 0..<Int(definition.maxEntries) * 2
        let key = bytes(Int.random(in: range, using: &numbers), 8)
        if Int.random(in: 0..<3, using: &numbers) == 0 {
          try theirs.update(key, key)
          try ours.updateElement(key, to: key)
        } else {
          let expected = try program.run(key) == 1
          if expected { found += 1 }
          let actual = ours.seen(key) != nil
          guard actual == expected else {
            Issue.record("step \(step) with \(definition.maxEntries) entries: \(actual), Linux \(expected)")
            break
          }
        }
      }
      #expect(found > 500)
    }
  }

  @Test("a ring buffer's records, headers and positions are those of the running kernel")
  func ringBuffers() throws {
    let definition = define(.ringBuffer, 0, 0, 8192)
    let theirs = try KernelMap(definition)
    let ours = try #require(BPFMap.create(definition) as? RingBufferMap)
    let ring = try #require(KernelRing(theirs, size: 8192))
    let sizes = [1, 8, 24, 100, 500]
    let programs = try sizes.map { size in try KernelProgram.output(to: theirs, byteCount: size, flags: 0) }
    var numbers = Numbers(seed: 9)
    var consumed: UInt64 = 0
    var full = 0
    for step in 0..<2000 {
      if Int.random(in: 0..<40, using: &numbers) == 0 {
        try ours.consume { _ in }
        consumed = ring.producerPosition
        ring.consume(to: consumed)
      }
      let index = Int.random(in: 0..<sizes.count, using: &numbers)
      let word = bytes(step * 0x0101_0101, 8)
      let position = ring.producerPosition
      let expected = try programs[index].run(word)
      let record = (0..<sizes[index]).map { word[$0 % 8] }
      let actual = -errno { try ours.output(record.span.bytes) }
      if expected != 0 { full += 1 }
      guard actual == expected, ours.query(3) == ring.producerPosition, ours.query(2) == consumed else {
        Issue.record("step \(step): \(actual) at \(ours.query(3)), Linux \(expected) at \(ring.producerPosition)")
        return
      }
      guard expected == 0 else { continue }
      let offset = Int(position) % 8192
      let bytes = (0..<8 + sizes[index]).map { ours.memory.base.load(fromByteOffset: offset + $0, as: UInt8.self) }
      #expect(bytes == ring.bytes(at: position, count: 8 + sizes[index]), "step \(step)")
    }
    #expect(full > 10)
  }

  @Test("queues, stacks and stack traces answer random operations as the running kernel does")
  func queues() throws {
    for definition in [define(.queue, 0, 8, 5), define(.stack, 0, 3, 5), define(.stackTrace, 4, 16, 5)] {
      #expect(try firstDifference(definition, operations: 2000, seed: 7) == nil, "\(definition.type)")
    }
  }

  @Test("tries answer random operations as the running kernel does")
  func tries() throws {
    for (index, keySize) in [5, 6, 8, 20].enumerated() {
      let definition = define(.longestPrefixMatchTrie, UInt32(keySize), 8, 12, .noPreallocation)
      let difference = try firstDifference(definition, operations: 6000, seed: 200 + UInt64(index)) { numbers in
        let longest = (keySize - 4) * 8
        var key = bytes(
          Int.random(in: 0...longest + (Int.random(in: 0..<20, using: &numbers) == 0 ? 1 : 0), using: &numbers))
        // Few different bytes, so that prefixes meet.
        for _ in 4..<keySize { key.append([0, 0, 0x80, 0xc0, 0xff, 0x01][Int.random(in: 0..<6, using: &numbers)]) }
        return key
      }
      #expect(difference == nil, "keys of \(keySize) bytes")
    }
  }

  @Test("bloom filters say yes to the same values as those of the running kernel, also where they err")
  func bloomFilters() throws {
    for definition in [
      define(.bloomFilter, 0, 8, 20, .zeroSeed), define(.bloomFilter, 0, 7, 100, .zeroSeed, extra: 1),
      define(.bloomFilter, 0, 12, 300, .zeroSeed, extra: 15),
    ] {
      let theirs = try KernelMap(definition)
      let ours = try BPFMap.create(definition)
      let size = Int(definition.valueSize)
      for value in 0..<Int(definition.maxEntries) {
        try theirs.update([], bytes(value * 7919, size))
        try ours.updateElement([], to: bytes(value * 7919, size))
      }
      var wrong = 0
      for value in 0..<40_000 {
        let expected = try theirs.contains(bytes(value, size))
        #expect(try ours.contains(bytes(value, size)) == expected)
        if expected, value % 7919 != 0 { wrong += 1 }
      }
      #expect(wrong > 0 || definition.extra == 15, "a filter that never errs proves little")
    }
  }

  @Test("batch lookups give the same elements in the same order as the running kernel")
  func batches() throws {
    for definition in [
      define(.hash, 4, 8, 20, .zeroSeed), define(.lruHash, 4, 8, 20, .zeroSeed),
      define(.perCPUHash, 4, 4, 20, .zeroSeed),
      define(.array, 4, 8, 7),
    ] {
      let theirs = try KernelMap(definition)
      let ours = try BPFMap.create(definition, cpuCount: KernelMap.cpuCount)
      for key in 0..<Int(definition.maxEntries) {
        let value = bytes(key + 100, theirs.valueSize)
        try theirs.update(bytes(key), value)
        try ours.updateElement(bytes(key), to: value)
      }
      for deleting in definition.type == .array ? [false] : [false, true] {
        var theirCursor: [UInt8]?
        var ourCursor = BatchCursor()
        for count in [1, 2, 5, 4, 3, 6, 20] {
          let expected = theirs.lookupBatch(from: theirCursor, count: count, deleting: deleting)
          let actual =
            try deleting
            ? ours.lookupAndDeleteBatch(from: ourCursor, count: count) : ours.lookupBatch(from: ourCursor, count: count)
          #expect(actual.keys == expected.keys, "\(definition.type) \(count) \(deleting)")
          #expect(actual.values == expected.values, "\(definition.type) \(count) \(deleting)")
          #expect((actual.errno?.rawValue ?? 0) == expected.errno, "\(definition.type) \(count) \(deleting)")
          // At the end Linux does not write the cursor back.
          if expected.errno == 2 { break }
          theirCursor = expected.cursor
          ourCursor = actual.cursor
        }
      }
    }
  }
}

/// What the first operation is, if any, that a map answers in another way than the running kernel.
///
/// - Parameters:
///   - movesBetweenCPUs: the system calls change between CPU 0 and CPU 1.
///   - makeKey: makes a key from random numbers.
func firstDifference(
  _ definition: MapDefinition, operations: Int, seed: UInt64, movesBetweenCPUs: Bool = false,
  makeKey: ((inout Numbers) -> [UInt8])? = nil
) throws -> String? {
  let theirs = try KernelMap(definition)
  let ours = try BPFMap.create(definition, cpuCount: KernelMap.cpuCount)
  var numbers = Numbers(seed: seed)
  let keys = Int(definition.maxEntries) * 3 / 2 + 2
  var cpu = 0
  pin(toCPU: cpu)
  defer { pin(toCPU: nil) }
  func answer(_ body: () throws -> [UInt8]) -> String {
    var bytes: [UInt8] = []
    let number = errno { bytes = try body() }
    return number == 0 ? "\(bytes)" : "errno \(number)"
  }
  for step in 0..<operations {
    if movesBetweenCPUs, Int.random(in: 0..<40, using: &numbers) == 0 {
      cpu = Int.random(in: 0..<min(KernelMap.cpuCount, 2), using: &numbers)
      pin(toCPU: cpu)
    }
    let key = makeKey?(&numbers) ?? bytes(Int.random(in: 0..<keys, using: &numbers), Int(definition.keySize))
    let value = (0..<theirs.valueSize).map { index in
      // What Linux has in the padding of per-CPU values is not part of the value.
      index % ((Int(definition.valueSize) + 7) & ~7) < Int(definition.valueSize)
        ? UInt8.random(in: 0...255, using: &numbers) : 0
    }
    let flags = [0, 0, 0, 0, 1, 2, 3, 4, 5, 8][Int.random(in: 0..<10, using: &numbers)] as UInt64
    let expected: String
    let actual: String
    let operation: String
    switch Int.random(in: 0..<12, using: &numbers) {
    case 0..<5:
      operation = "update flags \(flags)"
      expected = answer {
        try theirs.update(key, value, flags: flags)
        return []
      }
      actual = answer {
        try ours.updateElement(key, to: value, flags: ElementFlags(rawValue: flags), cpu: cpu)
        return []
      }
    case 5..<7:
      operation = "lookup flags \(flags)"
      expected = answer { try theirs.lookup(key, flags: flags) }
      actual = answer { try ours.lookupElement(key, flags: ElementFlags(rawValue: flags)) }
    case 7..<9:
      operation = "delete"
      expected = answer {
        try theirs.delete(key)
        return []
      }
      actual = answer {
        try ours.deleteElement(key, cpu: cpu)
        return []
      }
    case 9:
      operation = "lookup and delete flags \(flags)"
      expected = answer { try theirs.lookupAndDelete(key, flags: flags) }
      actual = answer { try ours.lookupAndDeleteElement(key, flags: ElementFlags(rawValue: flags), cpu: cpu) }
    case 10:
      operation = "next key"
      expected = answer { try theirs.nextKey(after: key) }
      actual = answer { try ours.nextKey(after: key) }
    default:
      operation = "first key"
      expected = answer { try theirs.nextKey(after: nil) }
      actual = answer { try ours.nextKey(after: nil) }
    }
    if expected != actual { return "step \(step) \(operation) of \(key): \(actual), Linux \(expected)" }
  }
  return nil
}
