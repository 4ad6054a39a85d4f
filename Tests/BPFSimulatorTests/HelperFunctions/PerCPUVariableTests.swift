import BPFMaps
import BPFObject
import BPFSimulator
import BPFTypeFormat
import Testing

@Suite struct PerCPUVariableTests {
  private func loaded(_ verification: ProgramVerification = .standard) throws -> (Machine, LoadedObject) {
    let types = SimulatedKernelTypes.shared
    let queue = try #require(types.first(named: "rq", kind: .structure))
    guard case .structure(let shape) = try types.type(queue).kind else { throw MissingMember() }
    func offset(_ name: String) throws -> Int {
      guard let member = shape.members.first(where: { $0.name == name }) else { throw MissingMember() }
      return Int(member.bitOffset / 8)
    }
    var object = AssembledObject()
    try object.map("active", .array, entries: 1)
    try object.program(
      "queue",
      """
      r6 = r1
      r1 = symbol(runqueues) ll
      r2 = *(u64 *)(r6 + 0)
      call bpf_per_cpu_ptr
      if r0 == 0 goto none
      w1 = *(u32 *)(r0 + \(try offset("cpu")))
      w0 = *(u32 *)(r0 + \(try offset("nr_running")))
      r1 <<= 32
      r0 |= r1
      exit
      none:
      r0 = -1
      exit
      """)
    let active = "r1 = symbol(bpf_prog_active) ll\ncall bpf_this_cpu_ptr\nw0 = *(u32 *)(r0 + 0)\n"
    try object.program("active_count", active + "exit")
    try object.program(
      "sample", active + "r6 = value(active) ll\n*(u64 *)(r6 + 0) = r0\nr0 = 0\nexit",
      kind: ProgramKind(type: .perfEvent))
    try object.program("direct", "r1 = symbol(bpf_prog_active) ll\nw0 = *(u32 *)(r1 + 0)\nexit")
    try object.program(
      "write", "r1 = symbol(bpf_prog_active) ll\ncall bpf_this_cpu_ptr\nr1 = 1\n*(u32 *)(r0 + 0) = r1\nr0 = 0\nexit")
    try object.program("other", "r1 = r10\ncall bpf_this_cpu_ptr\nr0 = 0\nexit")
    let machine = try Machine()
    return (machine, try machine.load(object.file, verification, misuses: ["direct", "write", "other"]))
  }

  private struct MissingMember: Error {}

  @Test("each CPU has its own run queue, and a CPU that is none has none")
  func queues() throws {
    let (machine, object) = try loaded()
    let task = try machine.spawn("busy")
    try machine.run(task, on: 1)
    func queue(_ cpu: UInt64) throws -> UInt64 { try object.run("queue", context: cpu.memoryBytes).result }
    #expect(try queue(0) == 0)
    #expect(try queue(1) == 1 << 32 | 1)
    #expect(try queue(2) == .max)
    #expect(try queue(1 << 32) == 0)
  }

  @Test("runs of perf event programs are counted, those of syscall programs not")
  func active() throws {
    let (machine, object) = try loaded()
    let link = try object.attach("sample", to: .perfEvent())
    try machine.nmi(on: 0)
    link.detach()
    #expect(try object.map("active").lookupElement([0, 0, 0, 0]).memoryWords == [1])
    #expect(try object.run("active_count").result == 0)
  }

  @Test("the variable of no CPU cannot be read, a copy not written")
  func refusals() throws {
    let (machine, object) = try loaded(.none)
    for (program, message) in [
      ("direct", "the variable 'bpf_prog_active' of no CPU"), ("write", "write to read-only memory"),
      ("other", "bpf_this_cpu_ptr: argument 1"),
    ] {
      #expect(throws: MachineError.self) { try object.run(program) }
      #expect(machine.faults.last?.message.contains(message) == true, "\(machine.faults.last?.message ?? "")")
    }
  }
}
