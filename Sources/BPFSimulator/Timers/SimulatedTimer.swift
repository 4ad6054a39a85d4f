import BPFExecution
import BPFMaps

/// A `struct bpf_timer` of a map value: what it calls, and when.
struct SimulatedTimer {
  /// The program that set the callback, which stays alive as long as the timer may call it.
  var program: LoadedProgram?
  /// The slot at which the callback begins.
  var callback: Int?
  /// The clock of `bpf_timer_init`.
  var clock: UInt64
  /// The expiry that is waited for.
  var expiry: EventQueue<MachineEvent>.Token?
}

extension Machine {
  /// Ends the timer of an element: it will not expire, and its program is released.
  func cancelTimer(of element: ElementIndex, in map: LoadedMap) {
    guard let timer = map.timers.removeValue(forKey: element) else { return }
    if let expiry = timer.expiry { events.remove(expiry) }
    if let program = timer.program { release(program) }
  }

  /// Ends all timers of a map, when no user holds it any more.
  func cancelTimers(of map: LoadedMap) {
    for element in map.timers.keys.sorted() { cancelTimer(of: element, in: map) }
  }

  /// A timer has expired: its callback runs in a software interrupt.
  func expireTimer(of element: ElementIndex, in map: LoadedMap) {
    guard var timer = map.timers[element] else { return }
    timer.expiry = nil
    map.timers[element] = timer
    guard let program = timer.program, let callback = timer.callback, let value = map.valueAddress(of: element) else {
      return
    }
    let cpu = cpus.first { $0.activityDepth == 0 } ?? cpus[0]
    try? enter(.softirq, on: cpu) { () throws(MachineError) in
      record(.timerExpired(map: map.name), on: cpu)
      guard let key = try? keyAddress(of: element, in: map) else { return }
      defer { giveBackKey(key, of: map) }
      _ = try? runCallback(
        of: program, entry: callback, arguments: [map.object.address, key, value], isSleepable: false, on: cpu)
    }
  }
}
