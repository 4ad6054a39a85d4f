import BPFObject
import BPFTypeFormat

/// Maps with the field: which are made, where it is found (3.1, 3.2), and updates under a value's lock (section 7, C18).
extension ParityCase {
  static let lockedUpdates: [ParityCase] = [
    ("locked_hash", UInt32(0), 1), ("locked_preallocated", 1, 1), ("locked_array", 2, 0),
  ].map { map, number, callbacks in
    ParityCase("C18", "an update with BPF_F_LOCK: \(map)", of: .locks, ["0 7 \(callbacks)"]) { engine in
      let sleeper = try engine.sleeper()
      try engine.update(1, ofMap: map, to: [UInt8](repeating: 0, count: 24), flags: 0)
      let order = [number, 1, UInt32(bitPattern: sleeper.tid), 99].flatMap(\.bytes)
      let result = try engine.run("schedule", context: order)[12]
      try engine.update(1, ofMap: map, to: [7] + [UInt8](repeating: 0, count: 23), flags: 4)
      let first = try engine.lookup(1, ofMap: map)[0]
      _ = try sleeper.complete()
      return ["\(result) \(first) \(try engine.global("callbacks"))"]
    }
  }

  /// The value, the offset of the field, and whether the kernel knows it: its bytes then read as zero.
  private static let layoutRows: [(value: String, offset: Int, isKnown: Bool)] = [
    ("plain", 8, true), ("nested", 8, true), ("deep", 8, true), ("single", 8, true), ("first", 0, true),
    ("timed", 16, true), ("locked", 8, true), ("queued", 16, true), ("two", 8, false), ("pair", 8, false),
    ("united", 8, false), ("packed", 4, false), ("renamed", 8, false), ("constant", 8, false), ("none", 8, false),
    ("bpf_task_work", 0, false),
  ]

  static let layouts: [ParityCase] = layoutRows.map { row in
    ParityCase(
      "3.1", "a value with task work: \(row.value)", of: .layouts, [row.isKnown ? "field 0" : "plain 255"]
    ) { engine in
      let bytes = try engine.bytesAfterFilling("m_\(row.value)")
      let field = Set(bytes[row.offset..<row.offset + 8])
      guard field.count == 1, let byte = field.first else { return ["\(bytes)"] }
      return ["\(byte == 0 ? "field" : "plain") \(byte)"]
    }
  }

  private struct Creation: Sendable {
    var type: MapType
    var flags: MapFlags = []
    var keySize: UInt32 = 4
    var maxEntries: UInt32 = 4
    /// Of the creation, else of freezing the map.
    var errno: Int32 = 524
  }

  private static let creationRows: [Creation] = [
    Creation(type: .hash), Creation(type: .hash, flags: .noPreallocation), Creation(type: .hash, flags: .zeroSeed),
    Creation(type: .lruHash), Creation(type: .lruHash, flags: .noCommonLRU), Creation(type: .array),
    Creation(type: .array, flags: .innerMap), Creation(type: .array, flags: .memoryMappable),
    Creation(type: .array, flags: .readOnly), Creation(type: .array, flags: .readOnlyForPrograms, errno: 13),
    Creation(type: .array, flags: .writeOnlyForPrograms, errno: 13),
    Creation(type: .hash, flags: .readOnlyForPrograms, errno: 13), Creation(type: .perCPUHash, errno: 95),
    Creation(type: .perCPUArray, errno: 95), Creation(type: .lruPerCPUHash, errno: 95),
    Creation(type: .bloomFilter, keySize: 0, errno: 95),
    Creation(type: .taskStorage, flags: .noPreallocation, maxEntries: 0, errno: 95),
  ]

  static let creations: [ParityCase] = creationRows.map { row in
    let flags = row.flags.names
    return ParityCase("3.2", "\(row.type) \(flags)", of: .layouts, ["\(row.errno)"]) { engine in
      guard var definition = engine.definition(ofMap: "m_plain") else { return [] }
      (definition.type, definition.flags) = (row.type, row.flags)
      (definition.keySize, definition.maxEntries) = (row.keySize, row.maxEntries)
      if row.keySize != 4 { definition.keyType = .void }
      return ["\(try engine.creation(definition))"]
    }
  }
}
