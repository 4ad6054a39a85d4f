import BPFInstructions
import BPFObject
import BPFSimulator
import Testing

/// The same programs on the same packets in the running kernel and in the simulated one.
@Suite(.enabled(if: KernelProgram.isAvailable, "no Linux 6.18 with the right to use bpf(2)"))
struct PacketComparisonTests {
  /// An Ethernet header with the type of IPv4, then bytes that count from 0x45 on.
  private static func packet(_ count: Int, type: UInt16 = 0x0800) -> [UInt8] {
    let header: [UInt8] = [0, 0, 0, 0, 0, 0, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff, UInt8(type >> 8), UInt8(type & 0xff)]
    return header + (0..<max(count - 14, 0)).map { UInt8(truncatingIfNeeded: 0x45 + $0) }
  }

  private func compare(
    _ type: ProgramType, _ text: String, packet: [UInt8] = packet(64), metadata: [UInt8] = [],
    attributes: PacketAttributes = PacketAttributes(), context: [UInt8] = [],
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let kernel = try KernelProgram(type, Assembler.assemble(text)).run(metadata + packet, context: context)
    var object = AssembledObject()
    try object.program("program", text, kind: ProgramKind(type: type))
    let loaded = try Machine().load(object.file)
    guard let kernel else {
      #expect(throws: MachineError.self, "\(text)", sourceLocation: sourceLocation) {
        try loaded.run("program", packet: packet, attributes: attributes, metadata: metadata)
      }
      return
    }
    let result = try loaded.run("program", packet: packet, attributes: attributes, metadata: metadata)
    #expect(
      Int32(bitPattern: result.verdict) == Int32(bitPattern: kernel.verdict), "\(text)", sourceLocation: sourceLocation)
    var expected = kernel.packet
    // Linux has lost the link header of what a socket filter gets.
    if type == .socketFilter { expected.replaceSubrange(0..<14, with: packet[0..<14]) }
    let isSame = result.metadata + result.packet == expected
    #expect(isSame, "\(text)", sourceLocation: sourceLocation)
  }

  @Test("packets of the same sizes are taken")
  func sizes() throws {
    let length = "w0 = *(u32 *)(r1 + 0)\nexit"
    for size in [13, 14, 15, 33, 34, 53, 54, 3712, 3713] {
      for type: UInt16 in [0x0800, 0x86dd, 0x0806] {
        try compare(.trafficClassifier, length, packet: Self.packet(size, type: type))
      }
    }
    let difference = "w2 = *(u32 *)(r1 + 0)\nw0 = *(u32 *)(r1 + 4)\nr0 -= r2\nexit"
    for size in [13, 14, 15, 3519, 3520] { try compare(.xdp, difference, packet: Self.packet(size)) }
  }

  @Test("the members of the contexts say the same")
  func contexts() throws {
    // Not compared: the socket, which the simulated machine has none of, and the size on the wire, which Linux gives only
    // to programs that run on a device.
    let members = [
      "len": 0, "pkt_type": 4, "mark": 8, "queue_mapping": 12, "protocol": 16, "vlan_present": 20,
      "vlan_tci": 24, "vlan_proto": 28, "priority": 32, "ingress_ifindex": 36, "ifindex": 40, "tc_index": 44, "cb": 48,
      "cb[4]": 64, "hash": 68, "tc_classid": 72, "napi_id": 84, "gso_segs": 164, "gso_size": 176,
    ]
    for (_, offset) in members {
      try compare(.trafficClassifier, "w0 = *(u32 *)(r1 + \(offset))\nexit")
      if offset != 72, offset != 164, offset != 176 {
        try compare(.socketFilter, "w0 = *(u32 *)(r1 + \(offset))\nexit")
      }
    }
    for destination: [UInt8] in [[0xff, 0xff, 0xff, 0xff, 0xff, 0xff], [1, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 1]] {
      try compare(.trafficClassifier, "w0 = *(u32 *)(r1 + 4)\nexit", packet: destination + Self.packet(64)[6...])
    }
    for type: UInt16 in [0x86dd, 0x0806, 0x05ff, 0x0600, 16] {
      try compare(.trafficClassifier, "w0 = *(u32 *)(r1 + 16)\nexit", packet: Self.packet(64, type: type))
    }
    for (first, second) in [(0, 4), (8, 0)] {
      try compare(.xdp, "w2 = *(u32 *)(r1 + \(first))\nw0 = *(u32 *)(r1 + \(second))\nr0 -= r2\nexit")
    }
    for offset in [12, 16] { try compare(.xdp, "w0 = *(u32 *)(r1 + \(offset))\nexit") }
  }

  @Test("XDP programs move the ends of the packet as far")
  func express() throws {
    for offset in [-217, -216, -215, -1, 0, 1, 50, 51, 64, 1000] {
      try compare(.xdp, "r2 = \(offset)\ncall bpf_xdp_adjust_head\nexit")
    }
    for offset in [-51, -50, -1, 0, 1, 3456, 3457, 5000] {
      try compare(.xdp, "r2 = \(offset)\ncall bpf_xdp_adjust_tail\nexit")
    }
    for offset in [-256, -252, -220, -216, -4, -3, 0, 4] {
      try compare(.xdp, "r2 = \(offset)\ncall bpf_xdp_adjust_meta\nexit")
    }
    for (meta, head) in [(-8, -4), (-8, -208), (-8, -209), (-8, 8), (-8, 50), (-216, 40), (-216, 39)] {
      try compare(
        .xdp, "r6 = r1\nr2 = \(meta)\ncall bpf_xdp_adjust_meta\nr1 = r6\nr2 = \(head)\ncall bpf_xdp_adjust_head\nexit")
    }
    for (meta, again) in [(-8, 4), (-8, 8), (-8, 9), (-8, -208), (-8, -212), (-100, -120)] {
      try compare(
        .xdp, "r6 = r1\nr2 = \(meta)\ncall bpf_xdp_adjust_meta\nr1 = r6\nr2 = \(again)\ncall bpf_xdp_adjust_meta\nexit")
    }
    for offset in [0, 56, 57, 64, 0xffff, 0x10000, -1] {
      try compare(
        .xdp,
        "r2 = \(offset)\nr3 = r10\nr3 += -8\nr4 = 0\n*(u64 *)(r10 - 8) = r4\nr4 = 8\ncall bpf_xdp_load_bytes\nr1 = *(u64 *)(r10 - 8)\nr0 += r1\nexit"
      )
      try compare(
        .xdp,
        "r2 = \(offset)\nr3 = r10\nr3 += -8\nr4 = 77\n*(u64 *)(r10 - 8) = r4\nr4 = 8\ncall bpf_xdp_store_bytes\nexit")
    }
    try compare(.xdp, "call bpf_xdp_get_buff_len\nexit")
    for (interface, flags) in [(1, 0), (77, 0), (1, 1), (0, 0)] {
      try compare(.xdp, "r1 = \(interface)\nr2 = \(flags)\ncall bpf_redirect\nexit")
    }
  }

  @Test("metadata in front of an XDP packet is of the same sizes")
  func metadata() throws {
    for size in [0, 4, 8, 32, 216] {
      // The context gives the size of the metadata as the offset of the packet.
      let context = [UInt32(size), UInt32(size + 64), 0, 0, 0, 0].flatMap {
        withUnsafeBytes(of: $0.littleEndian, Array.init)
      }
      try compare(
        .xdp, "w2 = *(u32 *)(r1 + 8)\nw0 = *(u32 *)(r1 + 0)\nr0 -= r2\nexit",
        metadata: (0..<size).map { UInt8($0) }, context: context)
    }
  }

  @Test("socket buffers are read and written within the same bounds, with the same flags")
  func socketBuffers() throws {
    let stack = "r3 = 0x0807060504030201 ll\n*(u64 *)(r10 - 8) = r3\nr3 = r10\nr3 += -8\n"
    let sum = "\nr1 = *(u64 *)(r10 - 8)\nr0 <<= 8\nr0 ^= r1\nexit"
    for offset in [0, 49, 50, 57, 63, 64, 0x7fff_ffff, -1] {
      for size in [1, 8] {
        for type in [ProgramType.trafficClassifier, .socketFilter] {
          try compare(type, "r2 = \(offset)\n\(stack)r4 = \(size)\ncall bpf_skb_load_bytes\(sum)")
          for header in [0, 1, 2] {
            try compare(
              type, "r2 = \(offset)\n\(stack)r4 = \(size)\nr5 = \(header)\ncall bpf_skb_load_bytes_relative\(sum)")
          }
        }
        for flags in [0, 1, 2, 3, 4] {
          try compare(
            .trafficClassifier, "r2 = \(offset)\n\(stack)r4 = \(size)\nr5 = \(flags)\ncall bpf_skb_store_bytes\nexit")
        }
      }
    }
    for size in [0, 1, 64, 65, -1] { try compare(.trafficClassifier, "r2 = \(size)\ncall bpf_skb_pull_data\nexit") }
    for (size, flags) in [
      (0, 0), (13, 0), (14, 0), (63, 0), (64, 0), (64, 1), (200, 0), (3000, 0), (16064, 0), (16065, 0),
    ] {
      try compare(.trafficClassifier, "r2 = \(size)\nr3 = \(flags)\ncall bpf_skb_change_tail\nexit")
    }
    for (count, flags) in [
      (0, 0), (4, 0), (14, 0), (64, 0), (65, 0), (1000, 0), (4, 1), (16000, 0), (16001, 0), (-1, 0),
    ] {
      try compare(.trafficClassifier, "r2 = \(count)\nr3 = \(flags)\ncall bpf_skb_change_head\nexit")
    }
    for (interface, flags) in [(1, 0), (1, 1), (77, 0), (1, 2), (1, 8), (1, 3)] {
      try compare(.trafficClassifier, "r1 = \(interface)\nr2 = \(flags)\ncall bpf_redirect\nexit")
    }
    for level in 0...4 { try compare(.trafficClassifier, "r2 = \(level)\ncall bpf_csum_level\nexit") }
    try compare(.trafficClassifier, "r2 = 5\ncall bpf_csum_update\nexit")
    try compare(.trafficClassifier, "call bpf_set_hash_invalid\nr0 = 0\nexit")
  }

  @Test("the legacy packet loads find the same bytes, and end the program where there are none")
  func legacyLoads() throws {
    let network = -0x100000
    let link = -0x200000
    let offsets = [
      0, 47, 49, 50, 61, 63, 64, network, network + 49, network + 50, network - 1, link + 12, link + 63, link + 64,
      link - 1, -0x1000, -1,
    ]
    for (type, count) in [("u8", 1), ("u16", 2), ("u32", 4)] {
      for offset in offsets {
        for program in [ProgramType.trafficClassifier, .socketFilter] {
          let end = "\nr0 += \(count)\nexit"
          try compare(program, "r6 = r1\nr0 = *(\(type) *)skb[\(offset)]\(end)")
          try compare(
            program, "r6 = r1\nr7 = \(offset)\nr0 = *(\(type) *)skb[r7 + 2]\(end)".replacing(" + 2", with: ""))
        }
      }
    }
  }

  @Test("checksums that come out as zero, or are none, are the same")
  func zeroChecksums() throws {
    // What goes, what comes, and the seed.
    let differences: [(old: UInt64?, new: UInt64?, seed: Int32)] = [
      (1, nil, 1), (1, nil, 0), (0, nil, 0), (0xffff_ffff, nil, -1), (nil, 0, 0), (nil, 1, -2), (nil, 0xffff, 0),
      (1, 1, 0), (1, 1, 1), (0, 0, 0), (nil, nil, 0), (nil, nil, -1), (nil, nil, 0xffff), (0xffff, 0, 0xffff),
    ]
    for row in differences {
      try compare(
        .trafficClassifier,
        """
        r1 = \(row.old ?? 7) ll
        *(u64 *)(r10 - 8) = r1
        r1 = \(row.new ?? 7) ll
        *(u64 *)(r10 - 16) = r1
        r1 = r10
        r1 += -8
        r2 = \(row.old == nil ? 0 : 4)
        r3 = r10
        r3 += -16
        r4 = \(row.new == nil ? 0 : 4)
        w5 = \(row.seed)
        call bpf_csum_diff
        exit
        """)
    }
    // The checksum that is there, the size of what changed with the mark, and the change.
    let changes: [(present: UInt8, flags: UInt64, old: UInt64, new: UInt64)] = [
      (0, 0x22, 1, 2), (0, 0x62, 1, 2), (0, 0x02, 1, 2), (1, 0x22, 0, 1), (1, 0x02, 0, 1), (1, 0x24, 0, 1),
      (1, 0x62, 0, 1), (5, 0x00, 1, 7), (5, 0x00, 0, 7), (5, 0x20, 0, 7), (5, 0x03, 1, 2), (5, 0x42, 1, 2),
    ]
    for row in changes {
      for layer in [3, 4] {
        var packet = Self.packet(64)
        packet[40] = row.present
        packet[41] = 0
        try compare(
          .trafficClassifier,
          "r2 = 40\nr3 = \(row.old) ll\nr4 = \(row.new) ll\nr5 = \(row.flags)\ncall bpf_l\(layer)_csum_replace\nexit",
          packet: packet)
      }
    }
  }

  @Test("checksums are the same")
  func checksums() throws {
    var random = SystemRandomNumberGenerator()
    let seed = random.next() % 1_000_000
    var state = seed
    func next() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return state >> 16
    }
    let edges: [UInt64] = [0, 0xffff, 0xffff_ffff, 1, 0xfffe, 0xffff_0000]
    func value() -> UInt64 { next() % 3 == 0 ? edges[Int(next() % UInt64(edges.count))] : next() & 0xffff_ffff }
    for _ in 0..<60 {
      let sizes = [0, 4, 8, 3, 16, 7].map(UInt64.init)
      let (old, new) = (sizes[Int(next() % 6)], sizes[Int(next() % 6)])
      var text = ""
      for slot in 1...4 { text += "r1 = \(value() | value() << 32) ll\n*(u64 *)(r10 - \(8 * slot)) = r1\n" }
      text +=
        "r1 = r10\nr1 += -16\nr2 = \(old)\nr3 = r10\nr3 += -32\nr4 = \(new)\nw5 = \(Int32(truncatingIfNeeded: value()))\n"
      try compare(.trafficClassifier, text + "call bpf_csum_diff\nexit")
    }
    for _ in 0..<120 {
      let offset = [40, 40, 40, 62, 63, 64, 41, 0x10000][Int(next() % 8)]
      let size = [0, 2, 4, 2, 4, 3][Int(next() % 6)]
      let mark = [0, 0, 0x10, 0x20, 0x60, 0x80, 0x100][Int(next() % 7)]
      let old = size == 0 ? next() % 8 / 7 : value()
      let arguments =
        "r2 = \(offset)\nr3 = \(old) ll\nr4 = \(value()) ll\nr5 = \(size | mark)\ncall bpf_l\(next() % 2 == 0 ? 3 : 4)_csum_replace\nexit"
      var packet = Self.packet(64)
      let present = value()
      packet[40] = UInt8(truncatingIfNeeded: present)
      packet[41] = UInt8(truncatingIfNeeded: present >> 8)
      try compare(.trafficClassifier, arguments, packet: packet)
    }
  }
}
