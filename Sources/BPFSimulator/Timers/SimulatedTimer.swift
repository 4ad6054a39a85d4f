import BPFExecution
import BPFMaps

/// A `struct bpf_timer` of a map value: what it calls, and when.
struct SimulatedTimer {
  /// Tells it apart from a later timer of the same element.
  let identity: UInt64
  /// The clock of `bpf_timer_init`.
  let clock: UInt64
  /// The program that set the callback, which stays alive as long as the timer may call it.
  var program: LoadedProgram?
  /// The slot at which the callback begins.
  var callback: Int?
  /// The expiry that is waited for.
  var expiry: EventQueue<MachineEvent>.Token?
  /// Whether the time has come and the CPU could not take the software interrupt yet.
  var isDue = false
  /// The CPU that started it, on which it expires.
  var cpu = 0

  init(identity: UInt64, clock: UInt64) {
    self.identity = identity
    self.clock = clock
  }
}

extension Machine {
  func takeTimerIdentity() -> UInt64 {
    defer { nextTimerIdentity += 1 }
    return nextTimerIdentity
  }

  /// Lets a timer expire at a time, at once when that has passed, and not at the one that was set before.
  func start(_ timer: SimulatedTimer, of element: ElementIndex, in map: LoadedMap, at time: UInt64, on cpu: CPU) {
    var timer = timer
    stop(&timer)
    timer.cpu = cpu.number
    timer.expiry = events.insert(.timer(map: map.id, element: element), at: time)
    map.timers[element] = timer
  }

  /// Takes back a timer's expiry; returns whether there was one.
  @discardableResult
  func stop(_ timer: inout SimulatedTimer) -> Bool {
    let wasActive = timer.expiry != nil || timer.isDue
    if let expiry = timer.expiry { events.remove(expiry) }
    timer.expiry = nil
    timer.isDue = false
    return wasActive
  }

  /// Ends the timer of an element: it will not expire, and its program is released.
  func cancelTimer(of element: ElementIndex, in map: LoadedMap) {
    guard var timer = map.timers.removeValue(forKey: element) else { return }
    stop(&timer)
    if let program = timer.program { release(program) }
  }

  /// Ends all timers of a map, when no user holds it any more.
  func cancelTimers(of map: LoadedMap) {
    for element in map.timers.keys.sorted() { cancelTimer(of: element, in: map) }
  }

  /// The time of a timer has come: its callback runs as soon as its CPU can take a software interrupt.
  func expireTimer(of element: ElementIndex, in map: LoadedMap) {
    guard var timer = map.timers[element] else { return }
    timer.expiry = nil
    timer.isDue = true
    map.timers[element] = timer
    let cpu = cpus[timer.cpu]
    cpu.dueTimers.append(DueTimer(map: map.id, element: element))
    runDueTimers(on: cpu)
  }

  /// Runs the callbacks of timers whose time has come; returns whether there were any.
  ///
  /// A CPU that has its interrupts off is in the middle of something.
  @discardableResult
  func runDueTimers(on cpu: CPU) -> Bool {
    guard cpu.activityDepth == 0, !cpu.dueTimers.isEmpty else { return false }
    let due = cpu.dueTimers
    cpu.dueTimers = []
    for entry in due {
      guard let map = map(id: entry.map), let timer = map.timers[entry.element], timer.isDue else { continue }
      map.timers[entry.element]?.isDue = false
      runCallback(of: timer, element: entry.element, in: map, on: cpu)
    }
    return true
  }

  private func runCallback(of timer: SimulatedTimer, element: ElementIndex, in map: LoadedMap, on cpu: CPU) {
    guard let program = timer.program, let callback = timer.callback, let value = map.valueAddress(of: element) else {
      return
    }
    // The program may cancel or delete the timer meanwhile, which would drop the last reference to the program.
    program.retain()
    runningTimers.append(timer.identity)
    defer {
      runningTimers.removeLast()
      release(program)
    }
    try? enter(.softirq, on: cpu) { () throws(MachineError) in
      record(.timerExpired(map: map.name), on: cpu)
      guard let key = try? keyAddress(of: element, in: map) else { return }
      defer { giveBackKey(key, of: map) }
      _ = try? runCallback(
        of: program, entry: callback, arguments: [map.object.address, key, value], isSleepable: false,
        results: 0...0, on: cpu)
    }
  }
}

/// A timer that waits for its CPU to take a software interrupt.
struct DueTimer {
  var map: UInt32
  var element: ElementIndex
}
