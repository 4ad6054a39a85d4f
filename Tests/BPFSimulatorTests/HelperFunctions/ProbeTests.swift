import BPFMaps
import BPFObject
import BPFSimulator
import Testing

@Suite struct ProbeTests {
  private static let entry = ProgramKind(type: .tracing, attachType: 24)
  private static let exit = ProgramKind(type: .tracing, attachType: 25)
  private static let probe = ProgramKind(type: .kprobe)

  /// A program that keeps what a helper returned in slot 0, and words of its context behind.
  private func loaded(_ verification: ProgramVerification = .standard) throws -> (Machine, LoadedObject) {
    var object = AssembledObject()
    try object.map("results", .array, value: 32, entries: 1)
    let address = "r6 = r1\nr7 = value(results) ll\ncall bpf_get_func_ip\n*(u64 *)(r7 + 0) = r0\n"
    try object.program(
      "probe", address + "r1 = *(u64 *)(r6 + 112)\n*(u64 *)(r7 + 8) = r1\nr0 = 0\nexit", kind: Self.probe)
    try object.program(
      "return", address + "r1 = *(u64 *)(r6 + 80)\n*(u64 *)(r7 + 8) = r1\nr0 = 0\nexit", kind: Self.probe)
    let argument = "r1 = r6\nr2 = 1\nr3 = r7\nr3 += 8\ncall bpf_get_func_arg\n"
    let result = "r1 = r6\nr2 = r7\nr2 += 16\ncall bpf_get_func_ret\n*(u64 *)(r7 + 24) = r0\n"
    for (name, kind) in [("entry", Self.entry), ("exit", Self.exit)] {
      try object.program(name, address + argument + result + "r0 = 0\nexit", kind: kind)
      try object.program(
        name + "_count",
        "r7 = value(results) ll\nr6 = r1\ncall bpf_get_func_arg_cnt\n*(u64 *)(r7 + 0) = r0\n"
          + "r1 = r6\nr2 = 2\nr3 = r7\nr3 += 8\ncall bpf_get_func_arg\n*(u64 *)(r7 + 16) = r0\n"
          + "r1 = *(u64 *)(r6 + 16)\n*(u64 *)(r7 + 24) = r1\nr0 = 0\nexit", kind: kind)
    }
    try object.program("probe_count", "call bpf_get_func_arg_cnt\nexit", kind: Self.probe)
    try object.program("plain", "call bpf_get_func_ip\nexit")
    let machine = try Machine()
    guard verification == .standard else { return (machine, try machine.load(object.file, verification: .none)) }
    // What is attached to functions has no target here from which the verifier could take parameters.
    let programs = Set(["probe", "return"]).union(["entry", "exit"].flatMap { [$0, "\($0)_count"] })
    let loaded = try machine.load(object.file, programs: programs)
    #expect(loaded.programs.allSatisfy { $0.execution.isVerified == ($0.kind.type == .kprobe) })
    return (machine, loaded)
  }

  private func results(_ object: LoadedObject) throws -> [UInt64] {
    try object.map("results").lookupElement([0, 0, 0, 0]).memoryWords
  }

  @Test("probes at both ends of a kernel function see its address, its first argument and its result")
  func kernelProbes() throws {
    let (machine, object) = try loaded()
    let entry = try object.attach("probe", to: .kernelFunction(name: "vfs_read", isReturn: false))
    var atEntry: [UInt64] = []
    let result = try machine.callKernelFunction("vfs_read", [7, 8], on: 0) { () throws(MachineError) in
      atEntry = (try? results(object)) ?? []
      return 99
    }
    #expect(result == 99 && atEntry[1] == 7 && atEntry[0] > 0xffff_ffff_8000_0000)
    entry.detach()
    let exit = try object.attach("return", to: .kernelFunction(name: "vfs_read", isReturn: true))
    try machine.callKernelFunction("vfs_read", [7, 8], on: 0) { 99 }
    #expect(try results(object).prefix(2) == [atEntry[0], 99])
    exit.detach()
  }

  @Test("probes of a user function see its address")
  func userProbes() throws {
    let (machine, object) = try loaded()
    let task = try machine.spawn("probed")
    task.registers.rip = 0x4321
    try machine.run(task, on: 0)
    for (program, isReturn) in [("probe", false), ("return", true)] {
      let link = try object.attach(program, to: .userFunction(name: "work", isReturn: isReturn))
      try machine.callUserFunction("work", [5], by: task) { 6 }
      #expect(try results(object).prefix(2) == [0x4321, isReturn ? 6 : 5])
      link.detach()
    }
  }

  @Test("tracing programs have the arguments as context and ask for the result at the return only")
  func tracing() throws {
    let (machine, object) = try loaded()
    for (program, isReturn) in [("entry", false), ("exit", true)] {
      let link = try object.attach(program, to: .kernelFunction(name: "vfs_read", isReturn: isReturn))
      try machine.callKernelFunction("vfs_read", [7, 8], on: 0) { 99 }
      link.detach()
      let outcome = try results(object)
      #expect(outcome[0] > 0xffff_ffff_8000_0000 && outcome[1] == 8)
      #expect(outcome[3] == (isReturn ? 0 : UInt64(bitPattern: -95)))
      if isReturn { #expect(outcome[2] == 99) }
    }
    let link = try object.attach("exit_count", to: .kernelFunction(name: "vfs_read", isReturn: true))
    try machine.callKernelFunction("vfs_read", [7, 8], on: 0) { 99 }
    #expect(try results(object) == [2, 8, UInt64(bitPattern: -22), 99])
    link.detach()
    // At the entry there is no word behind the arguments.
    let entry = try object.attach("entry_count", to: .kernelFunction(name: "vfs_read", isReturn: false))
    #expect(throws: MachineError.self) { try machine.callKernelFunction("vfs_read", [7, 8], on: 0) { 99 } }
    entry.detach()
  }

  @Test("programs attach only where their type and section say")
  func attachment() throws {
    let (_, object) = try loaded()
    let points: [(String, AttachPoint)] = [
      ("entry", .kernelFunction(name: "f", isReturn: true)), ("exit", .kernelFunction(name: "f", isReturn: false)),
      ("entry", .rawTracepoint(name: "sched_switch")), ("entry", .userFunction(name: "f", isReturn: false)),
      ("probe", .perfEvent()), ("probe", .tracepoint(group: "sched", name: "sched_switch")),
    ]
    for (program, point) in points {
      #expect(throws: MachineError.self, "\(program) \(point)") { try object.attach(program, to: point).detach() }
    }
  }

  @Test("a program that is attached to no function asks in vain")
  func refusals() throws {
    let (machine, object) = try loaded(.none)
    #expect(throws: MachineError.self) { try object.run("plain") }
    #expect(machine.faults.last?.message.contains("not attached to a function") == true)
    let link = try object.attach("probe_count", to: .kernelFunction(name: "f", isReturn: false))
    #expect(throws: MachineError.self) { try machine.callKernelFunction("f", on: 0) }
    #expect(machine.faults.last?.message.contains("fentry, fexit") == true)
    link.detach()
  }
}
