import BPFLinux
import BPFObject
import SystemPackage
import Testing

/// Runs on request, and how they can be told to go.
@Suite("Test runs", .serialized, .timeLimit(.minutes(10)))
struct TestRunTests {
  private static let source = """
    #include <vmlinux.h>
    #include <bpf/bpf_helpers.h>
    char LICENSE[] SEC("license") = "GPL";
    __u64 hits;
    SEC("xdp") int pass(struct xdp_md *context) { return XDP_PASS; }
    SEC("tcx/ingress") int incoming(struct __sk_buff *packet) {
      unsigned char *data = (void *)(long)packet->data, *end = (void *)(long)packet->data_end;
      if (data + 16 <= end && data[12] == 0x88 && data[13] == 0xb5 && data[14] == 0x5a)
        __sync_fetch_and_add(&hits, 1);
      return 0;
    }
    SEC("tc") int careful(struct __sk_buff *packet) {
      __u16 word = 0x1234;
      return bpf_skb_store_bytes(packet, 20, &word, sizeof(word), BPF_F_RECOMPUTE_CSUM);
    }
    SEC("tc") int careless(struct __sk_buff *packet) {
      __u16 word = 0x1234;
      return bpf_skb_store_bytes(packet, 20, &word, sizeof(word), 0);
    }
    SEC("syscall") int call(void *context) { return 5; }
    """

  /// An Ethernet frame of a type for experiments (IEEE 802), which nobody answers.
  private static let frame = [UInt8](repeating: 0, count: 12) + [0x88, 0xb5, 0x5a] + [UInt8](repeating: 1, count: 49)

  private func hits(_ loaded: LinuxObject) throws -> UInt64 { try loaded.value(of: "hits", as: UInt64.self) }

  @Test(
    "with live frames what an XDP program lets pass goes its way, and otherwise it comes back",
    .enabled(if: RealKernel.canCompile && OwnNetwork.isAvailable, "needs a network namespace of its own"))
  func liveFrames() async throws {
    let loaded = try RealKernel.shared.load(try await Fixture.object(Self.source), programs: ["pass", "incoming"])
    let network = try await OwnNetwork()
    let (pass, incoming) = (try loaded.program("pass"), try loaded.program("incoming"))
    let attachment = try await network.run {
      try OwnNetwork.raiseLoopback()
      return Carrier(try incoming.attach(to: .trafficControl("lo", .ingress)))
    }.take()
    let plain = try await network.run { try pass.testRun(data: Self.frame, repeatCount: 3) }
    #expect(plain.result == 2 && plain.data == Self.frame)
    let live = try await network.run {
      try pass.testRun(data: Self.frame, repeatCount: 5, flags: .liveFrames, batchSize: 2)
    }
    #expect(live.data.isEmpty)
    try await waitUntil("the frames have come") { try hits(loaded) >= 5 }
    // None of the first three is among them.
    #expect(try hits(loaded) == 5)
    attachment.detach()
    let tooMany = await #expect(throws: BPFError.self) {
      try await network.run {
        try pass.testRun(data: Self.frame, repeatCount: 1, flags: .liveFrames, batchSize: 1 << 20)
      }
    }
    #expect(tooMany?.errno == .argListTooLong, "\(tooMany?.description ?? "")")
  }

  @Test(
    "a packet that comes with its checksum has to keep it right", .enabled(if: RealKernel.canCompile, RealKernel.reason)
  )
  func checksums() async throws {
    let loaded = try RealKernel.shared.load(try await Fixture.object(Self.source), programs: ["careful", "careless"])
    for name in ["careful", "careless"] {
      let run = try loaded.program(name).testRun(data: Self.frame)
      #expect(run.result == 0 && run.data[20...21] == [0x34, 0x12], "\(name)")
    }
    #expect(try loaded.program("careful").testRun(data: Self.frame, flags: .checksumComplete).result == 0)
    let error = #expect(throws: BPFError.self) {
      try loaded.program("careless").testRun(data: Self.frame, flags: .checksumComplete)
    }
    #expect(error?.errno == .badMessage, "\(error?.description ?? "")")
  }

  @Test(
    "flags that are not for a program of its type are told of", .enabled(if: RealKernel.canCompile, RealKernel.reason))
  func wrongFlags() async throws {
    let loaded = try RealKernel.shared.load(try await Fixture.object(Self.source), programs: ["call", "careful"])
    #expect(try loaded.program("call").testRun().result == 5)
    for (name, flags) in [("call", .liveFrames), ("careful", .liveFrames)]
      as [(String, LinuxProgram.TestRunFlags)]
    {
      let error = #expect(throws: BPFError.self) {
        try loaded.program(name).testRun(data: name == "call" ? [] : Self.frame, flags: flags)
      }
      #expect(error?.problem.contains("do not take these flags") == true, "\(name): \(error?.description ?? "")")
    }
  }

  @Test("what a run is told is where Linux reads it", .enabled(if: RealKernel.canCompile, RealKernel.reason))
  func attributes() async throws {
    let imaginary = ImaginaryKernel()
    let object = try await Fixture.object(Self.source)
    let program = try LinuxKernel(systemCalls: imaginary).load(object, programs: ["pass"]).program("pass")
    _ = try program.testRun(
      context: [1, 2, 3, 4], data: Self.frame, repeatCount: 9, cpu: 3, flags: [.checksumComplete], batchSize: 7)
    let request = try #require(imaginary.requests(10).first)
    // Sizes of the packet, in and out; where it is; how often; the context; the flags, the CPU, how many at a time.
    #expect(request.word(8) == 64 && request.word(12) > 64 && request.long(16) != 0 && request.long(24) != 0)
    #expect(request.word(32) == 9 && request.word(40) == 4 && request.long(48) != 0)
    #expect(request.word(64) == 5 && request.word(68) == 3 && request.word(72) == 7)
    _ = try program.testRun(data: Self.frame, flags: .liveFrames)
    let live = try #require(imaginary.requests(10).last)
    #expect(live.word(12) == 0 && live.long(24) == 0 && live.word(64) == 2)
  }
}
