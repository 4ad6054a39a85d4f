import BPFObject
import BPFTypeFormat
import SystemPackage
import Testing

@testable import BPFLinux

/// What a load asks of the kernel, and what becomes of it.
@Suite("Requests of a load")
struct LoadRequestTests {
  private static let source = """
    #include <vmlinux.h>
    #include <bpf/bpf_helpers.h>
    char LICENSE[] SEC("license") = "GPL";
    const volatile __u32 limit = 7;
    struct value { __u64 count; struct bpf_task_work work; };
    struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, struct value); }
      values SEC(".maps");
    static int callback(struct bpf_map *map, void *key, void *value) { return 0; }
    SEC("?syscall") int plain(void *context) {
      __u32 key = 0; struct value *value = bpf_map_lookup_elem(&values, &key);
      if (!value) return 0;
      return bpf_task_work_schedule_signal(bpf_get_current_task_btf(), &value->work, &values, callback);
    }
    SEC("?syscall") int constant(void *context) { return limit; }
    SEC("?syscall") int refused(__u32 *context) {
      __u64 sum = *context;
      for (int i = 0; i < 2000; i++) { sum += i; asm volatile("" : "+r"(sum)); }
      return *(volatile __u32 *)sum;
    }
    SEC("?iter/task") int tasks(struct bpf_iter__task *context) { return 0; }
    """

  @Test("constants are frozen when they are loaded", .enabled(if: RealKernel.canCompile, RealKernel.reason))
  func frozen() async throws {
    let loaded = try RealKernel.shared.load(try await Fixture.object(Self.source), programs: ["constant"])
    let map = try loaded.map(".rodata")
    let error = #expect(throws: BPFError.self) {
      try map.updateElement([0, 0, 0, 0], to: [UInt8](repeating: 1, count: map.valueSize))
    }
    #expect(error?.errno == .notPermitted)
    #expect(try loaded.program("constant").testRun().result == 7)
  }

  @Test("a log that is longer than expected comes whole", .enabled(if: RealKernel.canCompile, RealKernel.reason))
  func longLog() async throws {
    let object = try await Fixture.object(Self.source)
    let error = #expect(throws: BPFError.self) { try RealKernel.shared.load(object, programs: ["refused"]) }
    let log = error?.verifierLog ?? ""
    #expect(log.utf8.count > 1 << 16)
    #expect(log.contains("0: R1=ctx() R10=fp0") && log.contains("invalid mem access 'scalar'"), "\(log.prefix(300))")
  }

  @Test(
    "the plain name of a task-work function means the one that this kernel has",
    .enabled(if: RealKernel.canCompile, RealKernel.reason))
  func otherName() async throws {
    let types = try RealKernel.shared.types()
    let expected =
      types.first(named: "bpf_task_work_schedule_signal", kind: .function)
      ?? types.first(named: "bpf_task_work_schedule_signal_impl", kind: .function)
    let imaginary = ImaginaryKernel()
    _ = try LinuxKernel(systemCalls: imaginary).load(try await Fixture.object(Self.source), programs: ["plain"])
    let bytes = try #require(imaginary.requests(5).first).instructions
    let calls = stride(from: 0, to: bytes.count, by: 8).filter { bytes[$0] == 0x85 && bytes[$0 + 1] >> 4 == 2 }
    #expect(calls.map { bytes.signed(at: $0 + 4, byteCount: 4) } == [Int64(try #require(expected).rawValue)])
  }

  @Test(
    "a file of the kernel's whose reading a signal interrupts is read on",
    .enabled(if: RealKernel.isUsable, RealKernel.reason))
  func interruptedFile() throws {
    // The file is opened, read, and read to its end.
    for call in [1, 2] {
      let faulty = FaultyKernel(failingAt: call, errno: 4)
      #expect(try LinuxKernel(systemCalls: faulty).version() == RealKernel.shared.version())
      #expect(faulty.calls[call] == .readFile && faulty.openCount == 0)
    }
  }

  @Test(
    "an iterator of one process names the process, and one of a thread the thread",
    .enabled(if: RealKernel.canCompile, RealKernel.reason))
  func iterators() async throws {
    let object = try await Fixture.object(Self.source)
    let rows: [(LinuxAttachPoint.IteratorScope, [Int32])] = [
      (.process(77), [0, 77, 0, 0]), (.thread(77), [77, 0, 0, 0]), (.everything, []),
    ]
    for (scope, expected) in rows {
      let imaginary = ImaginaryKernel()
      let link = try LinuxKernel(systemCalls: imaginary).load(object, programs: ["tasks"]).program("tasks")
        .attach(to: .iterator(scope))
      link.detach()
      #expect(try #require(imaginary.requests(28).first).descriptors == expected)
    }
  }
}
