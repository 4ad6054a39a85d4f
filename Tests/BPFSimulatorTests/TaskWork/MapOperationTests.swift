import BPFMaps
import BPFParity
import BPFSimulator
import Testing

/// Specification of task work, section 7: map operations against a pending request, and C13 to C19, C38.
@Suite("Map operations while a request is pending")
struct MapOperationTests {
  /// What becomes of the callback.
  enum Effect: Equatable { case cancelled, stillRuns }

  struct Row: Sendable {
    var name: String
    var maps: [Scenario.MapChoice]
    var effect: Effect
    var operation: @Sendable (Scenario, Scenario.MapChoice) throws -> Void
  }

  static let hashes: [Scenario.MapChoice] = [.hash, .preallocated, .lru]

  static let rows: [Row] = [
    Row(name: "update with BPF_ANY", maps: Scenario.MapChoice.allCases, effect: .cancelled) { scenario, map in
      try scenario.insert(1, into: map)
    },
    Row(name: "update with BPF_EXIST", maps: Scenario.MapChoice.allCases, effect: .cancelled) { scenario, map in
      try scenario.insert(1, into: map, flags: .mustExist)
    },
    Row(name: "update with BPF_NOEXIST, which fails", maps: Scenario.MapChoice.allCases, effect: .stillRuns) {
      scenario, map in
      #expect(throws: MapError.self) { try scenario.insert(1, into: map, flags: .mustNotExist) }
    },
    Row(name: "delete", maps: hashes, effect: .cancelled) { scenario, map in
      try scenario.map(map).deleteElement(UInt32(1).bytes)
    },
    Row(name: "delete, which arrays refuse with EINVAL", maps: [.array], effect: .stillRuns) { scenario, map in
      let error = #expect(throws: MapError.self) { try scenario.map(map).deleteElement(UInt32(1).bytes) }
      #expect(error?.errno == .invalidArgument)
    },
    Row(name: "lookup and delete, which reads the field as zero", maps: hashes, effect: .cancelled) { scenario, map in
      let bytes = try scenario.map(map).lookupAndDeleteElement(UInt32(1).bytes)
      #expect(Element(bytes).work == 0)
    },
    Row(name: "lookup and delete, which arrays refuse with 524", maps: [.array], effect: .stillRuns) { scenario, map in
      let error = #expect(throws: MapError.self) { try scenario.map(map).lookupAndDeleteElement(UInt32(1).bytes) }
      #expect(error?.errno == .notSupportedInternal)
    },
    Row(name: "lookup", maps: Scenario.MapChoice.allCases, effect: .stillRuns) { scenario, map in
      let element = try scenario.element(1, of: map)
      #expect(element.work == 0)
    },
    Row(name: "iteration", maps: Scenario.MapChoice.allCases, effect: .stillRuns) { scenario, map in
      _ = try scenario.map(map).nextKey()
    },
    Row(name: "update of another key", maps: Scenario.MapChoice.allCases, effect: .stillRuns) { scenario, map in
      try scenario.insert(2, into: map)
    },
  ]

  @Test("C13 to C16: what overwrites or deletes the element cancels, what fails or reads does not")
  func table() async throws {
    for row in Self.rows {
      for choice in row.maps {
        let scenario = try await Scenario()
        let sleeper = try scenario.sleeper()
        try scenario.insert(1, into: choice)
        #expect(try scenario.run(choice, for: sleeper).result == 0, "\(row.name), \(choice)")
        try row.operation(scenario, choice)
        try scenario.machine.complete(sleeper, result: 1)
        let count = try scenario.get("sequence")
        #expect(count == (row.effect == .cancelled ? 0 : 1), "\(row.name), \(choice)")
        // Afterwards the element can be scheduled again, and runs once.
        if row.effect == .cancelled {
          try scenario.insert(1, into: choice)
          #expect(try scenario.run(choice).result == 0, "\(row.name), \(choice), again")
          #expect(try scenario.runs(1, of: choice) == 1, "\(row.name), \(choice), again")
        }
      }
    }
  }

  @Test("C17: the eviction of an element cancels its request")
  func eviction() async throws {
    let scenario = try await Scenario()
    let sleeper = try scenario.sleeper()
    try scenario.insert(1, into: .lru)
    #expect(try scenario.run(.lru, for: sleeper).result == 0)
    // A look-up by a program keeps an element from being evicted while others were not looked up, so all of them are.
    var key: UInt32 = 100
    while try scenario.map(.lru).keys.contains(UInt32(1).bytes), key < 1000 {
      try scenario.insert(key, into: .lru)
      #expect(try scenario.run(.lru, key: key).result == 0)
      key += 1
    }
    #expect(key < 1000, "the element was never evicted")
    try scenario.machine.complete(sleeper, result: 1)
    let callbacks = try scenario.get("sequence")
    #expect(callbacks == Int64(key - 100))
  }

  @Test("C19: what a user writes into the field is ignored, reads as zero, and does not hinder a request")
  func garbageInField() async throws {
    let scenario = try await Scenario()
    for choice in Scenario.MapChoice.allCases {
      var element = Element()
      element.work = 0xdead_beef_dead_beef
      element.magic = 7
      try scenario.map(choice).updateElement(UInt32(1).bytes, to: element.bytes)
      #expect(try scenario.element(1, of: choice).work == 0, "\(choice)")
      #expect(try scenario.element(1, of: choice).magic == 7, "\(choice)")
      #expect(try scenario.run(choice).result == 0, "\(choice)")
      #expect(try scenario.runs(1, of: choice) == 1, "\(choice)")
    }
  }

  @Test("C38: an update in the same section with interrupts off cancels; a request after it runs, once")
  func updateBeforeDeferredStep() async throws {
    for choice in Scenario.MapChoice.allCases {
      let scenario = try await Scenario()
      try scenario.insert(1, into: choice)
      let once = try scenario.run("schedule_and_overwrite", choice)
      #expect(once.result == 0, "\(choice)")
      #expect(try scenario.get("sequence") == 0, "\(choice)")
      let twice = try scenario.run("schedule_and_overwrite", choice, count: 2)
      #expect(twice.result == 0 && twice.lastResult == 0, "\(choice)")
      #expect(try scenario.get("sequence") == 1, "\(choice)")
    }
  }

  @Test("7.1: a pointer to a deleted element still takes a request, and the callback sees what was inserted since")
  func stalePointer() async throws {
    let scenario = try await Scenario()
    try scenario.insert(1, into: .hash, magic: 100)
    #expect(try scenario.run("schedule_on_deleted", .hash).result == 0)
    let element = try scenario.element(2, of: .hash)
    #expect(element.magic == 200)
    #expect(element.runs == 1)
    #expect(element.key == 2)
  }

  @Test("6.4: a callback that overwrites its own array element may ask for it again")
  func overwriteThenSchedule() async throws {
    let scenario = try await Scenario()
    try scenario.insert(1, into: .array, action: .overwriteAndSchedule)
    try scenario.run(.array)
    #expect(try scenario.get("last_address") == 0)
    // The overwriting has set the action to nothing, so the second callback ends it.
    let element = try scenario.element(1, of: .array)
    #expect(element.magic == 0xfeed)
    #expect(try scenario.get("sequence") == 2)
  }
}
