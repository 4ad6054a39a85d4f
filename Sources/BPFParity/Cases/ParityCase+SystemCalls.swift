/// System calls in which the target sleeps, and requests made at their entry (6.2, 6.5).
extension ParityCase {
  /// The table of 6.2, as far as a call can be made by a thread of this process.
  private static let calls: [BlockingCall] = [
    BlockingCall(name: "read", numbers: [0], result: 1),
    BlockingCall(name: "nanosleep", numbers: [35], result: 0, endsByItself: true),
    BlockingCall(name: "clock_nanosleep", numbers: [230], result: 0, endsByItself: true),
    BlockingCall(name: "poll", numbers: [7], result: 1), BlockingCall(name: "select", numbers: [23], result: 1),
    BlockingCall(name: "pselect6", numbers: [270], result: 1), BlockingCall(name: "futex", numbers: [202], result: 0),
    BlockingCall(name: "recvfrom", numbers: [45], result: 1), BlockingCall(name: "msgrcv", numbers: [70], result: 1),
    BlockingCall(name: "wait4", numbers: [61], result: 1), BlockingCall(name: "fcntl", numbers: [72], result: 0),
    BlockingCall(name: "flock", numbers: [73], result: 0), BlockingCall(name: "pause", numbers: [34], result: -4),
    BlockingCall(name: "epoll_wait", numbers: [232], result: 1, whenSignalled: -4),
    BlockingCall(name: "epoll_pwait", numbers: [281], result: 1, whenSignalled: -4),
    BlockingCall(name: "rt_sigtimedwait", numbers: [128], result: 12, whenSignalled: -4),
    BlockingCall(name: "recvfrom with a timeout", numbers: [45], result: 1, whenSignalled: -4),
    BlockingCall(name: "accept with a timeout", numbers: [43], result: 1, whenSignalled: -4),
    BlockingCall(name: "semtimedop", numbers: [220], result: 0, whenSignalled: -4),
    BlockingCall(name: "write, half done", numbers: [1], result: 8192, whenSignalled: 4096),
  ]

  private static func signalled(_ call: BlockingCall) -> ParityCase {
    let expected = call.whenSignalled.map { ["0 1", "\($0)"] } ?? ["0 1", "\(call.result)"]
    return ParityCase(
      "C37", "SIGNAL on a thread in \(call.name)", expected, canBeDisturbed: call.endsByItself
    ) { engine in
      let sleeper = try engine.sleeper(in: call)
      try engine.insert(1, into: .hash)
      let result = try engine.schedule(.hash, signal: true, for: sleeper.tid).result
      try waitUntil("the callback has run") { try engine.runs(1, of: .hash) > 0 }
      let runs = try engine.runs(1, of: .hash)
      // A call that is given up gives its result by itself; one that is taken up again has to be finished.
      if call.whenSignalled != nil {
        try waitUntil("the call has ended") { try sleeper.result != nil }
        return ["\(result) \(runs)", "\(try sleeper.result ?? 0)"]
      }
      return ["\(result) \(runs)", "\(try sleeper.finish())"]
    }
  }

  private static func resumed(_ call: BlockingCall) -> ParityCase {
    ParityCase(
      "C37", "RESUME on a thread in \(call.name)", ["0 0 true", "\(call.result) 1"], canBeDisturbed: call.endsByItself
    ) { engine in
      let sleeper = try engine.sleeper(in: call)
      try engine.insert(1, into: .hash)
      let result = try engine.schedule(.hash, for: sleeper.tid).result
      let before = "\(result) \(try engine.runs(1, of: .hash)) \(try sleeper.result == nil)"
      return [before, "\(try sleeper.finish()) \(try engine.runs(1, of: .hash))"]
    }
  }

  static let systemCalls: [ParityCase] =
    calls.flatMap { [signalled($0), resumed($0)] }
    + [false, true].flatMap { signal in
      [
        ParityCase(
          "6.5", "work asked for at the entry of getppid runs before the call returns: \(signal ? "SIGNAL" : "RESUME")",
          ["1"]
        ) { engine in
          try engine.insert(1, into: .hash)
          try engine.setEvent(signal: signal, tid: engine.askerTID, calls: ["getppid"])
          try engine.withSystemCallEntry("on_system_call") { try engine.callAsAsker("getppid") }
          return ["\(try engine.runs(1, of: .hash))"]
        },
        ParityCase(
          "6.5",
          "work asked for at the entry of a sleep runs \(signal ? "in it with SIGNAL" : "after it with RESUME")",
          ["1 \(!signal)"], canBeDisturbed: true
        ) { engine in
          try engine.insert(1, into: .hash)
          try engine.setEvent(signal: signal, tid: engine.askerTID, calls: ["nanosleep"])
          try engine.withSystemCallEntry("on_system_call") { try engine.callAsAsker("nanosleep") }
          let element = try engine.element(1, of: .hash)
          let time = UInt64(bitPattern: try engine.global("event_time"))
          return ["\(element.runs) \(element.time >= time + engine.napOfAsker)"]
        },
      ]
    }
}
