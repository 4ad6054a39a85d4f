import BPFLinux
import BPFObject
import BPFTypeFormat
import SystemPackage
import Testing

@Suite("Variables and mapped arrays", .timeLimit(.minutes(10)))
struct GlobalsTests {
  private static let source = """
    #include <vmlinux.h>
    #include <bpf/bpf_helpers.h>
    char LICENSE[] SEC("license") = "GPL";
    enum mode { SLOW, FAST };
    const volatile __u32 limit = 7;
    __u64 sum = 5;
    __s16 small;
    bool is_on;
    char name[8] = "old";
    enum mode mode;
    struct { __u32 first; __u64 second[3]; } pair;
    struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 600); __uint(map_flags, BPF_F_MMAPABLE);
      __type(key, __u32); __type(value, __u32); } shared SEC(".maps");
    struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 2); __type(key, __u32); __type(value, __u64); }
      closed SEC(".maps");
    struct work { struct bpf_task_work work; };
    struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 2); __uint(map_flags, BPF_F_MMAPABLE);
      __type(key, __u32); __type(value, struct work); } special SEC(".maps");
    struct bpf_spin_lock lock SEC(".data.locked");
    __u64 locked SEC(".data.locked");
    SEC("syscall") int add(void *context) {
      __u32 key = 599, *value = bpf_map_lookup_elem(&shared, &key);
      if (value) *value += 1;
      sum += limit + small + is_on + name[1] + mode + pair.second[2];
      bpf_spin_lock(&lock); locked++; bpf_spin_unlock(&lock);
      return 0;
    }
    """

  @Test(
    "variables are read and set by name while programs run, each by its type",
    .enabled(if: RealKernel.canCompile, RealKernel.reason))
  func variables() async throws {
    let loaded = try RealKernel.shared.load(try await Fixture.object(Self.source))
    #expect(try loaded.value(of: "sum", as: UInt64.self) == 5)
    try loaded.set("small", to: -3)
    try loaded.set("is_on", to: true)
    try loaded.set("name", to: "ab")
    try loaded.set("mode", parsing: "FAST")
    try loaded.set("pair.second[2]", to: 1000)
    #expect(try loaded.program("add").testRun().result == 0)
    // 5 + limit 7 - 3 + 1 + 'b' 98 + 1 + 1000
    #expect(try loaded.value(of: "sum", as: UInt64.self) == 1109)
    #expect("\(try loaded.value(of: "sum"))" == "1109")
    #expect(try loaded.value(of: "small", as: Int16.self) == -3)
    #expect(try loaded.bytes(of: "pair").count == 32)
    #expect(try loaded.value(of: "pair.first", as: UInt32.self) == 0)
    #expect(try loaded.value(of: "limit", as: UInt32.self) == 7)
    // A section with a lock in it is not shared by the kernel, and is written as a whole.
    try loaded.set("locked", to: 40)
    #expect(try loaded.program("add").testRun().result == 0)
    #expect(try loaded.value(of: "locked", as: UInt64.self) == 41)

    let rows: [(String, () throws -> Void)] = [
      ("it is constant: its map '.rodata' is frozen", { try loaded.set("limit", to: 8) }),
      ("nothing", { try loaded.set("nothing", to: 8) }),
      ("100000", { try loaded.set("small", to: 100_000) }),
      ("it has 8 bytes, and UInt16 2", { _ = try loaded.value(of: "sum", as: UInt16.self) }),
    ]
    for (text, body) in rows {
      let error = #expect(throws: BPFError.self) { try body() }
      #expect(error?.description.contains(text) == true, "\(error?.description ?? "")")
    }
  }

  @Test(
    "an array in shared memory is read and written without system calls, and what the kernel does not share is refused",
    .enabled(if: RealKernel.canCompile, RealKernel.reason))
  func mappedArrays() async throws {
    let counting = FaultyKernel()
    let kernel = LinuxKernel(systemCalls: counting)
    do {
      let loaded = try kernel.load(try await Fixture.object(Self.source))
      let shared = try loaded.mappedArray("shared", of: UInt32.self)
      #expect(counting.mappedCount == 1)
      let count = counting.calls.count
      for index in 0..<600 { try shared.store(UInt32(index), at: index) }
      #expect(counting.calls.count == count)
      #expect(try loaded.program("add").testRun().result == 0)
      #expect(try shared.load(599) == 600)
      #expect(try loaded.map("shared").lookupElement(UInt32(598).bytes) == UInt32(598).bytes)
      let readable = try loaded.mappedArray("shared", of: UInt32.self, writable: false)
      #expect(try readable.load(598) == 598)
      let rows: [(String, () throws -> Void)] = [
        ("there is no index 600", { _ = try shared.load(600) }), ("there is no index -1", { _ = try shared.load(-1) }),
        ("mapped for reading only", { try readable.store(1, at: 0) }),
        ("Int64 has 8 bytes, and the map 4", { _ = try loaded.mappedArray("shared", of: Int64.self) }),
        ("made with BPF_F_MMAPABLE", { _ = try loaded.mappedArray("closed", of: UInt64.self) }),
        ("special fields", { _ = try loaded.mappedArray("special", of: UInt64.self) }),
      ]
      for (text, body) in rows {
        let error = #expect(throws: BPFError.self) { try body() }
        #expect(error?.description.contains(text) == true, "\(text): \(error?.description ?? "")")
      }
      // A map that is mapped for writing cannot be frozen.
      let busy = #expect(throws: BPFError.self) { try loaded.map("shared").freeze() }
      #expect(busy?.errno == .resourceBusy)
      var definition = MapDefinition(name: "frozen", type: .array, keySize: 4, valueSize: 8, maxEntries: 1)
      definition.flags = .memoryMappable
      let frozen = try kernel.makeMap(definition)
      try frozen.freeze()
      let refused = #expect(throws: BPFError.self) { try frozen.memory(writable: true) }
      #expect(refused?.description.contains("it is frozen") == true)
      #expect(try frozen.memory(writable: false).load(at: 0, as: UInt64.self) == 0)
      let constants = #expect(throws: BPFError.self) { try loaded.map(".rodata").memory(writable: true) }
      #expect(constants?.description.contains("frozen") == true || constants?.errno == .permissionDenied)
      #expect(try loaded.map(".rodata").memory(writable: false).load(at: 0, as: UInt32.self) == 7)
    }
    #expect(counting.openCount == 0 && counting.mappedCount == 0)
  }
}
