import BPFMaps
import BPFObject
import BPFSimulator
import Testing

@Suite struct StackTests {
  /// A program that calls a stack helper with the size and flags of its context, and keeps what it wrote and returned.
  ///
  /// The context is: size, flags, result, then 8 words of the stack.
  private func object() throws -> ObjectFile {
    var object = AssembledObject()
    let call = """
      r6 = r1
      r2 = value(buffer) ll
      r3 = *(u64 *)(r6 + 0)
      if r3 > 64 goto out
      r4 = *(u64 *)(r6 + 8)
      """
    try object.map("buffer", .array, value: 64, entries: 1)
    // A context is no memory for helpers to write to.
    func copies(to offset: Int) -> String {
      (0..<8).map { "r2 = *(u64 *)(r1 + \(8 * $0))\n*(u64 *)(r6 + \(offset + 8 * $0)) = r2\n" }.joined()
    }
    let end = """
      *(u64 *)(r6 + 16) = r0
      r1 = value(buffer) ll
      \(copies(to: 24))out:
      r0 = 0
      exit
      """
    try object.program("stack", "\(call)\ncall bpf_get_stack\n\(end)")
    let taskCall = """
      r6 = r1
      call bpf_get_current_task_btf
      r1 = r0
      r2 = value(buffer) ll
      r3 = *(u64 *)(r6 + 0)
      if r3 > 64 goto out
      r4 = *(u64 *)(r6 + 8)
      """
    try object.program("task_stack", "\(taskCall)\ncall bpf_get_task_stack\n\(end)")
    // The context is: thread, size, flags, result, words.
    try object.program(
      "other_stack",
      """
      r6 = r1
      r8 = *(u64 *)(r6 + 8)
      if r8 > 64 goto out
      r1 = *(u32 *)(r6 + 0)
      call kfunc(bpf_task_from_pid)
      if r0 == 0 goto out
      r7 = r0
      r1 = r7
      r2 = value(buffer) ll
      r3 = r8
      r4 = *(u64 *)(r6 + 16)
      call bpf_get_task_stack
      *(u64 *)(r6 + 24) = r0
      r1 = r7
      call kfunc(bpf_task_release)
      r1 = value(buffer) ll
      \(copies(to: 32))out:
      r0 = 0
      exit
      """)
    try object.program("wrong_context", "r1 = r10\nr2 = r10\nr2 += -8\nr3 = 8\nr4 = 0\ncall bpf_get_stack\nexit")
    try object.program("no_task", "r2 = r10\nr2 += -8\nr3 = 8\nr4 = 0\ncall bpf_get_task_stack\nexit")
    try object.map("traces", .stackTrace, value: 24, entries: 2)
    try object.program(
      "stack_number",
      "r3 = *(u64 *)(r1 + 0)\nr2 = map(traces) ll\ncall bpf_get_stackid\nr1 = value(buffer) ll\n*(u64 *)(r1 + 0) = r0\n"
        + "r0 = 0\nexit", kind: ProgramKind(type: .rawTracepoint))
    try object.program("no_traces", "r2 = map(samples) ll\nr3 = 0\ncall bpf_get_stackid\nexit")
    try object.map("samples", .array, value: 96, entries: 1)
    for (name, flags) in [("user", 0x100), ("kernel", 0)] {
      try object.program(
        "sample_\(name)",
        "r6 = value(samples) ll\nr2 = r6\nr2 += 8\nr3 = 88\nr4 = \(flags)\ncall bpf_get_stack\n"
          + "*(u64 *)(r6 + 0) = r0\nr0 = 0\nexit", kind: ProgramKind(type: .perfEvent))
    }
    return object.file
  }

  private struct Outcome: Equatable {
    var result: Int64
    var words: [UInt64]
  }

  private func run(
    _ object: LoadedObject, _ program: String, size: UInt64, flags: UInt64, pid: Int32? = nil
  ) throws -> Outcome {
    let prefix = pid.map { [UInt64($0)] } ?? []
    let filled = [UInt64](repeating: .max, count: 8)
    try object.map("buffer").updateElement([0, 0, 0, 0], to: filled.flatMap(\.memoryBytes))
    let context = (prefix + [size, flags, 0] + filled).flatMap(\.memoryBytes)
    let after = try object.run(program, context: context).context.memoryWords.dropFirst(prefix.count)
    return Outcome(result: Int64(bitPattern: after[prefix.count + 2]), words: Array(after.dropFirst(3)))
  }

  /// A task on CPU 0 whose user stack has two callers.
  private func machine(
    _ verification: ProgramVerification = .standard
  ) throws -> (Machine, SimulatedTask, LoadedObject) {
    let machine = try Machine()
    let task = try machine.spawn("walker")
    let stack = try #require(task.memory).map(byteCount: 4096)
    task.memory?.store(([stack + 64, 0x1111] as [UInt64]).flatMap(\.memoryBytes), at: stack + 32)
    task.memory?.store(([0, 0x2222] as [UInt64]).flatMap(\.memoryBytes), at: stack + 64)
    task.registers.rip = 0x4000
    task.registers.rbp = stack + 32
    try machine.run(task, on: 0)
    return (
      machine, task, try machine.load(object(), verification, misuses: ["wrong_context", "no_task", "no_traces"])
    )
  }

  private static let user: UInt64 = 0x100
  private static let none = UInt64.max

  @Test("the user stack follows frame pointers, and what is not used of the buffer is zeroed")
  func userStack() throws {
    let (_, _, object) = try machine()
    for program in ["stack", "task_stack"] {
      let full = try run(object, program, size: 40, flags: Self.user)
      #expect(full == Outcome(result: 24, words: [0x4000, 0x1111, 0x2222, 0, 0, Self.none, Self.none, Self.none]))
      let cut = try run(object, program, size: 16, flags: Self.user)
      #expect(cut.result == 16 && Array(cut.words.prefix(3)) == [0x4000, 0x1111, Self.none])
      let skipped = try run(object, program, size: 16, flags: Self.user | 2)
      #expect(skipped.result == 8 && Array(skipped.words.prefix(3)) == [0x2222, 0, Self.none])
      #expect(try run(object, program, size: 0, flags: Self.user).result == 0)
      // Three frames less three is none; less four is an error.
      #expect(try run(object, program, size: 16, flags: Self.user | 3).result == 0)
      let tooFar = try run(object, program, size: 16, flags: Self.user | 4)
      #expect(tooFar.result == -14 && Array(tooFar.words.prefix(3)) == [0, 0, Self.none])
    }
  }

  @Test("frames that are not resident end the user stack")
  func nonresident() throws {
    let (_, task, object) = try machine()
    let frame = task.registers.rbp & ~4095
    task.memory?.evict(frame..<frame + 4096)
    #expect(try run(object, "stack", size: 32, flags: Self.user).words.prefix(2) == [0x4000, 0])
  }

  @Test("sizes and flags that Linux does not take are -EINVAL and zero the buffer")
  func invalidFlags() throws {
    let (_, _, object) = try machine()
    for (size, flags) in [(12, 0), (8, 0x200), (8, 0x400), (32, 0x800), (24, 0x900), (8, 1 << 40)] as [(UInt64, UInt64)]
    {
      for program in ["stack", "task_stack"] {
        let outcome = try run(object, program, size: size, flags: flags)
        #expect(outcome.result == -22 && outcome.words[0] == 0, "\(program) \(size) \(flags)")
      }
    }
  }

  @Test("a frame with a build id is its address, since no mapping here has one")
  func buildID() throws {
    let (_, _, object) = try machine()
    let outcome = try run(object, "stack", size: 64, flags: 0x900)
    #expect(outcome == Outcome(result: 64, words: [2, 0, 0, 0x4000, 2, 0, 0, 0x1111]))
  }

  @Test("the kernel stack ends in the entry of the system call")
  func kernelStack() throws {
    let (_, _, object) = try machine()
    let first = try run(object, "stack", size: 64, flags: 0)
    #expect(first.result == 24)
    #expect(first.words.prefix(3).allSatisfy { $0 > 0xffff_ffff_8100_0000 } && first.words[3] == 0)
    #expect(try run(object, "task_stack", size: 64, flags: 0) == first)
    #expect(try run(object, "stack", size: 64, flags: 1).words.prefix(2) == first.words[1...2])
  }

  @Test("another task's kernel stack can be had, its user stack not")
  func otherTask() throws {
    let (machine, _, object) = try machine()
    let sleeper = try machine.spawn("sleeper")
    try machine.run(sleeper, on: 1)
    try machine.block(sleeper, in: .read)
    let kernel = try run(object, "other_stack", size: 64, flags: 0, pid: sleeper.pid)
    #expect(kernel.result == 40)
    #expect(try run(object, "other_stack", size: 64, flags: Self.user, pid: sleeper.pid).result == -95)
    let thread = try machine.spawnKernelThread("worker")
    #expect(try run(object, "other_stack", size: 64, flags: Self.user, pid: thread.pid).result == -14)
    #expect(try run(object, "other_stack", size: 64, flags: 0, pid: thread.pid).result == 24)
  }

  @Test("an interrupt sees the stacks of what it interrupted")
  func interrupted() throws {
    let (machine, task, object) = try machine()
    func sample(_ program: String) throws -> [UInt64] {
      let link = try object.attach(program, to: .perfEvent(cpu: 0))
      try machine.nmi(on: 0)
      link.detach()
      return try object.map("samples").lookupElement([0, 0, 0, 0]).memoryWords
    }
    #expect(try sample("sample_user").prefix(4) == [24, 0x4000, 0x1111, 0x2222])
    #expect(try sample("sample_kernel").first == 0)
    try machine.systemCall(.read, by: task) { () throws(MachineError) in
      #expect((try? sample("sample_user").prefix(4)) == [24, 0x4000, 0x1111, 0x2222])
      #expect((try? sample("sample_kernel").first) == 24)
      return 0
    }
    try machine.idle(0)
    #expect(try sample("sample_user").first == 0)
    #expect(try sample("sample_kernel").first ?? 0 > 24)
  }

  @Test("a stack that is stored has a number, the same each time")
  func numbers() throws {
    let (machine, _, object) = try machine()
    let link = try object.attach("stack_number", to: .rawTracepoint(name: "sys_enter"))
    func store(_ flags: UInt64) throws -> Int64 {
      try machine.passRawTracepoint("sys_enter", [flags], on: 0)
      return Int64(bitPattern: try object.map("buffer").lookupElement([0, 0, 0, 0]).memoryWords[0])
    }
    let first = try store(Self.user)
    let traces = try #require(try object.map("traces") as? StackTraceMap)
    #expect(first >= 0 && traces.frames(of: UInt32(first)) == [0x4000, 0x1111, 0x2222])
    #expect(try store(Self.user) == first)
    let second = try store(Self.user | 0x400 | 1)
    #expect(second >= 0 && traces.frames(of: UInt32(second)) == [0x1111, 0x2222])
    #expect(try store(Self.user | 3) == -14)
    #expect(try store(0x800) == -22)
    link.detach()
  }

  @Test("a wrong context and a wrong task end the run")
  func refusals() throws {
    let (machine, _, object) = try machine(.none)
    #expect(throws: MachineError.self) { try object.run("wrong_context") }
    #expect(machine.faults.last?.message.contains("bpf_get_stack: argument 1") == true)
    #expect(throws: MachineError.self) { try object.run("no_task") }
    #expect(machine.faults.last?.message.contains("bpf_get_task_stack: argument 1") == true)
    #expect(throws: MachineError.self) { try object.run("no_traces") }
    #expect(machine.faults.last?.message.contains("bpf_get_stackid") == true)
  }
}
