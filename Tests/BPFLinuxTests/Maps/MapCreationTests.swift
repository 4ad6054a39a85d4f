import BPFObject
import BPFTypeFormat
import SystemPackage
import Testing

@testable import BPFLinux

@Suite("Maps that the kernel does not make")
struct MapCreationTests {
  private struct Row {
    var type: MapType
    var key: UInt32
    var value: UInt32
    var count: UInt32
    var flags: MapFlags = []
    var extra: UInt64 = 0
    var node: UInt32?
    var text: String

    init(
      _ type: MapType, _ key: UInt32, _ value: UInt32, _ count: UInt32, _ flags: MapFlags = [], extra: UInt64 = 0,
      node: UInt32? = nil, says text: String
    ) {
      (self.type, self.key, self.value, self.count) = (type, key, value, count)
      (self.flags, self.extra, self.node, self.text) = (flags, extra, node, text)
    }

    var definition: MapDefinition {
      var map = MapDefinition(name: "broken", type: type, keySize: key, valueSize: value, maxEntries: count)
      (map.flags, map.extra, map.numaNode) = (flags, extra, node)
      return map
    }
  }

  private static let rows = [
    Row(.ringBuffer, 4, 0, 4096, says: "have no keys"), Row(.ringBuffer, 0, 4, 4096, says: "have no values"),
    Row(.queue, 4, 4, 4, says: "have no keys"), Row(.stack, 1, 4, 4, says: "have no keys"),
    Row(.bloomFilter, 4, 4, 4, says: "have no keys"),
    Row(.arena, 4, 0, 1, .memoryMappable, says: "have no keys"),
    Row(.array, 8, 4, 1, says: "have 4 bytes, and those of this one 8"),
    Row(.perCPUArray, 2, 4, 1, says: "have 4 bytes"), Row(.programArray, 8, 4, 1, says: "have 4 bytes"),
    Row(.hash, 0, 4, 1, says: "it has no keys"), Row(.lruHash, 0, 4, 1, says: "it has no keys"),
    Row(.longestPrefixMatchTrie, 4, 4, 1, .noPreallocation, says: "5 to 260 bytes"),
    Row(.longestPrefixMatchTrie, 300, 4, 1, .noPreallocation, says: "5 to 260 bytes"),
    Row(.hash, 4, 0, 1, says: "it has no values"), Row(.array, 4, 0, 1, says: "it has no values"),
    Row(.queue, 0, 0, 1, says: "it has no values"),
    Row(.programArray, 4, 8, 1, says: "have 4 bytes, and those of this one 8"),
    Row(.perfEventArray, 4, 8, 1, says: "have 4 bytes"), Row(.cpuMap, 4, 2, 1, says: "have 4 or 8 bytes"),
    Row(.deviceMap, 4, 16, 1, says: "have 4 or 8 bytes"), Row(.stackTrace, 4, 12, 1, says: "frames of 8 bytes"),
    Row(.stackTrace, 4, 40, 1, .stackBuildID, says: "frames of 32 bytes"),
    Row(.perCPUArray, 4, 40_000, 1, says: "at most 32768 bytes"), Row(.hash, 4, 4, 0, says: "max_entries is missing"),
    Row(.array, 4, 4, 0, says: "max_entries is missing"), Row(.queue, 0, 4, 0, says: "max_entries is missing"),
    Row(.ringBuffer, 0, 0, 0, says: "max_entries is missing"),
    Row(.taskStorage, 4, 8, 1, .noPreallocation, says: "has to be 0"),
    Row(.hash, 4, 4, 1, extra: 3, says: "map_extra"),
    Row(.bloomFilter, 0, 4, 1, extra: 16, says: "at most 15 hash functions"),
    Row(.hash, 4, 4, 1, [.readOnly, .writeOnly], says: "read-only and write-only"),
    Row(.array, 4, 4, 1, [.readOnlyForPrograms, .writeOnlyForPrograms], says: "read-only and write-only"),
    Row(.longestPrefixMatchTrie, 8, 4, 1, says: "need the flag BPF_F_NO_PREALLOC"),
    Row(.taskStorage, 4, 8, 0, says: "need the flag BPF_F_NO_PREALLOC"),
    Row(.taskStorage, 4, 8, 0, .noPreallocation, says: "need the types of keys and values"),
    Row(.arena, 0, 0, 1, says: "needs the flag BPF_F_MMAPABLE"),
    Row(.lruHash, 4, 4, 1, .noPreallocation, says: "do not take the flag"),
    Row(.array, 4, 4, 1, .noPreallocation, says: "do not take the flag BPF_F_NO_PREALLOC"),
    Row(.hash, 4, 4, 1, .noCommonLRU, says: "do not take the flag BPF_F_NO_COMMON_LRU"),
    Row(.hash, 4, 4, 1, .memoryMappable, says: "do not take the flag BPF_F_MMAPABLE"),
    Row(.hash, 4, 4, 1, .stackBuildID, says: "do not take the flag BPF_F_STACK_BUILD_ID"),
    Row(.array, 4, 4, 1, .zeroSeed, says: "do not take the flag BPF_F_ZERO_SEED"),
    Row(.hash, 4, 4, 1, .preserveElements, says: "do not take the flag BPF_F_PRESERVE_ELEMS"),
    Row(.hash, 4, 4, 1, .innerMap, says: "do not take the flag BPF_F_INNER_MAP"),
    Row(.hash, 4, 4, 1, .clone, says: "do not take the flag BPF_F_CLONE"),
    Row(.perCPUArray, 4, 4, 1, node: 0, says: "takes no numa_node"),
    Row(.arrayOfMaps, 4, 4, 1, says: "what its inner maps look like"),
    Row(.hashOfMaps, 4, 4, 1, says: "what its inner maps look like"),
  ]

  @Test(
    "the kernel refuses each map that breaks a rule, and the error says which",
    .enabled(if: RealKernel.isUsable, RealKernel.reason))
  func rules() throws {
    for row in Self.rows {
      let subject = "\(row.type), keys \(row.key), values \(row.value), count \(row.count), flags \(row.flags.rawValue)"
      let error = #expect(throws: BPFError.self, "\(subject)") { try RealKernel.shared.makeMap(row.definition) }
      #expect(error?.command == "BPF_MAP_CREATE", "\(subject): \(error?.description ?? "")")
      #expect(error?.problem.contains(row.text) == true, "\(subject): \(error?.description ?? "")")
    }
  }

  @Test("a map that breaks no known rule is said to be unknown to the kernel when it answers EINVAL, and only then")
  func unknown() throws {
    let map = MapDefinition(name: "good", type: .hash, keySize: 4, valueSize: 4, maxEntries: 1)
    #expect(
      map.problem(.invalidArgument, hasTypes: false)
        == "this kernel may not know maps of type hash, or one of their flags")
    for errno in [.noMemory, .notPermitted, .argListTooLong, .tooManyOpenFiles] as [Errno] {
      #expect(map.problem(errno, hasTypes: false).isEmpty, "\(errno)")
    }
  }

  // MARK: Types

  private static let source = """
    #include <vmlinux.h>
    #include <bpf/bpf_helpers.h>
    char LICENSE[] SEC("license") = "GPL";
    struct value { __u64 a; struct bpf_spin_lock lock; };
    struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 4); __type(key, __u32); __uint(value_size, 8); }
      sized_values SEC(".maps");
    struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 4); __uint(key_size, 4); __type(value, __u64); }
      sized_keys SEC(".maps");
    struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 4); __uint(key_size, 4); __type(value, __u64); }
      array SEC(".maps");
    struct { __uint(type, BPF_MAP_TYPE_BLOOM_FILTER); __uint(max_entries, 4); __type(value, __u64); } bloom SEC(".maps");
    struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 4); __uint(key_size, 4); __type(value, struct value); }
      locked SEC(".maps");
    struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 4); __type(key, __u32); __type(value, __u64); }
      typed SEC(".maps");
    __u64 hits;
    SEC("syscall") int count(void *context) {
      __u32 key = 1; __u64 one = 1;
      bpf_map_update_elem(&sized_values, &key, &one, BPF_ANY);
      bpf_map_update_elem(&sized_keys, &key, &one, BPF_ANY);
      hits++;
      return 0;
    }
    """

  @Test(
    "a map of which only the keys or only the values have a type is made without types, as libbpf makes it",
    .enabled(if: RealKernel.canCompile, RealKernel.reason))
  func halfTyped() async throws {
    let loaded = try RealKernel.shared.load(try await Fixture.object(Self.source))
    #expect(try loaded.program("count").testRun().result == 0)
    #expect(try loaded.map("sized_values").lookupElement(UInt32(1).bytes) == UInt64(1).bytes)
    #expect(try loaded.map("sized_keys").lookupElement(UInt32(1).bytes) == UInt64(1).bytes)
    for name in ["sized_values", "sized_keys", "array", "locked"] {
      #expect(try loaded.map(name).information().types == 0, "\(name)")
    }
    for name in ["typed", "bloom", ".bss"] { #expect(try loaded.map(name).information().types != 0, "\(name)") }
  }

  @Test(
    "a type whose size is not that of the map is told of, and what is wrong with types that the kernel does not take",
    .enabled(if: RealKernel.canCompile, RealKernel.reason))
  func wrongTypes() async throws {
    let object = try await Fixture.object(Self.source)
    var typed = try #require(object.maps["typed"])
    typed.valueSize = 16
    let error = #expect(throws: BPFError.self) { try RealKernel.shared.makeMap(typed) }
    #expect(error?.problem == "the type of its values has 8 bytes, and its values 16", "\(error?.description ?? "")")
    // An array whose key is no integer.
    var array = try #require(object.maps["typed"])
    array.type = .array
    array.keyType = try #require(object.maps["locked"]).valueType
    let key = #expect(throws: BPFError.self) { try RealKernel.shared.makeMap(array) }
    #expect(key?.problem == "the type of its keys has 16 bytes, and its keys 4", "\(key?.description ?? "")")
    // Types with a record that the kernel's own checks refuse.
    var builder = BTFBuilder()
    _ = builder.add(BTFType(name: "9 is no letter", kind: .structure(BTFType.Composite(byteCount: 0, members: []))))
    let types = try BTF(builder)
    let refused = #expect(throws: BPFError.self) { try RealKernel.shared.load(types, for: "strange") }
    #expect(refused?.problem.contains("Invalid name") == true, "\(refused?.description ?? "")")
  }
}
