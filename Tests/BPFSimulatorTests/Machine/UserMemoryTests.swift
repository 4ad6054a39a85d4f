import BPFSimulator
import Testing

@Suite("User memory")
struct UserMemoryTests {
  private func memory() throws -> (Machine, UserMemory) {
    let machine = try Machine()
    let task = try machine.spawn("task")
    return (machine, try #require(task.memory))
  }

  @Test("mappings are page-aligned, do not overlap, and end where user memory ends")
  func mapping() throws {
    let (_, memory) = try memory()
    let start = try memory.map(byteCount: 5000, at: 0x10000)
    #expect(start == 0x10000)
    #expect(memory.mapping(containing: 0x11fff)?.end == 0x12000)
    #expect(memory.mapping(containing: 0x12000) == nil)
    for address in [0x11000, 0x10001, 0xffff_0000_0000_0000, UserMemory.end] as [UInt64] {
      #expect(throws: MachineError.self, "\(address)") { try memory.map(byteCount: 1, at: address) }
    }
    #expect(throws: MachineError.self) { try memory.map(byteCount: .max) }
  }

  @Test("what is stored is read back across pages, and nothing is stored where a part is not mapped")
  func storing() throws {
    let (_, memory) = try memory()
    let start = try memory.map(byteCount: 8192, at: 0x10000)
    let bytes = (0..<100).map { UInt8($0) }
    #expect(memory.store(bytes, at: start + 4050))
    #expect(memory.bytes(at: start + 4050, count: 100) == bytes)
    #expect(!memory.store(bytes, at: start + 8150))
    #expect(memory.bytes(at: start + 8150, count: 42) == [UInt8](repeating: 0, count: 42))
    #expect(memory.bytes(at: start + 8150, count: 43) == nil)
    #expect(memory.bytes(at: .max, count: 2) == nil)
    #expect(memory.bytes(at: start, count: -1) == nil)
  }

  @Test("eviction keeps contents, unmapping does not")
  func evicting() throws {
    let (_, memory) = try memory()
    let start = try memory.map(byteCount: 3 * 4096, at: 0x10000)
    memory.store([1, 2, 3], at: start)
    memory.evict(start..<start + 1)
    #expect(!memory.isResident(start..<start + 4096))
    #expect(memory.isResident(start + 4096..<start + 8192))
    #expect(memory.bytes(at: start, count: 3) == [1, 2, 3])
    memory.unmap(start + 4096..<start + 4097)
    #expect(memory.bytes(at: start + 4096, count: 1) == nil)
    #expect(memory.mapping(containing: start)?.end == start + 4096)
    #expect(memory.mapping(containing: start + 8192)?.start == start + 8192)
  }
}
