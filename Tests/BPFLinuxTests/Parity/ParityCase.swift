/// One case: what a person does, and what comes of it, written down so that two engines can be compared.
struct ParityCase: Sendable {
  /// The number in section 13 of the specification of task work, or the section.
  var number: String
  var name: String
  /// What the specification says, as the case writes it down.
  var expected: [String]
  var run: @Sendable (any TaskWorkEngine) throws -> [String]

  init(
    _ number: String, _ name: String, _ expected: [String],
    _ run: @escaping @Sendable (any TaskWorkEngine) throws -> [String]
  ) {
    (self.number, self.name, self.expected, self.run) = (number, name, expected, run)
  }
}

extension ParityCase {
  /// The keys of elements of the array in the order in which their callbacks ran.
  private static func order(of keys: Range<UInt32>, in engine: any TaskWorkEngine) throws -> String {
    let elements = try keys.map { (key: $0, order: try engine.element($0, of: .array).order) }
    let ran = elements.filter { $0.order > 0 }.sorted { $0.order < $1.order }
    return ran.map { "\($0.key)" }.joined(separator: " ")
  }

  static let all: [ParityCase] = requests + targets + lifetimes + delivery + operations

  // MARK: Requests

  static let requests: [ParityCase] =
    MapChoice.allCases.flatMap { map in
      [
        ParityCase(
          "C01, C03", "a request for oneself runs before the call returns, again and again: \(map)",
          ["0 1", "0 2", "0 3"]
        ) { engine in
          try engine.insert(1, into: map)
          return try (1...3).map { _ in "\(try engine.schedule(map).result) \(try engine.runs(1, of: map))" }
        },
        ParityCase("C02", "a second request in the same run: \(map)", ["0 -16 1"]) { engine in
          try engine.insert(1, into: map)
          let order = try engine.schedule(map, by: "schedule_twice")
          return ["\(order.result) \(order.again) \(try engine.runs(1, of: map))"]
        },
        ParityCase("C04", "a request for the same element in its callback: \(map)", ["-16 1"]) { engine in
          try engine.insert(1, into: map, action: .scheduleSelf)
          try engine.schedule(map)
          let element = try engine.element(1, of: map)
          return ["\(element.result) \(element.runs)"]
        },
        ParityCase("C05", "a request for another element in a callback runs in the same pass: \(map)", ["0 1"]) {
          engine in
          try engine.insert(1, into: map, action: .scheduleOther, other: 2)
          try engine.insert(2, into: map)
          try engine.schedule(map)
          return ["\(try engine.element(1, of: map).result) \(try engine.runs(2, of: map))"]
        },
        ParityCase("C06", "ping-pong up to 50: \(map)", ["50 49"]) { engine in
          try engine.insert(1, into: map, action: .pingPong, other: 2, limit: 50)
          try engine.insert(2, into: map, action: .pingPong, other: 1, limit: 50)
          try engine.schedule(map)
          return ["\(try engine.runs(1, of: map)) \(try engine.runs(2, of: map))"]
        },
        ParityCase("C19", "garbage in the field reads as zero and does not hinder: \(map)", ["0 7 0 1"]) { engine in
          var element = Element()
          (element.work, element.magic) = (0xdead_beef_dead_beef, 7)
          _ = try engine.update(1, in: map, to: element, flags: 0)
          let read = try engine.element(1, of: map)
          let result = try engine.schedule(map).result
          return ["\(read.work) \(read.magic) \(result) \(try engine.runs(1, of: map))"]
        },
        ParityCase("C27", "the callback gets the key and the map: \(map)", ["3 true", "5 true", "7 true"]) { engine in
          try ([3, 5, 7] as [UInt32]).map { key in
            try engine.insert(key, into: map)
            try engine.schedule(map, key: key)
            let element = try engine.element(key, of: map)
            return "\(element.key) \(element.mapID == (try engine.identifier(of: map)))"
          }
        },
        ParityCase(
          "C38", "update in the same section with interrupts off; then a request after it: \(map)",
          ["0 0", "0 0 1"]
        ) { engine in
          try engine.insert(1, into: map)
          let once = try engine.schedule(map, by: "schedule_and_overwrite")
          let before = try engine.global("sequence")
          let twice = try engine.schedule(map, count: 2, by: "schedule_and_overwrite")
          return [
            "\(once.result) \(before)", "\(twice.result) \(twice.lastResult) \(try engine.global("sequence"))",
          ]
        },
      ]
    } + [
      ParityCase("6.4", "a callback that overwrites its own element of an array may ask for it again", ["0 2 65261"]) {
        engine in
        try engine.insert(1, into: .array, action: .overwriteAndSchedule)
        try engine.schedule(.array)
        let magic = try engine.element(1, of: .array).magic
        return ["\(try engine.global("last_address")) \(try engine.global("sequence")) \(magic)"]
      },
      ParityCase(
        "7.1", "a pointer to a deleted element takes a request, and the callback sees the new element",
        ["0 200 1 2"]
      ) { engine in
        try engine.insert(1, into: .hash, magic: 100)
        let result = try engine.schedule(.hash, by: "schedule_on_deleted").result
        let element = try engine.element(2, of: .hash)
        return ["\(result) \(element.magic) \(element.runs) \(element.key)"]
      },
      ParityCase("2.3", "a request for a thread that does not exist is the program's to refuse", ["-3 0"]) { engine in
        try engine.insert(1, into: .hash)
        let order = try engine.schedule(.hash, for: 0x3f_fff0)
        return ["\(order.lastResult) \(order.accepted)"]
      },
    ]

  // MARK: Targets

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

  // MARK: Lifetimes

  static let lifetimes: [ParityCase] = [
    ParityCase("C20", "a program whose handle is closed lives until its callback is done", ["0 true 1 false"]) {
      engine in
      let sleeper = try engine.sleeper()
      try engine.insert(1, into: .hash)
      let result = try engine.schedule(.hash, for: sleeper.tid).result
      try engine.closeProgram("schedule")
      let alive = try engine.programExists("schedule")
      _ = try sleeper.complete()
      return ["\(result) \(alive) \(try engine.runs(1, of: .hash)) \(try engine.programExists("schedule"))"]
    },
    ParityCase("C21", "closing the last handle of a map cancels, and later requests are refused", ["0 0 -16 -16"]) {
      engine in
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
    ParityCase("C22", "a further handle on the map keeps its requests alive", ["0 1 -16"]) { engine in
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

  // MARK: Delivery

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

  // MARK: Map operations against a pending request (section 7)

  private static func operation(
    _ number: String, _ name: String, _ maps: [MapChoice], errno: Int32, cancels: Bool,
    _ body: @escaping @Sendable (any TaskWorkEngine, MapChoice) throws -> Int32
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
