import BPFMaps
import BPFObject
import Testing

/// Every operation of user space on every type of map, with every flag: the answers of the running kernel.
@Suite(.enabled(if: KernelMap.isAvailable)) struct OperationMatrixTests {
  /// A map of each type, small, with each restriction that it takes.
  private static let definitions: [MapDefinition] = {
    let plain = [
      define(.array, 4, 8, 3), define(.array, 4, 8, 3, .memoryMappable), define(.perCPUArray, 4, 8, 3),
      define(.hash, 4, 8, 3, .zeroSeed), define(.hash, 4, 8, 3, [.zeroSeed, .noPreallocation]),
      define(.perCPUHash, 4, 8, 3, .zeroSeed), define(.lruHash, 4, 8, 3, .zeroSeed),
      define(.lruHash, 4, 8, 3, [.zeroSeed, .noCommonLRU]), define(.lruPerCPUHash, 4, 8, 3, .zeroSeed),
      define(.programArray, 4, 4, 3), define(.perfEventArray, 4, 4, 3), define(.queue, 0, 8, 3),
      define(.stack, 0, 8, 3), define(.longestPrefixMatchTrie, 8, 8, 3, .noPreallocation),
      define(.bloomFilter, 0, 8, 3, .zeroSeed), define(.ringBuffer, 0, 0, 4096), define(.stackTrace, 4, 16, 3),
    ]
    let rights: [MapFlags] = [[], .readOnly, .writeOnly, .readOnlyForPrograms, .writeOnlyForPrograms]
    return plain.flatMap { definition in
      rights.map { right in
        var restricted = definition
        restricted.flags.formUnion(right)
        return restricted
      }
    }
  }()

  private static let flags: [UInt64] = [0, 1, 2, 3, 4, 5, 6, 8, 1 << 32]

  /// Runs a step on both maps; the outcome in words.
  private func compare(
    _ what: String, _ definition: MapDefinition, _ theirs: () throws -> [UInt8], _ ours: () throws -> [UInt8]
  ) {
    func outcome(_ body: () throws -> [UInt8]) -> String {
      var bytes: [UInt8] = []
      let number = errno { bytes = try body() }
      return number == 0 ? "\(bytes)" : "errno \(number)"
    }
    let (expected, actual) = (outcome(theirs), outcome(ours))
    #expect(actual == expected, "\(definition.type), flags \(definition.flags.rawValue): \(what)")
  }

  private func compareOperations(_ definition: MapDefinition, inner: MapDefinition? = nil) throws {
    var definition = definition
    if let inner { definition.innerMap = Indirect(inner) }
    let theirs: KernelMap
    do { theirs = try KernelMap(definition, inner: inner.map { try KernelMap($0) }) } catch { return }
    let ours = try BPFMap.create(definition, cpuCount: KernelMap.cpuCount, environment: InnerMaps())
    func key(_ number: Int) -> [UInt8] {
      definition.type == .longestPrefixMatchTrie
        ? bytes(24) + bytes(number << 8) : bytes(number, Int(definition.keySize))
    }
    func value(_ number: Int) -> [UInt8] {
      // A descriptor that is none.
      theirs.valueSize == 4
        ? bytes(-1) : (0..<max(theirs.valueSize, 1)).map { UInt8(truncatingIfNeeded: $0 % 8 == 0 ? number : 0) }
    }
    // First on an empty map, then on one with elements, at last on a full one.
    for round in 0..<3 {
      for number in [0, 2, 3, 1000] {
        for flags in Self.flags {
          let own = ElementFlags(rawValue: flags)
          compare("lookup of \(number), flags \(flags)", definition) {
            // Of a bloom filter one asks whether it has a value.
            definition.type == .bloomFilter
              ? [try theirs.contains(value(number)) ? 1 : 0] : try theirs.lookup(key(number), flags: flags)
          } _: {
            definition.type == .bloomFilter
              ? [try ours.contains(value(number)) ? 1 : 0] : try ours.lookupElement(key(number), flags: own)
          }
          compare("update of \(number), flags \(flags)", definition) {
            try theirs.update(key(number), value(number + round), flags: flags)
            return []
          } _: {
            let value = Array(value(number + round).prefix(ours.userValueSize))
            try ours.updateElement(key(number), to: value, flags: own)
            return []
          }
          // Whatever the flags are, an element that was taken out is put back.
          compare("lookup and delete of \(number), flags \(flags)", definition) {
            try theirs.lookupAndDelete(key(number), flags: flags)
          } _: {
            try ours.lookupAndDeleteElement(key(number), flags: own)
          }
          if round > 0 {
            _ = try? theirs.update(key(number), value(number))
            try? ours.updateElement(key(number), to: Array(value(number).prefix(ours.userValueSize)))
          }
          compare("batches, flags \(flags)", definition) {
            let keys = [key(number), key(number + 1)]
            let update = theirs.batch(26, keys: keys, values: keys.map { _ in value(9) }, elementFlags: flags)
            let delete = theirs.batch(27, keys: [key(number + 1), key(900), key(number)], elementFlags: flags)
            let nothing = theirs.batch(24, keys: [], elementFlags: flags)
            return [update.errno, UInt8(update.count), delete.errno, UInt8(delete.count), nothing.errno]
          } _: {
            let keys = [key(number), key(number + 1)]
            let update = outcome {
              try ours.updateBatch(
                keys: keys, values: keys.map { _ in Array(value(9).prefix(ours.userValueSize)) }, flags: own)
            }
            let delete = outcome {
              try ours.deleteBatch(keys: [key(number + 1), key(900), key(number)], flags: own)
            }
            let nothing = outcome { try ours.lookupBatch(count: 0, flags: own) }
            return update + delete + nothing.prefix(1)
          }
        }
        compare("delete of \(number)", definition) {
          try theirs.delete(key(number))
          return []
        } _: {
          try ours.deleteElement(key(number))
          return []
        }
        compare("next key after \(number)", definition) {
          try theirs.nextKey(after: key(number))
        } _: {
          try ours.nextKey(after: key(number))
        }
        if round > 0 {
          _ = try? theirs.update(key(number), value(number))
          try? ours.updateElement(key(number), to: Array(value(number).prefix(ours.userValueSize)))
        }
      }
      compare("first key", definition) {
        try theirs.nextKey(after: nil)
      } _: {
        try ours.nextKey(after: nil)
      }
    }
    // Linux has further pages to map of a ring buffer, which are the reader's.
    if definition.type != .ringBuffer {
      for writable in [false, true] { compareMapping(writable, theirs, ours, definition) }
    }
    for _ in 0..<2 {
      compare("freeze", definition) {
        try theirs.freeze()
        return []
      } _: {
        try ours.freeze()
        return []
      }
    }
    compare("update of a frozen map", definition) {
      try theirs.update(key(0), value(0))
      return []
    } _: {
      try ours.updateElement(key(0), to: Array(value(0).prefix(ours.userValueSize)))
      return []
    }
    if definition.type != .ringBuffer { compareMapping(true, theirs, ours, definition) }
  }

  private func compareMapping(_ writable: Bool, _ theirs: KernelMap, _ ours: BPFMap, _ definition: MapDefinition) {
    compare("mmap, writable \(writable)", definition) {
      let number = theirs.mapMemory(writable: writable)
      if number != 0 { throw LinuxErrno(rawValue: number) }
      return []
    } _: {
      _ = try ours.mapMemory(writable: writable)
      return []
    }
  }

  /// The error number and the count of a batch, as far as they fit a byte.
  private func outcome(_ body: () throws -> BatchResult) -> [UInt8] {
    var result: BatchResult?
    let number = errno { result = try body() }
    return [UInt8(truncatingIfNeeded: number != 0 ? number : result?.errno?.rawValue ?? 0), UInt8(result?.count ?? 0)]
  }

  @Test("the answers of user space's operations are those of the running kernel")
  func userSpace() throws {
    pin(toCPU: 0)
    defer { pin(toCPU: nil) }
    for definition in Self.definitions { try compareOperations(definition) }
    for type in [MapType.arrayOfMaps, .hashOfMaps] {
      for right in [[], .readOnly, .writeOnly] as [MapFlags] {
        try compareOperations(
          define(type, 4, 4, 3, type == .hashOfMaps ? right.union(.zeroSeed) : right), inner: define(.array))
      }
    }
    for type in [MapType.array, .hash] {
      var definition = try SpecialFieldTests.define(type, "locked", entries: 3)
      if type == .hash { definition.flags = .zeroSeed }
      try compareOperations(definition)
    }
  }

  @Test("the answers to programs are those of the running kernel")
  func programs() throws {
    pin(toCPU: 0)
    defer { pin(toCPU: nil) }
    var definitions = Self.definitions.filter {
      $0.flags.isDisjoint(with: [.readOnly, .writeOnly, .readOnlyForPrograms, .writeOnlyForPrograms])
        && ![.programArray, .perfEventArray, .queue, .stack, .bloomFilter, .ringBuffer, .stackTrace].contains($0.type)
    }
    definitions += [
      try SpecialFieldTests.define(.array, "locked", entries: 3),
      try SpecialFieldTests.define(.hash, "locked", flags: .zeroSeed, entries: 3),
    ]
    for definition in definitions {
      let theirs = try KernelMap(definition)
      let ours = try BPFMap.create(definition, cpuCount: KernelMap.cpuCount)
      let updates = try Self.flags.map {
        try KernelProgram.update(
          of: theirs, valueSize: Int(definition.valueSize), flags: $0, mayHaveLock: definition.types != nil)
      }
      let delete = try KernelProgram.delete(in: theirs, mayHaveLock: definition.types != nil)
      let keySize = Int(definition.keySize)
      // Each element with each flag, there and not there, in range and beyond, until the map is full.
      for (step, number) in [0, 0, 2, 3, 0, 1, 2, 5, 1].enumerated() {
        let key =
          definition.type == .longestPrefixMatchTrie ? bytes(24) + bytes(number << 8) : bytes(number, 8)
        for (flags, update) in zip(Self.flags, updates) {
          let value = bytes(step + 10 * Int(flags & 7), Int(definition.valueSize))
          let expected = try update.run(key + value)
          let actual = -errno { try ours.put(Array(key.prefix(keySize)), value, flags: .init(rawValue: flags)) }
          #expect(actual == expected, "\(definition.type): update of \(number) with flags \(flags)")
          compare("value of \(number) after flags \(flags)", definition) {
            try theirs.lookup(Array(key.prefix(keySize)))
          } _: {
            try ours.lookupElement(Array(key.prefix(keySize)))
          }
        }
        guard step % 2 == 0 else { continue }
        let expected = try delete.run(key + bytes(0, Int(definition.valueSize)))
        let actual = -errno { try ours.programDelete(key.span.bytes, cpu: 0) }
        #expect(actual == expected, "\(definition.type): delete of \(number)")
      }
    }
  }
}
