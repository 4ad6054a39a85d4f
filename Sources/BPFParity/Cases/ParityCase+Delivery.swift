extension ParityCase {
  /// The keys of elements of the array in the order in which their callbacks ran.
  static func order(of keys: Range<UInt32>, in engine: any ParityEngine) throws -> String {
    let elements = try keys.map { (key: $0, order: try engine.element($0, of: .array).order) }
    let ran = elements.filter { $0.order > 0 }.sorted { $0.order < $1.order }
    return ran.map { "\($0.key)" }.joined(separator: " ")
  }

  static let delivery: [ParityCase] = [
    ParityCase("C25", "one after another with interrupts on: last in, first out", ["107 106 105 104 103 102 101 100"]) {
      engine in
      try engine.schedule(.array, key: 100, count: 8)
      return [try order(of: 100..<108, in: engine)]
    },
    ParityCase(
      "C25", "within one section with interrupts off: first in, first out", ["100 101 102 103 104 105 106 107"]
    ) {
      engine in
      try engine.schedule(.array, key: 100, count: 8, by: "schedule_without_interrupts")
      return [try order(of: 100..<108, in: engine)]
    },
    ParityCase(
      "6.3", "a request with SIGNAL brings the earlier ones with it, newest first",
      ["", "108 107 106 105 104 103 102 101 100 true"]
    ) { engine in
      let sleeper = try engine.sleeper()
      for key in 100..<108 as Range<UInt32> { try engine.schedule(.array, key: key, for: sleeper.tid) }
      let before = try order(of: 100..<109, in: engine)
      try engine.schedule(.array, key: 108, signal: true, for: sleeper.tid)
      try waitUntil("all callbacks have run") { try engine.global("sequence") == 9 }
      return [before, "\(try order(of: 100..<109, in: engine)) \(sleeper.isAsleep)"]
    },
    ParityCase(
      "C33", "work of a probe at a function's entry runs before the function, of one at its return after it",
      ["entry 1 0 17", "return 1 0 34"]
    ) { engine in
      try engine.setGlobal("event_map", to: UInt64(MapChoice.hash.rawValue))
      try engine.setGlobal("event_key", to: 1)
      return try [false, true].map { isReturn in
        try engine.callProbed(isReturn: isReturn, from: 17, to: 34) { address in
          try engine.insert(1, into: .hash, action: .copyFromUser, address: address)
        }
        let element = try engine.element(1, of: .hash)
        return "\(isReturn ? "return" : "entry") \(element.runs) \(element.result) \(element.copied)"
      }
    },
  ]
}
