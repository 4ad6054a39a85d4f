import BPFExecution
import Testing

/// Regions as engines make and use them.
@Suite struct AddressSpaceTests {
  let memory: AddressSpace

  init() throws { memory = try AddressSpace() }

  @Test("an address has its region and offset in fixed bits")
  func addresses() throws {
    let address = ProgramAddress.region(5, offset: 0x89ab_cdef)
    #expect(address == 0xffff_8005_89ab_cdef)
    #expect(address.regionNumber == 5)
    #expect(address.regionOffset == 0x89ab_cdef)
    #expect(address.functionSlot == nil)
    #expect(ProgramAddress.function(1000) == 0xffff_0000_0000_1f40)
    #expect(ProgramAddress.function(1000).functionSlot == 1000)
    #expect((ProgramAddress.function(1000) + 1).functionSlot == nil)
    #expect(ProgramAddress.function(1000).regionNumber == nil)
    #expect((0xffff_7fff_0000_0000 as ProgramAddress).functionSlot == nil)
  }

  @Test("the bytes of a region can be read, written, filled and loaded within its bounds")
  func access() throws {
    let address = try memory.allocate(byteCount: 16, writable: 12, name: "block")
    #expect(memory.read(address, byteCount: 16) == [UInt8](repeating: 0, count: 16))
    #expect(memory.write([1, 2, 3, 4], at: address + 8))
    #expect(memory.load(address + 7, as: UInt32.self) == 0x0302_0100)
    #expect(memory.store(0xbeef as UInt16, at: address + 1))
    #expect(memory.load(address, as: UInt64.self) == 0x00be_ef00)
    #expect(memory.fill(address, byteCount: 12, with: 9))
    #expect(memory.read(address + 10, byteCount: 4) == [9, 9, 0, 0])

    #expect(!memory.write([1, 2], at: address + 11), "beyond the writable part")
    #expect(memory.read(address + 11, byteCount: 1) == [9], "nothing is written in part")
    #expect(!memory.fill(address, byteCount: 13, with: 1))
    #expect(memory.load(address + 13, as: UInt32.self) == nil)
    #expect(memory.read(address, byteCount: 17) == nil)
    #expect(memory.read(address, byteCount: -1) == nil)
    #expect(memory.read(address, byteCount: .max) == nil)
    #expect(memory.read(0, byteCount: 1) == nil)
  }

  @Test("no bytes can be accessed anywhere in a region, and nowhere else")
  func emptyAccess() throws {
    let address = try memory.allocate(byteCount: 4, name: "block")
    let empty = try memory.allocate(byteCount: 0, name: "empty")
    for place in [address, address + 4, empty] { #expect(memory.read(place, byteCount: 0) == []) }
    for place in [0, address + 5, empty + 1, .region(9), .function(0)] {
      #expect(memory.read(place, byteCount: 0) == nil)
    }
    #expect(memory.read(empty, byteCount: 1) == nil)
  }

  @Test("a C string ends at its terminator or at the limit, and not beyond the region")
  func strings() throws {
    let address = try memory.allocate(byteCount: 6, name: "string")
    #expect(memory.write([0x61, 0x62, 0x63, 0, 0x64, 0x65], at: address))
    #expect(memory.readCString(address, limit: 100) == [0x61, 0x62, 0x63])
    #expect(memory.readCString(address, limit: 2) == [0x61, 0x62])
    #expect(memory.readCString(address, limit: 0) == [])
    #expect(memory.readCString(address + 4, limit: 2) == [0x64, 0x65])
    #expect(memory.readCString(address + 4, limit: 3) == nil)
    #expect(memory.readCString(0, limit: 3) == nil)
  }

  @Test("host memory is seen by programs as it changes, with the lengths that it is resized to")
  func hostMemory() throws {
    let host = UnsafeMutableRawPointer.allocate(byteCount: 64, alignment: 8)
    defer { host.deallocate() }
    host.initializeMemory(as: UInt8.self, repeating: 7, count: 64)
    let address = try memory.map(host, readable: 32, name: "packet")
    #expect(memory.translate(address + 3, byteCount: 29, for: .write) == host + 3)
    host.storeBytes(of: 8, toByteOffset: 31, as: UInt8.self)
    #expect(memory.read(address + 30, byteCount: 2) == [7, 8])
    try memory.resize(address, readable: 64, writable: 0)
    #expect(memory.read(address + 60, byteCount: 4) == [7, 7, 7, 7])
    #expect(memory.translate(address, byteCount: 1, for: .write) == nil)
    memory.unmap(address)
    #expect(memory.read(address, byteCount: 1) == nil)
    #expect(memory.name(of: address) == "packet")

    #expect(throws: AddressSpaceError.misaligned(name: "odd")) { try memory.map(host + 4, readable: 8, name: "odd") }
    #expect(throws: AddressSpaceError.notMapped(address)) { try memory.resize(address, readable: 8) }
  }

  @Test("impossible lengths are refused")
  func lengths() throws {
    let address = try memory.allocate(byteCount: 8, name: "block")
    for (readable, writable) in [(-1, 0), (8, 9), (8, -1), (1 << 31, 0), (.max, 0)] {
      let error = AddressSpaceError.invalidLength(readable: readable, writable: writable)
      #expect(throws: error) { try memory.allocate(byteCount: readable, writable: writable, name: "x") }
      #expect(throws: error) { try memory.resize(address, readable: readable, writable: writable) }
    }
    #expect(throws: AddressSpaceError.notMapped(address)) { try memory.resize(address, readable: 9) }
  }

  @Test("numbers ascend, and released ones return in the order of release when all have been used")
  func reuse() throws {
    var addresses: [ProgramAddress] = []
    for _ in 1...32766 { addresses.append(try memory.allocate(byteCount: 1, name: "first")) }
    #expect(addresses.first == .region(1))
    #expect(addresses.last == .region(32766))
    #expect(throws: AddressSpaceError.regionsExhausted) { try memory.allocate(byteCount: 1, name: "more") }
    // Many times round, so that the list of released numbers is shortened as well.
    for round in 0..<3 {
      for index in stride(from: 32765, through: 0, by: -1) { memory.unmap(addresses[index]) }
      memory.unmap(addresses[0])
      for index in stride(from: 32765, through: 0, by: -1) {
        let address = try memory.allocate(byteCount: 1, name: "round \(round)")
        if address != addresses[index] { Issue.record("\(address), not \(addresses[index])") }
      }
    }
    #expect(memory.name(of: .region(7)) == "round 2")
    #expect(throws: AddressSpaceError.regionsExhausted) { try memory.allocate(byteCount: 1, name: "more") }
  }

  @Test("a host without memory is an error that says how much was wanted, and the number is not lost")
  func outOfMemory() throws {
    #expect(throws: AddressSpaceError.outOfMemory(byteCount: 1 << 20)) { try AddressSpace(allocating: { _ in nil }) }
    let memory = try AddressSpace(allocating: { $0 == 99 ? nil : allocateHostMemory($0) })
    #expect(throws: AddressSpaceError.outOfMemory(byteCount: 99)) { try memory.allocate(byteCount: 99, name: "big") }
    for _ in 2...32766 { _ = try memory.allocate(byteCount: 1, name: "filler") }
    #expect(try memory.allocate(byteCount: 8, name: "last") == .region(1))
    #expect(memory.read(.region(1), byteCount: 8) == [UInt8](repeating: 0, count: 8))
  }

  @Test("an interpreter reserves its frames, and says so when there are not enough numbers")
  func reservation() throws {
    _ = try memory.allocate(byteCount: 1, name: "first")
    _ = try Interpreter(memory: memory)
    #expect(memory.name(of: .region(2)) == "stack frame 0")
    #expect(try memory.allocate(byteCount: 1, name: "next") == .region(130))
    #expect(memory.description(of: .region(2)) == "offset 0 of stack frame 0, which is not in use")
    for _ in 131...32766 { _ = try memory.allocate(byteCount: 1, name: "filler") }
    #expect(throws: AddressSpaceError.regionsExhausted) { try Interpreter(memory: memory) }
  }
}
