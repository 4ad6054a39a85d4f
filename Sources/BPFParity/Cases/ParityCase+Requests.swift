extension ParityCase {
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
}
