import BPFMaps
import BPFObject
import BPFSimulator
import Testing

/// What programs in C find in the contexts of the events to which they are attached.
@Suite struct EventTests {
  /// What the last program kept.
  private struct Seen {
    var numbers: [UInt64]
    var texts: [String]
  }

  private func loaded() async throws -> (Machine, SimulatedTask, LoadedObject) {
    let machine = try Machine()
    let task = try machine.spawn("first")
    try machine.run(task, on: 0)
    return (machine, task, try await machine.load(TestPrograms.events.object()))
  }

  /// Runs a step of the script with a program attached, and returns what the program kept.
  private func watch(
    _ object: LoadedObject, _ program: String, _ point: AttachPoint, _ step: () throws -> Void
  ) throws -> Seen {
    let link = try object.attach(program, to: point)
    try step()
    link.detach()
    let place = try #require(object.object.globals["seen"])
    let bytes = try object.map(place.map).lookupElement([0, 0, 0, 0]).dropFirst(place.offset).prefix(80)
    let texts = [48, 64].map { start in
      String(decoding: Array(bytes)[start..<start + 16].prefix { $0 != 0 }, as: UTF8.self)
    }
    return Seen(numbers: Array(Array(bytes).memoryWords.prefix(6)), texts: texts)
  }

  private func number(_ task: SimulatedTask) -> UInt64 { UInt64(task.pid) }

  @Test("a switch tells who goes, in what state, and who comes")
  func scheduling() async throws {
    let (machine, first, object) = try await loaded()
    let second = try machine.spawn("second")
    let record = AttachPoint.tracepoint(group: "sched", name: "sched_switch")
    let preempted = try watch(object, "switch_record", record) { try machine.run(second, on: 0) }
    #expect(preempted.numbers.prefix(4) == [number(first), number(second), 0x100, 240])
    #expect(preempted.texts == ["first", "second"])
    let asleep = try watch(object, "switch_record", record) { try machine.block(second, in: .read) }
    #expect(asleep.numbers.prefix(3) == [number(second), 0, 1] && asleep.texts[1] == "swapper/0")
    try machine.complete(second, result: 0)
    for program in ["switch_raw", "switch_typed"] {
      let point = AttachPoint.rawTracepoint(name: "sched_switch")
      let away = try watch(object, program, point) { try machine.block(second, in: .vfork) }
      #expect(away.numbers.prefix(4) == [0, number(second), 0, 2], "\(program)")
      let fromIdle = try watch(object, program, point) { try machine.run(first, on: 0) }
      #expect(fromIdle.numbers.prefix(4) == [0, 0, number(first), 0], "\(program)")
      let preempted = try watch(object, program, point) { try machine.idle(0) }
      #expect(preempted.numbers.prefix(4) == [1, number(first), 0, 0], "\(program)")
      try machine.complete(second, result: 0)
    }
  }

  @Test("fork, exec and exit carry names behind the record or in it")
  func lifecycle() async throws {
    let (machine, task, object) = try await loaded()
    var child: SimulatedTask?
    let fork = try watch(object, "fork_record", .tracepoint(group: "sched", name: "sched_process_fork")) {
      child = try machine.fork(task)
    }
    #expect(
      fork.numbers.prefix(3) == [number(task), number(try #require(child)), 6] && fork.texts == ["first", "first"])
    let exec = try watch(object, "exec_record", .tracepoint(group: "sched", name: "sched_process_exec")) {
      try machine.execute(task, as: "second")
    }
    #expect(exec.numbers[0] == number(task) && exec.texts[0] == "second")
    let typed = try watch(object, "exec_typed", .rawTracepoint(name: "sched_process_exec")) {
      try machine.execute(task, as: "third")
    }
    #expect(typed.numbers.prefix(2) == [number(task), number(task)] && typed.texts[0] == "third")
    let thread = try machine.spawnThread(of: task)
    let point = AttachPoint.tracepoint(group: "sched", name: "sched_process_exit")
    let one = try watch(object, "exit_record", point) { try machine.exit(task) }
    #expect(one.numbers.prefix(2) == [number(task), 0] && one.texts[0] == "third")
    try machine.run(thread, on: 0)
    let last = try watch(object, "exit_record", point) { try machine.exit(thread) }
    #expect(last.numbers.prefix(2) == [number(thread), 1])
  }

  @Test("system calls carry number, arguments and result")
  func systemCalls() async throws {
    let (machine, task, object) = try await loaded()
    let call = SystemCall.read.with(arguments: 5, 6, 7, 8)
    func step() throws { try machine.systemCall(call, by: task) { -4 } }
    #expect(
      try watch(object, "read_record", .tracepoint(group: "syscalls", name: "sys_enter_read"), step).numbers.prefix(3)
        == [0, 5, 7])
    #expect(
      try watch(object, "exit_of_calls", .tracepoint(group: "raw_syscalls", name: "sys_exit"), step).numbers.prefix(2)
        == [0, UInt64(bitPattern: -4)])
    #expect(try watch(object, "enter_raw", .rawTracepoint(name: "sys_enter"), step).numbers.prefix(3) == [0, 5, 8])
  }

  @Test("probes and tracing programs carry a function's arguments and result")
  func functions() async throws {
    let (machine, _, object) = try await loaded()
    for (program, isReturn, expected) in [
      ("read_entry", false, [10, 30, 1]), ("read_return", true, [.max]), ("read_fentry", false, [10, 30]),
      ("read_fexit", true, [10, .max]),
    ] as [(String, Bool, [UInt64])] {
      let seen = try watch(object, program, .kernelFunction(name: "vfs_read", isReturn: isReturn)) {
        try machine.callKernelFunction("vfs_read", [10, 20, 30], on: 0) { .max }
      }
      #expect(Array(seen.numbers.prefix(expected.count)) == expected, "\(program)")
    }
  }

  @Test("a sample carries the registers of what was interrupted, and the period")
  func samples() async throws {
    let (machine, task, object) = try await loaded()
    task.registers.rip = 0x1234
    let user = try watch(object, "sample", .perfEvent(period: 77)) { try machine.nmi(on: 0) }
    #expect(user.numbers.prefix(5) == [0x1234, 77, 0, 0, 0])
    let idle = try watch(object, "sample", .perfEvent(cpu: 1)) { try machine.nmi(on: 1) }
    #expect(machine.kernelSymbol(at: idle.numbers[0]) == "default_idle" && idle.texts[0] == "default_idle")
    #expect(idle.numbers[3] == 32 && idle.numbers[4] == idle.numbers[0])
    try machine.block(task, in: .read)
    try machine.run(try machine.spawn("other"), on: 0)
    // An interrupt in the kernel that is itself interrupted is kernel mode, whatever the task does.
    let nested = try watch(object, "sample", .perfEvent(cpu: 0)) {
      try machine.interrupt(on: 0, .hardirq) { () throws(MachineError) in try machine.nmi(on: 0) }
    }
    #expect(machine.kernelSymbol(at: nested.numbers[0]) == "sysvec_apic_timer_interrupt")
  }

  @Test("a script can pass tracepoints that the machine does not pass by itself")
  func customTracepoints() async throws {
    let (machine, _, object) = try await loaded()
    let seen = try watch(object, "custom_record", .tracepoint(group: "custom", name: "anything")) {
      try machine.passTracepoint("custom", "anything", record: (42 as UInt64).memoryBytes, on: 1)
    }
    #expect(seen.numbers[0] == 42)
    let raw = try watch(object, "switch_raw", .rawTracepoint(name: "other")) {
      try machine.passRawTracepoint("other", [1, 0, 0, 9], on: 0)
    }
    #expect(raw.numbers.prefix(4) == [1, 0, 0, 9])
    #expect(throws: MachineError.self) { try machine.passRawTracepoint("other", [], on: 9) }
  }

  @Test("a program that may sleep cannot in an interrupt")
  func sleepingInInterrupt() throws {
    var object = AssembledObject()
    try object.program("copy", "r1 = r10\nr1 += -8\nr2 = 8\nr3 = 4096\ncall bpf_copy_from_user\nr0 = 0\nexit")
    let machine = try Machine()
    let loaded = try machine.load(object.file)
    try loaded.run("copy")
    #expect(throws: MachineError.self) {
      try machine.interrupt(on: 0, .nmi) { () throws(MachineError) in try loaded.run("copy") }
    }
    #expect(machine.faults.last?.message.contains("the CPU is in NMI context") == true)
  }
}
