import BPFInstructions
import BPFObject
import SystemPackage
import Testing

@testable import BPFLinux

/// Specification of task work, 11.1: what could crash the kernel never gets there. No program of this file is loaded; the
/// guard alone looks at them.
@Suite("The guard before the kernel")
struct GuardTests {
  private static let prologue = """
    #include <vmlinux.h>
    #include <bpf/bpf_helpers.h>
    char LICENSE[] SEC("license") = "GPL";
    struct value { __u64 count; struct bpf_task_work work; struct bpf_task_work *pointer; };
    struct two { struct bpf_task_work one, other; };
    #define MAP(NAME, TYPE, VALUE) struct { __uint(type, TYPE); __uint(max_entries, 4); __type(key, __u32); \\
      __type(value, VALUE); } NAME SEC(".maps")
    MAP(good, BPF_MAP_TYPE_ARRAY, struct value);
    MAP(also_good, BPF_MAP_TYPE_HASH, struct value);
    #define PLAIN MAP(plain, BPF_MAP_TYPE_ARRAY, __u64)
    #define DOUBLE MAP(twice, BPF_MAP_TYPE_ARRAY, struct two)
    #define UNTYPED struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 4); __uint(key_size, 4); \\
      __uint(value_size, 24); } untyped SEC(".maps")
    struct inner { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 4); __type(key, __u32);
      __type(value, struct value); };
    struct bare { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 4); __type(key, __u32); __type(value, __u64); };
    #define OUTER(SHAPE) struct { __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS); __uint(max_entries, 2); \\
      __type(key, __u32); __array(values, struct SHAPE); } outer SEC(".maps")
    static int callback(struct bpf_map *map, void *key, void *value) { return 0; }
    #define TASK bpf_get_current_task_btf()
    #define SCHEDULE(MAP) bpf_task_work_schedule_resume_impl(TASK, &value->work, MAP, callback, NULL)
    #define LOOK(MAP) __u32 key = 0; struct value *value = bpf_map_lookup_elem(&MAP, &key); if (!value) return 0

    """

  private struct Row {
    var name: String
    var source: String
    /// A part of the message, `nil` when the guard lets it pass.
    var refusal: String?
  }

  private static let rows: [Row] = [
    Row(name: "the map by its name", source: "SEC(\"syscall\") int p(void *c) { LOOK(good); return SCHEDULE(&good); }"),
    Row(
      name: "the other mode, and the plain name",
      source: """
        SEC("syscall") int p(void *c) { LOOK(good);
          return bpf_task_work_schedule_signal(TASK, &value->work, &good, callback); }
        """),
    Row(
      name: "one of two good maps, chosen at run time",
      source: """
        SEC("syscall") int p(__u32 *c) { LOOK(good); void *map = *c ? (void *)&good : (void *)&also_good;
          return SCHEDULE(map); }
        """),
    Row(
      name: "a good map as the argument of a subprogram",
      source: """
        static __noinline int sub(struct value *value, void *map) { return SCHEDULE(map); }
        SEC("syscall") int p(__u32 *c) { LOOK(good); return *c ? sub(value, &good) : sub(value, &also_good); }
        """),
    Row(
      name: "the callback's own map, where all maps are good",
      source: """
        static long each(struct bpf_map *map, __u32 *key, struct value *value, void *context) { return SCHEDULE(map); }
        SEC("syscall") int p(void *c) { bpf_for_each_map_elem(&good, each, NULL, 0); return 0; }
        """),
    Row(
      name: "an inner map, where its shape is good",
      source: """
        OUTER(inner);
        SEC("syscall") int p(void *c) { __u32 key = 0; void *map = bpf_map_lookup_elem(&outer, &key); if (!map) return 0;
          struct value *value = bpf_map_lookup_elem(map, &key); if (!value) return 0; return SCHEDULE(map); }
        """),
    Row(
      name: "the outer map",
      source: "OUTER(inner); SEC(\"syscall\") int p(void *c) { LOOK(good); return SCHEDULE(&outer); }",
      refusal: "map 'outer' has to have BTF"),
    Row(
      name: "an inner map without the field",
      source: """
        OUTER(bare);
        SEC("syscall") int p(void *c) { LOOK(good); void *map = bpf_map_lookup_elem(&outer, &key); if (!map) return 0;
          return SCHEDULE(map); }
        """, refusal: "map 'outer (inner)' has no valid bpf_task_work"),
    Row(
      name: "a map without the field",
      source: "PLAIN; SEC(\"syscall\") int p(void *c) { LOOK(good); return SCHEDULE(&plain); }",
      refusal: "map 'plain' has no valid bpf_task_work"),
    Row(
      name: "a map whose value has two fields, which is none to the kernel",
      source: "DOUBLE; SEC(\"syscall\") int p(void *c) { LOOK(good); return SCHEDULE(&twice); }",
      refusal: "map 'twice' has no valid bpf_task_work"),
    Row(
      name: "a map without types",
      source: "UNTYPED; SEC(\"syscall\") int p(void *c) { LOOK(good); return SCHEDULE(&untyped); }",
      refusal: "map 'untyped' has to have BTF"),
    Row(
      name: "a good and a bad map, chosen at run time",
      source: """
        PLAIN;
        SEC("syscall") int p(__u32 *c) { LOOK(good); void *map = *c ? (void *)&good : (void *)&plain;
          return SCHEDULE(map); }
        """, refusal: "map 'plain' has no valid bpf_task_work"),
    Row(
      name: "a bad map as the argument of a subprogram at one of its calls",
      source: """
        PLAIN;
        static __noinline int sub(struct value *value, void *map) { return SCHEDULE(map); }
        SEC("syscall") int p(__u32 *c) { LOOK(good); return *c ? sub(value, &good) : sub(value, &plain); }
        """, refusal: "map 'plain' has no valid bpf_task_work"),
    Row(
      name: "the callback's own map beside a bad map",
      source: """
        PLAIN;
        static long each(struct bpf_map *map, __u32 *key, struct value *value, void *context) { return SCHEDULE(map); }
        SEC("syscall") int p(void *c) { __u32 zero = 0; bpf_map_lookup_elem(&plain, &zero);
          bpf_for_each_map_elem(&good, each, NULL, 0); return 0; }
        """, refusal: "map 'plain' has no valid bpf_task_work"),
    Row(
      name: "the first argument of a callback that is no map",
      source: """
        static long each(struct task_struct *task, struct vm_area_struct *area, void *context) {
          LOOK(good); return SCHEDULE(task); }
        SEC("syscall") int p(void *c) { bpf_find_vma(TASK, 0, each, NULL, 0); return 0; }
        """, refusal: "nothing proves"),
    Row(
      name: "a pointer from memory",
      source: "SEC(\"syscall\") int p(void *c) { LOOK(good); return SCHEDULE(value->pointer); }",
      refusal: "nothing proves"),
    Row(
      name: "a task", source: "SEC(\"syscall\") int p(void *c) { LOOK(good); return SCHEDULE(TASK); }",
      refusal: "nothing proves"),
    Row(
      name: "the address of a global variable",
      source: "__u64 variable; SEC(\"syscall\") int p(void *c) { LOOK(good); return SCHEDULE(&variable); }",
      refusal: "nothing proves"),
    Row(
      name: "an address on the stack",
      source: "SEC(\"syscall\") int p(void *c) { LOOK(good); volatile __u64 x = 1; return SCHEDULE((void *)&x); }",
      refusal: "nothing proves"),
    Row(
      name: "a work queue with a map of another kind",
      source: """
        extern int bpf_wq_init(struct bpf_wq *wq, void *p__map, unsigned int flags) __ksym;
        struct queue { struct bpf_wq wq; };
        MAP(queues, BPF_MAP_TYPE_ARRAY, struct queue);
        SEC("syscall") int p(void *c) { __u32 key = 0; struct queue *value = bpf_map_lookup_elem(&queues, &key);
          if (!value) return 0; return bpf_wq_init(&value->wq, &good, 0); }
        """, refusal: "map 'good' has no valid bpf_wq"),
  ]

  @Test(
    "maps are followed to the call; what has no record, or cannot be followed, is refused",
    .enabled(if: Fixture.compiler != nil, "needs a clang that compiles for BPF"))
  func table() async throws {
    for row in Self.rows {
      let object = try await Fixture.object(Self.prologue + row.source)
      let program = try #require(object.programs["p"])
      do throws(BPFError) {
        try MapArgumentGuard(object: object).check(program)
        #expect(row.refusal == nil, "\(row.name): it passed")
      } catch {
        #expect(error.cause == .refusal)
        let text = error.description
        #expect(row.refusal.map { text.contains($0) } ?? false, "\(row.name): \(text)")
      }
    }
  }

  @Test(
    "a refused program makes the whole load end before the kernel is asked for anything but its types",
    .enabled(if: Fixture.compiler != nil, "needs a clang that compiles for BPF"))
  func beforeTheKernel() async throws {
    let row = try #require(Self.rows.first { $0.name == "a map without the field" })
    let object = try await Fixture.object(Self.prologue + row.source)
    let kernel = FaultyKernel(command: 5, errno: 1)
    #expect(throws: BPFError.self) { try LinuxKernel(systemCalls: kernel).load(object) }
    #expect(kernel.commands == [])
    #expect(kernel.openCount == 0)
  }

  @Test("spilled and copied through the stack, a map is still known; after an unknown store it is not")
  func stack() throws {
    // r1 = good ll; *(u64 *)(r10 - 8) = r1; [a store]; r3 = *(u64 *)(r10 - 8); call; exit
    let spill = [
      Instruction(opcode: 0x18, destination: 1, source: 1), Instruction(opcode: 0),
      Instruction(opcode: 0x7b, destination: 10, source: 1, offset: -8),
    ]
    let end = [
      Instruction(opcode: 0x79, destination: 3, source: 10, offset: -8), Instruction(opcode: 0x85, source: 2),
      Instruction(opcode: 0x95),
    ]
    let rows: [(String, [Instruction], Bool)] = [
      ("nothing between", [], true),
      ("another slot", [Instruction(opcode: 0x7b, destination: 10, source: 1, offset: -16)], true),
      ("half of the slot", [Instruction(opcode: 0x62, destination: 10, offset: -4)], false),
      (
        "the slot by another register",
        [
          Instruction(opcode: 0xbf, destination: 2, source: 10),
          Instruction(opcode: 0x07, destination: 2, immediate: -8),
          Instruction(opcode: 0x7b, destination: 2, source: 6),
        ], false
      ),
      ("somewhere", [Instruction(opcode: 0x7b, destination: 7, source: 6)], false),
    ]
    for (name, between, isKnown) in rows {
      var program = Program(
        name: "p", section: "syscall", kind: ProgramKind(type: .systemCall), instructions: spill + between + end)
      program.references = [
        0: .map("good"),
        program.instructions.count - 2: .kernelFunction("bpf_task_work_schedule_resume_impl", isWeak: false),
      ]
      let calls = try MapArgumentAnalysis(
        program, registers: ["bpf_task_work_schedule_resume_impl": .r3]
      ).calls()
      #expect(calls.map(\.argument) == [isKnown ? .maps(["good"]) : .anything], "\(name)")
    }
  }

  @Test("a kernel function that is called by number is refused, since it could be any")
  func unnamed() {
    let program = Program(
      name: "p", section: "syscall", kind: ProgramKind(type: .systemCall),
      instructions: [Instruction(opcode: 0x85, source: 2, immediate: 4711), Instruction(opcode: 0x95)])
    var object = ObjectFile()
    object.programs["p"] = program
    let kernel = FaultyKernel()
    let error = #expect(throws: BPFError.self) { try LinuxKernel(systemCalls: kernel).load(object) }
    #expect(error?.description.contains("by a number") == true)
    #expect(kernel.commands == [])
  }
}
