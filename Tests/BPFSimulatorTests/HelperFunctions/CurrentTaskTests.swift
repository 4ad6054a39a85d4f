import BPFLinux
import BPFMaps
import BPFObject
import BPFSimulator
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite struct CurrentTaskTests {
  private func loaded(
    _ verification: ProgramVerification = .standard
  ) throws -> (Machine, SimulatedTask, LoadedObject) {
    var object = AssembledObject()
    try object.map("results", .array, value: 16, entries: 1)
    try object.program("jiffies", "call bpf_jiffies64\nexit")
    try object.program("cgroup", "call bpf_get_current_cgroup_id\nexit")
    try object.program("ancestor", "r1 = *(u64 *)(r1 + 0)\ncall bpf_get_current_ancestor_cgroup_id\nexit")
    // The context is: device, inode, size, then room for the numbers.
    try object.program(
      "namespace",
      """
      r6 = r1
      r1 = *(u64 *)(r6 + 0)
      r2 = *(u64 *)(r6 + 8)
      r3 = *(u64 *)(r6 + 24)
      *(u64 *)(r10 - 8) = r3
      r3 = r10
      r3 += -8
      r4 = *(u64 *)(r6 + 16)
      r0 = 0
      if r4 == 0 goto out
      if r4 > 8 goto out
      call bpf_get_ns_current_pid_tgid
      r1 = *(u64 *)(r10 - 8)
      *(u64 *)(r6 + 24) = r1
      out:
      exit
      """)
    try object.program("signal", "r1 = *(u64 *)(r1 + 0)\ncall bpf_send_signal\nexit")
    try object.program(
      "sample",
      """
      r6 = value(results) ll
      r1 = 10
      call bpf_send_signal
      *(u64 *)(r6 + 0) = r0
      r1 = 12
      call bpf_send_signal_thread
      *(u64 *)(r6 + 8) = r0
      r0 = 0
      exit
      """, kind: ProgramKind(type: .perfEvent))
    let call = """
      r6 = r1
      r1 = 0
      *(u64 *)(r10 - 16) = r1
      *(u64 *)(r10 - 8) = r1
      call bpf_get_current_task_btf
      r1 = r0
      r2 = *(u64 *)(r6 + 0)
      r3 = function(found) ll
      r4 = r10
      r4 += -16

      """
    let keep = """

      r1 = *(u64 *)(r10 - 16)
      *(u64 *)(r6 + 8) = r1
      r1 = *(u64 *)(r10 - 8)
      *(u64 *)(r6 + 16) = r1
      exit
      """
    let found = "r1 = *(u64 *)(r2 + 0)\n*(u64 *)(r3 + 0) = r1\nr1 = *(u64 *)(r2 + 8)\n*(u64 *)(r3 + 8) = r1\n"
    for (name, flags, result) in [("find", 0, 0), ("find_flags", 1, 0), ("find_last", 0, 1), ("find_wrong", 0, 2)] {
      try object.program(
        name, call + "r5 = \(flags)\ncall bpf_find_vma" + keep, functions: [("found", found + "r0 = \(result)\nexit")])
    }
    let machine = try Machine()
    let task = try machine.spawn("current")
    try machine.run(task, on: 0)
    return (machine, task, try machine.load(object.file, verification, misuses: ["find_wrong"]))
  }

  private func call(_ object: LoadedObject, _ program: String, _ words: UInt64...) throws -> Int64 {
    Int64(bitPattern: try object.run(program, context: words.flatMap(\.memoryBytes)).result)
  }

  @Test("jiffies are ticks of 4 ms that begin five minutes before 32 bits overflow")
  func jiffies() throws {
    let (machine, _, object) = try loaded()
    let first = try call(object, "jiffies")
    #expect(first == 0xffff_ffff + 1 - 300 * 250 + Int64(machine.configuration.startTime / 4_000_000))
    try machine.advance(by: 300_000_000_000)
    #expect(try call(object, "jiffies") == first + 75_000)
  }

  @Test("every task is in the root of the control groups")
  func controlGroup() throws {
    let (_, _, object) = try loaded()
    #expect(try call(object, "cgroup") == 1)
    #expect(try call(object, "ancestor", 0) == 1)
    #expect(try call(object, "ancestor", 1) == 0)
  }

  @Test("the first namespace numbers threads as the machine does, others are not known")
  func namespace() throws {
    let (machine, task, object) = try loaded()
    let (device, inode) = Machine.pidNamespace
    let thread = try machine.spawnThread(of: task)
    try machine.run(thread, on: 0)
    func ask(_ device: UInt64, _ inode: UInt64, _ size: UInt64) throws -> (Int64, UInt64) {
      let context = [device, inode, size, .max].flatMap(\.memoryBytes)
      let (result, after) = try object.run("namespace", context: context)
      return (Int64(bitPattern: result), after.memoryWords[3])
    }
    #expect(try ask(device, inode, 8) == (0, UInt64(task.pid) << 32 | UInt64(thread.pid)))
    #expect(try ask(device, inode + 1, 8) == (-22, 0))
    #expect(try ask(device + 1, inode, 8) == (-22, 0))
    #expect(try ask(device, inode, 4) == (-22, 0xffff_ffff_0000_0000))
  }

  @Test("a signal from an NMI is sent by a deferred step, of which there is one")
  func signalFromNMI() throws {
    let (machine, task, object) = try loaded()
    task.signalActions[10] = .handle(restart: false)
    task.signalActions[12] = .handle(restart: false)
    let link = try object.attach("sample", to: .perfEvent())
    try machine.withInterruptsOff(on: 0) { () throws(MachineError) in
      try machine.nmi(on: 0)
      #expect((try? object.map("results").lookupElement([0, 0, 0, 0]).memoryWords) == [0, UInt64(bitPattern: -16)])
    }
    #expect(task.handledSignals == [10])
    try machine.clockInterrupt(on: 0)
    #expect(task.handledSignals == [10, 10])
    // The idle task cannot get one.
    try machine.idle(0)
    try machine.nmi(on: 0)
    #expect(
      try object.map("results").lookupElement([0, 0, 0, 0]).memoryWords == [
        UInt64(bitPattern: -1), UInt64(bitPattern: -1),
      ])
    link.detach()
  }

  @Test("in task context a signal is sent at once, and only one that exists")
  func signal() throws {
    let (_, task, object) = try loaded()
    task.signalActions[64] = .handle(restart: false)
    #expect(try call(object, "signal", 65) == -22)
    #expect(try call(object, "signal", 0) == 0)
    #expect(task.handledSignals.isEmpty)
    #expect(try call(object, "signal", 64) == 0)
    #expect(task.handledSignals == [64])
    #expect(try call(object, "signal", 15) == 0)
    #expect(task.state == .zombie)
  }

  @Test("a mapping is found by an address in it")
  func mapping() throws {
    let (machine, task, object) = try loaded()
    let start = try #require(task.memory).map(byteCount: 8192, backing: .file("/usr/lib/libc.so.6"))
    let (result, context) = try object.run("find", context: [start + 5000, 0, 0].flatMap(\.memoryBytes))
    #expect(result == 0 && context.memoryWords == [start + 5000, start, start + 8192])
    #expect(try call(object, "find_last", start, 0, 0) == 0)
    #expect(try call(object, "find", start + 8192, 0, 0) == -2)
    #expect(try call(object, "find_flags", start, 0, 0) == -22)
    try machine.idle(0)
    #expect(try call(object, "find", start, 0, 0) == -2)
    let (other, caller, unverified) = try loaded(.none)
    let place = try #require(caller.memory).map(byteCount: 4096)
    #expect(throws: MachineError.self) { try call(unverified, "find_wrong", place, 0, 0) }
    #expect(other.faults.last?.message.contains("which is neither 0 nor 1") == true)
  }

  @Test("the clocks, the CPU, the credentials and random numbers, in both kernels")
  func environment() throws {
    var object = AssembledObject()
    let names = [
      "bpf_ktime_get_ns", "bpf_ktime_get_boot_ns", "bpf_ktime_get_tai_ns",
      "bpf_get_current_uid_gid", "bpf_get_numa_node_id", "bpf_get_smp_processor_id", "bpf_get_prandom_u32",
      "bpf_get_prandom_u32",
    ]
    let calls = names.enumerated().map { "call \($1)\n*(u64 *)(r9 + \(8 * $0)) = r0" }
    try object.program("ask", "r9 = r1\n\(calls.joined(separator: "\n"))\nr0 = 0\nexit")
    let pair = try KernelPair(object.file)
    pair.task.userID = 1000
    pair.task.groupID = 100
    try pair.machine.advance(by: 5_000_000)
    let context = [UInt8](repeating: 0, count: 8 * names.count)
    let words = try pair.simulated.run("ask", context: context).context.memoryWords
    let (now, machine) = (pair.machine.now, pair.machine)
    #expect(words[0] > machine.configuration.startTime && words[0] <= words[1] && words[1] <= now)
    #expect(words[2] - words[0] == machine.configuration.realTimeAtStart + 37_000_000_000)
    #expect(Array(words[3...5]) == [100 << 32 | 1000, 0, 0])
    #expect(words[6] != words[7] && words[6] >> 32 == 0 && words[7] >> 32 == 0)
    var other = AssembledObject()
    try other.map("clock", .array, entries: 1)
    try other.program(
      "coarse", "call bpf_ktime_get_coarse_ns\nr1 = value(clock) ll\n*(u64 *)(r1 + 0) = r0\nr0 = 2\nexit",
      kind: ProgramKind(type: .xdp))
    let coarse = try machine.load(other.file)
    let time = machine.now
    _ = try coarse.run("coarse", packet: [UInt8](repeating: 0, count: 64))
    #expect(try coarse.map("clock").lookupElement([0, 0, 0, 0]).memoryWords == [time / 4_000_000 * 4_000_000])
    // The same seed gives the same numbers, another seed others.
    for seed in [machine.configuration.seed, machine.configuration.seed + 1] {
      var configuration = machine.configuration
      configuration.seed = seed
      let other = try Machine(configuration).load(object.file).run("ask", context: context).context
        .memoryWords
      #expect((other[6...] == words[6...]) == (seed == machine.configuration.seed))
    }
    guard let running = try pair.running?.program("ask").testRun(context: context).context.memoryWords else { return }
    #expect(running[0] <= running[1] && running[1] < running[2])
    #expect(running[3] == UInt64(getgid()) << 32 | UInt64(getuid()))
    #expect(running[6] >> 32 == 0 && running[7] >> 32 == 0)
  }
}
