import BPFMaps
import BPFObject
import BPFParity
import BPFSimulator
import Testing

@Suite("The simulated machine")
struct MachineTests {
  @Test("a script that asks for what cannot be is told what and why")
  func wrongScripts() throws {
    let machine = try Machine()
    let running = try machine.spawn("running")
    try machine.run(running, on: 0)
    let sleeping = try machine.spawn("sleeping")
    try machine.run(sleeping, on: 1)
    try machine.block(sleeping, in: .read)
    let ready = try machine.spawn("ready")
    let thread = try machine.spawnKernelThread("kworker")
    let rows: [(String, String, () throws -> Void)] = [
      ("no such CPU", "there is no CPU 7", { try machine.nmi(on: 7) }),
      ("running twice", "already runs on CPU 0", { try machine.run(running, on: 1) }),
      ("running a sleeper", "sleeps", { try machine.run(sleeping, on: 1) }),
      ("completing nothing", "does not sleep", { try machine.complete(running) }),
      ("a call without a CPU", "is not running", { try machine.systemCall(.read, by: ready) }),
      ("a call of the kernel", "makes no system calls", { try machine.systemCall(.read, by: thread) }),
      ("resuming what runs", "is not stopped", { try machine.resume(running) }),
      ("exit of a sleeper", "is not running", { try machine.exit(sleeping) }),
      ("reaping the living", "is not a zombie", { try machine.reap(running) }),
      ("no such signal", "there is no signal 65", { try machine.send(signal: 65, to: running) }),
      ("a fork without memory", "no user memory", { _ = try machine.fork(thread) }),
      ("an interrupt that is none", "is not an interrupt", { try machine.interrupt(on: 0, .task) }),
      ("a period of nothing", "positive", { try machine.samplePeriodically(on: 0, every: 0, count: 1) }),
    ]
    for (name, expected, body) in rows {
      let error = #expect(throws: MachineError.self, "\(name)") { try body() }
      #expect(error?.message.contains(expected) == true, "\(name): \(error?.message ?? "")")
    }
    var configuration = MachineConfiguration()
    configuration.cpuCount = 0
    #expect(throws: MachineError.self) { try Machine(configuration) }
  }

  @Test("an interrupt can only interrupt what is below it, and interrupts that are off let only an NMI through")
  func nesting() throws {
    let machine = try Machine()
    var reached: [String] = []
    try machine.interrupt(on: 0, .softirq) { () throws(MachineError) in
      try machine.interrupt(on: 0, .hardirq) { () throws(MachineError) in
        #expect(throws: MachineError.self) { try machine.interrupt(on: 0, .softirq) }
        #expect(throws: MachineError.self) { try machine.interrupt(on: 0, .hardirq) }
        try machine.interrupt(on: 0, .nmi) { reached.append("\(machine.cpus[0].context)") }
      }
    }
    try machine.withInterruptsOff(on: 0) { () throws(MachineError) in
      #expect(throws: MachineError.self) { try machine.interrupt(on: 0, .hardirq) }
      try machine.nmi(on: 0)
      reached.append("\(machine.cpus[0].interruptsAreOn)")
    }
    #expect(reached == ["NMI", "false"])
    #expect(machine.cpus[0].context == .task)
    #expect(machine.cpus[0].interruptsAreOn)
  }

  @Test("virtual time passes only as a script says, and what is due happens at its time")
  func time() throws {
    let machine = try Machine()
    let first = try machine.spawn("first")
    let second = try machine.spawn("second")
    try machine.run(first, on: 0)
    try machine.run(second, on: 1)
    try machine.block(first, in: .nanosleep(3_000_000))
    try machine.block(second, in: .nanosleep(1_000_000))
    let start = machine.now
    try machine.advance(by: 2_000_000)
    #expect(second.lastSystemCallResult == 0)
    #expect(first.lastSystemCallResult == nil)
    #expect(machine.now == start + 2_000_000)
    try machine.advance(by: 2_000_000)
    #expect(first.lastSystemCallResult == 0)
    #expect(throws: MachineError.self) { try machine.advance(by: .max) }
  }

  @Test("the same script gives the same timeline")
  func reproducible() async throws {
    func script() async throws -> [String] {
      let scenario = try await Scenario()
      let sleeper = try scenario.sleeper()
      try scenario.insert(1, into: .lru)
      try scenario.run(.lru, mode: .signal, for: sleeper)
      let link = try scenario.object.attach("on_sample", to: .perfEvent())
      try scenario.machine.samplePeriodically(on: 0, every: 1_000_000, count: 5)
      try scenario.machine.advance(by: 10_000_000)
      link.detach()
      return scenario.machine.timeline.map { "\($0)" }
    }
    let first = try await script()
    let second = try await script()
    #expect(first == second)
    #expect(first.count > 20)
  }

  @Test(
    "a fault of a program is thrown by the step that set it off, with program, function and line, and the machine goes on"
  )
  func faults() async throws {
    let scenario = try await Scenario()
    let budgeted = try {
      var configuration = MachineConfiguration()
      configuration.instructionBudget = 10
      return try Machine(configuration)
    }()
    let object = try budgeted.load(scenario.object.object)
    let task = try budgeted.spawn("task")
    try budgeted.run(task, on: 0)
    let link = try object.attach("on_sample", to: .perfEvent(cpu: 0))
    let error = #expect(throws: MachineError.self) { try budgeted.nmi(on: 0) }
    #expect(error?.fault?.program == "on_sample")
    #expect(error?.fault?.line?.contains("task_work_requests.bpf.c:") == true)
    #expect(error?.message.contains("budget of 10 instructions") == true)
    #expect(budgeted.faults.count == 1)
    // The machine is in order: the next step is carried out and nothing is thrown twice.
    try budgeted.advance(by: 1000)
    #expect(budgeted.cpus[0].context == .user)
    link.detach()
    try budgeted.nmi(on: 0)
  }

  @Test("a program is attached only where its type belongs")
  func attachPoints() async throws {
    let scenario = try await Scenario()
    let points: [AttachPoint] = [
      .perfEvent(), .tracepoint(group: "sched", name: "sched_switch"), .rawTracepoint(name: "sys_enter"),
      .kernelFunction(name: "vfs_read", isReturn: false), .userFunction(name: "main", isReturn: false),
    ]
    let accepted = ["on_sample": [0], "on_system_call": [2], "on_function": [3, 4], "schedule": []]
    for (program, places) in accepted {
      for (index, point) in points.enumerated() {
        do {
          let link = try scenario.object.attach(program, to: point)
          link.detach()
          #expect(places.contains(index), "\(program) at \(point)")
        } catch {
          #expect(!places.contains(index), "\(program) at \(point): \(error)")
        }
      }
    }
    #expect(throws: MachineError.self) { _ = try scenario.object.attach("missing", to: .perfEvent()).detach() }
  }

  @Test("closing an object frees its programs and maps, unless something still refers to them")
  func closing() async throws {
    let scenario = try await Scenario()
    #expect(scenario.machine.programIDs.count == scenario.object.programs.count)
    let link = try scenario.object.attach("on_sample", to: .perfEvent(cpu: 0))
    scenario.object.close()
    #expect(scenario.machine.programIDs.count == 1)
    #expect(!scenario.machine.mapIDs.isEmpty)
    link.detach()
    #expect(scenario.machine.programIDs.isEmpty)
    #expect(scenario.machine.mapIDs.isEmpty)
  }

  @Test("a task that is woken runs where it ran last if that CPU is idle, else on an idle one, else on a busy one")
  func placement() throws {
    // The busy CPUs, where a task that a signal wakes runs, and where one does whose call is completed.
    let rows: [(busy: [Int], woken: Int, completed: Int)] = [
      ([], 2, 2), ([2], 0, 0), ([0, 2], 1, 1), ([0, 1], 2, 2), ([0, 1, 2], 2, 0),
    ]
    for row in rows {
      for isCompleted in [false, true] {
        var configuration = MachineConfiguration()
        configuration.cpuCount = 3
        let machine = try Machine(configuration)
        let task = try machine.spawn("sleeper")
        try machine.run(task, on: 2)
        try machine.block(task, in: .read)
        for cpu in row.busy { try machine.run(machine.spawn("busy"), on: cpu) }
        let start = machine.timeline.count
        // SIGCONT does nothing by default.
        if isCompleted { try machine.complete(task) } else { try machine.send(signal: 18, to: task) }
        let event = machine.timeline[start...].first { event in
          if case .switchedTo = event.kind { event.thread.pid == task.pid } else { false }
        }
        #expect(event?.cpu == (isCompleted ? row.completed : row.woken), "\(row) \(isCompleted)")
      }
    }
    let machine = try Machine()
    let task = try machine.spawn("stopped")
    try machine.run(task, on: 1)
    try machine.stop(task)
    try machine.resume(task)
    #expect(task.state == .running(cpu: 1), "a task goes on where it was stopped")
  }

  @Test("a slot holds its map or program until it is emptied")
  func slots() throws {
    var object = AssembledObject()
    try object.map("inner", .array)
    try object.map("outer", .arrayOfMaps, value: 4, entries: 2)
    try object.map("programs", .programArray, value: 4, entries: 2)
    object.fillSlots(of: "outer", with: [1: "inner"])
    object.fillSlots(of: "programs", with: [1: "target"])
    try object.program("target", "r0 = 0\nexit", kind: ProgramKind(type: .rawTracepoint))
    var file = object.file
    let inner = try #require(file.maps["inner"])
    file.maps["outer"]?.innerMap = Indirect(inner)
    let machine = try Machine()
    let loaded = try machine.load(file)
    let count = machine.mapIDs.count
    try loaded.closeMap("inner")
    #expect(machine.mapIDs.count == count)
    try loaded.map("outer").deleteElement([1, 0, 0, 0])
    #expect(machine.mapIDs.count == count - 1)
    let program = try loaded.program("target")
    try loaded.closeProgram("target")
    #expect(!program.isFreed)
    try loaded.map("programs").deleteElement([1, 0, 0, 0])
    #expect(program.isFreed && machine.programIDs.isEmpty)
  }
}
