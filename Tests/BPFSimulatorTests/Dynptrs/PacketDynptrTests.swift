import BPFMaps
import BPFObject
import BPFSimulator
import Testing

/// Dynptrs to packets.
@Suite struct PacketDynptrTests {
  private static let packet = (0..<40).map { UInt8($0) }.replacing([12, 13], with: [8, 0])
  private static let type: [ProgramType: String] = [
    .xdp: "bpf_dynptr_from_xdp", .trafficClassifier: "bpf_dynptr_from_skb", .socketFilter: "bpf_dynptr_from_skb",
  ]

  /// Loads a program that has a dynptr to its packet at r10 - 16, and keeps what it leaves in r0 in a map.
  private func loaded(_ type: ProgramType, flags: Int = 0, _ body: String) throws -> (Machine, LoadedObject) {
    var object = AssembledObject()
    try object.map("result", .array, value: 16, entries: 1)
    let make = "r6 = r1\nr2 = \(flags)\nr3 = r10\nr3 += -16\ncall kfunc(\(try #require(Self.type[type])))\nr7 = r0\n"
    try object.program(
      "program",
      "\(make)\(body)\nr1 = value(result) ll\n*(u64 *)(r1 + 0) = r0\nr7 <<= 32\nr7 s>>= 32\n*(u64 *)(r1 + 8) = r7\n"
        + "r0 = 2\nexit", kind: ProgramKind(type: type))
    let machine = try Machine()
    let loaded = try machine.load(object.file)
    #expect(loaded.isVerified)
    return (machine, loaded)
  }

  /// What the program has left in r0, what making the dynptr returned, and the packet.
  private func run(_ type: ProgramType, flags: Int = 0, _ body: String) throws -> (UInt64, Int64, [UInt8]) {
    let (_, object) = try loaded(type, flags: flags, body)
    let result = try object.run("program", packet: Self.packet)
    let words = try object.map("result").lookupElement([0, 0, 0, 0]).memoryWords
    return (words[0], Int64(bitPattern: words[1]), result.packet)
  }

  private static let dynptr = "r1 = r10\nr1 += -16\n"
  private static let size = "\(dynptr)call kfunc(bpf_dynptr_size)\nr0 <<= 32\nr0 >>= 32"

  @Test("a dynptr to a packet has the packet's size, and none is made with flags")
  func making() throws {
    for type in Self.type.keys {
      // A socket filter's packet begins behind the header of the link.
      let size: UInt64 = type == .socketFilter ? 26 : 40
      #expect(try run(type, Self.size).0 == size, "\(type)")
      let refused = try run(type, flags: 1, Self.size)
      #expect(refused.1 == -22 && refused.0 == 0xffff_ffea, "\(type)")
    }
  }

  @Test("bytes of the packet are read within it")
  func reading() throws {
    for type in Self.type.keys {
      let first: UInt64 = type == .socketFilter ? 14 : 0
      func read(at offset: Int) -> String {
        "r1 = 0\n*(u32 *)(r10 - 24) = r1\n*(u32 *)(r10 - 20) = r1\nr1 = r10\nr1 += -24\nr2 = 1\nr3 = r10\nr3 += -16\n"
          + "r4 = \(offset)\nr5 = 0\ncall bpf_dynptr_read\nr1 = *(u64 *)(r10 - 24)\nif r0 != 0 goto bad\nr0 = r1\nbad:"
      }
      #expect(try run(type, read(at: 20)).0 == first + 20, "\(type)")
      #expect(try run(type, read(at: 40)).0 == UInt64(bitPattern: -7), "\(type)")
    }
  }

  @Test("a slice is the packet itself where programs reach it, and a copy elsewhere")
  func slices() throws {
    func slice(_ name: String, _ use: String) -> String {
      "\(Self.dynptr)r2 = 16\nr3 = r10\nr3 += -24\nr4 = 8\ncall kfunc(\(name))\nif r0 == 0 goto none\n\(use)\nnone:"
    }
    for type in Self.type.keys {
      let outcome = try run(type, slice("bpf_dynptr_slice", "r0 = *(u8 *)(r0 + 3)"))
      #expect(outcome.0 == (type == .socketFilter ? 33 : 19), "\(type)")
    }
    for type in [ProgramType.xdp, .trafficClassifier] {
      let outcome = try run(type, slice("bpf_dynptr_slice_rdwr", "r1 = 99\n*(u8 *)(r0 + 3) = r1\nr0 = 1"))
      #expect(outcome.0 == 1 && outcome.2[19] == 99, "\(type)")
    }
  }

  @Test("bytes are written into packets but those of socket filters")
  func writing() throws {
    let write =
      "r1 = 0x5a\n*(u64 *)(r10 - 24) = r1\n\(Self.dynptr)r2 = 30\nr3 = r10\nr3 += -24\nr4 = 1\nr5 = 0\ncall bpf_dynptr_write"
    for type in [ProgramType.xdp, .trafficClassifier] {
      let outcome = try run(type, write)
      #expect(outcome.0 == 0 && outcome.2 == Self.packet[..<30] + [0x5a] + Self.packet[31...], "\(type)")
      #expect(try run(type, write.replacing("r2 = 30", with: "r2 = 40")).0 == UInt64(bitPattern: -7), "\(type)")
    }
    let filter = try run(.socketFilter, write)
    #expect(filter.0 == UInt64(bitPattern: -22) && filter.2 == Self.packet)
    #expect(try run(.trafficClassifier, write.replacing("r5 = 0", with: "r5 = 4")).0 == UInt64(bitPattern: -22))
    #expect(try run(.xdp, write.replacing("r5 = 0", with: "r5 = 1")).0 == UInt64(bitPattern: -22))
  }
}

extension [UInt8] {
  fileprivate func replacing(_ places: [Int], with bytes: [UInt8]) -> [UInt8] {
    var result = self
    for (place, byte) in zip(places, bytes) { result[place] = byte }
    return result
  }
}
