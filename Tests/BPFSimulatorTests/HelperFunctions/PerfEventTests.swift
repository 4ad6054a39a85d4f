import BPFMaps
import BPFObject
import BPFSimulator
import Testing

@Suite struct PerfEventTests {
  /// The arguments are: size, flags, then bytes to send.
  private func object() throws -> ObjectFile {
    var object = AssembledObject()
    try object.map("events", .perfEventArray, value: 4, entries: 3)
    try object.program(
      "output",
      """
      r6 = r1
      r2 = map(events) ll
      r3 = *(u64 *)(r6 + 8)
      r4 = *(u64 *)(r6 + 16)
      *(u64 *)(r10 - 16) = r4
      r4 = *(u64 *)(r6 + 24)
      *(u64 *)(r10 - 8) = r4
      r4 = r10
      r4 += -16
      r5 = *(u64 *)(r6 + 0)
      if r5 > 16 goto out
      call bpf_perf_event_output
      r1 = value(result) ll
      *(u64 *)(r1 + 0) = r0
      out:
      r0 = 0
      exit
      """, kind: ProgramKind(type: .rawTracepoint))
    try object.map("result", .array, entries: 1)
    try object.program(
      "no_context", "r1 = 0\nr2 = map(events) ll\nr3 = 0\nr4 = r10\nr4 += -8\nr5 = 8\ncall bpf_perf_event_output\nexit")
    try object.program(
      "unreadable", "r2 = map(events) ll\nr3 = 0\nr4 = r10\nr4 += -8\nr5 = 16\ncall bpf_perf_event_output\nexit")
    return object.file
  }

  private func load(
    _ verification: ProgramVerification = .standard, in machine: Machine
  ) throws -> LoadedObject { try machine.load(object(), verification, misuses: ["no_context", "unreadable"]) }

  private static let currentCPU: UInt64 = 0xffff_ffff

  private func output(_ object: LoadedObject, size: UInt64 = 8, flags: UInt64, on cpu: Int = 0) throws -> Int64 {
    let link = try object.attach("output", to: .rawTracepoint(name: "sys_enter"))
    try object.machine.passRawTracepoint("sys_enter", [size, flags, 0x1234, 0x5678], on: cpu)
    link.detach()
    return Int64(bitPattern: try object.map("result").lookupElement([0, 0, 0, 0]).memoryWords[0])
  }

  @Test("each CPU writes to its own buffer")
  func records() throws {
    let object = try load(in: Machine())
    let buffers = try object.openPerfEventBuffers("events")
    #expect(buffers.map(\.cpu) == [0, 1])
    #expect(try output(object, flags: Self.currentCPU, on: 1) == 0)
    #expect(try output(object, size: 3, flags: 0, on: 0) == 0)
    #expect(try output(object, size: 0, flags: 0, on: 0) == 0)
    #expect(buffers[0].drain() == [[0x34, 0x12, 0], []])
    #expect(buffers[1].drain().map(\.memoryWords) == [[0x1234]])
    #expect(buffers[1].drain().isEmpty)
  }

  @Test("a wrong index, an empty slot and another CPU's buffer give the errors of Linux")
  func errors() throws {
    let object = try load(in: Machine())
    #expect(try output(object, flags: 0) == -2)
    #expect(try output(object, flags: 3) == -7)
    #expect(try output(object, flags: 1 << 32) == -22)
    try object.openPerfEventBuffer("events", at: 2, cpu: 1)
    #expect(try output(object, flags: 2) == -95)
    #expect(try output(object, flags: 2, on: 1) == 0)
    let buffer = try object.openPerfEventBuffer("events", at: 0, cpu: 0, pageCount: 1)
    // 8 bytes of header, 4 of size, 8 of record and 4 of padding.
    for _ in 0..<170 { #expect(try output(object, flags: 0) == 0) }
    #expect(try output(object, flags: 0) == -28)
    #expect(buffer.lostCount == 1 && buffer.drain().count == 170)
    #expect(try output(object, flags: 0) == 0)
  }

  @Test("buffers are opened only where they fit")
  func opening() throws {
    let object = try load(in: Machine())
    #expect(throws: MachineError.self) { try object.openPerfEventBuffer("events", at: 3, cpu: 0) }
    #expect(throws: MachineError.self) { try object.openPerfEventBuffer("events", at: 0, cpu: 2) }
    #expect(throws: MachineError.self) { try object.openPerfEventBuffer("events", at: 0, cpu: 0, pageCount: 3) }
  }

  @Test("a wrong context and too few bytes end the run")
  func refusals() throws {
    let machine = try Machine()
    let object = try load(.none, in: machine)
    #expect(throws: MachineError.self) { try object.run("no_context") }
    #expect(machine.faults.last?.message.contains("argument 1 is 0x0") == true)
    #expect(throws: MachineError.self) { try object.run("unreadable") }
    #expect(machine.faults.last?.message.contains("argument 4") == true)
  }

  @Test("a program finds the cookie of the attachment that it runs for")
  func cookies() throws {
    var object = AssembledObject()
    try object.map("seen", .array, value: 16, entries: 1)
    let text = "r6 = r1\nr1 = r6\ncall bpf_get_attach_cookie\nr7 = value(seen) ll\n"
    for (name, offset) in [("first", 0), ("second", 8)] {
      try object.program(
        name, text + "*(u64 *)(r7 + \(offset)) = r0\nr0 = 0\nexit", kind: ProgramKind(type: .perfEvent))
    }
    let machine = try Machine()
    let loaded = try machine.load(object.file)
    let first = try loaded.attach("first", to: .perfEvent(cpu: 0), cookie: 0xdead_beef_0000_0001)
    let second = try loaded.attach("second", to: .perfEvent(cpu: 0))
    try loaded.map("seen").updateElement([0, 0, 0, 0], to: ([9, 9] as [UInt64]).flatMap(\.memoryBytes))
    try machine.nmi(on: 0)
    #expect(try loaded.map("seen").lookupElement([0, 0, 0, 0]).memoryWords == [0xdead_beef_0000_0001, 0])
    first.detach()
    second.detach()
  }
}
