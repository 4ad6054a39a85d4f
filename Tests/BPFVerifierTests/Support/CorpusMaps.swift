import BPFObject
import BPFTypeFormat

/// The maps that cases use, by name: one of each shape that a rule is about.
enum CorpusMaps {
  /// The types of the maps' values, and what the prototypes of functions may name.
  static let declarations: CDeclarations = {
    var declarations = CDeclarations()
    do { try declarations.read(text, file: "maps") } catch { preconditionFailure("\(error)") }
    return declarations
  }()

  private static let text = """
    typedef unsigned char u8; typedef unsigned short u16; typedef unsigned int u32; typedef unsigned long long u64;
    typedef int s32; typedef long long s64;
    struct bpf_spin_lock { u32 val; };
    struct bpf_res_spin_lock { u32 val; };
    struct bpf_timer { u64 __opaque[2]; } __attribute__((aligned(8)));
    struct bpf_wq { u64 __opaque[2]; } __attribute__((aligned(8)));
    struct bpf_task_work { u64 __opaque; } __attribute__((aligned(8)));
    struct bpf_map; struct bpf_dynptr;
    struct __sk_buff { u32 len; }; struct xdp_md { u32 data; }; struct pt_regs { u64 r15; };
    struct bpf_perf_event_data { u64 r15; }; struct task_struct { u64 flags; };
    struct cgroup { u32 placeholder; }; struct sk_buff { u32 placeholder; }; struct xdp_buff { u32 placeholder; };
    struct task_struct___flavour { u64 flags; }; struct user_pt_regs { u64 r15; }; struct bpf_sock_addr { u32 family; };
    struct bpf_raw_tracepoint_args { u64 args[0]; }; struct bpf_iter__task { u64 meta; };
    struct bpf_iter__bpf_map { u64 meta; }; struct no_such_structure { u32 first; };
    struct plain { u64 words[6]; };
    struct pair { u32 first; u32 second; };
    struct locked { u64 before; struct bpf_spin_lock lock; u32 pad; u64 after; };
    struct guarded { u64 before; struct bpf_res_spin_lock lock; u32 pad; u64 after; };
    struct timed { u64 before; struct bpf_timer timer; u64 after; };
    struct scheduled { u64 before; struct bpf_timer timer; struct bpf_wq work; u64 after; };
    struct queued { u64 before; struct bpf_wq work; u64 after; };
    struct worked { u64 before; struct bpf_task_work work; u64 after; };
    struct pointed { u64 before; struct task_struct __attribute__((btf_type_tag("kptr"))) *task;
      struct task_struct __attribute__((btf_type_tag("kptr_untrusted"))) *seen; u64 after; };
    struct bpf_list_head { u64 __opaque[2]; } __attribute__((aligned(8)));
    struct bpf_list_node { u64 __opaque[3]; } __attribute__((aligned(8)));
    struct bpf_rb_root { u64 __opaque[2]; } __attribute__((aligned(8)));
    struct bpf_rb_node { u64 __opaque[4]; } __attribute__((aligned(8)));
    struct bpf_refcount { u32 __opaque[1]; } __attribute__((aligned(4)));
    struct item { u64 key; struct bpf_list_node node; u64 value; };
    struct counted { u64 key; struct bpf_refcount count; u32 pad; struct bpf_list_node node; };
    struct leaf { u64 key; struct bpf_rb_node node; };
    struct holder { u64 before; struct plain __attribute__((btf_type_tag("percpu_kptr"))) *each;
      struct item __attribute__((btf_type_tag("kptr"))) *item;
      struct task_struct __attribute__((btf_type_tag("kptr"))) *task; u64 after; };
    struct wide { u64 words[65]; };
    struct basket { struct bpf_spin_lock lock; u32 pad;
      struct bpf_list_head head __attribute__((btf_decl_tag("contains:item:node"))); };
    struct guarded_basket { struct bpf_res_spin_lock lock; u32 pad;
      struct bpf_list_head head __attribute__((btf_decl_tag("contains:item:node"))); };
    struct guarded_item { u64 key; struct bpf_res_spin_lock lock; u32 pad; };
    struct tree { struct bpf_spin_lock lock; u32 pad;
      struct bpf_rb_root root __attribute__((btf_decl_tag("contains:leaf:node"))); };
    """

  /// The number of a structure among the types.
  static func typeNumber(_ structure: String) throws -> UInt32 {
    guard let id = types.first(named: structure, kind: .structure) else { throw Unknown(name: structure) }
    return id.rawValue
  }

  private static let types: BTF = {
    do { return try BTF(declarations.builder) } catch { preconditionFailure("\(error)") }
  }()

  struct Unknown: Error, CustomStringConvertible {
    var name: String
    var description: String { "there is no map or structure '\(name)' in the corpus" }
  }

  static func definition(_ name: String) throws -> MapDefinition {
    guard let definition = all[name] else { throw Unknown(name: name) }
    return definition
  }

  private static let all: [String: MapDefinition] = {
    let plain = [
      // The usual value: 48 bytes.
      map("array", .array, 4, 48, 4), map("hash", .hash, 8, 48, 16), map("lru", .lruHash, 8, 48, 16),
      map("percpu", .perCPUArray, 4, 48, 4), map("percpu_hash", .perCPUHash, 8, 48, 16),
      map("single", .array, 4, 8, 1), map("bytes", .array, 4, 256, 1), map("wide_key", .hash, 64, 8, 16),
      map("large", .array, 4, 8192, 2),
      map("readonly", .array, 4, 48, 4, .readOnlyForPrograms),
      map("writeonly", .array, 4, 48, 4, .writeOnlyForPrograms),
      map("ring", .ringBuffer, 0, 0, 4096), map("user_ring", .userRingBuffer, 0, 0, 4096),
      map("events", .perfEventArray, 4, 4, 0), map("stacks", .stackTrace, 4, 1016, 4),
      map("programs", .programArray, 4, 4, 4), map("queue", .queue, 0, 8, 4), map("stack", .stack, 0, 8, 4),
      map("bloom", .bloomFilter, 0, 8, 64), map("trie", .longestPrefixMatchTrie, 8, 8, 4, .noPreallocation),
      map("devices", .deviceMap, 4, 4, 4), map("cpus", .cpuMap, 4, 4, 4), map("xsks", .xskMap, 4, 4, 4),
      map("sockets", .socketMap, 4, 8, 4), map("socket_hash", .socketHash, 4, 8, 4),
      map("reuseport", .reusePortSocketArray, 4, 8, 4), map("cgroups", .cgroupArray, 4, 4, 4),
      map("group_values", .cgroupStorage, 8, 8, 0),
    ]
    var all = Dictionary(uniqueKeysWithValues: plain.map { ($0.name, $0) })
    var outer = map("outer", .arrayOfMaps, 4, 4, 2)
    outer.innerMap = Indirect(map("inner", .array, 4, 48, 4))
    var outerHash = map("outer_hash", .hashOfMaps, 4, 4, 2)
    outerHash.innerMap = Indirect(map("inner", .hash, 8, 48, 16))
    var outerLocked = map("outer_locked", .arrayOfMaps, 4, 4, 2)
    outerLocked.innerMap = Indirect(typed("inner", .array, "locked"))
    var globals = map("globals", .array, 4, 64, 1)
    globals.flags = .memoryMappable
    var constants = map("constants", .array, 4, 64, 1, .readOnlyForPrograms)
    constants.initialContents = [7, 0, 0, 0, 0, 0, 0, 0] + Array("text\0".utf8) + [1, 2, 3]
    constants.origin = .readOnlyData(section: ".rodata")
    var arena = map("arena", .arena, 0, 0, 16, .memoryMappable)
    arena.extra = 1 << 44
    for definition in [
      outer, outerHash, outerLocked, globals, constants, typed("locked", .array, "locked"),
      typed("locked_hash", .hash, "locked"),
      typed("guarded", .array, "guarded"), typed("guarded_hash", .hash, "guarded"), typed("timers", .array, "timed"),
      typed("timers_hash", .hash, "timed"), typed("queues", .array, "queued"),
      typed("schedules", .array, "scheduled"),
      typed("works", .array, "worked"), typed("works_hash", .hash, "worked"), typed("pointers", .array, "pointed"),
      typed("typed", .array, "plain"), typed("task_storage", .taskStorage, "plain"),
      typed("socket_storage", .socketStorage, "plain"), typed("holders", .array, "holder"), arena,
      typed("cgroup_storage", .cgroupLocalStorage, "plain"),
      typed("inode_storage", .inodeStorage, "plain"), typed("locked_storage", .taskStorage, "locked"),
    ] {
      all[definition.name] = definition
    }
    return all
  }()

  private static func map(
    _ name: String, _ type: MapType, _ key: UInt32, _ value: UInt32, _ entries: UInt32, _ flags: MapFlags = []
  ) -> MapDefinition {
    var definition = MapDefinition(name: name, type: type, keySize: key, valueSize: value, maxEntries: entries)
    definition.flags = flags
    return definition
  }

  /// A map with types, whose key is an integer of four bytes.
  private static func typed(_ name: String, _ type: MapType, _ structure: String) -> MapDefinition {
    let value = types.first(named: structure, kind: .structure) ?? .void
    let isStorage = ![.array, .hash].contains(type)
    var definition = map(
      name, type, 4, (try? types.size(of: value)).map { UInt32($0) } ?? 0, isStorage ? 0 : 4,
      isStorage ? .noPreallocation : [])
    definition.types = types
    definition.keyType = types.first(named: "int", kind: .integer) ?? .void
    definition.valueType = value
    return definition
  }
}
