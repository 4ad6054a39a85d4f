import BPFInstructions
import BPFObject
import BPFSimulator
import Testing

@testable import BPFProfiler

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

  /// Calls the helper that does not fault in place of the one that does.
  private func readingWithoutFaults(_ object: inout ObjectFile) throws {
    let (faulting, other) = try (
      #require(HelperFunction(name: "bpf_copy_from_user")), #require(HelperFunction(name: "bpf_probe_read_user"))
    )
    var changed = 0
    for name in object.programs.keys {
      for (index, slot) in (object.programs[name]?.instructions ?? []).enumerated()
      where slot.opcode == 0x85 && slot.source == 0 && slot.immediate == faulting.identifier {
        object.programs[name]?.instructions[index].immediate = other.identifier
        changed += 1
      }
    }
    #expect(changed > 0)
  }

  @Test func everyStackIsWholeAlthoughNothingIsResident() throws {
    let profiler = try SimulatedProfiler()
    #expect(try completeCount(profiler, isResident: false) == 20)
    #expect(profiler.memory.majorFaults > 0)
  }

  @Test func noStackIsWholeWithReadsThatDoNotFault() throws {
    let profiler = try SimulatedProfiler(readingWithoutFaults)
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
}
