import BPFMaps
import BPFObject
import BPFSimulator
import Testing

/// What may not be done in a section, and what may not be left open; and that the machine goes on after it.
@Suite struct SectionTests {
  private static let value =
    "struct bpf_spin_lock { u32 val; }; struct value { struct bpf_spin_lock lock; u32 padding; u64 kept; };"
  private static let saved = "r1 = r10\nr1 += -8\n"
  private static let sections: [(name: String, enter: String, leave: String, state: String)] = [
    ("rcu", "call kfunc(bpf_rcu_read_lock)", "call kfunc(bpf_rcu_read_unlock)", "an RCU read section is open"),
    ("preemption", "call kfunc(bpf_preempt_disable)", "call kfunc(bpf_preempt_enable)", "preemption is off"),
    (
      "interrupts", "\(saved)call kfunc(bpf_local_irq_save)", "\(saved)call kfunc(bpf_local_irq_restore)",
      "interrupts are off"
    ),
    (
      "lock", "r1 = value(locks) ll\ncall bpf_spin_lock", "r1 = value(locks) ll\ncall bpf_spin_unlock",
      "function calls are not allowed while holding a lock"
    ),
  ]
  private static let sleeping = "r1 = r10\nr1 += -16\nr2 = 0\nr3 = 0\ncall bpf_copy_from_user\n"

  private func loaded(_ verification: ProgramVerification = .standard) throws -> (Machine, LoadedObject) {
    var object = AssembledObject()
    try object.map("locks", .array, entries: 1, declaring: Self.value)
    for section in Self.sections {
      try object.call("\(section.name)_sleeps", "\(section.enter)\n\(Self.sleeping)\(section.leave)")
      try object.call("\(section.name)_open", "\(section.enter)\nr0 = 0")
      try object.call("\(section.name)_whole", "\(section.enter)\n\(section.leave)\n\(Self.sleeping)")
      try object.call("\(section.name)_unopened", section.leave)
    }
    try object.call("lock_helper", "\(Self.sections[3].enter)\ncall bpf_ktime_get_ns\n\(Self.sections[3].leave)")
    try object.call(
      "lock_function", "\(Self.sections[3].enter)\ncall kfunc(bpf_rcu_read_lock)\n\(Self.sections[3].leave)")
    try object.call(
      "lock_numbers",
      "\(Self.sections[3].enter)\nr1 = r10\nr1 += -16\nr2 = 0\nr3 = 1\ncall kfunc(bpf_iter_num_new)\nr1 = r10\nr1 += -16\n"
        + "call kfunc(bpf_iter_num_destroy)\n\(Self.sections[3].leave)\nr0 = 0")
    try object.call("reference", "call bpf_get_current_task_btf\nr1 = r0\ncall kfunc(bpf_task_acquire)\nr0 = 0")
    try object.call("twice", "\(Self.sections[3].enter)\n\(Self.sections[3].enter)")
    try object.call("unheld", "call bpf_get_current_task_btf\nr1 = r0\ncall kfunc(bpf_task_release)")
    // A context that is kept beyond its run.
    try object.call("keep", "r6 = value(locks) ll\n*(u64 *)(r6 + 8) = r9\nr0 = 0")
    try object.call("use", "r6 = value(locks) ll\nr6 = *(u64 *)(r6 + 8)\nr9 = r6\nr0 = *(u64 *)(r9 + 0)")
    let machine = try Machine()
    let task = try machine.spawn("app")
    try machine.run(task, on: 0)
    let misuses = Self.sections.flatMap { section in
      ["sleeps", "open", "unopened"].map { "\(section.name)_\($0)" }
    }
    return (
      machine,
      try machine.load(
        object.file, verification,
        misuses: Set(misuses + ["lock_helper", "lock_function", "reference", "twice", "unheld", "use"]))
    )
  }

  @Test("a section forbids what may sleep, has to be closed, and is opened before it is closed")
  func sections() throws {
    let (machine, object) = try loaded(.none)
    func refusal(_ program: String) -> String {
      do {
        try object.run(program, context: [UInt8](repeating: 0, count: 8))
        return ""
      } catch { return "\(error)" }
    }
    let open = [
      "rcu": "bpf_rcu_read_lock without bpf_rcu_read_unlock",
      "preemption": "bpf_preempt_disable without bpf_preempt_enable",
      "interrupts": "bpf_local_irq_save without bpf_local_irq_restore", "lock": "bpf_spin_lock without bpf_spin_unlock",
    ]
    for section in Self.sections {
      #expect(refusal("\(section.name)_sleeps").contains(section.state), "\(section.name)")
      #expect(refusal("\(section.name)_open").contains(open[section.name] ?? "?"), "\(section.name)")
      #expect(refusal("\(section.name)_whole") == "", "\(section.name)")
      #expect(refusal("\(section.name)_unopened") != "", "\(section.name)")
    }
    for program in ["lock_helper", "lock_function"] {
      #expect(refusal(program).contains("function calls are not allowed while holding a lock"), "\(program)")
    }
    #expect(refusal("lock_numbers") == "")
    #expect(refusal("reference").contains("1 acquired reference(s) not released"))
    #expect(refusal("twice").contains("a lock is held already") || refusal("twice").contains("holding a lock"))
    #expect(refusal("unheld").contains("the program holds no reference on task"))
    // What the faults left open is closed: interrupts are on, and the reference is given back.
    try machine.clockInterrupt(on: 0)
    let task = machine.cpus[0].current
    try machine.exit(task)
    try machine.reap(task)
    #expect(machine.task(pid: task.pid) == nil)
  }

  @Test("what keeps to the rules runs verified")
  func whole() throws {
    let (machine, object) = try loaded()
    for program in Self.sections.map({ "\($0.name)_whole" }) + ["lock_numbers"] {
      try object.run(program, context: [UInt8](repeating: 0, count: 8))
    }
    #expect(machine.faults.isEmpty)
  }

  @Test("a context is gone when the run is over")
  func contexts() throws {
    let (_, object) = try loaded(.none)
    try object.run("keep", context: [UInt8](repeating: 1, count: 8))
    #expect(throws: MachineError.self) { try object.run("use", context: []) }
  }

  @Test("instructions take virtual time")
  func time() throws {
    let (machine, object) = try loaded()
    let start = machine.now
    try object.run("rcu_whole", context: [UInt8](repeating: 0, count: 8))
    let few = machine.now - start
    var long = AssembledObject()
    try long.call("long", String(repeating: "r0 = 1\n", count: 1000))
    let other = try machine.load(long.file)
    let second = machine.now
    try other.run("long", context: [UInt8](repeating: 0, count: 8))
    #expect(machine.now - second >= few + 900 * machine.configuration.costs.instruction)
    #expect(machine.configuration.costs.instruction > 0)
  }
}
