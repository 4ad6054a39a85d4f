import BPFDiagnostics
import BPFMaps
import BPFObject
import BPFSimulator
import BPFTypeFormat
import Testing

/// What the verifier accepts runs without checks that it has proven needless; what it refuses is not loaded.
@Suite struct VerifiedExecutionTests {
  private func object(_ code: String, section: String = "syscall") throws -> ObjectFile {
    var object = AssembledObject()
    try object.map("results", .array, value: 32, entries: 1)
    try object.program("program", code, kind: ProgramKind(section: section))
    return object.file
  }

  /// The offset in bytes of a member of the simulated kernel's tasks.
  private func offset(of member: String) throws -> Int {
    let types = SimulatedKernelTypes.shared
    let task = try #require(types.first(named: "task_struct", kind: .structure))
    guard case .structure(let structure) = try types.type(task).kind else { return 0 }
    return Int(try #require(structure.members.first { $0.name == member }).bitOffset) / 8
  }

  @Test("what Linux would refuse is not loaded, and the finding says why")
  func refusal() throws {
    let machine = try Machine()
    let bad = try object("r1 = value(results) ll\nr0 = *(u64 *)(r1 + 32)\nexit")
    let error = try #require(throws: LoadError.self) { try machine.load(bad) }
    #expect(error.subject == .program("program") && error.instruction == 2)
    #expect(
      error.diagnostic?.kernelMessage.contains("invalid access to map value, value_size=32 off=32 size=8") == true)
    #expect(machine.programIDs.isEmpty && machine.mapIDs.isEmpty)
    // Without a verifier it is loaded, and stopped where it does what it may not.
    let loaded = try machine.load(bad, verification: .none)
    #expect(!loaded.programs[0].execution.isVerified)
    #expect(throws: MachineError.self) { try loaded.run("program") }
    #expect(machine.faults.count == 1)
  }

  @Test("what the verifier does not model runs with checks, and says what it is")
  func unsupported() throws {
    let machine = try Machine()
    let loaded = try machine.load(object("r0 = 0\nexit", section: "fentry/vfs_read"))
    guard case .checked(let reason?) = loaded.programs[0].execution else {
      Issue.record("it is said to be verified")
      return
    }
    #expect(reason.contains("the verifier does not know"))
  }

  @Test("a kernel structure that is not there reads as zero, as in Linux; with checks the read is a fault")
  func nullStructure() throws {
    // No task was woken by this one.
    let wakee = try offset(of: "last_wakee")
    let number = try offset(of: "pid")
    let code = """
      r6 = r1
      call bpf_get_current_task_btf
      r1 = r0
      r1 = *(u64 *)(r1 + \(wakee))
      r0 = *(u32 *)(r1 + \(number))
      r0 += 5
      exit
      """
    let machine = try Machine()
    let verified = try machine.load(object(code))
    #expect(verified.programs[0].execution.isVerified)
    #expect(try verified.run("program").result == 5)
    let checked = try machine.load(object(code), verification: .none)
    #expect(throws: MachineError.self) { try checked.run("program") }
  }

  @Test("a program gives the same with checks and without")
  func equality() throws {
    // Stack, map value and branches: sums of what is written, at places that depend on a loop's counter.
    let code = """
      r6 = value(results) ll
      r7 = 0
      l: r1 = r7
      r1 *= 3
      *(u64 *)(r10 - 8) = r1
      *(u8 *)(r10 - 9) = r7
      r2 = r7
      r2 &= 24
      r3 = r6
      r3 += r2
      r4 = *(u64 *)(r10 - 8)
      r5 = *(s8 *)(r10 - 9)
      r4 += r5
      r0 = *(u64 *)(r3 + 0)
      r0 += r4
      *(u64 *)(r3 + 0) = r0
      r7 += 1
      if r7 < 40 goto l
      r0 = *(u64 *)(r6 + 16)
      exit
      """
    var results: [[UInt64]] = []
    for verification in [ProgramVerification.standard, .none] {
      let machine = try Machine()
      let loaded = try machine.load(object(code), verification: verification)
      #expect(loaded.programs[0].execution.isVerified == (verification == .standard))
      let result = try loaded.run("program").result
      results.append([result] + (try loaded.map("results").lookupElement([0, 0, 0, 0]).memoryWords))
    }
    #expect(results[0] == results[1] && results[0][0] > 0)
  }
}
