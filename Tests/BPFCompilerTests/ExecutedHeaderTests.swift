import BPFCompiler
import BPFObject
import BPFSimulator
import Testing

/// The carried headers, run: what their macros compute in the simulated kernel.
@Suite(.serialized, .enabled(if: CompilerForTests.isPresent, CompilerForTests.reason))
struct ExecutedHeaderTests {
  private static let preamble = """
    #include <vmlinux.h>
    #include <bpf/bpf_helpers.h>
    #include <bpf/bpf_core_read.h>
    #include <bpf/bpf_endian.h>
    #include "bpf_experimental.h"
    char LICENSE[] SEC("license") = "GPL";
    struct answers { u64 number[16]; char text[64]; };

    """

  private struct Answers {
    var number: [UInt64]
    var text: String
    var log: [String]
    var task: SimulatedTask
  }

  /// Runs the body of a syscall program whose context is `struct answers *a`.
  private func run(_ body: String, before: String = "") async throws -> Answers {
    let text = Self.preamble + before + "\nSEC(\"syscall\") int program(struct answers *a)\n{\n\(body)\nreturn 0;\n}\n"
    let output = try await CompilerForTests.compile(text, options: .init(additionalArguments: ["-Wall", "-Werror"]))
    let machine = try Machine()
    // What the macros compute is asked for and not what Linux lets pass: bodies write through the context's address.
    let object = try machine.load(try ObjectFile(parsing: output.object), verification: .none)
    let task = try machine.spawn("some-task")
    try machine.run(task, on: 0)
    let (_, context) = try object.run("program", context: [UInt8](repeating: 0, count: 16 * 8 + 64), on: 0)
    let numbers = (0..<16).map { index in
      context[(index * 8)..<(index * 8 + 8)].reversed().reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
    }
    let string = String(decoding: context[128...].prefix { $0 != 0 }, as: UTF8.self)
    return Answers(number: numbers, text: string, log: machine.traceLog, task: task)
  }

  @Test("a chain of pointers is followed to its end, and a string is copied")
  func coreReads() async throws {
    let answers = try await run(
      """
      struct task_struct *task = (void *)bpf_get_current_task();
      struct task_struct *leader;
      a->number[0] = BPF_CORE_READ(task, tgid);
      a->number[1] = BPF_CORE_READ(task, group_leader, group_leader, pid);
      BPF_CORE_READ_INTO(&leader, task, group_leader);
      a->number[2] = (u64)leader == (u64)task;
      BPF_CORE_READ_STR_INTO(&a->text, task, group_leader, comm);
      a->number[3] = BPF_PROBE_READ(task, group_leader, tgid);
      a->number[4] = BPF_CORE_READ_BITFIELD_PROBED(task, in_execve);
      const struct task_struct *const constant = task;
      a->number[5] = BPF_CORE_READ(constant, group_leader, pid) + BPF_CORE_READ(constant, cred, uid.val);
      """)
    let pid = UInt64(answers.task.pid)
    #expect(Array(answers.number[0..<6]) == [pid, pid, 1, pid, 0, pid])
    #expect(answers.text == "some-task")
  }

  @Test("bit fields are read and written where they lie, without harm to their neighbours")
  func bitFields() async throws {
    let answers = try await run(
      """
      struct tcphdr *tcp = (void *)&a->number[8];
      struct fred_ss *ss = (void *)&a->number[12];
      a->number[12] = ~0ULL;
      BPF_CORE_WRITE_BITFIELD(tcp, doff, 9);
      BPF_CORE_WRITE_BITFIELD(tcp, syn, 1);
      BPF_CORE_WRITE_BITFIELD(ss, vector, 0xa5);
      BPF_CORE_WRITE_BITFIELD(ss, type, 0);
      a->number[0] = tcp->doff;
      a->number[1] = tcp->syn;
      a->number[2] = tcp->res1 | tcp->fin | tcp->rst;
      a->number[3] = ss->vector;
      a->number[4] = ss->type;
      a->number[5] = BPF_CORE_READ_BITFIELD(tcp, doff);
      a->number[6] = BPF_CORE_READ_BITFIELD(ss, vector);
      a->number[7] = BPF_CORE_READ_BITFIELD(ss, insnlen);
      """)
    #expect(Array(answers.number[0..<8]) == [9, 1, 0, 0xa5, 0, 9, 0xa5, 15])
    // All bits but those of `vector` (32…39) and `type` (48…51) are as they were.
    #expect(answers.number[12] == 0xfff0_ffa5_ffff_ffff)
  }

  @Test("loops turn as often as they say, and break where they are told")
  func loops() async throws {
    let answers = try await run(
      """
      int i = 0, *value;
      bpf_for(i, 2, 7) a->number[0] += i;
      bpf_repeat(5) a->number[1]++;
      bpf_for_each(num, value, 10, 13) a->number[2] += *value;
      bpf_for(i, 0, 100) { if (i == 3) break; a->number[3]++; }
      bpf_for(i, 0, 3) { int j; bpf_for(j, 0, 4) { if (j == i) continue; a->number[4]++; } }
      bpf_for(i, 5, 5) a->number[5]++;
      for (i = 0; i < 9 && can_loop; i++) a->number[6]++;
      for (i = 0; i < 9; i++) { cond_break; a->number[7]++; }
      """)
    #expect(Array(answers.number[0..<8]) == [20, 5, 33, 3, 9, 0, 9, 9])
  }

  @Test("printing hands on every value, strings among them")
  func printing() async throws {
    let answers = try await run(
      """
      bpf_printk("none");
      bpf_printk("%d %s", -5, "two");
      bpf_printk("%d %llu %x %s", 1, ~0ULL, 255, "four");
      BPF_SNPRINTF(a->text, sizeof(a->text), "%d-%s-%c", 12, "ab", 'z');
      """)
    #expect(answers.log.count == 3)
    for (line, expected) in zip(answers.log, ["none", "-5 two", "1 18446744073709551615 ff four"]) {
      #expect(line.contains(expected), "\(line)")
    }
    #expect(answers.text == "12-ab-z")
  }

  @Test("questions to the kernel's types get their answers")
  func questions() async throws {
    let answers = try await run(
      """
      a->number[0] = bpf_core_type_exists(struct task_struct);
      a->number[1] = bpf_core_type_exists(struct nowhere);
      a->number[2] = bpf_core_field_exists(struct task_struct___own, absent);
      a->number[3] = bpf_core_field_size(struct task_struct, comm);
      a->number[4] = bpf_core_enum_value(enum bpf_map_type, BPF_MAP_TYPE_ARENA);
      a->number[5] = bpf_core_enum_value_exists(enum bpf_map_type, BPF_MAP_TYPE_ARENA);
      a->number[6] = bpf_core_type_size(struct xdp_md);
      a->number[7] = bpf_ksym_exists(bpf_task_acquire);
      a->number[8] = bpf_ksym_exists(bpf_not_there);
      """,
      before: """
        struct nowhere { int x; };
        struct task_struct___own { int absent; } __attribute__((preserve_access_index));
        extern void bpf_not_there(void) __ksym __weak;
        """)
    #expect(Array(answers.number[0..<9]) == [1, 0, 0, 16, 33, 1, 24, 1, 0])
  }

  @Test("a tail call to a slot known when compiling reaches the program in it")
  func tailCall() async throws {
    let answers = try await run(
      "a->number[0] = 1; bpf_tail_call_static(a, &programs, 2); a->number[2] = 3;",
      before: """
        SEC("syscall") int target(struct answers *a) { a->number[1] = 2; return 0; }
        struct { __uint(type, BPF_MAP_TYPE_PROG_ARRAY); __uint(max_entries, 4); __uint(key_size, 4);
                 __array(values, int (struct answers *)); }
          programs SEC(".maps") = { .values = { [2] = (void *)&target } };
        """)
    #expect(Array(answers.number[0..<3]) == [1, 2, 0])
  }
}
