import BPFMaps
import BPFObject
import Testing

@Suite struct CreationTests {
  /// Definitions and the error number that Linux 6.18.44 gives for them.
  static let rows: [(MapDefinition, Int32)] = [
    (define(.array, 4, 8, 4), 0),
    (define(.array, 8, 8, 4), 22),
    (define(.array, 4, 0, 4), 22),
    (define(.array, 4, 8, 0), 22),
    (define(.array, 4, 8, 4, .noPreallocation), 22),
    (define(.array, 4, 8, 4, .memoryMappable), 0),
    (define(.array, 4, 8, 4, .innerMap), 0),
    (define(.array, 4, 8, 4, .preserveElements), 22),
    (define(.array, 4, 8, 4, .zeroSeed), 22),
    (define(.array, 4, 8, 4, [.readOnlyForPrograms, .writeOnlyForPrograms]), 22),
    (define(.array, 4, 8, 4, [.readOnly, .writeOnly]), 22),
    (define(.array, 4, 8, 4, extra: 1), 22),
    (define(.array, 4, 1 << 31, 1), 7),
    (define(.perCPUArray, 4, 8, 4), 0),
    (define(.perCPUArray, 4, 8, 4, .memoryMappable), 22),
    (define(.perCPUArray, 4, 32768, 1), 0),
    (define(.perCPUArray, 4, 32769, 1), 7),
    (define(.hash, 4, 8, 4), 0),
    (define(.hash, 0, 8, 4), 22),
    (define(.hash, 4, 0, 4), 22),
    (define(.hash, 4, 8, 0), 22),
    (define(.hash, 4, 8, 4, .noPreallocation), 0),
    (define(.hash, 4, 8, 4, .zeroSeed), 0),
    (define(.hash, 4, 8, 4, .noCommonLRU), 22),
    (define(.hash, 4, 8, 4, .memoryMappable), 22),
    (define(.hash, 4, 8, 4, .innerMap), 22),
    (define(.hash, 4, 4 << 20, 1), 7),
    (define(.perCPUHash, 4, 8, 4, .noPreallocation), 0),
    (define(.perCPUHash, 4, 32769, 4), 7),
    (define(.lruHash, 4, 8, 4, .noPreallocation), 524),
    (define(.lruHash, 4, 8, 4, .noCommonLRU), 0),
    (define(.lruPerCPUHash, 4, 8, 4, .numaNode), 22),
    (define(.programArray, 4, 4, 4), 0),
    (define(.programArray, 4, 8, 4), 22),
    (define(.programArray, 4, 4, 4, .readOnlyForPrograms), 22),
    (define(.perfEventArray, 4, 4, 4, .preserveElements), 0),
    (define(.queue, 0, 8, 4), 0),
    (define(.queue, 4, 8, 4), 22),
    (define(.queue, 0, 8, 0), 22),
    (define(.stack, 0, 0, 4), 22),
    (define(.stack, 0, 1 << 22, 1), 0),
    (define(.stack, 0, 1 << 22 + 1, 1), 7),
    (define(.longestPrefixMatchTrie, 8, 8, 4), 22),
    (define(.longestPrefixMatchTrie, 8, 8, 4, .noPreallocation), 0),
    (define(.longestPrefixMatchTrie, 4, 8, 4, .noPreallocation), 22),
    (define(.longestPrefixMatchTrie, 260, 8, 4, .noPreallocation), 0),
    (define(.longestPrefixMatchTrie, 261, 8, 4, .noPreallocation), 22),
    (define(.longestPrefixMatchTrie, 8, 4_194_024, 1, .noPreallocation), 0),
    (define(.longestPrefixMatchTrie, 8, 4_194_025, 1, .noPreallocation), 22),
    (define(.bloomFilter, 0, 8, 4), 0),
    (define(.bloomFilter, 0, 8, 4, extra: 15), 0),
    (define(.bloomFilter, 0, 8, 4, extra: 16), 22),
    (define(.bloomFilter, 4, 8, 4), 22),
    (define(.ringBuffer, 0, 0, 4096), 0),
    (define(.ringBuffer, 0, 0, 2048), 22),
    (define(.ringBuffer, 0, 0, 12288), 22),
    (define(.ringBuffer, 0, 0, 0), 22),
    (define(.ringBuffer, 4, 0, 4096), 22),
    (define(.ringBuffer, 0, 0, 4096, .readOnly), 22),
    (define(.taskStorage, 4, 8, 0, .noPreallocation), 22),
    (define(.stackTrace, 4, 8, 4), 0),
    (define(.stackTrace, 4, 12, 4), 22),
    (define(.stackTrace, 4, 1016, 4), 0),
    (define(.stackTrace, 4, 1024, 4), 22),
    (define(.stackTrace, 4, 4064, 4, .stackBuildID), 0),
    (define(.stackTrace, 4, 4096, 4, .stackBuildID), 22),
    (define(.hash, 4, 4_194_251, 1), 0),
    (define(.hash, 4, 4_194_252, 1), 7),
    (define(.hash, 4, 8, 1 << 27 + 1, .noPreallocation), 7),
    (define(.unspecified), 22),
  ]

  @Test("a definition is refused with the number that Linux gives")
  func refusals() {
    for (definition, expected) in Self.rows {
      let answer = errno { _ = try BPFMap.create(definition, cpuCount: 2) }
      #expect(answer == expected, "\(definition.type) \(definition)")
    }
  }

  @Test("the numbers are those of the running kernel", .enabled(if: KernelMap.isAvailable))
  func kernelAgrees() {
    for (definition, expected) in Self.rows {
      let answer = errno { _ = try KernelMap(definition) }
      #expect(answer == expected, "\(definition.type) \(definition)")
    }
  }

  @Test(
    "every combination of type, size and flag is answered as the running kernel answers it",
    .enabled(if: KernelMap.isAvailable))
  func kernelAgreesOnCombinations() {
    let types: [MapType] = [
      .array, .perCPUArray, .hash, .perCPUHash, .lruHash, .lruPerCPUHash, .programArray, .perfEventArray, .queue,
      .stack, .longestPrefixMatchTrie, .bloomFilter, .ringBuffer, .stackTrace,
    ]
    var differences: [String] = []
    for type in types {
      for key in [0, 4, 8] as [UInt32] {
        for value in [0, 4, 8, 40, 32769] as [UInt32] {
          for entries in [0, 4096] as [UInt32] {
            for bit in -1..<14 {
              let flags = bit < 0 ? [] : MapFlags(rawValue: 1 << UInt32(bit))
              let definition = define(type, key, value, entries, flags)
              let theirs = errno { _ = try KernelMap(definition) }
              let ours = errno { _ = try BPFMap.create(definition, cpuCount: 2) }
              if ours != theirs {
                differences.append(
                  "\(type) key \(key) value \(value) entries \(entries) flag \(bit): \(ours), Linux \(theirs)")
              }
            }
          }
        }
      }
    }
    #expect(differences.isEmpty, "\(differences.count): \(differences.prefix(20).joined(separator: "\n"))")
  }

  @Test("a map that needs more than 4 GiB is refused and says so")
  func tooLarge() {
    do {
      _ = try BPFMap.create(define(.array, 4, 1 << 20, 1 << 13))
      Issue.record("made")
    } catch {
      #expect(error.errno == .outOfMemory)
      #expect(error.description.contains("4 GiB"))
    }
  }

  @Test("inner maps must be of the template's kind", .enabled(if: KernelMap.isAvailable))
  func innerMaps() throws {
    let candidates = [
      define(.array, 4, 8, 4), define(.array, 4, 8, 5), define(.array, 4, 4, 4), define(.array, 4, 8, 4, .innerMap),
      define(.array, 4, 8, 5, .innerMap), define(.array, 4, 8, 4, .readOnly), define(.hash, 4, 8, 4),
      define(.hash, 4, 8, 5), define(.hash, 4, 8, 4, .noPreallocation), define(.ringBuffer, 0, 0, 4096),
      define(.ringBuffer, 0, 0, 8192), define(.programArray, 4, 4, 4), define(.queue, 0, 8, 4),
    ]
    for outerType in [MapType.arrayOfMaps, .hashOfMaps] {
      for template in candidates {
        var outer = define(outerType, 4, 4, 2)
        outer.innerMap = Indirect(template)
        let environment = InnerMaps()
        var theirs: KernelMap?
        var ours: BPFMap?
        let theirErrno = errno { theirs = try KernelMap(outer, inner: try KernelMap(template)) }
        let ourErrno = errno { ours = try BPFMap.create(outer, environment: environment) }
        #expect(theirErrno == ourErrno, "\(template.type)")
        guard let theirs, let ours else { continue }
        for candidate in candidates {
          let inner = try KernelMap(candidate)
          environment.map = try BPFMap.create(candidate)
          let expected = errno { try theirs.update(bytes(0), bytes(Int(inner.descriptor))) }
          let actual = errno { try ours.updateElement(bytes(0), to: bytes(3)) }
          #expect(expected == actual, "\(template.type) \(template.flags.rawValue), given \(candidate)")
        }
      }
    }
  }
}

extension CreationTests {
  @Test("inner maps must have the template's special fields")
  func innerFields() throws {
    let environment = InnerMaps()
    for (template, candidate, expected) in [
      ("work", "work", 0), ("work", "plain", 22), ("plain", "work", 22), ("plain", "plain", 0),
    ] as [(String, String, Int32)] {
      var outer = define(.arrayOfMaps, 4, 4, 2)
      outer.innerMap = Indirect(try SpecialFieldTests.define(.array, template))
      let map = try BPFMap.create(outer, environment: environment)
      environment.map = try BPFMap.create(try SpecialFieldTests.define(.array, candidate))
      #expect(errno { try map.updateElement(bytes(0), to: bytes(3)) } == expected, "\(template) \(candidate)")
    }
  }
}

/// Answers each descriptor with one map.
final class InnerMaps: MapEnvironment, @unchecked Sendable {
  var map: BPFMap?
  func object(forDescriptor descriptor: Int32, in map: BPFMap) throws(LinuxErrno) -> StoredObject {
    guard let map = self.map else { throw .badFileDescriptor }
    return StoredObject(map, identifier: map.identifier, token: 0x1000 + UInt64(map.identifier))
  }
  func owner(forDescriptor descriptor: Int32) throws(LinuxErrno) -> StorageOwner {
    guard descriptor >= 3 else { throw .badFileDescriptor }
    return StorageOwner(rawValue: UInt64(descriptor))
  }
}
