extension ParityCase {
  private static func operation(
    _ number: String, _ name: String, _ maps: [MapChoice], errno: Int32, cancels: Bool,
    _ body: @escaping @Sendable (any ParityEngine, MapChoice) throws -> Int32
  ) -> [ParityCase] {
    maps.map { map in
      ParityCase(number, "\(name): \(map)", ["0 \(errno) \(cancels ? 0 : 1)", "0 1"]) { engine in
        let sleeper = try engine.sleeper()
        try engine.insert(1, into: map)
        let first = try engine.schedule(map, for: sleeper.tid).result
        let errno = try body(engine, map)
        _ = try sleeper.complete()
        let count = try engine.global("sequence")
        // Afterwards the element is there, free, and runs once.
        try engine.insert(1, into: map)
        let again = try engine.schedule(map).result
        return ["\(first) \(errno) \(count)", "\(again) \(try engine.runs(1, of: map))"]
      }
    }
  }

  static let operations: [ParityCase] =
    operation("C13", "update with BPF_ANY", MapChoice.allCases, errno: 0, cancels: true) { engine, map in
      try engine.update(1, in: map, to: Element(), flags: 0)
    }
    + operation("C13", "update with BPF_EXIST", MapChoice.allCases, errno: 0, cancels: true) { engine, map in
      try engine.update(1, in: map, to: Element(), flags: 2)
    }
    + operation("C14", "update with BPF_NOEXIST", MapChoice.allCases, errno: 17, cancels: false) { engine, map in
      try engine.update(1, in: map, to: Element(), flags: 1)
    }
    + operation("C15", "delete", MapChoice.hashes, errno: 0, cancels: true) { engine, map in
      try engine.delete(1, from: map)
    }
    + operation("7", "delete", [.array], errno: 22, cancels: false) { engine, map in try engine.delete(1, from: map) }
    + operation("C16", "lookup and delete, the field reads as zero", MapChoice.hashes, errno: 0, cancels: true) {
      engine, map in
      let (errno, element) = try engine.lookupAndDelete(1, from: map)
      return errno == 0 && element.work != 0 ? -1 : errno
    }
    + operation("7", "lookup and delete", [.array], errno: 524, cancels: false) { engine, map in
      try engine.lookupAndDelete(1, from: map).errno
    }
    + operation("7", "lookup, the field reads as zero", MapChoice.allCases, errno: 0, cancels: false) { engine, map in
      try engine.element(1, of: map).work == 0 ? 0 : -1
    }
    + operation("7", "iteration", MapChoice.allCases, errno: 0, cancels: false) { engine, map in
      try engine.firstKeyExists(in: map) ? 0 : -1
    }
    + operation("7", "update of another key", MapChoice.allCases, errno: 0, cancels: false) { engine, map in
      try engine.update(2, in: map, to: Element(), flags: 0)
    }
    + [
      ParityCase("C17", "eviction from an LRU hash", ["0 true 0"]) { engine in
        let sleeper = try engine.sleeper()
        try engine.insert(1, into: .lru)
        let first = try engine.schedule(.lru, for: sleeper.tid).result
        // Elements that a program has looked up go last, so the new ones are looked up as well.
        var accepted: Int64 = 0
        for key in 100..<400 as Range<UInt32> {
          try engine.insert(key, into: .lru)
          if try engine.schedule(.lru, key: key).result == 0 { accepted += 1 }
        }
        let isGone = try engine.lookup(1, in: .lru) == nil
        _ = try sleeper.complete()
        return ["\(first) \(isGone) \(try engine.global("sequence") - accepted)"]
      }
    ]
}
