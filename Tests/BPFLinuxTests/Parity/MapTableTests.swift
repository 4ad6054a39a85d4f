import BPFLinux
import BPFMaps
import BPFObject
import BPFTypeFormat
import SystemPackage
import Testing

/// Specification of task work, 3.1 and 3.2: which maps take the field, and where it is found.
@Suite("Parity of maps with task work", .serialized)
struct MapTableTests {
  private static let source = """
    #include <vmlinux.h>
    #include <bpf/bpf_helpers.h>
    typedef struct bpf_task_work alias;
    struct plain { __u64 count; struct bpf_task_work work; };
    struct nested { __u64 count; struct { struct bpf_task_work work; } inner; };
    struct deep { __u64 count; struct { struct { struct bpf_task_work work; } second; } first; };
    struct single { __u64 count; struct bpf_task_work work[1]; };
    struct first { struct bpf_task_work work; __u64 count; };
    struct timed { struct bpf_timer timer; struct bpf_task_work work; };
    struct locked { struct bpf_spin_lock lock; struct bpf_task_work work; };
    struct queued { struct bpf_wq wq; struct bpf_task_work work; };
    struct two { struct bpf_task_work other, work; };
    struct pair { __u64 count; struct bpf_task_work work[2]; };
    struct united { __u64 count; union { struct bpf_task_work work; __u64 number; } either; };
    struct packed { __u32 count; struct bpf_task_work work; } __attribute__((packed));
    struct renamed { __u64 count; alias work; };
    struct constant { __u64 count; const struct bpf_task_work work; };
    struct none { __u64 count; __u64 work; };
    #define MAP(VALUE) struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); \\
      __type(value, struct VALUE); } m_##VALUE SEC(".maps")
    MAP(plain); MAP(nested); MAP(deep); MAP(single); MAP(first); MAP(timed); MAP(locked); MAP(queued); MAP(two);
    MAP(pair); MAP(united); MAP(packed); MAP(renamed); MAP(constant); MAP(none); MAP(bpf_task_work);
    """

  private struct Layout {
    var value: String
    /// The offset of the field whose bytes are looked at.
    var offset: Int
    /// Whether the kernel knows it: its bytes read as zero.
    var isKnown: Bool
  }

  private static let layouts: [Layout] = [
    Layout(value: "plain", offset: 8, isKnown: true), Layout(value: "nested", offset: 8, isKnown: true),
    Layout(value: "deep", offset: 8, isKnown: true), Layout(value: "single", offset: 8, isKnown: true),
    Layout(value: "first", offset: 0, isKnown: true), Layout(value: "timed", offset: 16, isKnown: true),
    Layout(value: "locked", offset: 8, isKnown: true), Layout(value: "queued", offset: 16, isKnown: true),
    Layout(value: "two", offset: 8, isKnown: false), Layout(value: "pair", offset: 8, isKnown: false),
    Layout(value: "united", offset: 8, isKnown: false), Layout(value: "packed", offset: 4, isKnown: false),
    Layout(value: "renamed", offset: 8, isKnown: false), Layout(value: "constant", offset: 8, isKnown: false),
    Layout(value: "none", offset: 8, isKnown: false), Layout(value: "bpf_task_work", offset: 0, isKnown: false),
  ]

  @Test(
    "the field is found in the same layouts by both kernels, and what is not found is plain data",
    .enabled(if: RealKernel.canCompile, RealKernel.reason))
  func layoutTable() async throws {
    let object = try await Fixture.object(Self.source)
    var equal = 0
    for row in Self.layouts {
      let definition = try #require(object.maps["m_\(row.value)"])
      let bytes = [UInt8](repeating: 0xff, count: Int(definition.valueSize))
      let real = try RealKernel.shared.makeMap(definition)
      try real.updateElement([0, 0, 0, 0], to: bytes)
      let simulated = try BPFMap.create(definition)
      try simulated.updateElement([0, 0, 0, 0], to: bytes)
      let field = row.offset..<row.offset + 8
      let (one, other) = (try real.lookupElement([0, 0, 0, 0]), try simulated.lookupElement([0, 0, 0, 0]))
      #expect(Set(one[field]) == [row.isKnown ? 0 : 0xff], "\(row.value): the running kernel")
      #expect(one == other, "\(row.value)")
      if one == other { equal += 1 }
    }
    print("parity: layouts, \(Self.layouts.count) cases, \(equal) equal")
  }

  private struct Creation {
    var type: MapType
    var flags: MapFlags = []
    var keySize: UInt32 = 4
    var maxEntries: UInt32 = 4
    var errno: Int32 = 0
    /// What freezing the map gives, where it can be made.
    var freezing: Int32 = 524
  }

  private static let creations: [Creation] = [
    Creation(type: .hash), Creation(type: .hash, flags: .noPreallocation), Creation(type: .hash, flags: .zeroSeed),
    Creation(type: .lruHash), Creation(type: .lruHash, flags: .noCommonLRU), Creation(type: .array),
    Creation(type: .array, flags: .innerMap), Creation(type: .array, flags: .memoryMappable),
    Creation(type: .array, flags: .readOnly),
    Creation(type: .array, flags: .readOnlyForPrograms, errno: 13),
    Creation(type: .array, flags: .writeOnlyForPrograms, errno: 13),
    Creation(type: .hash, flags: .readOnlyForPrograms, errno: 13),
    Creation(type: .perCPUHash, errno: 95), Creation(type: .perCPUArray, errno: 95),
    Creation(type: .lruPerCPUHash, errno: 95),
    Creation(type: .bloomFilter, keySize: 0, errno: 95),
    Creation(type: .taskStorage, flags: .noPreallocation, maxEntries: 0, errno: 95),
  ]

  @Test(
    "creation and freezing of a map with the field end in the same error in both kernels",
    .enabled(if: RealKernel.canCompile, RealKernel.reason))
  func creationTable() async throws {
    let shape = try #require(try await Fixture.object(Self.source).maps["m_plain"])
    var equal = 0
    for row in Self.creations {
      var definition = shape
      (definition.type, definition.flags) = (row.type, row.flags)
      (definition.keySize, definition.maxEntries) = (row.keySize, row.maxEntries)
      if row.keySize != 4 { definition.keyType = .void }
      let label = "\(row.type) \(row.flags.names)"
      let real = outcome { try RealKernel.shared.makeMap(definition).freeze() }
      let simulated = outcome { try BPFMap.create(definition, cpuCount: 2).freeze() }
      let expected = row.errno == 0 ? row.freezing : row.errno
      #expect(real == expected, "\(label): the running kernel")
      #expect(simulated == real, "\(label)")
      if simulated == real { equal += 1 }
    }
    let count = Self.creations.count
    print("parity: creation, \(count) cases, \(equal) equal")
  }

  private func outcome(_ body: () throws -> Void) -> Int32 {
    do {
      try body()
      return 0
    } catch let error as BPFError {
      return error.errno?.rawValue ?? -1
    } catch let error as MapError {
      return error.errno.rawValue
    } catch { return -2 }
  }
}
