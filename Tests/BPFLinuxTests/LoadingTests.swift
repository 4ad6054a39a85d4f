import BPFLinux
import BPFObject
import Foundation
import SystemPackage
import Testing

@Suite("Loading into the running kernel", .serialized)
struct LoadingTests {
  private static let source = """
    #include <vmlinux.h>
    #include <bpf/bpf_helpers.h>
    char LICENSE[] SEC("license") = "GPL";
    extern int LINUX_KERNEL_VERSION __kconfig;
    extern int bpf_merops_no_such_function(int) __ksym __weak;
    __u64 events, version, cookie;
    struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 4096); __type(key, __u32); __type(value, __u64); }
      counts SEC(".maps");
    struct { __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY); __uint(max_entries, 2); __type(key, __u32); __type(value, __u32); }
      each SEC(".maps");
    SEC("syscall") int good(__u32 *context) {
      version = LINUX_KERNEL_VERSION;
      return bpf_ksym_exists(bpf_merops_no_such_function) ? bpf_merops_no_such_function(1) : 42;
    }
    SEC("perf_event") int on_sample(void *context) {
      __sync_fetch_and_add(&events, 1); cookie = bpf_get_attach_cookie(context); return 0; }
    SEC("raw_tp/sys_enter") int on_enter(void *context) { __sync_fetch_and_add(&events, 1); return 0; }
    SEC("?syscall") int bad(__u32 *context) { __u32 key = 0; __u64 *value = bpf_map_lookup_elem(&counts, &key);
      return *value; }
    SEC("?syscall") int missing(__u32 *context) { return bpf_merops_no_such_function(*context); }
    """

  private func word(_ loaded: LinuxObject, _ name: String) throws -> UInt64 {
    let global = try #require(loaded.object.globals[name])
    let bytes = try loaded.map(global.map).lookupElement([0, 0, 0, 0])
    return UInt64(bitPattern: bytes.signed(at: global.offset, byteCount: 8))
  }

  @Test(
    "programs run, their records and names are in the kernel, and nothing is left when the handles are gone",
    .enabled(if: RealKernel.canCompile, RealKernel.reason))
  func runs() async throws {
    let object = try await Fixture.object(Self.source)
    let kernel = RealKernel.shared
    var identifiers: [UInt32] = []
    do {
      let loaded = try kernel.load(object)
      let good = try loaded.program("good")
      #expect(try good.testRun(context: UInt32(0).bytes).result == 42)
      #expect(try word(loaded, "version") == UInt64(try kernel.version().code))
      let information = try good.information()
      #expect(information.name == "good")
      #expect(information.type == .systemCall)
      #expect(information.functionCount == 1)
      #expect(information.lineCount > 2)
      #expect(information.isGPLCompatible)
      #expect(try information.maps.contains(loaded.map(".bss").identifier))
      #expect(try kernel.programIdentifiers().contains(good.identifier))
      #expect(try kernel.mapIdentifiers().contains(loaded.map("counts").identifier))
      identifiers = loaded.programs.values.map(\.identifier)
    }
    for identifier in identifiers {
      try await waitUntil("program #\(identifier) is gone") { try !kernel.programIdentifiers().contains(identifier) }
    }
  }

  @Test(
    "a refused program ends in an error with the verifier's log, and one that calls a missing function names it",
    .enabled(if: RealKernel.canCompile, RealKernel.reason))
  func refusals() async throws {
    let object = try await Fixture.object(Self.source)
    let error = #expect(throws: BPFError.self) { try RealKernel.shared.load(object, programs: ["bad"]) }
    #expect(error?.errno == .permissionDenied)
    #expect(error?.verifierLog.contains("invalid mem access 'map_value_or_null'") == true)
    let missing = #expect(throws: BPFError.self) { try RealKernel.shared.load(object, programs: ["missing"]) }
    #expect(missing?.problem.contains("bpf_merops_no_such_function") == true)
  }

  @Test(
    "a kernel function that is declared in another way than the kernel has it is told of by name",
    .enabled(if: RealKernel.canCompile, RealKernel.reason))
  func prototypes() async throws {
    let rows = [
      ("void bpf_rcu_read_lock(int);", "bpf_rcu_read_lock(1);", "with 1 parameters, and this kernel has it with 0"),
      ("void *bpf_cast_to_kern_ctx(int);", "bpf_cast_to_kern_ctx(1);", "parameter 1 as a number"),
      ("void bpf_rcu_read_lock(void);", "bpf_rcu_read_lock(); bpf_rcu_read_unlock();", nil),
    ]
    for (declaration, call, problem) in rows {
      let source = """
        #include <linux/bpf.h>
        #include <bpf/bpf_helpers.h>
        char LICENSE[] SEC("license") = "GPL";
        extern \(declaration.replacingOccurrences(of: ";", with: " __ksym;"))
        extern void bpf_rcu_read_unlock(void) __ksym;
        SEC("syscall") int program(void *context) { \(call) return 0; }
        """
      do {
        _ = try RealKernel.shared.load(try await Fixture.object(source))
        #expect(problem == nil, "\(declaration)")
      } catch let error as BPFError {
        #expect(problem.map { error.problem.contains($0) } == true, "\(declaration): \(error)")
      }
    }
  }

  @Test(
    "a program that traces a function or a hook is loaded, or the error says what is in the way",
    .enabled(if: RealKernel.canCompile, RealKernel.reason))
  func functionTracing() async throws {
    for section in ["fentry/bpf_fentry_test1", "lsm/file_open"] {
      let source = """
        #include <vmlinux.h>
        #include <bpf/bpf_helpers.h>
        char LICENSE[] SEC("license") = "GPL";
        SEC("\(section)") int program(void *context) { return 0; }
        SEC("?fentry/merops_no_such_function") int missing(void *context) { return 0; }
        """
      let object = try await Fixture.object(source)
      do {
        let loaded = try RealKernel.shared.load(object)
        let attachment = try loaded.program("program").attach()
        #expect(try attachment.information().map(\.kind) == [.tracing])
        attachment.detach()
      } catch {
        #expect(error.errno == .notPermitted && error.problem.contains("to be attached to functions"), "\(error)")
      }
      let missing = #expect(throws: BPFError.self) { try RealKernel.shared.load(object, programs: ["missing"]) }
      #expect(missing?.problem == "this kernel has no 'merops_no_such_function' to trace")
    }
  }

  @Test(
    "an attachment runs its program while it lives, and not after",
    .enabled(if: RealKernel.canCompile, RealKernel.reason))
  func attachments() async throws {
    let loaded = try RealKernel.shared.load(try await Fixture.object(Self.source))
    let program = try loaded.program("on_sample")
    // What is sampled is a thread, and a task may go on with another one.
    let sum = try await onThread {
      let attachment = try program.attach(
        to: .perfEvent(.cpuClock(.period(100_000)), pid: 0, cpu: nil), cookie: 4711)
      var sum: UInt64 = 1
      func compute() { for _ in 0..<100_000 { sum = sum &* 6_364_136_223_846_793_005 &+ 1 } }
      try turnUntil("there are samples") {
        compute()
        return try word(loaded, "events") > 2
      }
      attachment.detach()
      // Whoever lists the links of the machine holds this one for a moment.
      try turnUntil("there are samples no more") {
        let before = try word(loaded, "events")
        for _ in 0..<10 { compute() }
        return try word(loaded, "events") == before
      }
      return sum
    }
    #expect(sum != 0)
    #expect(try word(loaded, "cookie") == 4711)
    let after = try word(loaded, "events")
    let raw = try loaded.program("on_enter").attach(to: .rawTracepoint(name: "sys_enter"))
    try await waitUntil("there were system calls") { try word(loaded, "events") > after }
    raw.detach()
    let wrong = #expect(throws: BPFError.self) {
      let link = try loaded.program("on_enter").attach(to: .rawTracepoint(name: "no_such_tracepoint"))
      link.detach()
    }
    #expect(wrong?.errno == .noSuchFileOrDirectory)
  }

  @Test(
    "maps are read and written one by one and in batches, and per-CPU values come for every CPU",
    .enabled(if: RealKernel.canCompile, RealKernel.reason))
  func maps() async throws {
    let loaded = try RealKernel.shared.load(try await Fixture.object(Self.source), programs: ["good"])
    let counts = try loaded.map("counts")
    let elements = (0..<3000).map { (key: UInt32($0).bytes, value: UInt64($0 * 3).bytes) }
    try counts.updateElements(elements)
    let read = try counts.elements()
    #expect(
      Dictionary(uniqueKeysWithValues: read.map { ($0.key, $0.value) })
        == Dictionary(uniqueKeysWithValues: elements.map { ($0.key, $0.value) }))
    #expect(try Set(counts.keys()).count == 3000)
    try counts.deleteElements(elements.prefix(1000).map(\.key))
    #expect(try counts.takeElements().count == 2000)
    #expect(try counts.nextKey() == nil)
    let error = #expect(throws: BPFError.self) { try counts.lookupElement(UInt32(1).bytes) }
    #expect(error?.errno == .noSuchFileOrDirectory)
    #expect(throws: BPFError.self) { try counts.lookupElement([1]) }
    #expect(throws: BPFError.self) { try counts.updateElement(UInt32(1).bytes, to: [1]) }
    let each = try loaded.map("each")
    #expect(each.transferSize % 8 == 0 && each.transferSize >= 8)
    var value = [UInt8](repeating: 0, count: each.transferSize)
    value[0] = 9
    try each.updateElement(UInt32(1).bytes, to: value)
    #expect(try each.lookupElement(UInt32(1).bytes) == value)
  }

  @Test(
    "a pinned map outlives its handles until its file is removed",
    .enabled(if: RealKernel.canCompile, RealKernel.reason))
  func pinning() async throws {
    let files = try OwnFileSystem()
    let path = files.path("pinned-map")
    do {
      let loaded = try RealKernel.shared.load(try await Fixture.object(Self.source), programs: ["good"])
      try loaded.map("counts").updateElement(UInt32(1).bytes, to: UInt64(2).bytes)
      try loaded.map("counts").pin(at: path)
      #expect(throws: BPFError.self) { try loaded.map("each").pin(at: path) }
    }
    #expect(try RealKernel.shared.pinnedMap(at: path).lookupElement(UInt32(1).bytes) == UInt64(2).bytes)
    let error = #expect(throws: BPFError.self) { try RealKernel.shared.pinnedMap(at: FilePath(path.string + "x")) }
    #expect(error?.errno == .noSuchFileOrDirectory)
    #expect(unlink(path.string) == 0)
    #expect(throws: BPFError.self) { try RealKernel.shared.pinnedMap(at: path) }
  }
}
