import BPFLinux
import BPFObject
import Foundation
import SystemPackage
import Testing

#if canImport(Glibc)
  import Glibc
#endif

@Suite("Links to interfaces, control groups and network namespaces", .serialized)
struct NetworkLinkTests {
  private static let source = """
    #include <vmlinux.h>
    #include <bpf/bpf_helpers.h>
    char LICENSE[] SEC("license") = "GPL";
    __u64 hits, others;
    SEC("xdp") int express(struct xdp_md *context) { __sync_fetch_and_add(&hits, 1); return XDP_PASS; }
    SEC("xdp") int other_express(struct xdp_md *context) { __sync_fetch_and_add(&others, 1); return XDP_PASS; }
    SEC("tcx/ingress") int incoming(struct __sk_buff *packet) { __sync_fetch_and_add(&hits, 1); return -1; }
    SEC("tcx/egress") int outgoing(struct __sk_buff *packet) { __sync_fetch_and_add(&hits, 1); return -1; }
    SEC("cgroup/sock_create") int on_socket(struct bpf_sock *socket) { __sync_fetch_and_add(&hits, 1); return 1; }
    SEC("cgroup/sock_create") int other_on_socket(struct bpf_sock *socket) {
      __sync_fetch_and_add(&others, 1); return 1; }
    SEC("netfilter") int on_packet(struct bpf_nf_ctx *context) { __sync_fetch_and_add(&hits, 1); return 1; }
    SEC("sk_lookup") int lookup(struct bpf_sk_lookup *context) { __sync_fetch_and_add(&hits, 1); return 1; }
    """

  private func word(_ loaded: LinuxObject, _ name: String) throws -> Int64 {
    let global = try #require(loaded.object.globals[name])
    return try loaded.map(global.map).lookupElement([0, 0, 0, 0]).signed(at: global.offset, byteCount: 8)
  }

  private static let canUse = RealKernel.canCompile && OwnNetwork.isAvailable

  @Test(
    "XDP and tcx programs see the packets of an interface, and can be replaced there",
    .enabled(if: canUse, "needs a network namespace of its own"))
  func interfaces() async throws {
    let object = try await Fixture.object(Self.source)
    let points: [(String, LinuxAttachPoint, LinuxLinkKind)] = [
      ("express", .express("lo", .generic), .express), ("incoming", .trafficControl("lo", .ingress), .trafficControl),
      ("outgoing", .trafficControl("lo", .egress), .trafficControl),
    ]
    for (name, point, kind) in points {
      let loaded = try RealKernel.shared.load(object, programs: [name, "other_express"])
      let network = try await OwnNetwork()
      let program = try loaded.program(name)
      let attachment = try await network.run {
        try OwnNetwork.raiseLoopback()
        return Carrier(try program.attach(to: point))
      }.take()
      let information = try attachment.information()
      #expect(information.map(\.kind) == [kind] && information.map(\.interface) == [1], "\(name)")
      try await network.run { OwnNetwork.sendPacket() }
      try await waitUntil("\(name) saw a packet") { try word(loaded, "hits") > 0 }
      if kind == .express {
        let other = try loaded.program("other_express")
        let second = await #expect(throws: BPFError.self) {
          try await network.run { try other.attach(to: .express("lo", .generic)).detach() }
        }
        #expect(second?.problem == "another XDP program is on this interface")
        #expect(throws: BPFError.self) { try attachment.update(to: other, replacing: other) }
        try attachment.update(to: other, replacing: program)
        // Packets of before may still be on their way.
        var isReplaced = false
        for _ in 0..<100 where !isReplaced {
          let (before, others) = (try word(loaded, "hits"), try word(loaded, "others"))
          try await network.run { OwnNetwork.sendPacket() }
          try await waitUntil("the other program saw a packet") { try word(loaded, "others") > others }
          isReplaced = try word(loaded, "hits") == before
        }
        #expect(isReplaced)
        try attachment.unhook()
      }
      attachment.detach()
      let direction: LinuxAttachPoint.TrafficDirection = name == "incoming" ? .ingress : .egress
      let nowhere: LinuxAttachPoint =
        kind == .express ? .express("merops0", .any) : .trafficControl("merops0", direction)
      let wrong = await #expect(throws: BPFError.self) {
        try await network.run { try program.attach(to: nowhere).detach() }
      }
      #expect(wrong?.problem == "there is no such network interface", "\(wrong?.description ?? "")")
    }
  }

  @Test(
    "a link whose interface has gone away stays, and says so",
    .enabled(if: canUse, "needs a network namespace of its own"))
  func interfaceGoes() async throws {
    let loaded = try RealKernel.shared.load(try await Fixture.object(Self.source), programs: ["express"])
    let attachment = try await OwnNetwork().run {
      Carrier(try loaded.program("express").attach(to: .express("lo", .generic)))
    }.take()
    // The namespace goes in a deferred step after the last that refers to it.
    try await waitUntil("the interface is gone") { try attachment.information().first?.interface == 0 }
    attachment.detach()
  }

  @Test(
    "a program for socket lookups is attached to a network namespace",
    .enabled(if: canUse, "needs a network namespace of its own"))
  func networkNamespace() async throws {
    let loaded = try RealKernel.shared.load(try await Fixture.object(Self.source), programs: ["lookup"])
    let network = try await OwnNetwork()
    let attachment = try await network.run {
      try OwnNetwork.raiseLoopback()
      return Carrier(try loaded.program("lookup").attach(to: .networkNamespace("/proc/thread-self/ns/net")))
    }.take()
    #expect(try attachment.information().map(\.kind) == [.networkNamespace])
    #expect(try attachment.information().map(\.attachType) == [.socketLookup])
    try await network.run { OwnNetwork.sendPacket() }
    try await waitUntil("a socket was looked up") { try word(loaded, "hits") > 0 }
    attachment.detach()
  }

  private static let hasNetfilter: Bool =
    canUse && LinuxFeature.all.contains { $0.name == "netfilter" && RealKernel.shared.has($0) == .yes }

  @Test(
    "a program sees the packets on their way through netfilter, at a place and a priority that are then taken",
    .enabled(if: hasNetfilter, "needs CONFIG_NETFILTER_BPF_LINK and a network namespace of its own"))
  func netfilter() async throws {
    let loaded = try RealKernel.shared.load(try await Fixture.object(Self.source), programs: ["on_packet"])
    let network = try await OwnNetwork()
    let program = try loaded.program("on_packet")
    let hook = NetfilterHook(.ipv4, .localIn, priority: 7)
    let attachment = try await network.run {
      try OwnNetwork.raiseLoopback()
      return Carrier(try program.attach(to: .netfilter(hook)))
    }.take()
    #expect(try attachment.information().map(\.kind) == [.netfilter])
    try await network.run { OwnNetwork.sendPacket() }
    try await waitUntil("a packet was seen") { try word(loaded, "hits") > 0 }
    let taken = await #expect(throws: BPFError.self) {
      try await network.run { try program.attach(to: .netfilter(hook)).detach() }
    }
    #expect(taken?.problem == "a program is there with the same priority", "\(taken?.description ?? "")")
    attachment.detach()
    // A process that was forked meanwhile may hold a copy of the link's descriptor until it executes its program.
    try await waitUntil("packets pass unseen") {
      let before = try word(loaded, "hits")
      try await network.run { OwnNetwork.sendPacket() }
      return try word(loaded, "hits") == before
    }
  }

  /// A folder for control groups, if a cgroup2 file system is mounted where one can be made.
  private static let groups: String? = {
    guard RealKernel.canCompile, let mounts = try? String(contentsOfFile: "/proc/mounts", encoding: .utf8) else {
      return nil
    }
    let place = mounts.split(separator: "\n").map { $0.split(separator: " ") }.first {
      $0.count > 2 && $0[2] == "cgroup2"
    }
    guard let place, access(String(place[1]), W_OK) == 0 else { return nil }
    return String(place[1])
  }()

  @Test(
    "a program of a control group sees what its processes do, and can be replaced there",
    .enabled(if: groups != nil, "needs a cgroup2 file system"))
  func controlGroup() async throws {
    let loaded = try RealKernel.shared.load(
      try await Fixture.object(Self.source), programs: ["on_socket", "other_on_socket"])
    let group = try #require(Self.groups) + "/merops-\(UUID().uuidString)"
    try #require(mkdir(group, 0o755) == 0)
    defer { rmdir(group) }
    let attachment = try loaded.program("on_socket").attach(to: .controlGroup(FilePath(group)))
    let information = try attachment.information()
    #expect(information.map(\.kind) == [.controlGroup])
    #expect(information.map(\.attachType) == [.cgroupInetSocketCreate])
    #expect(information.first?.controlGroup ?? 0 > 0)
    func makeSocket() async throws {
      let target = try TargetProcess.start(["bash", "-c", "echo > /dev/udp/127.0.0.1/9"])
      try "\(target.identifier)".write(toFile: group + "/cgroup.procs", atomically: false, encoding: .utf8)
      try target.release()
      _ = await target.waitForEnd()
    }
    try await makeSocket()
    #expect(try word(loaded, "hits") > 0)
    try attachment.update(to: loaded.program("other_on_socket"))
    let before = try word(loaded, "hits")
    try await makeSocket()
    #expect(try word(loaded, "others") > 0)
    #expect(try word(loaded, "hits") == before)
    try attachment.unhook()
    attachment.detach()
    let wrong = #expect(throws: BPFError.self) {
      let link = try loaded.program("on_socket").attach(to: .controlGroup("/tmp"))
      link.detach()
    }
    #expect(wrong?.problem == "it is no folder of a cgroup2 file system", "\(wrong?.description ?? "")")
  }
}
