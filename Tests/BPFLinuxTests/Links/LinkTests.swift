import BPFLinux
import BPFObject
import Foundation
import Synchronization
import SystemPackage
import Testing

#if canImport(Glibc)
  import Glibc
#endif

@Suite("Links", .serialized)
struct LinkTests {
  private static let source = """
    #include <vmlinux.h>
    #include <bpf/bpf_helpers.h>
    #include <bpf/bpf_tracing.h>
    char LICENSE[] SEC("license") = "GPL";
    __u32 wanted;
    __u64 hits, others, cookies[8];
    static int count(void *context) {
      if ((__u32)(bpf_get_current_pid_tgid() >> 32) == wanted) { __sync_fetch_and_add(&hits, 1);
        cookies[0] = bpf_get_attach_cookie(context); }
      return 0;
    }
    SEC("tp/syscalls/sys_enter_getppid") int on_call(void *context) { return count(context); }
    SEC("raw_tp/sys_enter") int on_enter(void *context) { return count(context); }
    SEC("tp_btf/sys_enter") int on_typed_enter(void *context) { return count(context); }
    SEC("perf_event") int on_time(void *context) { return count(context); }
    SEC("uprobe") int on_function(void *context) { return count(context); }
    SEC("uretprobe") int on_return(void *context) { return count(context); }
    SEC("uprobe.multi") int on_functions(void *context) {
      __u64 cookie = bpf_get_attach_cookie(context);
      __sync_fetch_and_add(&hits, 1);
      cookies[cookie & 7] += 1;
      return 0;
    }
    """

  private func word(_ loaded: LinuxObject, _ name: String, _ index: Int = 0) throws -> Int64 {
    let global = try #require(loaded.object.globals[name])
    return try loaded.map(global.map).lookupElement([0, 0, 0, 0]).signed(at: global.offset + index * 8, byteCount: 8)
  }

  private func load(_ names: Set<String>) async throws -> LinuxObject {
    var object = try await Fixture.object(Self.source)
    try object.set("wanted", to: UInt32(getpid()))
    return try RealKernel.shared.load(object, programs: names)
  }

  /// Attaches a program to its tracepoint, whose number is in a file system that is only mounted meanwhile.
  private func attach(_ program: LinuxProgram, cookie: UInt64) throws -> LinuxAttachment {
    let files = try OwnFileSystem("tracefs")
    defer { withExtendedLifetime(files) {} }
    return try program.attach(cookie: cookie)
  }

  @Test(
    "a program is attached to what its section names, with a cookie",
    .enabled(if: RealKernel.canCompile && OwnFileSystem.isAvailable, "needs the right to mount tracefs"))
  func sections() async throws {
    let rows: [(String, LinuxLinkKind)] = [
      ("on_call", .perfEvent), ("on_enter", .rawTracepoint), ("on_typed_enter", .rawTracepoint),
    ]
    for (name, kind) in rows {
      let loaded = try await load([name])
      let attachment = try attach(loaded.program(name), cookie: 4712)
      let information = try attachment.information()
      #expect(information.map(\.kind) == [kind], "\(name)")
      #expect(information.map(\.program) == [try loaded.program(name).identifier])
      if name == "on_enter" { #expect(information.first?.name == "sys_enter") }
      for _ in 0..<3 { _ = getppid() }
      try await waitUntil("\(name) ran") { try word(loaded, "hits") >= 3 }
      #expect(try word(loaded, "cookies") == 4712, "\(name)")
      #expect(try RealKernel.shared.linkInformation(identifier: information[0].identifier) == information[0])
      // Links of this kind keep their program.
      let program = try loaded.program(name)
      #expect(throws: BPFError.self) { try attachment.update(to: program) }
      attachment.detach()
      // Whoever lists the links of the machine holds this one for a moment.
      try await waitUntil("the link is gone") {
        do throws(BPFError) { _ = try RealKernel.shared.linkInformation(identifier: information[0].identifier) } catch {
          #expect(error.errno == .noSuchFileOrDirectory)
          return true
        }
        return false
      }
    }
  }

  /// The running kernel for one whose descriptors others have copies of: nothing is closed as long as it lives.
  private final class SharedDescriptors: SystemCalls {
    private let held = Mutex<[Int]>([])

    deinit { for descriptor in held.withLock({ $0 }) { close(Int32(truncatingIfNeeded: descriptor)) } }

    func perform(
      _ call: SystemCallName, _ first: Int, _ second: Int, _ third: Int, _ fourth: Int, _ fifth: Int
    ) -> Int {
      guard call == .close else { return RunningKernel().perform(call, first, second, third, fourth, fifth) }
      held.withLock { $0.append(first) }
      return 0
    }
  }

  @Test(
    "a counter stops when it is detached, whoever has copies of its descriptors",
    .enabled(if: RealKernel.canCompile, RealKernel.reason))
  func sharedCounter() async throws {
    var object = try await Fixture.object(Self.source)
    try object.set("wanted", to: UInt32(getpid()))
    let kernel = LinuxKernel(systemCalls: SharedDescriptors())
    let loaded = try kernel.load(object, programs: ["on_time"])
    let program = try loaded.program("on_time")
    let (before, after, sum) = try await onThread {
      var sum: UInt64 = 1
      func compute() { for _ in 0..<100_000 { sum = sum &* 6_364_136_223_846_793_005 &+ 1 } }
      let attachment = try program.attach(to: .perfEvent(.cpuClock(.period(100_000)), pid: 0, cpu: nil))
      try turnUntil("there are samples") {
        compute()
        return try word(loaded, "hits") > 2
      }
      attachment.detach()
      let before = try word(loaded, "hits")
      for _ in 0..<20 { compute() }
      return (before, try word(loaded, "hits"), sum)
    }
    #expect(before == after && sum != 0)
  }

  // MARK: Probes of user functions

  private static let library = """
    int merops_first(int x) { return x + 1; }
    int merops_second(int x) { return x * 3; }
    int merops_third(int x) { return x ^ 5; }
    """

  /// Calls the functions of the library, which is loaded into this process.
  private func call(_ names: [String], in library: String) throws {
    let handle = try #require(dlopen(library, RTLD_NOW))
    for name in names {
      let symbol = try #require(dlsym(handle, name))
      _ = unsafeBitCast(symbol, to: (@convention(c) (Int32) -> Int32).self)(7)
    }
  }

  @Test(
    "a probe of a user function finds it by its name, and is told a name that looks like one that is missing",
    .enabled(if: RealKernel.canCompile && Workload.canCompile, RealKernel.reason))
  func userSymbols() async throws {
    let library = try Workload.compile(Self.library, as: "libmerops_probed.so", "-shared", "-fPIC")
    for isReturn in [false, true] {
      let loaded = try await load(["on_function", "on_return"])
      let program = try loaded.program(isReturn ? "on_return" : "on_function")
      let attachment = try program.attach(
        to: .userSymbol(file: FilePath(library), symbol: "merops_second", isReturn: isReturn, pid: getpid()),
        cookie: 99)
      try call(["merops_first", "merops_second", "merops_second"], in: library)
      #expect(try word(loaded, "hits") == 2)
      #expect(try word(loaded, "cookies") == 99)
      attachment.detach()
      try await waitUntil("calls are not seen any more") {
        let before = try word(loaded, "hits")
        try call(["merops_second"], in: library)
        return try word(loaded, "hits") == before
      }
      let missing = #expect(throws: BPFError.self) {
        let link = try program.attach(
          to: .userSymbol(file: FilePath(library), symbol: "merops_secnd", isReturn: isReturn, pid: nil))
        link.detach()
      }
      #expect(missing?.advice.contains("'merops_second'") == true)
      let noFile = #expect(throws: BPFError.self) {
        let link = try program.attach(
          to: .userFunction(file: "/nowhere/at/all", offset: 64, isReturn: isReturn, pid: nil))
        link.detach()
      }
      #expect(noFile?.errno == .noSuchFileOrDirectory)
    }
  }

  @Test(
    "one link probes many functions, each with its cookie",
    .enabled(if: RealKernel.canCompile && Workload.canCompile, RealKernel.reason))
  func manyFunctions() async throws {
    let library = try Workload.compile(Self.library, as: "libmerops_probed.so", "-shared", "-fPIC")
    let loaded = try await load(["on_functions"])
    let attachment = try loaded.program("on_functions").attach(
      to: .userSymbols(
        file: FilePath(library), symbols: ["merops_first", "merops_third"], cookies: [1, 3], isReturn: false,
        pid: getpid()))
    #expect(try attachment.information().map(\.kind) == [.userProbes])
    try call(["merops_first", "merops_second", "merops_third", "merops_third"], in: library)
    #expect(try word(loaded, "hits") == 3)
    #expect(try (0..<4).map { try word(loaded, "cookies", $0) } == [0, 1, 0, 2])
    attachment.detach()
    let wrong = #expect(throws: BPFError.self) {
      let link = try loaded.program("on_functions").attach(
        to: .userSymbols(
          file: FilePath(library), symbols: ["merops_first"], cookies: [1, 2], isReturn: false, pid: nil))
      link.detach()
    }
    #expect(wrong?.cause == .refusal)
  }

  @Test("a section that names no place says what to give")
  func sectionsWithoutPlace() async throws {
    guard RealKernel.canCompile else { return }
    let loaded = try await load(["on_function"])
    let error = #expect(throws: BPFError.self) {
      let link = try loaded.program("on_function").attach()
      link.detach()
    }
    #expect(error?.advice.contains("BINARY:FUNCTION") == true)
  }

  // MARK: Iterators

  private static let iterators = """
    #include <vmlinux.h>
    #include <bpf/bpf_helpers.h>
    #include <bpf/bpf_tracing.h>
    char LICENSE[] SEC("license") = "GPL";
    struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 8); __type(key, __u32); __type(value, __u64); }
      counts SEC(".maps");
    SEC("iter/task") int tasks(struct bpf_iter__task *context) {
      struct task_struct *task = context->task;
      if (!task) return 0;
      BPF_SEQ_PRINTF(context->meta->seq, "task %d\\n", task->pid);
      return 0;
    }
    SEC("iter/bpf_map_elem") int elements(struct bpf_iter__bpf_map_elem *context) {
      __u32 *key = context->key; __u64 *value = context->value;
      if (!key || !value) return 0;
      BPF_SEQ_PRINTF(context->meta->seq, "%u is %llu\\n", *key, *value);
      return 0;
    }
    """

  @Test(
    "an iterator gives its text for everything, one process, one map, as often as it is read",
    .enabled(if: RealKernel.canCompile, RealKernel.reason))
  func iterators() async throws {
    let loaded = try RealKernel.shared.load(try await Fixture.object(Self.iterators))
    let all = try loaded.program("tasks").attach()
    #expect(try all.information().first?.name == "task")
    // Linux leaves out the first process, which is the parent of a run that has outlived its own.
    let parent = getppid()
    if parent > 1 { #expect(try all.text().contains("task \(parent)\n")) }
    #expect(try all.text().contains("task \(getpid())\n"))
    all.detach()
    let own = try loaded.program("tasks").attach(to: .iterator(.process(getpid())))
    let text = try own.text()
    #expect(text.contains("task \(getpid())\n") && !text.contains("task \(parent)\n"))
    own.detach()
    try loaded.map("counts").updateElement(UInt32(7).bytes, to: UInt64(8).bytes)
    let map = try loaded.program("elements").attach(to: .iterator(.map(loaded.map("counts"))))
    #expect(try map.text() == "7 is 8\n")
    try loaded.map("counts").deleteElement(UInt32(7).bytes)
    #expect(try map.text() == "")
    map.detach()
    let missing = #expect(throws: BPFError.self) {
      let link = try loaded.program("elements").attach()
      link.detach()
    }
    #expect(missing?.advice.contains(".iterator(.map(map))") == true, "\(missing?.description ?? "")")
  }

  // MARK: Pins

  @Test(
    "a pinned link keeps its program attached until its file is removed",
    .enabled(if: RealKernel.canCompile && OwnFileSystem.isAvailable, "needs the right to mount a bpf file system"))
  func pins() async throws {
    let loaded = try await load(["on_call"])
    let files = try OwnFileSystem()
    let path = files.path("link")
    do {
      let attachment = try attach(loaded.program("on_call"), cookie: 1)
      try attachment.pin(at: path)
      #expect(throws: BPFError.self) { try attachment.pin(at: path) }
      attachment.detach()
    }
    let before = try word(loaded, "hits")
    _ = getppid()
    #expect(try word(loaded, "hits") > before)
    let pinned = try RealKernel.shared.pinnedLink(at: path)
    #expect(try pinned.information().map(\.program) == [try loaded.program("on_call").identifier])
    unlink(path.string)
    pinned.detach()
    // The link may go in a deferred step.
    try await waitUntil("the program is detached") {
      let before = try word(loaded, "hits")
      _ = getppid()
      return try word(loaded, "hits") == before
    }
  }
}
