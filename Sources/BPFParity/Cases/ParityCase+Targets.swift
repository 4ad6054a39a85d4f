extension ParityCase {
  static let targets: [ParityCase] =
    MapChoice.allCases.flatMap { map in
      [
        ParityCase("C07", "RESUME waits for the end of the call: \(map)", ["0 -16", "0 true", "1", "1"]) { engine in
          let sleeper = try engine.sleeper()
          try engine.insert(1, into: map)
          let order = try engine.schedule(map, for: sleeper.tid)
          let before = "\(try engine.runs(1, of: map)) \(sleeper.isAsleep)"
          let result = try sleeper.complete()
          return ["\(order.result) \(order.again)", before, "\(result)", "\(try engine.runs(1, of: map))"]
        },
        ParityCase("C08", "SIGNAL wakes the thread for the callback only: \(map)", ["0 -16", "1 true", "1", "1"]) {
          engine in
          let sleeper = try engine.sleeper()
          try engine.insert(1, into: map)
          let order = try engine.schedule(map, signal: true, for: sleeper.tid)
          try waitUntil("the callback has run") { try engine.runs(1, of: map) > 0 }
          let before = "\(try engine.runs(1, of: map)) \(sleeper.isAsleep)"
          let result = try sleeper.complete()
          return ["\(order.result) \(order.again)", before, "\(result)", "\(try engine.runs(1, of: map))"]
        },
        ParityCase("C09", "one element serves one thread at a time: \(map)", ["0 -16 0 true"]) { engine in
          let (first, second) = (try engine.sleeper(), try engine.sleeper())
          try engine.insert(1, into: map)
          let one = try engine.schedule(map, for: first.tid).result
          let other = try engine.schedule(map, for: second.tid).result
          _ = try second.complete()
          let before = try engine.runs(1, of: map)
          _ = try first.complete()
          let isFirst = try engine.element(1, of: map).pidTGID & 0xffff_ffff == UInt64(first.tid)
          return ["\(one) \(other) \(before) \(isFirst)"]
        },
      ]
    } + [
      ParityCase(
        "C10", "requests for a zombie are accepted and dropped; the element stays free",
        ["0 0", "0 0", "0 0", "0", "0 1"]
      ) { engine in
        try engine.insert(1, into: .hash)
        var lines = try engine.withZombie { pid in
          try (1...3).map { _ in
            let order = try engine.schedule(.hash, for: pid)
            return "\(order.result) \(order.again)"
          }
        }
        lines.append("\(try engine.runs(1, of: .hash))")
        lines.append("\(try engine.schedule(.hash).result) \(try engine.runs(1, of: .hash))")
        return lines
      },
      ParityCase("C26", "twenty thousand requests on one thread all run, once each", ["20000 0 1 20000 1"]) { engine in
        let sleeper = try engine.sleeper()
        for key in 0..<20_000 as Range<UInt32> { try engine.insert(key, into: .hash) }
        let order = try engine.schedule(.hash, key: 0, for: sleeper.tid, count: 20_000)
        let before = try engine.global("sequence")
        let result = try sleeper.complete()
        let most = try (0..<20_000).reduce(0 as UInt64) { max($0, try engine.runs($1, of: .hash)) }
        return ["\(order.accepted) \(before) \(result) \(try engine.global("sequence")) \(most)"]
      },
      ParityCase("C28", "the callback runs on the thread that was addressed, not on its process", ["true true"]) {
        engine in
        let sleeper = try engine.sleeper()
        try engine.insert(1, into: .hash)
        try engine.schedule(.hash, for: sleeper.tid)
        _ = try sleeper.complete()
        let identifiers = try engine.element(1, of: .hash).pidTGID
        return [
          "\(identifiers == UInt64(sleeper.processID) << 32 | UInt64(sleeper.tid)) \(sleeper.tid != sleeper.processID)"
        ]
      },
      ParityCase(
        "C29", "the callback reads touched and untouched memory; a bad address gives EFAULT",
        ["touched 0 72623859790382856", "untouched 0 72623859790382856", "unmapped -14 0"]
      ) { engine in
        try UserMemoryKind.allCases.map { kind in
          let address = try engine.userMemory(kind, 0x0102_0304_0506_0708)
          try engine.insert(1, into: .hash, action: .copyFromUser, address: address)
          try engine.schedule(.hash)
          let element = try engine.element(1, of: .hash)
          return "\(kind) \(element.result) \(element.copied)"
        }
      },
    ]
}
