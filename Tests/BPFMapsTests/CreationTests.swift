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
    let types: [MapType] = [.array, .perCPUArray, .hash, .perCPUHash]
    var differences: [String] = []
    for type in types {
      for key in [0, 1, 4, 8, 64] as [UInt32] {
        for value in [0, 1, 4, 8, 40, 32760, 32769] as [UInt32] {
          for entries in [0, 1, 3, 4096] as [UInt32] {
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
}
