import BPFLinux
import BPFObject
import Foundation
import SystemPackage
import Testing

/// Every kind of link in a kernel that takes whatever it is given: what is asked of it, and what becomes of faults.
@Suite("Every kind of link", .timeLimit(.minutes(10)))
struct EveryLinkTests {
  private static let source = """
    #include <vmlinux.h>
    #include <bpf/bpf_helpers.h>
    char LICENSE[] SEC("license") = "GPL";
    SEC("perf_event") int on_sample(void *context) { return 0; }
    SEC("tp/syscalls/sys_enter_getppid") int on_call(void *context) { return 0; }
    SEC("raw_tp/sys_enter") int on_enter(void *context) { return 0; }
    SEC("tp_btf/sys_enter") int on_typed_enter(void *context) { return 0; }
    SEC("uprobe") int on_function(void *context) { return 0; }
    SEC("uprobe.multi") int on_functions(void *context) { return 0; }
    SEC("kprobe") int on_kernel_function(void *context) { return 0; }
    SEC("kprobe.multi") int on_kernel_functions(void *context) { return 0; }
    SEC("kretprobe.multi/merops_*") int on_kernel_returns(void *context) { return 0; }
    SEC("netfilter") int on_packet(struct bpf_nf_ctx *context) { return 1; }
    SEC("netkit/peer") int on_device(struct __sk_buff *context) { return 0; }
    SEC("iter/task") int tasks(struct bpf_iter__task *context) { return 0; }
    SEC("xdp") int express(struct xdp_md *context) { return 2; }
    SEC("tc") int packet(struct __sk_buff *context) { return 0; }
    SEC("cgroup/sock_create") int on_socket(struct bpf_sock *socket) { return 1; }
    SEC("sk_lookup") int lookup(struct bpf_sk_lookup *context) { return 1; }
    """

  private static let library = """
    int merops_one(int x) { return x + 1; }
    int merops_two(int x) { return x * 3; }
    """

  private static let files: [String: String?] = [
    "/proc/self/mounts": "tracefs /merops tracefs rw 0 0\n",
    "/merops/events/syscalls/sys_enter_getppid/id": "123\n", "/sys/bus/event_source/devices/uprobe/type": "8\n",
    "/sys/bus/event_source/devices/kprobe/type": "6\n",
    "/merops/available_filter_functions": "merops_one\nother\nmerops_two [merops]\nmerops_one\n",
  ]

  /// A program and a place for it, one of each kind.
  private func places() throws -> [(String, LinuxAttachPoint)] {
    let library = FilePath(try Workload.compile(Self.library, as: "libmerops_every.so", "-shared", "-fPIC"))
    return [
      ("on_sample", .perfEvent(.cpuClock(.period(1_000)), pid: 1, cpu: nil)),
      ("on_call", .tracepoint(group: "syscalls", name: "sys_enter_getppid")),
      ("on_enter", .rawTracepoint(name: "sys_enter")), ("on_typed_enter", .loadedTarget),
      ("on_function", .userSymbol(file: library, symbol: "merops_one", isReturn: false, pid: nil)),
      ("on_function", .userFunction(file: library, offset: 64, isReturn: true, pid: 1)),
      (
        "on_functions",
        .userSymbols(file: library, symbols: ["merops_one", "merops_two"], cookies: [7, 8], isReturn: false, pid: 1)
      ),
      ("on_kernel_function", .kernelFunction(name: "schedule", offset: 0, isReturn: false)),
      ("on_kernel_functions", .kernelFunctions(names: ["schedule", "vfs_read"], cookies: [3, 4], isReturn: false)),
      ("on_packet", .netfilter(NetfilterHook(.ipv4, .localIn, priority: -5, defragments: true))),
      ("on_device", .netkit("lo")), ("tasks", .iterator(.process(1))), ("express", .express("lo", .generic)),
      ("packet", .trafficControl("lo", .egress)), ("on_socket", .controlGroup("/tmp")),
      ("lookup", .networkNamespace("/proc/self/ns/net")),
    ]
  }

  private static let canRun = RealKernel.canCompile && Workload.canCompile

  @Test(
    "each system call of each kind of link fails in turn with each error: an error comes out that names it, and nothing stays",
    .enabled(if: canRun, RealKernel.reason))
  func faults() async throws {
    let object = try await Fixture.object(Self.source)
    for (name, place) in try places() {
      let faulty = FaultyKernel(ImaginaryKernel(files: Self.files))
      let program = try LinuxKernel(systemCalls: faulty).load(object, programs: [name]).program(name)
      let before = faulty.openCount
      func everything() throws {
        let link = try program.attach(to: place, cookie: 5)
        _ = try link.information()
        try link.update(to: program, replacing: program)
        try link.unhook()
        if name == "tasks" { _ = try link.text() }
        link.detach()
      }
      faulty.begin()
      try everything()
      let calls = faulty.calls
      #expect(calls.count > 3 && faulty.openCount == before, "\(name)")
      // EPERM, EINTR, EAGAIN, ENOMEM, EINVAL, ENOTSUPP.
      for errno in [1, 4, 11, 12, 22, 524] as [Int32] {
        for (index, call) in calls.enumerated() {
          faulty.begin(failingAt: index, errno: errno)
          do {
            try everything()
            // What is asked again, or cannot fail.
            #expect(
              [.close, .ioctl].contains(call) || errno == 4 && [.readFile, .readFileAt].contains(call),
              "\(name): call \(index), \(call), errno \(errno)")
          } catch let error as BPFError {
            // Where a file is looked for, what is said is that it is not there.
            if let found = error.errno { #expect(found.rawValue == errno, "\(name): call \(index), \(error)") }
          }
          #expect(faulty.openCount == before, "\(name): call \(index), \(call), errno \(errno)")
        }
      }
    }
  }

  // MARK: What is asked

  @Test(
    "links that this kernel may not have are asked for as Linux reads them", .enabled(if: canRun, RealKernel.reason))
  func attributes() async throws {
    let object = try await Fixture.object(Self.source)
    func request(_ name: String, _ place: LinuxAttachPoint?) throws -> (ImaginaryKernel.Request, program: UInt32) {
      let kernel = ImaginaryKernel(files: Self.files)
      let program = try LinuxKernel(systemCalls: kernel).load(object, programs: [name]).program(name)
      let link = try program.attach(to: place ?? program.sectionTarget(), cookie: 0)
      link.detach()
      let request = try #require(kernel.requests(28).first)
      return (request, request.word(0))
    }
    let multi = try request(
      "on_kernel_functions", .kernelFunctions(names: ["schedule", "vfs_read"], cookies: [3, 4], isReturn: false)
    ).0
    // BPF_TRACE_KPROBE_MULTI, no flags, two functions by their names.
    #expect(multi.word(8) == 42 && multi.word(12) == 0 && multi.word(16) == 0 && multi.word(20) == 2)
    #expect(multi.long(24) != 0 && multi.long(32) == 0 && multi.long(40) != 0 && multi.attributes.count == 48)
    let returns = try request("on_kernel_returns", nil).0
    #expect(returns.word(16) == 1 && returns.word(20) == 2 && returns.long(40) == 0)
    let packets = try request(
      "on_packet", .netfilter(NetfilterHook(.ipv6, .forward, priority: -5, defragments: true))
    ).0
    // BPF_NETFILTER; family, hook, priority, flags.
    #expect(packets.word(8) == 45 && packets.attributes.count == 32)
    #expect(packets.word(16) == 10 && packets.word(20) == 2 && packets.word(24) == UInt32(bitPattern: -5))
    #expect(packets.word(28) == 1)
    let device = try request("on_device", .netkit(.index(7))).0
    // BPF_NETKIT_PEER on an interface.
    #expect(device.word(4) == 7 && device.word(8) == 55 && device.attributes.count == 32)
    let refusals: [(String, LinuxAttachPoint, String)] = [
      ("on_kernel_function", .kernelFunctions(names: ["a"], cookies: [], isReturn: false), "loaded for one function"),
      ("on_kernel_functions", .kernelFunctions(names: [], cookies: [], isReturn: false), "do not go together"),
      ("on_kernel_functions", .kernelFunctions(names: ["a"], cookies: [1, 2], isReturn: false), "do not go together"),
      ("packet", .netkit("lo"), "is not for netkit devices"),
      ("express", .netfilter(NetfilterHook(.ipv4, .localIn, priority: 0)), "takes programs of type netfilter"),
    ]
    for (name, place, text) in refusals {
      let error = #expect(throws: BPFError.self) { _ = try request(name, place) }
      #expect(error?.description.contains(text) == true, "\(name): \(error?.description ?? "")")
    }
  }

  @Test("probes and counters are asked for as Linux reads them", .enabled(if: canRun, RealKernel.reason))
  func events() async throws {
    let object = try await Fixture.object(Self.source)
    let library = FilePath(try Workload.compile(Self.library, as: "libmerops_every.so", "-shared", "-fPIC"))
    struct Row {
      var program: String
      var place: LinuxAttachPoint
      /// `type`, `config`, `sample_period`, `config2`.
      var words: (UInt64, UInt64, UInt64?, UInt64?)
    }
    let offset = try RealKernel.shared.fileOffset(of: "merops_two", in: library)
    let rows = [
      Row(
        program: "on_function", place: .userFunction(file: library, offset: 64, isReturn: false, pid: 1),
        words: (8, 0, nil, 64)),
      Row(
        program: "on_function", place: .userSymbol(file: library, symbol: "merops_two", isReturn: true, pid: 1),
        words: (8, 1, nil, offset)),
      Row(
        program: "on_kernel_function", place: .kernelFunction(name: "schedule", offset: 16, isReturn: false),
        words: (6, 0, nil, 16)),
      Row(
        program: "on_kernel_function", place: .kernelFunction(name: "schedule", offset: 0, isReturn: true),
        words: (6, 1, nil, 0)),
      Row(
        program: "on_call", place: .tracepoint(group: "syscalls", name: "sys_enter_getppid"), words: (2, 123, 1, nil)),
      Row(program: "on_sample", place: .perfEvent(.cpuClock(.period(7)), pid: 1, cpu: nil), words: (1, 0, 7, nil)),
      Row(program: "on_sample", place: .perfEvent(.taskClock(.period(7)), pid: 1, cpu: nil), words: (1, 1, 7, nil)),
      Row(program: "on_sample", place: .perfEvent(.pageFaults(.period(1)), pid: 1, cpu: nil), words: (1, 2, 1, nil)),
      Row(
        program: "on_sample", place: .perfEvent(.contextSwitches(.period(1)), pid: 1, cpu: nil), words: (1, 3, 1, nil)),
      Row(program: "on_sample", place: .perfEvent(.cycles(.frequency(99)), pid: 1, cpu: nil), words: (0, 0, 99, nil)),
    ]
    for row in rows {
      let kernel = ImaginaryKernel(files: Self.files)
      let link = try LinuxKernel(systemCalls: kernel).load(object, programs: [row.program]).program(row.program)
        .attach(to: row.place)
      link.detach()
      let event = try #require(kernel.events.first)
      func word(_ offset: Int, _ count: Int = 8) -> UInt64 {
        UInt64(bitPattern: event.signed(at: offset, byteCount: count))
      }
      #expect(word(0, 4) == row.words.0 && word(8) == row.words.1, "\(row)")
      if let period = row.words.2 { #expect(word(16) == period, "\(row)") }
      if let place = row.words.3 { #expect(word(64) == place, "\(row)") }
    }
    for isReturn in [false, true] {
      let kernel = ImaginaryKernel(files: Self.files)
      let link = try LinuxKernel(systemCalls: kernel).load(object, programs: ["on_functions"]).program("on_functions")
        .attach(
          to: .userSymbols(
            file: library, symbols: ["merops_one", "merops_two"], cookies: [7, 8], isReturn: isReturn, pid: 77))
      link.detach()
      let request = try #require(kernel.requests(28).first)
      // BPF_TRACE_UPROBE_MULTI: a path, offsets, no counters, cookies, their number, the flag for returns, the process.
      #expect(request.word(8) == 48 && request.long(16) != 0 && request.long(24) != 0 && request.long(32) == 0)
      #expect(request.long(40) != 0 && request.word(48) == 2)
      #expect(request.word(52) == (isReturn ? 1 : 0) && request.word(56) == 77)
    }
  }

  @Test(
    "on this kernel, links that it lacks end in an error that says so", .enabled(if: canRun, RealKernel.reason))
  func missingKinds() async throws {
    let object = try await Fixture.object(Self.source)
    let rows: [(String, LinuxAttachPoint, LinuxFeature?)] = [
      (
        "on_kernel_functions", .kernelFunctions(names: ["schedule"], cookies: [], isReturn: false),
        LinuxFeature.all.first { $0.name == "probes of many kernel functions" }
      ), ("on_device", .netkit("lo"), nil),
      (
        "on_packet", .netfilter(NetfilterHook(.ipv4, .localIn, priority: .min)),
        LinuxFeature.all.first { $0.name == "netfilter" }
      ),
    ]
    for (name, place, feature) in rows {
      // What the kernel has is tried for real elsewhere.
      if let feature, RealKernel.shared.has(feature) == .yes, name != "on_packet" { continue }
      let error = #expect(throws: BPFError.self, "\(name)") {
        let link = try RealKernel.shared.load(object, programs: [name]).program(name).attach(to: place)
        link.detach()
      }
      #expect(error?.errno != nil, "\(name): \(error?.description ?? "")")
    }
  }
}
