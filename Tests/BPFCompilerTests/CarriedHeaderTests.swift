import BPFCompiler
import BPFInstructions
import BPFObject
import BPFTypeFormat
import Testing

/// What the carried headers mean, seen in the code that clang makes of them.
@Suite(.serialized, .enabled(if: CompilerForTests.isPresent, CompilerForTests.reason))
struct CarriedHeaderTests {
  private func object(_ text: String, options: BPFCompiler.Options = .init()) async throws -> ObjectFile {
    var options = options
    options.additionalArguments += ["-Wall", "-Werror"]
    let preamble = """
      #include <vmlinux.h>
      #include <bpf/bpf_helpers.h>
      #include <bpf/bpf_tracing.h>
      #include <bpf/bpf_core_read.h>
      #include <bpf/bpf_endian.h>
      char LICENSE[] SEC("license") = "GPL";

      """
    return try ObjectFile(parsing: try await CompilerForTests.compile(preamble + text, options: options).object)
  }

  /// The numbers of the helpers that a program calls, in order.
  private func helpers(_ program: Program?) -> [Int32] {
    (program?.instructions ?? []).filter { $0.opcode == 0x85 && $0.source == 0 }.map(\.immediate)
  }

  /// Where a program loads its context from: offset and size of each load through R1.
  private func contextLoads(_ program: Program?) -> [Int16] {
    (program?.instructions ?? []).filter { $0.opcode & 0x07 == 1 && $0.opcode & 0xe0 == 0x60 && $0.source == 1 }
      .map(\.offset)
  }

  @Test("BPF_PROG, BPF_KPROBE and their like take each argument from its place in the context")
  func arguments() async throws {
    let object = try await object(
      """
      u64 sink;
      struct pair { long a, b; };
      SEC("fentry/f") int BPF_PROG(words, int a, struct path *b, u8 c) { sink = a + (u64)b + c; return 0; }
      SEC("fexit/f") int BPF_PROG2(wide, struct pair, a, int, b, long, c) { sink = a.a + a.b + b + c; return 0; }
      SEC("kprobe/f") int BPF_KPROBE(six, int a, long b, long c, long d, long e, long f)
      { sink = a + b + c + d + e + f; return 0; }
      SEC("kretprobe/f") int BPF_KRETPROBE(result, long value) { sink = value; return 0; }
      SEC("uprobe/f") int BPF_UPROBE(none) { return 0; }
      SEC("uretprobe/f") int BPF_URETPROBE(uresult, int value) { sink = value; return 0; }
      """)
    #expect(contextLoads(object.programs["words"]).sorted() == [0, 8, 16])
    #expect(contextLoads(object.programs["wide"]).sorted() == [0, 8, 16, 24])
    // di, si, dx, cx, r8, r9 of struct pt_regs.
    #expect(contextLoads(object.programs["six"]).sorted() == [112, 104, 96, 88, 72, 64].sorted())
    #expect(contextLoads(object.programs["result"]) == [80])
    #expect(contextLoads(object.programs["uresult"]) == [80])
    #expect(contextLoads(object.programs["none"]) == [])
  }

  @Test("on arm64 the registers are those of the user's view")
  func arm64() async throws {
    let output = try await CompilerForTests.compile(
      """
      #include <linux/ptrace.h>
      #include <bpf/bpf_helpers.h>
      #include <bpf/bpf_tracing.h>
      __u64 sink;
      SEC("kprobe/f") int BPF_KPROBE(probe, long a, long b, long c, long d, long e, long f, long g, long h)
      { sink = a + h; return 0; }
      SEC("kretprobe/f") int BPF_KRETPROBE(result, long value) { sink = value; return 0; }
      SEC("kprobe/f") int places(struct pt_regs *ctx)
      { sink = PT_REGS_IP(ctx) + PT_REGS_SP(ctx) + PT_REGS_FP(ctx) + PT_REGS_RET(ctx); return 0; }
      SEC("ksyscall/f") int BPF_KSYSCALL(call, int a, long b) { sink = a + b; return 0; }
      """, options: .init(architecture: .arm64, additionalArguments: ["-Wall", "-Werror"]))
    let object = try ObjectFile(parsing: output.object)
    #expect(contextLoads(object.programs["probe"]).sorted() == [0, 56])
    #expect(contextLoads(object.programs["result"]) == [0])
    #expect(contextLoads(object.programs["places"]).sorted() == [232, 240, 248, 256])
    #expect(object.programs["call"]?.typeRelocations.isEmpty == false)
  }

  @Test("BPF_KSYSCALL takes the arguments of a system call from the inner registers, the fourth from r10")
  func systemCalls() async throws {
    let object = try await object(
      """
      u64 sink;
      SEC("ksyscall/f") int BPF_KSYSCALL(call, int a, const char *b, int c, u16 d) { sink = a + (u64)b + c + d; return 0; }
      """)
    let program = object.programs["call"]
    #expect(helpers(program).filter { $0 == 113 }.count == 4)
    #expect(object.externs["LINUX_HAS_SYSCALL_WRAPPER"] != nil)
    // r10 is the eighth member of struct pt_regs; it is read in either of the two ways.
    #expect(program?.typeRelocations.filter { $0.access == "0:7" }.count == 2)
  }

  @Test("BPF_CORE_READ reads every pointer on the way, with a relocation for each step")
  func coreReads() async throws {
    let object = try await object(
      """
      u64 sink;
      SEC("raw_tp/a") int one(void *ctx)
      { struct task_struct *t = (void *)bpf_get_current_task(); sink = BPF_CORE_READ(t, pid); return 0; }
      SEC("raw_tp/a") int five(void *ctx)
      { struct task_struct *t = (void *)bpf_get_current_task();
        sink = BPF_CORE_READ(t, real_parent, mm, exe_file, f_inode, i_ino); return 0; }
      SEC("raw_tp/a") int text(void *ctx)
      { struct task_struct *t = (void *)bpf_get_current_task(); char name[16];
        BPF_CORE_READ_STR_INTO(&name, t, group_leader, comm); sink = name[0]; return 0; }
      SEC("raw_tp/a") int user(void *ctx)
      { struct task_struct *t = (void *)bpf_get_current_task(); sink = BPF_CORE_READ_USER(t, mm, brk); return 0; }
      SEC("raw_tp/a") int plain(void *ctx)
      { struct task_struct *t = (void *)bpf_get_current_task(); sink = BPF_PROBE_READ(t, mm, brk); return 0; }
      """)
    for (name, calls, relocations) in [
      ("one", [35, 113], 1), ("five", [35, 113, 113, 113, 113, 113], 5), ("text", [35, 113, 115], 2),
      ("user", [35, 112, 112], 2),
    ] as [(String, [Int32], Int)] {
      #expect(helpers(object.programs[name]) == calls, "\(name)")
      #expect(object.programs[name]?.typeRelocations.count == relocations, "\(name)")
    }
    #expect(helpers(object.programs["plain"]) == [35, 113, 113])
  }

  @Test("questions about members, types and enumerators become relocations of their kinds")
  func questions() async throws {
    let object = try await object(
      """
      u64 sink;
      SEC("raw_tp/a") int ask(struct task_struct *t)
      {
        sink += bpf_core_field_offset(struct task_struct, comm);
        sink += bpf_core_field_size(t->comm);
        sink += bpf_core_field_exists(struct task_struct, mm);
        sink += bpf_core_type_id_local(struct task_struct) + bpf_core_type_id_kernel(struct task_struct);
        sink += bpf_core_type_exists(struct task_struct) + bpf_core_type_size(struct task_struct);
        sink += bpf_core_type_matches(struct task_struct);
        sink += bpf_core_enum_value_exists(enum bpf_map_type, BPF_MAP_TYPE_ARENA);
        sink += bpf_core_enum_value(enum bpf_map_type, BPF_MAP_TYPE_ARENA);
        return 0;
      }
      SEC("raw_tp/a") int bits(struct task_struct *t) { sink = BPF_CORE_READ_BITFIELD_PROBED(t, in_execve); return 0; }
      """)
    let kinds = object.programs["ask"]?.typeRelocations.map(\.kind.rawValue).sorted()
    #expect(kinds == [0, 1, 2, 6, 7, 8, 9, 10, 11, 12])
    let bits = Set(object.programs["bits"]?.typeRelocations.map(\.kind.rawValue) ?? [])
    #expect(bits == [0, 1, 3, 4, 5])
  }

  @Test("printing takes up to three values as arguments and more as an array")
  func printing() async throws {
    let object = try await object(
      """
      SEC("raw_tp/a") int three(void *ctx) { bpf_printk("%d %d %d", 1, 2, 3); return 0; }
      SEC("raw_tp/a") int none(void *ctx) { bpf_printk("nothing"); return 0; }
      SEC("raw_tp/a") int four(void *ctx) { bpf_printk("%d %d %d %s", 1, 2, 3, "x"); return 0; }
      SEC("raw_tp/a") int twelve(void *ctx)
      { bpf_printk("%d%d%d%d%d%d%d%d%d%d%d%d", 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12); return 0; }
      SEC("raw_tp/a") int text(void *ctx) { char out[8]; BPF_SNPRINTF(out, 8, "%d", 1); return out[0]; }
      SEC("iter/task") int iterate(struct bpf_iter__task *ctx)
      { BPF_SEQ_PRINTF(ctx->meta->seq, "%d", 5); return 0; }
      """)
    for (name, helper) in [
      ("none", 6), ("three", 6), ("four", 177), ("twelve", 177), ("text", 165), ("iterate", 126),
    ] as [(String, Int32)] {
      #expect(helpers(object.programs[name]) == [helper], "\(name)")
    }
    // The address of a string is put in by an instruction: one in a template of the array would not be relocated.
    let wide = object.programs["four"]?.instructions.filter(\.isWideLoad).count
    #expect(wide == 2)
  }

  @Test("loops over numbers use the iterator's three functions")
  func loops() async throws {
    let object = try await object(
      """
      SEC("syscall") int loop(void *ctx)
      { int i = 0, sum = 0, *value; bpf_for(i, 2, 10) sum += i; bpf_repeat(3) sum++;
        bpf_for_each(num, value, 0, 5) sum += *value; return sum; }
      """)
    for name in ["bpf_iter_num_new", "bpf_iter_num_next", "bpf_iter_num_destroy"] {
      #expect(object.externs[name] != nil, "\(name)")
    }
  }

  @Test("map definitions carry types, flags, inner maps and pins")
  func maps() async throws {
    let object = try await object(
      """
      struct inner { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, u32); __type(value, u64); }
        first SEC(".maps");
      struct { __uint(type, BPF_MAP_TYPE_HASH_OF_MAPS); __uint(max_entries, 2); __uint(map_flags, BPF_F_NO_PREALLOC);
               __uint(pinning, LIBBPF_PIN_BY_NAME); __type(key, u32); __array(values, struct inner); }
        outer SEC(".maps") = { .values = { [1] = &first } };
      struct { __uint(type, BPF_MAP_TYPE_BLOOM_FILTER); __uint(max_entries, 2); __ulong(map_extra, 7); __type(value, u32); }
        bloom SEC(".maps");
      """)
    #expect(object.maps["first"]?.valueSize == 8)
    #expect(object.maps["outer"]?.flags.rawValue == 1)
    #expect(object.maps["outer"]?.innerMap != nil)
    #expect(object.maps["bloom"]?.extra == 7)
  }

  @Test("byte orders are constants where their values are, on either machine")
  func endian() async throws {
    for (byteOrder, swapped) in [(ByteOrder.little, true), (.big, false)] {
      _ = try await object(
        """
        _Static_assert(bpf_htons(0x1234) == \(swapped ? "0x3412" : "0x1234"), "");
        _Static_assert(bpf_ntohl(0x12345678) == \(swapped ? "0x78563412" : "0x12345678"), "");
        _Static_assert(bpf_cpu_to_be64(1) == \(swapped ? "1ULL << 56" : "1"), "");
        _Static_assert(bpf_le64_to_cpu(1) == \(swapped ? "1" : "1ULL << 56"), "");
        int choose(int x) { switch (x) { case bpf_htons(0x800): return 1; } return 0; }
        """, options: .init(byteOrder: byteOrder))
    }
  }

  @Test("without vmlinux.h the interface's structures come from linux/bpf.h and the headers of packets")
  func interface() async throws {
    let output = try await CompilerForTests.compile(
      """
      #include <stdbool.h>
      #include <stdint.h>
      #include <stddef.h>
      #include <linux/bpf.h>
      #include <linux/bpf_perf_event.h>
      #include <linux/if_ether.h>
      #include <linux/ip.h>
      #include <linux/ipv6.h>
      #include <linux/tcp.h>
      #include <linux/udp.h>
      #include <linux/icmp.h>
      #include <linux/in.h>
      #include <linux/pkt_cls.h>
      #include <linux/ptrace.h>
      #include <linux/perf_event.h>
      #include <bpf/bpf_helpers.h>
      #include <bpf/bpf_tracing.h>
      #include <bpf/bpf_endian.h>
      /* A program of this kind describes what it needs of the kernel itself. */
      struct task_struct { int pid; } __attribute__((preserve_access_index));
      struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 1); __type(key, __u32); __type(value, uint64_t); }
        map SEC(".maps");
      SEC("tc") int classify(struct __sk_buff *skb)
      {
        struct iphdr *ip = (void *)(long)skb->data + sizeof(struct ethhdr);
        bool fits = (void *)(ip + 1) <= (void *)(long)skb->data_end;
        if (!fits || skb->protocol != bpf_htons(ETH_P_IP)) return TC_ACT_OK;
        return ip->protocol == IPPROTO_TCP ? TC_ACT_SHOT : TC_ACT_OK;
      }
      SEC("kprobe/f") int BPF_KPROBE(probe, long a) { return a; }
      SEC("perf_event") int sample(struct bpf_perf_event_data *ctx) { return PT_REGS_IP(&ctx->regs) & 1; }
      """, options: .init(additionalArguments: ["-Wall", "-Werror"]))
    let object = try ObjectFile(parsing: output.object)
    #expect(object.programs.count == 3)
    let types = try #require(object.types)
    let skb = try #require(types.first(named: "__sk_buff", kind: .structure))
    #expect(try types.size(of: skb) == 192)
  }

  @Test("standard headers go with vmlinux.h in either order, and the interface says which order it needs")
  func order() async throws {
    let standard =
      "#include <stdbool.h>\n#include <stdint.h>\n#include <stddef.h>\n#include <errno.h>\n#include <sys/types.h>\n"
    let use = "int64_t a; size_t b; bool c = true; uintptr_t d = EINVAL; ssize_t e; u64 f;\n"
    let kernel = "#include <vmlinux.h>\n"
    let linux =
      "#include <linux/bpf.h>\n#include <linux/if_ether.h>\n#include <linux/types.h>\n#include <linux/ptrace.h>\n"
    for text in [standard + kernel + use, kernel + standard + use, kernel + linux + standard + use] {
      let output = try await CompilerForTests.compile(text, options: .init(additionalArguments: ["-Wall", "-Werror"]))
      #expect(output.warnings == "")
    }
    let error = await #expect(throws: BPFCompilerError.self) { try await CompilerForTests.compile(linux + kernel) }
    #expect(error?.description.contains("include <vmlinux.h> before <linux/...>") == true)
    let missing = await #expect(throws: BPFCompilerError.self) {
      try await CompilerForTests.compile(linux, headers: [:])
    }
    #expect(missing?.description.contains("give merops/interface.h") == true)
  }

  @Test("objects of the program, exceptions and loops with a limit compile")
  func experimental() async throws {
    let object = try await object(
      """
      #include "bpf_experimental.h"
      #include "bpf_misc.h"
      struct node { long key; struct bpf_list_node link; };
      struct bpf_spin_lock lock SEC(".data.lists");
      struct bpf_list_head head __contains(node, link) SEC(".data.lists");
      SEC("tc") __failure __log_level(2) __flag(BPF_F_ANY_ALIGNMENT) int program(void *ctx)
      {
        struct node *n = bpf_obj_new(struct node);
        int i;
        if (!n) return 0;
        n->key = 5;
        bpf_spin_lock(&lock);
        bpf_list_push_front(&head, &n->link);
        bpf_spin_unlock(&lock);
        for (i = 0; i < 100 && can_loop; i++) __sink(i);
        for (i = 0; i < 100; i++) { cond_break; __sink(i); }
        bpf_assert(i > 3);
        return 0;
      }
      """)
    // may_goto is an opcode of its own.
    #expect(object.programs["program"]?.instructions.filter { $0.opcode == 0xe5 }.count == 2)
    #expect(
      object.programs["program"]?.declarationTags.sorted() == [
        "comment:test_expect_failure", "comment:test_log_level=2", "comment:test_prog_flags=BPF_F_ANY_ALIGNMENT",
      ])
  }
}
