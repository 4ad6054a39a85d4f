import Testing

@testable import BPFProfiler
@testable import BPFSimulator

/// Stacks of a task of which nothing is resident: why the walk is deferred.
@Suite struct ResidencyTests {
  /// Five functions that have called one another, with frames of 16 to 48 bytes.
  private static let image = SyntheticImage(
    [.frame(16), .frame(24), .frame(32), .frame(48), .outermost])

  private func prepared(_ profiler: SimulatedProfiler, isResident: Bool) throws -> [UInt64] {
    try profiler.map(Self.image.bytes, isResident: isResident)
    var sp = SimulatedProfiler.stackStart + 0x8000
    profiler.task.registers.rsp = sp
    profiler.task.registers.rip = profiler.address(in: 0)
    for (index, size) in ([16, 24, 32, 48] as [UInt64]).enumerated() {
      sp += size
      profiler.store(profiler.address(in: index + 1), at: sp - 8)
    }
    if !isResident {
      let start = SimulatedProfiler.stackStart
      profiler.memory.evict(start..<start + UInt64(SimulatedProfiler.stackByteCount))
    }
    return (0..<5).map { SyntheticImage.address(in: $0) }
  }

  /// How many of 20 samples have the whole stack.
  private func completeCount(_ profiler: SimulatedProfiler, isResident: Bool) throws -> Int {
    var count = 0
    for _ in 0..<20 {
      let expected = try prepared(profiler, isResident: isResident)
      let record = try profiler.walk()
      if record.status == .complete {
        #expect(record.offsets == expected)
        count += 1
      }
    }
    #expect(profiler.machine.faults.isEmpty)
    return count
  }

  @Test func everyStackIsWholeAlthoughNothingIsResident() throws {
    let profiler = try SimulatedProfiler()
    #expect(try completeCount(profiler, isResident: false) == 20)
    #expect(profiler.memory.majorFaults > 0)
  }

  @Test func noStackIsWholeWithReadsThatDoNotFault() throws {
    let profiler = try SimulatedProfiler { ProfilerProgram.readWithoutFaults(&$0, in: ProfilerProgram.sampler) }
    #expect(try completeCount(profiler, isResident: false) == 0)
    #expect(try completeCount(profiler, isResident: true) == 20)
    #expect(profiler.memory.majorFaults == 0)
  }

  @Test func theFileIsToldOfOnceWithNameAndBuildID() throws {
    let profiler = try SimulatedProfiler()
    _ = try prepared(profiler, isResident: false)
    let first = try profiler.sample()
    let module = try #require(first.modules.first)
    #expect(module.path == "/image-1" && module.buildID == SyntheticImage.buildID)
    #expect(module.start == profiler.image.lowerBound && module.end == profiler.image.upperBound)
    #expect(first.stacks.first?.frames.allSatisfy { $0.module == module.number } == true)
    #expect(first.stacks.first?.newRows == 5)
    let second = try profiler.sample()
    #expect(second.modules.isEmpty && second.stacks.first?.newRows == 0)
    #expect(second.stacks.first?.frames == first.stacks.first?.frames)
  }

  @Test func memoryOfADeviceIsNotRead() throws {
    let profiler = try SimulatedProfiler()
    _ = try prepared(profiler, isResident: true)
    let start: UInt64 = 0x7f00_0000_0000
    try profiler.memory.map(byteCount: 8192, at: start, isResident: false, isDevice: true)
    profiler.task.registers.rsp = start + 64
    let record = try profiler.walk()
    #expect(record.status == .deviceMemory)
    #expect(!profiler.memory.isResident(start..<start + 8192))
  }

  @Test func oneSystemCallIsWalkedOnceHoweverOftenItIsSampled() throws {
    let profiler = try SimulatedProfiler()
    let expected = try prepared(profiler, isResident: true)
    var samples: [SampleRecord] = []
    var stacks: [StackRecord] = []
    try profiler.machine.systemCall(.getppid, by: profiler.task) {
      for _ in 0..<3 {
        if let result = try? profiler.sample() {
          samples += result.samples
          stacks += result.stacks
        }
      }
      return 1
    }
    #expect(stacks.isEmpty)
    let after = try profiler.sample()
    samples += after.samples
    stacks += after.stacks
    #expect(samples.map(\.status) == [.deferred, .deferred, .deferred, .deferred])
    #expect(Set(samples.prefix(3).map(\.stack)).count == 1)
    #expect(stacks.map(\.stack) == [samples[0].stack, samples[3].stack])
    #expect(stacks.allSatisfy { $0.offsets == expected })
  }

  /// What a wake-up by us would look like is counted, and nothing else.
  @Test func callsThatAreAboutToEndWithAnErrorOfInterruptionAreCounted() throws {
    let cases: [(call: Int64, result: Int64, count: UInt64)] = [
      (232, -4, 1), (232, 1, 0), (232, -11, 0), (-1, -4, 0), (0, -4, 1),
    ]
    for (call, result, count) in cases {
      let profiler = try SimulatedProfiler()
      _ = try prepared(profiler, isResident: true)
      profiler.task.registers.originalRAX = UInt64(bitPattern: call)
      profiler.task.registers.rax = UInt64(bitPattern: result)
      #expect(try profiler.walk().status == .complete)
      #expect(try profiler.counters().interruptedCalls == count, "call \(call), result \(result)")
    }
  }

  /// A thread that ends has its last stack walked while its memory is there, by reads that do not fault: the stack has to be
  /// resident, the file need not be when its rules are known.
  @Test func theLastStackOfAThreadIsWalkedBeforeItsMemoryGoes() throws {
    let start = SimulatedProfiler.stackStart
    let stack = start..<start + UInt64(SimulatedProfiler.stackByteCount)
    for (evicts, isKnown, status) in [
      ("nothing", true, UserStackStatus.complete), ("file", true, .complete), ("stack", true, .ended),
      ("nothing", false, .complete), ("file", false, .ended),
    ] {
      let profiler = try SimulatedProfiler { ProfilerProgram.readWithoutFaults(&$0, in: ProfilerProgram.lastWalk) }
      let attachment = try profiler.object.attach(
        ProfilerProgram.lastWalk, to: .rawTracepoint(name: "sched_process_exit"))
      let expected = try prepared(profiler, isResident: true)
      // A thread that was never sampled is not walked: sample it, in code of which nothing is known if need be.
      if !isKnown { profiler.task.registers.rip = 16 }
      _ = try profiler.sample()
      profiler.task.registers.rip = profiler.address(in: 0)
      // Not zero, which would end the stack where nothing is known.
      profiler.task.registers.rbp = 8
      if evicts == "file" { profiler.memory.evict(profiler.image) }
      if evicts == "stack" { profiler.memory.evict(stack) }
      try profiler.machine.exit(profiler.task)
      let stacks = try profiler.records().stacks
      #expect(stacks.map(\.status) == [status], "\(evicts), \(isKnown)")
      if status == .complete { #expect(stacks.first?.offsets == expected, "\(evicts), \(isKnown)") }
      #expect(profiler.memory.majorFaults == 0, "\(evicts), \(isKnown)")
      _ = consume attachment
    }
  }

  /// Between the last walk and the end of the memory the stack is what it was: samples share it and schedule nothing.
  @Test func samplesBehindTheLastWalkShareItsStack() throws {
    let profiler = try SimulatedProfiler { ProfilerProgram.readWithoutFaults(&$0, in: ProfilerProgram.lastWalk) }
    let attachment = try profiler.object.attach(ProfilerProgram.lastWalk, to: .rawTracepoint(name: "sys_enter"))
    let expected = try prepared(profiler, isResident: true)
    _ = try profiler.sample()
    try profiler.machine.systemCall(.getppid, by: profiler.task) {
      for _ in 0..<2 { try? profiler.machine.nmi(on: 0) }
      return 1
    }
    let (samples, stacks, _) = try profiler.records()
    #expect(stacks.map(\.status) == [.complete] && stacks.first?.offsets == expected)
    #expect(samples.map(\.stack) == [2, 2] && stacks.map(\.stack) == [2])
    _ = consume attachment
  }

  /// A walk that is outstanding when the memory goes is made then, once, under its number.
  @Test func anOutstandingWalkIsMadeOnce() throws {
    let profiler = try SimulatedProfiler { ProfilerProgram.readWithoutFaults(&$0, in: ProfilerProgram.lastWalk) }
    let attachment = try profiler.object.attach(ProfilerProgram.lastWalk, to: .rawTracepoint(name: "sys_exit"))
    let expected = try prepared(profiler, isResident: true)
    try profiler.machine.systemCall(.getppid, by: profiler.task) {
      try? profiler.machine.nmi(on: 0)
      return 1
    }
    let (samples, stacks, _) = try profiler.records()
    #expect(samples.map(\.stack) == [1] && stacks.map(\.stack) == [1])
    #expect(stacks.first?.offsets == expected && profiler.memory.majorFaults == 0)
    _ = consume attachment
  }

  /// Between the last walk of one program and the return to user mode in the next the work that was scheduled for the first
  /// is outstanding: samples of the new program get a walk and a number of their own.
  @Test func aProgramThatWasJustExecutedHasAStackOfItsOwn() throws {
    let profiler = try SimulatedProfiler { ProfilerProgram.readWithoutFaults(&$0, in: ProfilerProgram.lastWalk) }
    let attachment = try profiler.object.attach(
      ProfilerProgram.lastWalk, to: .rawTracepoint(name: "sched_prepare_exec"))
    let expected = try prepared(profiler, isResident: true)
    let machine = profiler.machine
    try machine.systemCall(.execve, by: profiler.task) { () throws(MachineError) in
      try machine.nmi(on: 0)
      try machine.passRawTracepoint("sched_prepare_exec", [profiler.task.object.address, 0], on: 0)
      // The old program's stack serves as long as its memory is there.
      try machine.nmi(on: 0)
      try machine.kernelObjects.store(UInt64(1), in: "self_exec_id", of: profiler.task.object)
      profiler.task.registers.rip = profiler.address(in: 4)
      for _ in 0..<2 { try machine.nmi(on: 0) }
      return 0
    }
    let (samples, stacks, _) = try profiler.records()
    #expect(samples.map(\.stack) == [1, 1, 2, 2])
    #expect(stacks.map(\.stack) == [1, 2] && stacks.allSatisfy { $0.status == .complete })
    #expect(stacks.first?.offsets == expected && stacks.last?.offsets == [SyntheticImage.address(in: 4)])
    // Afterwards it is a thread like any other.
    let after = try profiler.sample()
    #expect(after.samples.map(\.stack) == [3] && after.stacks.map(\.stack) == [3])
    _ = consume attachment
  }

  /// Threads that have no user stack are told as what they are, and nothing is scheduled for them.
  @Test func threadsWithoutAUserStackSaySo() throws {
    let profiler = try SimulatedProfiler()
    let machine = profiler.machine
    let thread = try machine.spawnKernelThread("kworker")
    try machine.run(thread, on: 0)
    let ofKernel = try profiler.sample()
    #expect(ofKernel.samples.map(\.status) == [.kernelThread] && ofKernel.samples.map(\.stack) == [0])
    #expect(ofKernel.samples.map(\.name) == ["kworker"] && ofKernel.stacks.isEmpty)

    // As while a process takes down its memory.
    try machine.run(profiler.task, on: 0)
    profiler.task.memory = nil
    try machine.writeTaskObject(profiler.task)
    let ending = try profiler.sample()
    #expect(ending.samples.map(\.status) == [.noMemoryMap] && ending.samples.map(\.stack) == [0])
    #expect(ending.stacks.isEmpty)

    // As while execve(2) builds the new memory.
    profiler.task.memory = profiler.memory
    try machine.writeTaskObject(profiler.task)
    let memory = try #require(machine.memoryObjects[ObjectIdentifier(profiler.memory)])
    try machine.kernelObjects.store(UInt64(0), in: "start_code", of: memory)
    let between = try profiler.sample()
    #expect(between.samples.map(\.status) == [.betweenPrograms] && between.stacks.isEmpty)
  }
}
