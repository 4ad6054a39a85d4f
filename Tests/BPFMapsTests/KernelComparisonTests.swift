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
}

/// What the first operation is, if any, that a map answers in another way than the running kernel.
func firstDifference(_ definition: MapDefinition, operations: Int, seed: UInt64) throws -> String? {
  let theirs = try KernelMap(definition)
  let ours = try BPFMap.create(definition, cpuCount: KernelMap.cpuCount)
  var numbers = Numbers(seed: seed)
  let keys = Int(definition.maxEntries) * 3 / 2 + 2
  func answer(_ body: () throws -> [UInt8]) -> String {
    var bytes: [UInt8] = []
    let number = errno { bytes = try body() }
    return number == 0 ? "\(bytes)" : "errno \(number)"
  }
  for step in 0..<operations {
    let key = bytes(Int.random(in: 0..<keys, using: &numbers), Int(definition.keySize))
    let value = (0..<theirs.valueSize).map { index in
      // What Linux has in the padding of per-CPU values is not part of the value.
      index % 8 < Int(definition.valueSize) - (index / 8 * 8) % max((Int(definition.valueSize) + 7) & ~7, 8)
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
        try theirs.update(key, value, flags: flags); return []
      }
      actual = answer {
        try ours.updateElement(key, to: value, flags: ElementFlags(rawValue: flags)); return []
      }
    case 5..<7:
      operation = "lookup flags \(flags)"
      expected = answer { try theirs.lookup(key, flags: flags) }
      actual = answer { try ours.lookupElement(key, flags: ElementFlags(rawValue: flags)) }
    case 7..<9:
      operation = "delete"
      expected = answer {
        try theirs.delete(key); return []
      }
      actual = answer {
        try ours.deleteElement(key); return []
      }
    case 9:
      operation = "lookup and delete flags \(flags)"
      expected = answer { try theirs.lookupAndDelete(key, flags: flags) }
      actual = answer { try ours.lookupAndDeleteElement(key, flags: ElementFlags(rawValue: flags)) }
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
