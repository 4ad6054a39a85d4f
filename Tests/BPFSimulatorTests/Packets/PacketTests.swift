import BPFMaps
import BPFObject
import BPFSimulator
import Testing

@Suite struct PacketTests {
  private static let link: [UInt8] = [0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 1, 8, 0]

  /// A packet of IPv4 from 192.0.2.1 to 192.0.2.2, with a right checksum, and bytes behind.
  private static func packet(protocolNumber: UInt8 = 17, timeToLive: UInt8 = 64, _ payload: [UInt8]) -> [UInt8] {
    let size = 20 + payload.count
    var header: [UInt8] = [
      0x45, 0, UInt8(size >> 8), UInt8(size & 255), 0, 0, 0, 0, timeToLive, protocolNumber, 0, 0, 192, 0, 2, 1, 192, 0,
      2, 2,
    ]
    let sum = ~checksum(of: header)
    header[10] = UInt8(sum >> 8)
    header[11] = UInt8(sum & 255)
    return link + header + payload
  }

  private static func checksum(of bytes: [UInt8]) -> UInt16 {
    var sum = stride(from: 0, to: bytes.count, by: 2).reduce(0) { $0 + (Int(bytes[$1]) << 8 | Int(bytes[$1 + 1])) }
    while sum > 0xffff { sum = sum >> 16 + sum & 0xffff }
    return UInt16(sum)
  }

  @Test("an XDP program in C reads and writes the packet and counts")
  func firewall() async throws {
    let object = try await Machine().load(TestPrograms.packets.object(), programs: ["firewall"])
    let datagram = Self.packet([1, 2, 3, 4])
    let passed = try object.run("firewall", packet: datagram)
    #expect(passed.verdict == 2 && passed.packet == datagram && passed.metadata.isEmpty && passed.redirect == nil)
    #expect(try object.run("firewall", packet: Self.packet(timeToLive: 1, [])).verdict == 1)
    let ping = Self.packet(protocolNumber: 1, [8, 0])
    let answer = try object.run("firewall", packet: ping)
    #expect(answer.verdict == 3 && Array(answer.packet[26..<34]) == [192, 0, 2, 2, 192, 0, 2, 1])
    #expect(try object.run("firewall", packet: Self.link.dropLast(2) + [8, 6]).verdict == 2)
    #expect(try object.map("bytes_by_source").lookupElement([192, 0, 2, 1]).memoryWords == [38 + 34 + 36])
  }

  @Test("an XDP program in C puts a header in front")
  func encapsulation() async throws {
    let object = try await Machine().load(TestPrograms.packets.object(), programs: ["encapsulate"])
    let inner = Self.packet([1, 2])
    let result = try object.run("encapsulate", packet: inner)
    #expect(result.verdict == 3 && result.packet.count == inner.count + 20)
    #expect(Array(result.packet[0..<14]) == Self.link && Array(result.packet[34...]) == Array(inner[14...]))
    #expect(Self.checksum(of: Array(result.packet[14..<34])) == 0xffff && result.packet[17] == 42)
  }

  @Test("a program of traffic control in C changes an address, the checksum, the context and the way")
  func translation() async throws {
    let object = try await Machine().load(TestPrograms.packets.object(), programs: ["translate"])
    let result = try object.run("translate", packet: Self.packet([]))
    #expect(result.verdict == 7)
    #expect(result.redirect?.interface == 3 && result.redirect?.flags == 1)
    #expect(Array(result.packet[30..<34]) == [10, 0, 0, 1])
    #expect(Self.checksum(of: Array(result.packet[14..<34])) == 0xffff)
    #expect(result.attributes.mark == 7 && result.attributes.controlBlock == [0, 0, 8, 0, 0])
    #expect(try object.run("translate", packet: Self.link.dropLast(2) + [8, 6]).verdict == .max)
  }

  @Test("a socket filter in C reads through helpers from the network's header on")
  func filter() async throws {
    let object = try await Machine().load(TestPrograms.packets.object(), programs: ["dns_only"])
    #expect(try object.run("dns_only", packet: Self.packet([4, 0, 0, 53, 0, 8, 0, 0])).verdict == 28)
    #expect(try object.run("dns_only", packet: Self.packet([4, 0, 0, 54, 0, 8, 0, 0])).verdict == 0)
    #expect(try object.run("dns_only", packet: Self.packet([4, 0])).verdict == 0)
    #expect(try object.run("dns_only", packet: Self.packet(protocolNumber: 6, [4, 0, 0, 53])).verdict == 0)
  }

  private func loaded(
    _ type: ProgramType, _ text: String, _ verification: ProgramVerification = .standard
  ) throws -> (Machine, LoadedObject) {
    var object = AssembledObject()
    try object.map("events", .perfEventArray, value: 4, entries: 2)
    try object.program("program", text, kind: ProgramKind(type: type))
    let machine = try Machine()
    return (machine, try machine.load(object.file, verification, misuses: []))
  }

  @Test("what the context says before and after a run is given and returned")
  func attributes() throws {
    var before = PacketAttributes()
    before.mark = 1
    before.priority = 2
    before.queue = 3
    before.interface = 4
    before.ingressInterface = 5
    before.trafficIndex = 6
    before.trafficClass = 7
    before.hash = 8
    before.timestamp = 1 << 40
    before.controlBlock = [11, 12, 13, 14, 15]
    // Each word that may be written is doubled.
    let words = [8, 12, 32, 44, 48, 52, 56, 60, 64, 72].map { offset in
      "w2 = *(u32 *)(r1 + \(offset))\nw2 += w2\n*(u32 *)(r1 + \(offset)) = w2\n"
    }
    let time = "r2 = *(u64 *)(r1 + 152)\nr2 += r2\n*(u64 *)(r1 + 152) = r2\n"
    let sum = "w0 = *(u32 *)(r1 + 36)\nw2 = *(u32 *)(r1 + 40)\nr0 += r2\nw2 = *(u32 *)(r1 + 68)\nr0 += r2\nexit"
    let (_, object) = try loaded(.trafficClassifier, words.joined() + time + sum)
    let result = try object.run("program", packet: Self.packet([]), attributes: before)
    #expect(result.verdict == 17)
    var after = before
    after.mark = 2
    after.priority = 4
    after.queue = 6
    after.trafficIndex = 12
    after.trafficClass = 14
    after.timestamp = 1 << 41
    after.controlBlock = [22, 24, 26, 28, 30]
    #expect(result.attributes == after)
    let (_, invalidating) = try loaded(.trafficAction, "call bpf_set_hash_invalid\nr0 = 0\nexit")
    #expect(try invalidating.run("program", packet: Self.packet([]), attributes: before).attributes.hash == 0)
    before.controlBlock = [1]
    #expect(throws: MachineError.self) { try object.run("program", packet: Self.packet([]), attributes: before) }
  }

  @Test("what a program may only read of its context it cannot change")
  func readOnlyMembers() throws {
    for (type, offsets) in [
      (ProgramType.trafficClassifier, [0, 4, 16, 36, 40, 68, 76, 80, 140]), (.socketFilter, [0, 8, 32, 44, 152]),
      (.xdp, [0, 4, 8, 12, 16]),
    ] {
      for offset in offsets {
        let (machine, object) = try loaded(
          type, "w2 = 0x5a5a5a5a\n*(u32 *)(r1 + \(offset)) = w2\nr0 = 0\nexit", .none)
        #expect(throws: MachineError.self, "\(type) \(offset)") { try object.run("program", packet: Self.packet([])) }
        let message = machine.faults.last?.message ?? ""
        #expect(message.contains(type == .xdp ? "read-only" : "to offset \(offset) of its context"), "\(message)")
      }
    }
  }

  @Test("a pointer into the packet ends with whatever may move the packet")
  func stalePointers() throws {
    let stack = "r3 = r10\nr3 += -8\nr4 = 0\n*(u64 *)(r10 - 8) = r4\n"
    let movers: [(ProgramType, String)] = [
      (.xdp, "r2 = 0\ncall bpf_xdp_adjust_head"), (.xdp, "r2 = 0\ncall bpf_xdp_adjust_tail"),
      (.xdp, "r2 = 0\ncall bpf_xdp_adjust_meta"), (.trafficClassifier, "r2 = 14\ncall bpf_skb_pull_data"),
      (.trafficClassifier, "r2 = 20\n\(stack)r4 = 4\nr5 = 0\ncall bpf_skb_store_bytes"),
      (.trafficClassifier, "r2 = 34\nr3 = 0\ncall bpf_skb_change_tail"),
      (.trafficClassifier, "r2 = 0\nr3 = 0\ncall bpf_skb_change_head"),
      (.trafficClassifier, "r2 = 24\nr3 = 0\nr4 = 0\nr5 = 2\ncall bpf_l3_csum_replace"),
      (.trafficClassifier, "r2 = 24\nr3 = 0\nr4 = 0\nr5 = 2\ncall bpf_l4_csum_replace"),
    ]
    for (type, mover) in movers {
      let data = type == .xdp ? 0 : 76
      let start = "r6 = r1\nw7 = *(u32 *)(r6 + \(data))\n\(mover)\n"
      let (machine, object) = try loaded(type, start + "r0 = *(u8 *)(r7 + 0)\nexit", .none)
      #expect(throws: MachineError.self, "\(mover)") { try object.run("program", packet: Self.packet([])) }
      #expect(machine.faults.last?.message.contains("the packet") == true, "\(machine.faults.last?.message ?? "")")
      let check = "w8 = *(u32 *)(r6 + \(data + 4))\nr0 = 0\nr1 = r7\nr1 += 13\nif r1 > r8 goto out\n"
      let (_, fresh) = try loaded(
        type, start + "w7 = *(u32 *)(r6 + \(data))\n\(check)r0 = *(u8 *)(r7 + 12)\nout:\nexit")
      #expect(try fresh.run("program", packet: Self.packet([])).verdict == 8, "\(mover)")
    }
  }

  @Test("the packet is in reach from its first byte to its last, of programs that have it in their context")
  func bounds() throws {
    for (type, data, end) in [(ProgramType.xdp, 0, 4), (.trafficClassifier, 76, 80)] {
      for (offset, isInside) in [(0, true), (-1, false), (-4, false), (33, true), (34, false)] {
        let (machine, object) = try loaded(
          type, "w2 = *(u32 *)(r1 + \(data))\nr0 = *(u8 *)(r2 \(offset < 0 ? "-" : "+") \(abs(offset)))\nexit",
          .none)
        _ = try? object.run("program", packet: Self.packet([]))
        #expect(machine.faults.isEmpty == isInside, "\(type) \(offset)")
        if !isInside { #expect(machine.faults.last?.message.contains("the packet") == true) }
      }
      let (_, object) = try loaded(type, "w2 = *(u32 *)(r1 + \(end))\nr0 = *(u32 *)(r2 - 4)\nexit", .none)
      #expect(try object.run("program", packet: Self.packet([])).verdict == 0x0202_00c0)
    }
    let (_, filter) = try loaded(.socketFilter, "w2 = *(u32 *)(r1 + 76)\nr0 = *(u8 *)(r2 + 0)\nexit", .none)
    #expect(throws: MachineError.self) { try filter.run("program", packet: Self.packet([])) }
  }

  @Test("metadata is in front of an XDP packet, and goes with it")
  func metadata() throws {
    let (_, object) = try loaded(
      .xdp,
      """
      r6 = r1
      r2 = -4
      call bpf_xdp_adjust_meta
      w1 = *(u32 *)(r6 + 8)
      w3 = *(u32 *)(r6 + 0)
      r0 = 9
      r4 = r1
      r4 += 4
      if r4 > r3 goto out
      w2 = 0x01020304
      *(u32 *)(r1 + 0) = w2
      r1 = r6
      r2 = 2
      call bpf_xdp_adjust_head
      out:
      exit
      """
    )
    let result = try object.run("program", packet: Self.packet([]), metadata: [9, 9, 9, 9])
    #expect(result.metadata == [4, 3, 2, 1, 9, 9, 9, 9] && result.packet == Array(Self.packet([])[2...]))
    for metadata in [[UInt8](repeating: 0, count: 3), [UInt8](repeating: 0, count: 220)] {
      #expect(throws: MachineError.self) { try object.run("program", packet: Self.packet([]), metadata: metadata) }
    }
  }

  @Test("records for user space carry as much of the packet as is asked for")
  func records() throws {
    let text =
      "r6 = 0x11223344\n*(u64 *)(r10 - 8) = r6\nr2 = map(events) ll\nr3 = \(3 << 32 | 0xffff_ffff) ll\nr4 = r10\nr4 += -8\nr5 = 4\ncall bpf_perf_event_output\nexit"
    for type in [ProgramType.xdp, .trafficClassifier] {
      let (_, object) = try loaded(type, text)
      let buffers = try object.openPerfEventBuffers("events")
      #expect(try object.run("program", packet: Self.packet([])).verdict == 0)
      #expect(buffers[0].drain() == [[0x44, 0x33, 0x22, 0x11, 0, 0, 0]])
      let (_, tooMuch) = try loaded(type, text.replacing("\(3 << 32 | 0xffff_ffff)", with: "\(35 << 32 | 0xffff_ffff)"))
      try tooMuch.openPerfEventBuffers("events")
      #expect(try tooMuch.run("program", packet: Self.packet([])).verdict == UInt32(bitPattern: -14))
    }
  }

  @Test("what the verifier refuses ends the run, and other programs have no packets")
  func refusals() throws {
    let cases: [(ProgramType, String, String)] = [
      (.xdp, "r2 = 0\nr3 = r10\nr3 += -8\nr4 = 8\ncall bpf_skb_load_bytes\nexit", "programs of type"),
      (.trafficClassifier, "r2 = 0\ncall bpf_xdp_adjust_head\nexit", "programs of type"),
      (.socketFilter, "r1 = 1\nr2 = 0\ncall bpf_redirect\nexit", "only programs of type xdp and tc"),
      (.xdp, "r1 = r10\nr2 = 0\ncall bpf_xdp_adjust_head\nexit", "and not the program's context"),
      (.trafficClassifier, "r2 = 0\nr3 = r10\nr3 += -8\nr4 = 0\ncall bpf_skb_load_bytes\nexit", "argument 4 is 0"),
      (.trafficClassifier, "r2 = 0\nr3 = r10\nr4 = 8\ncall bpf_skb_load_bytes\nexit", "argument 3"),
      (.trafficClassifier, "r6 = r10\nr0 = *(u8 *)skb[0]\nexit", "r6 has to be"),
      (.xdp, "r6 = r1\nr0 = *(u8 *)skb[0]\nexit", "packet load"),
    ]
    for (type, text, message) in cases {
      let (machine, object) = try loaded(type, text, .none)
      #expect(throws: MachineError.self, "\(text)") { try object.run("program", packet: Self.packet([])) }
      #expect(machine.faults.last?.message.contains(message) == true, "\(machine.faults.last?.message ?? "")")
    }
    let (_, object) = try loaded(.systemCall, "r0 = 0\nexit")
    #expect(throws: MachineError.self) { try object.run("program", packet: Self.packet([])) }
  }
}
