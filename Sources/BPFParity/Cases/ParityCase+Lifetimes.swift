extension ParityCase {
  static let lifetimes: [ParityCase] = [
    ParityCase("C20", "a program whose handle is closed lives until its callback is done", ["0 true 1 false"]) {
      engine in
      let sleeper = try engine.sleeper()
      try engine.insert(1, into: .hash)
      let result = try engine.schedule(.hash, for: sleeper.tid).result
      try engine.closeProgram("schedule")
      try engine.letTimePass()
      let alive = try engine.programExists("schedule")
      _ = try sleeper.complete()
      // The last reference may go in a deferred step.
      try waitUntil("the program is gone") { try !engine.programExists("schedule") }
      return ["\(result) \(alive) \(try engine.runs(1, of: .hash)) \(try engine.programExists("schedule"))"]
    },
    ParityCase(
      "C21", "closing the last handle of a map cancels, and later requests are refused", ["0 0 -16 -16"],
      canBeDisturbed: true
    ) { engine in
      let sleeper = try engine.sleeper()
      try engine.insert(1, into: .hash)
      try engine.insert(2, into: .hash)
      let first = try engine.schedule(.hash, for: sleeper.tid).result
      try engine.closeMap(.hash)
      _ = try sleeper.complete()
      let count = try engine.global("sequence")
      let (one, two) = (try engine.schedule(.hash, key: 1), try engine.schedule(.hash, key: 2))
      return ["\(first) \(count) \(one.result) \(two.result)"]
    },
    ParityCase("C22", "a further handle on the map keeps its requests alive", ["0 1 -16"], canBeDisturbed: true) {
      engine in
      let sleeper = try engine.sleeper()
      try engine.insert(1, into: .hash)
      try engine.duplicateMap(.hash)
      let first = try engine.schedule(.hash, for: sleeper.tid).result
      try engine.closeMap(.hash)
      _ = try sleeper.complete()
      let count = try engine.global("sequence")
      try engine.closeDuplicate(of: .hash)
      return ["\(first) \(count) \(try engine.schedule(.hash).result)"]
    },
    ParityCase(
      "C24", "of two requests in one batch, the one whose element the other overwrites is skipped",
      ["0 0 1 1 65261"]
    ) { engine in
      let sleeper = try engine.sleeper()
      try engine.insert(1, into: .array)
      try engine.insert(2, into: .array, action: .overwriteOther, other: 1)
      let one = try engine.schedule(.array, key: 1, for: sleeper.tid).result
      let two = try engine.schedule(.array, key: 2, for: sleeper.tid).result
      _ = try sleeper.complete()
      let magic = try engine.element(1, of: .array).magic
      return ["\(one) \(two) \(try engine.global("sequence")) \(try engine.runs(2, of: .array)) \(magic)"]
    },
  ]
}
