import BPFExecution
import BPFMaps
import BPFObject
import BPFSimulator
import Testing

@Suite struct TimerTests {
  private static let value =
    "struct bpf_timer { u64 a[2]; } __attribute__((aligned(8))); struct value { u64 count; struct bpf_timer timer; u64 cpu; u64 key; u64 place; };"

  /// Programs that may be entered anywhere, and so may not use timers.
  private static let tracing: [(String, ProgramType)] = [
    ("sample", .perfEvent), ("probe", .kprobe), ("trace", .tracepoint), ("raw", .rawTracepoint),
  ]

  /// Each program's context is: two arguments for the helper. The callback counts, and notes the CPU and the key.
  private func object() throws -> ObjectFile {
    var object = AssembledObject()
    try object.map("timers", .array, entries: 2, declaring: Self.value)
    try object.map("plain", .array, value: 40, entries: 1)
    let callback = """
      r6 = r2
      r7 = r3
      r1 = *(u64 *)(r7 + 0)
      r1 += 1
      *(u64 *)(r7 + 0) = r1
      call bpf_get_smp_processor_id
      *(u64 *)(r7 + 24) = r0
      w1 = *(u32 *)(r6 + 0)
      *(u64 *)(r7 + 32) = r1
      *(u64 *)(r7 + 40) = r6
      """
    let lookup = """
      r6 = r1
      r1 = 1
      *(u32 *)(r10 - 4) = r1
      r1 = map(timers) ll
      r2 = r10
      r2 += -4
      call bpf_map_lookup_elem
      if r0 == 0 goto out
      r1 = r0
      r1 += 8
      """
    let end = "\nout:\nexit"
    try object.program(
      "init", lookup + "\nr2 = map(timers) ll\nr3 = *(u64 *)(r6 + 0)\ncall bpf_timer_init" + end)
    try object.program(
      "set_callback", lookup + "\nr2 = function(callback) ll\ncall bpf_timer_set_callback" + end,
      functions: [("callback", callback + "\nr0 = 0\nexit")])
    try object.program(
      "set_wrong", lookup + "\nr2 = function(callback) ll\ncall bpf_timer_set_callback" + end,
      functions: [("callback", callback + "\nr0 = 5\nexit")])
    let again = """
      r1 = r7
      r1 += 8
      r2 = 1000
      r3 = 0
      """
    try object.program(
      "set_periodic", lookup + "\nr2 = function(callback) ll\ncall bpf_timer_set_callback" + end,
      functions: [("callback", callback + "\n\(again)\ncall bpf_timer_start\nr0 = 0\nexit")])
    try object.program(
      "set_cancelling", lookup + "\nr2 = function(callback) ll\ncall bpf_timer_set_callback" + end,
      functions: [("callback", callback + "\n\(again)\ncall bpf_timer_cancel\n*(u64 *)(r7 + 32) = r0\nr0 = 0\nexit")])
    try object.program(
      "set_sleeping", lookup + "\nr2 = function(callback) ll\ncall bpf_timer_set_callback" + end,
      functions: [
        (
          "callback",
          "r1 = r10\nr1 += -8\nr2 = 8\nr3 = 0\ncall bpf_copy_from_user\nr0 = 0\nexit"
        )
      ])
    try object.program(
      "start",
      lookup + "\nr2 = *(u64 *)(r6 + 0)\nr3 = *(u64 *)(r6 + 8)\ncall bpf_timer_start" + end)
    try object.program("cancel", lookup + "\ncall bpf_timer_cancel" + end)
    // The callback overwrites its own element, which ends the timer, and then counts in another map.
    try object.program(
      "set_overwriting", lookup + "\nr2 = function(callback) ll\ncall bpf_timer_set_callback" + end,
      functions: [
        (
          "callback",
          """
          r1 = map(timers) ll
          r3 = 0
          *(u64 *)(r10 - 48) = r3
          *(u64 *)(r10 - 40) = r3
          *(u64 *)(r10 - 32) = r3
          *(u64 *)(r10 - 24) = r3
          *(u64 *)(r10 - 16) = r3
          *(u64 *)(r10 - 8) = r3
          r3 = r10
          r3 += -48
          r4 = 0
          call bpf_map_update_elem
          r1 = value(plain) ll
          r2 = 77
          *(u64 *)(r1 + 0) = r2
          r0 = 0
          exit
          """
        )
      ])
    try object.program("misplaced", lookup + "\nr1 += 8\ncall bpf_timer_cancel" + end)
    try object.program("wrong_map", lookup + "\nr2 = map(plain) ll\nr3 = 1\ncall bpf_timer_init" + end)
    try object.program("plain", "r1 = value(plain) ll\ncall bpf_timer_cancel\nexit")
    try object.program("stack", "r1 = r10\nr1 += -16\ncall bpf_timer_cancel\nexit")
    for (name, type) in Self.tracing {
      try object.program(name, lookup + "\ncall bpf_timer_cancel" + end, kind: ProgramKind(type: type))
    }
    return object.file
  }

  private static let misuses =
    ["misplaced", "wrong_map", "plain", "stack", "set_wrong", "set_sleeping"] + tracing.map(\.0)

  private func loaded(_ verification: ProgramVerification = .standard) throws -> (Machine, LoadedObject) {
    let machine = try Machine()
    return (machine, try machine.load(object(), verification, misuses: Set(Self.misuses)))
  }

  @discardableResult
  private func call(
    _ object: LoadedObject, _ program: String, _ first: UInt64 = 0, _ second: UInt64 = 0, on cpu: Int = 0
  ) throws -> Int64 {
    let context = [first, second].flatMap(\.memoryBytes)
    return Int64(bitPattern: try object.run(program, context: context, on: cpu).result)
  }

  /// Makes the element's timer, gives it the callback of a program, and starts it.
  private func arm(_ object: LoadedObject, _ program: String, after nanoseconds: UInt64) throws {
    try call(object, "init", 1)
    try call(object, program)
    try call(object, "start", nanoseconds)
  }

  /// The count, the CPU and the key that the callback has left.
  private func outcome(_ object: LoadedObject) throws -> [UInt64] {
    let words = try object.map("timers").lookupElement([1, 0, 0, 0]).memoryWords
    return [words[0], words[3], words[4]]
  }

  @Test("a timer calls back at its time, in a software interrupt of the CPU that started it, with the key")
  func expiry() throws {
    let (machine, object) = try loaded()
    #expect(try call(object, "init", 1) == 0)
    #expect(try call(object, "set_callback") == 0)
    #expect(try call(object, "start", 5_000, 0, on: 1) == 0)
    let start = machine.now
    try machine.advance(by: 4_000)
    #expect(try outcome(object)[0] == 0)
    try machine.advance(by: 2_000)
    #expect(try outcome(object) == [1, 1, 1])
    let key = try object.map("timers").lookupElement([1, 0, 0, 0]).memoryWords[5]
    #expect(key != 0 && machine.memory.read(key, byteCount: 4) == nil, "the key is there during the call only")
    let event = try #require(machine.timeline.last { if case .timerExpired = $0.kind { true } else { false } })
    #expect(event.context == .softirq && event.cpu == 1 && event.time >= start + 4_900)
    try machine.advance(by: 100_000)
    #expect(try outcome(object)[0] == 1)
  }

  @Test("the helpers' errors are those of Linux")
  func errors() throws {
    let (_, object) = try loaded()
    for program in ["set_callback", "start", "cancel"] { #expect(try call(object, program) == -22) }
    for clock: UInt64 in [2, 16, 1 << 32 | 1] { #expect(try call(object, "init", clock) == -22) }
    #expect(try call(object, "init", 7) == 0)
    #expect(try call(object, "init", 7) == -16)
    #expect(try call(object, "start", 1) == -22)
    #expect(try call(object, "cancel") == 0)
    #expect(try call(object, "set_callback") == 0)
    for flags: UInt64 in [4, 8, 1 << 32] { #expect(try call(object, "start", 1, flags) == -22) }
    #expect(try call(object, "start", 1000, 2) == 0)
    #expect(try call(object, "cancel") == 1)
    // The callback went with the cancellation.
    #expect(try call(object, "start", 1) == -22)
  }

  @Test("a start sets a running timer to another time")
  func restart() throws {
    let (machine, object) = try loaded()
    try arm(object, "set_callback", after: 1_000)
    try call(object, "start", 50_000)
    try machine.advance(by: 20_000)
    #expect(try outcome(object)[0] == 0)
    try machine.advance(by: 40_000)
    #expect(try outcome(object)[0] == 1)
  }

  @Test("an absolute time is one of the timer's clock")
  func absolute() throws {
    for clock: UInt64 in [0, 1, 7] {
      let (machine, object) = try loaded()
      try call(object, "init", clock)
      try call(object, "set_callback")
      let epoch = clock == 0 ? machine.configuration.realTimeAtStart : 0
      #expect(try call(object, "start", epoch + machine.now + 10_000, 1) == 0)
      try machine.advance(by: 9_000)
      #expect(try outcome(object)[0] == 0, "clock \(clock)")
      try machine.advance(by: 2_000)
      #expect(try outcome(object)[0] == 1, "clock \(clock)")
    }
  }

  @Test("a callback can start its own timer again, and cannot wait for its own end")
  func ownTimer() throws {
    let (machine, object) = try loaded()
    try arm(object, "set_periodic", after: 1_000)
    try machine.advance(by: 10_000)
    let count = try outcome(object)[0]
    #expect(count >= 4)
    try call(object, "cancel")
    try call(object, "set_cancelling")
    try call(object, "start", 1_000)
    try machine.advance(by: 10_000)
    #expect(try outcome(object) == [count + 1, 0, UInt64(bitPattern: -35)])
  }

  @Test("an update or the end of the map's last handle stops the timer")
  func release() throws {
    let (machine, object) = try loaded()
    try arm(object, "set_callback", after: 1_000)
    try object.map("timers").updateElement([1, 0, 0, 0], to: [UInt8](repeating: 0, count: 48))
    try machine.advance(by: 10_000)
    #expect(try outcome(object)[0] == 0)
    #expect(try call(object, "init", 1) == 0)
    try call(object, "set_callback")
    try call(object, "start", 1_000)
    try object.duplicateMap("timers")
    try object.closeMap("timers")
    #expect(try call(object, "cancel") == 1)
    try call(object, "set_callback")
    try call(object, "start", 1_000)
    try object.closeDuplicate(of: "timers")
    try machine.advance(by: 10_000)
    #expect(try call(object, "start", 1_000) == -22)
    #expect(try call(object, "init", 1) == -1)
    #expect(!machine.timeline.contains { if case .timerExpired = $0.kind { true } else { false } })
  }

  @Test("a timer keeps its program until it is cancelled")
  func program() throws {
    let (machine, object) = try loaded()
    try arm(object, "set_callback", after: 5_000)
    let program = try object.program("set_callback")
    try object.closeProgram("set_callback")
    #expect(!program.isFreed)
    try machine.advance(by: 20_000)
    #expect(try outcome(object)[0] == 1 && !program.isFreed)
    try call(object, "cancel")
    #expect(program.isFreed)
  }

  @Test("a CPU that cannot take the interrupt runs the callback later")
  func busyCPU() throws {
    let (machine, object) = try loaded()
    try arm(object, "set_callback", after: 1_000)
    try machine.interrupt(on: 0, .hardirq) { () throws(MachineError) in
      try machine.advance(by: 10_000)
      #expect((try? outcome(object)[0]) == 0)
    }
    #expect(try outcome(object)[0] == 1)
  }

  @Test("no timer is touched in an NMI")
  func interrupt() throws {
    let (machine, object) = try loaded()
    try call(object, "init", 1)
    try call(object, "set_callback")
    try machine.interrupt(on: 0, .nmi) { () throws(MachineError) in
      for program in ["init", "set_callback", "start", "cancel"] {
        #expect((try? call(object, program, 1)) == -95, "\(program)")
      }
    }
    #expect(try call(object, "start", 1_000) == 0)
    try machine.advance(by: 10_000)
    #expect(try outcome(object)[0] == 1)
  }

  @Test("the callback that was set last is called, and each program is held once and let go")
  func callbacks() throws {
    let (machine, object) = try loaded()
    try call(object, "init", 1)
    for program in ["set_callback", "set_callback", "set_periodic", "set_cancelling"] { try call(object, program) }
    for name in ["set_callback", "set_periodic"] {
      let program = try object.program(name)
      try object.closeProgram(name)
      #expect(program.isFreed, "\(name): another one calls back now")
    }
    try call(object, "start", 1_000)
    try machine.advance(by: 10_000)
    #expect(try outcome(object)[2] == UInt64(bitPattern: -35), "the one that cancels was set last")
    #expect(try call(object, "cancel") == 0, "a timer that has expired is not active")
    let last = try object.program("set_cancelling")
    try call(object, "set_cancelling")
    try object.closeProgram("set_cancelling")
    #expect(!last.isFreed)
    try object.map("timers").updateElement([1, 0, 0, 0], to: [UInt8](repeating: 0, count: 48))
    #expect(last.isFreed, "the timer has gone with the element's old value")
  }

  @Test("a callback that ends its own timer runs to its end")
  func overwriting() throws {
    let (machine, object) = try loaded()
    try arm(object, "set_overwriting", after: 1_000)
    let program = try object.program("set_overwriting")
    let plain = try object.map("plain")
    try object.closeProgram("set_overwriting")
    // Nothing but the program that calls back holds the other map now.
    try object.closeMap("plain")
    try machine.advance(by: 10_000)
    #expect(machine.faults.isEmpty && program.isFreed)
    #expect(plain.value(of: ElementIndex(rawValue: 0))?.first == 77)
  }

  @Test("a timer that is due can still be stopped or put off")
  func due() throws {
    for program in ["cancel", "start"] {
      let (machine, object) = try loaded()
      try arm(object, "set_callback", after: 1_000)
      try machine.interrupt(on: 0, .hardirq) { () throws(MachineError) in
        try machine.advance(by: 10_000)
        #expect((try? call(object, program, 50_000)) == (program == "cancel" ? 1 : 0))
      }
      #expect(try outcome(object)[0] == 0, "\(program)")
      try machine.advance(by: 100_000)
      #expect(try outcome(object)[0] == (program == "cancel" ? 0 : 1), "\(program)")
    }
  }

  @Test("a time that has passed is now, and one that a signed clock does not reach is the clock's end")
  func farTimes() throws {
    for clock: UInt64 in [0, 1] {
      let (machine, object) = try loaded()
      try call(object, "init", clock)
      try call(object, "set_callback")
      #expect(try call(object, "start", 5, 1) == 0)
      try machine.advance(by: 1)
      #expect(try outcome(object)[0] == 1, "clock \(clock)")
      #expect(try call(object, "start", .max) == 0)
      try machine.advance(by: UInt64(Int64.max) - 1_000_000)
      #expect(try outcome(object)[0] == 1, "clock \(clock)")
      try machine.advance(by: 2_000_000)
      #expect(try outcome(object)[0] == 2, "clock \(clock)")
    }
  }

  @Test("what the verifier refuses ends the run")
  func refusals() throws {
    let cases = [
      ("misplaced", "off 16 doesn't point to 'struct bpf_timer' that is at 8"),
      ("wrong_map", "doesn't match map 'plain'"),
      ("plain", "map 'plain' has no valid bpf_timer"), ("stack", "and not in a map value"),
    ]
    let (machine, object) = try loaded(.none)
    for (program, message) in cases {
      #expect(throws: MachineError.self) { try object.run(program, context: [UInt8](repeating: 0, count: 16)) }
      #expect(machine.faults.last?.message.contains(message) == true, "\(machine.faults.last?.message ?? "")")
    }
    let events: [(AttachPoint, (Machine) throws -> Void)] = [
      (.perfEvent(), { try $0.nmi(on: 0) }),
      (.kernelFunction(name: "do_unlinkat", isReturn: false), { try $0.callKernelFunction("do_unlinkat", on: 0) }),
      (
        .tracepoint(group: "sched", name: "sched_waking"),
        { try $0.passTracepoint("sched", "sched_waking", record: [], on: 0) }
      ),
      (.rawTracepoint(name: "sched_waking"), { try $0.passRawTracepoint("sched_waking", [], on: 0) }),
    ]
    for ((program, _), (point, happen)) in zip(Self.tracing, events) {
      let link = try object.attach(program, to: point)
      let count = machine.faults.count
      #expect(throws: MachineError.self, "\(program)") { try happen(machine) }
      #expect(machine.faults.count == count + 1, "\(program)")
      #expect(machine.faults.last?.message.contains("tracing progs cannot use bpf_timer yet") == true, "\(program)")
      link.detach()
    }
    for (program, message) in [("set_wrong", "should have been in [0, 0]"), ("set_sleeping", "may sleep")] {
      try call(object, "cancel")
      try arm(object, program, after: 100)
      #expect(throws: MachineError.self) { try machine.advance(by: 10_000) }
      #expect(machine.faults.last?.message.contains(message) == true, "\(machine.faults.last?.message ?? "")")
    }
  }
}
