import BPFObject
import SystemPackage
import Testing

@testable import BPFLinux

@Suite("Faults of system calls")
struct FaultTests {
  private static let source = """
    #include <vmlinux.h>
    #include <bpf/bpf_helpers.h>
    char LICENSE[] SEC("license") = "GPL";
    const volatile __u32 limit = 7;
    __u64 hits;
    extern int LINUX_KERNEL_VERSION __kconfig;
    struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 8); __type(key, __u32); __type(value, __u64); }
      counts SEC(".maps");
    struct inner { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, __u64); }
      first SEC(".maps");
    struct { __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS); __uint(max_entries, 2); __type(key, __u32);
      __array(values, struct inner); } outer SEC(".maps") = { .values = { &first } };
    SEC("raw_tp/sys_enter") int on_enter(void *context) { return 0; }
    SEC("perf_event") int on_sample(void *context) { __sync_fetch_and_add(&hits, 1); return 0; }
    SEC("syscall") int count(__u32 *context) {
      __u64 one = LINUX_KERNEL_VERSION; __u32 key = *context;
      if (key > limit) return 1;
      bpf_map_update_elem(&counts, &key, &one, BPF_ANY);
      void *inner = bpf_map_lookup_elem(&outer, &key);
      if (inner) { __u64 *value = bpf_map_lookup_elem(inner, &(__u32){0}); if (value) *value += 1; }
      return 0;
    }
    """

  /// Everything that the engine does, once.
  private func everything(_ kernel: LinuxKernel, _ object: ObjectFile) throws -> Bool {
    let loaded = try kernel.load(object)
    let counts = try loaded.map("counts")
    let run = try loaded.program("count").testRun(context: UInt32(1).bytes)
    guard run.result == 0 else { return false }
    let attachment = try loaded.program("on_enter").attach(to: .rawTracepoint(name: "sys_enter"))
    let event = try loaded.program("on_sample").attach(to: .perfEvent(.taskClock(.period(1_000_000)), pid: 0, cpu: nil))
    try counts.updateElements([(UInt32(2).bytes, UInt64(5).bytes)])
    guard try counts.elements().count == 2, try counts.keys().count == 2 else { return false }
    _ = try counts.lookupAndDeleteElement(UInt32(2).bytes)
    try counts.deleteElements([UInt32(1).bytes])
    _ = try loaded.program("count").information()
    _ = try kernel.map(identifier: counts.identifier).information()
    event.detach()
    attachment.detach()
    return true
  }

  @Test(
    "each system call fails in turn with each error: an error comes out, and no descriptor stays open",
    .enabled(if: RealKernel.canCompile, RealKernel.reason))
  func everyCall() async throws {
    let object = try await Fixture.object(Self.source)
    let counting = FaultyKernel()
    #expect(try everything(LinuxKernel(systemCalls: counting), object))
    let count = counting.calls.count
    #expect(counting.openCount == 0)
    #expect(count > 40)
    var succeeded = 0
    var failed = 0
    // EPERM, EINTR, EAGAIN, ENOMEM, EINVAL, ENOSPC.
    for errno in [1, 4, 11, 12, 22, 28] as [Int32] {
      for index in 0..<count {
        let faulty = FaultyKernel(failingAt: index, errno: errno)
        do {
          _ = try everything(LinuxKernel(systemCalls: faulty), object)
          succeeded += 1
        } catch let error as BPFError {
          failed += 1
          #expect(!error.description.isEmpty)
          // A refusal to load is asked again for its log, and may then be something else.
          if case .systemCall(_, let number) = error.cause { #expect(number.rawValue == errno, "call \(index)") }
        }
        #expect(
          faulty.openCount == 0, "errno \(errno) at call \(index): \(faulty.calls[min(index, faulty.calls.count - 1)])")
      }
    }
    // What may fail without harm: close, a load that is asked again, the end of a list.
    #expect(failed > succeeded)
    #expect(succeeded > 0)
  }

  @Test(
    "a map whose creation fails is not made without its types",
    .enabled(if: RealKernel.canCompile, RealKernel.reason))
  func noWeakerMap() async throws {
    let object = try await Fixture.object(Self.source)
    let faulty = FaultyKernel(command: 0, errno: 22)
    let error = #expect(throws: BPFError.self) { try LinuxKernel(systemCalls: faulty).load(object) }
    #expect(error?.command == "BPF_MAP_CREATE")
    #expect(error?.errno == .invalidArgument)
    #expect(faulty.commands.filter { $0 == 0 }.count == 1)
    #expect(faulty.openCount == 0)
  }

  @Test("where there is no bpf(2) the error says so")
  func noSystemCall() {
    let kernel = LinuxKernel(systemCalls: FaultyKernel(command: 0, errno: 38))
    let map = MapDefinition(name: "counts", type: .array, keySize: 4, valueSize: 4, maxEntries: 1)
    let error = #expect(throws: BPFError.self) { try kernel.makeMap(map) }
    #expect(error?.description.contains("built without bpf(2)") == true)
    if case .no = kernel.has(.mapCreation) {} else { Issue.record("the probe should say no") }
  }
}
