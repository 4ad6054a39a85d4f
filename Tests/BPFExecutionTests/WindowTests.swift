import BPFExecution
import BPFInstructions
import Testing

@Suite struct WindowTests {
  /// Host memory of 64 bytes, 1, 2, 3, …
  private final class Host {
    let base = UnsafeMutableRawPointer.allocate(byteCount: 64, alignment: 16)
    init() { for index in 0..<64 { base.storeBytes(of: UInt8(index + 1), toByteOffset: index, as: UInt8.self) } }
    deinit { base.deallocate() }
  }

  @Test("a window makes memory accessible at 32-bit addresses, within its bounds")
  func bounds() throws {
    let (space, host) = (try AddressSpace(), Host())
    #expect(space.load(0x10000, as: UInt8.self) == nil)
    try space.setWindow(.init(address: 0x10000, base: host.base + 16, readable: 16, writable: 8, name: "the packet"))
    #expect(space.load(0x10000, as: UInt32.self) == 0x1413_1211)
    #expect(space.load(0x1000c, as: UInt32.self) == 0x201f_1e1d)
    for address: UInt64 in [
      0x1000d, 0x10010, 0xffff, 0xfffd, 0, 0x1_0001_0000, 0x8000_0000_0001_0000, 0xffff_8000_0001_0000,
    ] {
      #expect(space.load(address, as: UInt32.self) == nil, "\(address)")
    }
    #expect(space.store(1 as UInt32, at: 0x10004) && !space.store(1 as UInt32, at: 0x10005))
    #expect(space.read(0xfff8, byteCount: 24) == nil)
    #expect(space.read(0x10000, byteCount: 0) == [])
    withExtendedLifetime(host) {}
  }

  @Test("a program reads and writes through 32-bit pointers, and faults beyond them by each number of bytes")
  func program() throws {
    let host = Host()
    let space = try AddressSpace()
    let interpreter = try Interpreter(memory: space)
    final class Nothing: ProgramEnvironment {
      func callHelper(_ number: Int32, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 { 0 }
    }
    func run(_ text: String, _ address: UInt64) throws -> UInt64 {
      let program = try PreparedProgram(Assembler.assemble(text))
      return try interpreter.run(program, r1: address, budget: 100, environment: Nothing())
    }
    try space.setWindow(.init(address: 0x20000, base: host.base + 16, readable: 16, writable: 16, name: "the packet"))
    for (type, count) in [("u8", 1), ("u16", 2), ("u32", 4), ("u64", 8)] {
      let load = "r0 = *(\(type) *)(r1 + 0)\nexit"
      let store = "r2 = 0\n*(\(type) *)(r1 + 0) = r2\nr0 = 0\nexit"
      for start in -9...17 {
        let isInside = start >= 0 && start + count <= 16
        let address = UInt64(0x20000 + start)
        #expect((try? run(load, address)) != nil ? isInside : !isInside, "\(type) at \(start)")
        #expect((try? run(store, address)) != nil ? isInside : !isInside, "\(type) at \(start)")
      }
    }
    #expect(host.base.load(fromByteOffset: 15, as: UInt8.self) == 16)
    #expect(host.base.load(fromByteOffset: 32, as: UInt8.self) == 33)
  }

  @Test("messages name the window, and what is near it")
  func messages() throws {
    let (space, host) = (try AddressSpace(), Host())
    try space.setWindow(.init(address: 0x10000, base: host.base, readable: 16, writable: 16, name: "the packet"))
    let table: [(UInt64, String)] = [
      (0x1000f, "offset 15 of the packet (16 bytes), reaching 3 bytes past its end"),
      (0x10010, "the end of the packet (16 bytes)"), (0xfffe, "2 bytes before the start of the packet"),
      (0, "a null pointer"), (0x1_0000_0000, "user memory"),
    ]
    for (address, text) in table { #expect(space.description(of: address, byteCount: 4) == text) }
    try space.setWindow(nil)
    #expect(space.description(of: 0x1000f) == "user memory" && space.window == nil)
    #expect(space.load(0x10000, as: UInt8.self) == nil)
    withExtendedLifetime(host) {}
  }

  @Test("a window that cannot be is refused, and the one that is open stays")
  func refusals() throws {
    let (space, host) = (try AddressSpace(), Host())
    try space.setWindow(.init(address: 0x10000, base: host.base, readable: 16, writable: 16, name: "the packet"))
    for (address, readable, writable) in [
      (0, 16, 16), (4095, 16, 16), (0xffff_fff8, 16, 16), (0x10000, 16, 17), (0x10000, -1, 0),
    ] {
      let window = AddressSpace.Window(
        address: UInt32(address), base: host.base, readable: readable, writable: writable, name: "none")
      #expect(throws: AddressSpaceError.self) { try space.setWindow(window) }
    }
    #expect(space.load(0x10000, as: UInt8.self) == 1)
    withExtendedLifetime(host) {}
  }
}
