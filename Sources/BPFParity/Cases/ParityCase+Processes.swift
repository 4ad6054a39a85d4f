/// Processes of their own as targets: what happens to a request when its process ends, changes, or stands still.
extension ParityCase {
  private static func word(_ signal: Bool) -> String { signal ? "SIGNAL" : "RESUME" }

  static let processes: [ParityCase] =
    [false, true].flatMap { signal in
      [
        ParityCase(
          "C30", "work asked for at exit_group runs in the exit, without memory: \(word(signal))", ["1 -14 4"]
        ) { engine in
          let process = try engine.process()
          try engine.insert(1, into: .hash, action: .copyFromUser, address: process.readableAddress)
          try engine.setEvent(signal: signal, tid: process.pid, calls: ["exit_group"])
          try engine.withSystemCallEntry("on_system_call") { try process.end() }
          let element = try engine.element(1, of: .hash)
          return ["\(element.runs) \(element.result) \(element.flags & 4)"]
        },
        ParityCase(
          "C30", "work pending on a process that is killed in a call runs before death, with memory: \(word(signal))",
          ["0 \(signal ? 1 : 0)", "1 0 0"]
        ) { engine in
          let process = try engine.process()
          try engine.insert(1, into: .hash, action: .copyFromUser, address: process.readableAddress)
          let result = try engine.schedule(.hash, signal: signal, for: process.pid).result
          if signal { try waitUntil("the callback has run") { try engine.runs(1, of: .hash) > 0 } }
          let before = try engine.runs(1, of: .hash)
          try process.kill()
          let element = try engine.element(1, of: .hash)
          return ["\(result) \(before)", "\(element.runs) \(element.result) \(element.flags & 4)"]
        },
        ParityCase("C31", "work asked for at execve runs once, in the new image: \(word(signal))", ["1 cat"]) {
          engine in
          let process = try engine.process()
          try engine.insert(1, into: .hash)
          try engine.setEvent(signal: signal, tid: process.pid, calls: ["execve"])
          try engine.withSystemCallEntry("on_system_call") { try process.execute() }
          let element = try engine.element(1, of: .hash)
          return ["\(element.runs) \(element.comm)"]
        },
        ParityCase("C31", "work asked for at fork runs once, in the parent: \(word(signal))", ["1 true"]) { engine in
          let process = try engine.process()
          try engine.insert(1, into: .hash)
          try engine.setEvent(signal: signal, tid: process.pid, calls: ["fork"])
          try engine.withSystemCallEntry("on_system_call") { try process.fork() }
          let element = try engine.element(1, of: .hash)
          return ["\(element.runs) \(element.pidTGID & 0xffff_ffff == UInt64(process.pid))"]
        },
      ]
        + [false, true].map { byTracer in
          ParityCase(
            "C32", "a process that \(byTracer ? "its tracer" : "a signal") has stopped runs nothing: \(word(signal))",
            ["0 -16 0", "1"]
          ) { engine in
            let process = try engine.process()
            try engine.insert(1, into: .hash)
            try process.stop(byTracer: byTracer)
            let order = try engine.schedule(.hash, signal: signal, for: process.pid)
            try engine.letTimePass()
            let before = try engine.runs(1, of: .hash)
            try process.resume(byTracer: byTracer)
            try waitUntil("the callback has run") { try engine.runs(1, of: .hash) > 0 }
            return ["\(order.result) \(order.again) \(before)", "\(try engine.runs(1, of: .hash))"]
          }
        }
    } + [
      ParityCase("C34", "a callback that is pending comes before the handler of a signal", ["0 1 true -4"]) { engine in
        let sleeper = try engine.sleeper()
        try engine.insert(1, into: .hash)
        let result = try engine.schedule(.hash, for: sleeper.tid).result
        let time = try engine.timeOfHandler(on: sleeper.tid) { try sleeper.interrupt() }
        let element = try engine.element(1, of: .hash)
        return ["\(result) \(element.runs) \(element.time < time) \(try sleeper.complete())"]
      },
      ParityCase("C35", "the kernel counts runs of the program, and not of its callbacks", ["10 10"]) { engine in
        try engine.insert(1, into: .hash)
        let runs = try engine.runs(of: "schedule") { for _ in 0..<10 { try engine.schedule(.hash) } }
        return ["\(runs) \(try engine.runs(1, of: .hash))"]
      },
      ParityCase("C36", "the user's stack in the callback is the one of the sample", ["1 true true true true"]) {
        engine in
        try engine.insert(1, into: .hash, action: .copyStack)
        try engine.sample(until: { try engine.runs(1, of: .hash) > 0 }) { tid in try engine.setEvent(tid: tid) }
        let element = try engine.element(1, of: .hash)
        let stack = try engine.words("event_stack")
        let size = try engine.global("event_stack_size")
        return [
          "\(element.runs) \(size >= 8) \(element.result == size) \(element.copied == stack[0]) \(element.address == stack[1])"
        ]
      },
      ParityCase("6.3", "requests of one interrupt run first in, first out", ["0 1 2 3 4 5 6 7"]) { engine in
        try engine.sample(until: { try engine.global("sequence") == 8 }) { tid in
          try engine.setEvent(map: .array, key: 0, tid: tid, limit: 8, count: 8)
        }
        return [try order(of: 0..<8, in: engine)]
      },
      ParityCase(
        "C11", "a thread of the kernel never runs it: the element is busy until it is overwritten",
        ["0 -16", "-16 0", "0 0 1"]
      ) { engine in
        try engine.insert(1, into: .hash)
        let thread = try engine.kernelThread()
        var isOverwritten = false
        defer { if !isOverwritten { _ = try? engine.update(1, in: .hash, to: Element(), flags: 0) } }
        let order = try engine.schedule(.hash, for: thread)
        let own = try engine.schedule(.hash).result
        let before = try engine.runs(1, of: .hash)
        let errno = try engine.update(1, in: .hash, to: Element(), flags: 0)
        isOverwritten = true
        let again = try engine.schedule(.hash).result
        return [
          "\(order.result) \(order.again)", "\(own) \(before)", "\(errno) \(again) \(try engine.runs(1, of: .hash))",
        ]
      },
    ]
    + [("update", false), ("delete", true)].map { name, deletes in
      ParityCase(
        "C23", "while a callback waits for a page, \(name) returns at once and frees the element",
        ["-16 0 0", "0", "2 1 1"]
      ) { engine in
        let (first, second) = (try engine.sleeper(), try engine.sleeper())
        var lines: [String] = []
        try engine.withPageFault(of: 99) { address in
          try engine.insert(1, into: .hash, action: .copyFromUser, address: address)
          try engine.schedule(.hash, for: first.tid)
          try first.release()
        } whileWaiting: {
          let busy = try engine.schedule(.hash, for: second.tid).result
          let errno: Int32
          if deletes {
            errno = try engine.delete(1, from: .hash)
            try engine.insert(1, into: .hash)
          } else {
            errno = try engine.update(1, in: .hash, to: Element(), flags: 0)
          }
          let free = try engine.schedule(.hash, for: second.tid).result
          lines.append("\(busy) \(errno) \(free)")
        }
        lines.append("\(try engine.runs(1, of: .hash))")
        let (one, other) = (try first.complete(), try second.complete())
        lines.append("\(try engine.global("sequence")) \(one) \(other)")
        return lines
      }
    }
}
