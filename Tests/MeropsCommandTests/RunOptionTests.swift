import Foundation
import MeropsCommand
import Testing

/// What each option of `merops run` changes, seen in what a program leaves in its variables.
@Suite(.enabled(if: Fixture.hasCompiler, "no clang with the BPF target"))
struct RunOptionTests {
  private static let source = """
    #include <vmlinux.h>
    #include <bpf/bpf_helpers.h>
    char LICENSE[] SEC("license") = "GPL";
    __u64 first, second, runs, fired;
    __u32 random;
    char text[8];
    struct { __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, __u64); }
      copies SEC(".maps");
    struct timed { struct bpf_timer timer; };
    struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, struct timed); }
      timers SEC(".maps");
    SEC("tp/syscalls/sys_enter_openat") int opened(struct trace_event_raw_sys_enter *ctx) {
      first = ctx->args[0];
      second = ctx->args[2];
      bpf_probe_read_user_str(text, sizeof(text), (void *)ctx->args[1]);
      return 0;
    }
    static int expired(void *map, __u32 *key, struct timed *value) { fired++; return 0; }
    struct context { __u64 in; __u64 out; };
    SEC("syscall") int called(struct context *ctx) {
      __u32 key = 0;
      ctx->out = ctx->in + 1;
      runs++;
      random = bpf_get_prandom_u32();
      __u64 *copy = bpf_map_lookup_elem(&copies, &key);
      if (copy) *copy = 5;
      struct timed *value = bpf_map_lookup_elem(&timers, &key);
      if (!value) return 0;
      bpf_timer_init(&value->timer, &timers, 1);
      bpf_timer_set_callback(&value->timer, expired);
      bpf_timer_start(&value->timer, 5000000, 0);
      return 0;
    }
    """

  @Test("each option of the scenario changes what it says")
  func scenario() async throws {
    try await Fixture.withFolder { folder in
      let source = try folder.write(Self.source, as: "options.bpf.c")
      func run(_ program: String, _ arguments: [String] = []) async throws -> RunReport.ProgramEntry {
        let outcome = try await CommandProcess.run(
          ["run", source, "--json", "--program", program] + arguments, input: [])
        #expect(outcome.status == 0, "\(arguments): \(outcome.error)")
        return try #require(
          JSONDecoder().decode(RunReport.self, from: Data(outcome.output.utf8)).programs.first)
      }
      // What is zero is left out.
      func value(_ name: String, _ program: RunReport.ProgramEntry) -> JSONValue? {
        program.maps.flatMap(\.elements).first { $0.name == name }?.value
      }

      let opened = try await run(
        "opened", ["--argument", "-1", "--argument", "@note", "--argument", "0x10", "--resident"])
      #expect(value("first", opened) == .unsigned(.max) && value("second", opened) == .integer(16))
      #expect(value("text", opened) == .text("note"))

      let called = try await run("called")
      #expect(called.context == .object(["in": .integer(0), "out": .integer(1)]))
      #expect(value("runs", called) == .integer(1) && value("fired", called) == nil)
      let copies = try #require(called.maps.first { $0.name == "copies" }?.elements.first?.values)
      #expect(copies == [.integer(5), .integer(0)], "a machine has two CPUs")

      let other = try await run(
        "called",
        ["--context", "29 00 00 00 00 00 00 00 0000000000000000", "--times", "3", "--cpus", "4", "--seed", "7"])
      #expect(other.timeline.filter { $0.event == "programRan" }.count == 3)
      #expect(value("runs", other) == .integer(3))
      #expect(other.context == .object(["in": .integer(41), "out": .integer(42)]))
      #expect(other.maps.first { $0.name == "copies" }?.elements.first?.values?.count == 4)
      let random = try await run("called", ["--times", "3", "--seed", "7"])
      #expect(value("random", random) == value("random", other), "the seed decides")
      #expect(value("random", random) != value("random", try await run("called", ["--times", "3", "--seed", "8"])))

      // The timer expires after 5 ms.
      #expect(value("fired", try await run("called", ["--linger", "4ms"])) == nil)
      #expect(value("fired", try await run("called", ["--linger", "6ms"])) == .integer(1))
    }
  }

  @Test("the options for C source go to clang")
  func compiler() async throws {
    try await Fixture.withFolder { folder in
      try FileManager.default.createDirectory(at: folder.url.appending(path: "own"), withIntermediateDirectories: true)
      _ = try folder.write("enum { LIMIT = 12 };\n", as: "own/limit.h")
      let source = try folder.write(
        """
        #include <vmlinux.h>
        #include <bpf/bpf_helpers.h>
        #include <limit.h>
        int version = __BPF_CPU_VERSION__, limit = LIMIT, factor = FACTOR;
        #ifdef QUICK
        int quick = 1;
        #endif
        SEC("syscall") int all(void *ctx) { return 0; }
        """, as: "macros.bpf.c")
      let arguments = ["run", source, "--include", folder.path("own"), "--define", "FACTOR=3", "-D", "QUICK"]
      for (options, version) in [([], 3), (["--mcpu", "v1"], 1), (["--mcpu", "v4"], 4)] {
        let outcome = try await CommandProcess.run(arguments + options, input: [])
        #expect(outcome.status == 0, "\(outcome.error)")
        for line in ["version = \(version)\n", "limit = 12\n", "factor = 3\n", "quick = 1\n"] {
          #expect(outcome.output.contains(line), "\(line)\(outcome.output)")
        }
      }
      let missing = try await CommandProcess.run("run", source, "--define", "FACTOR=3")
      #expect(missing.status == CommandStatus.compilation.rawValue)
      #expect(missing.error.contains("'limit.h' file not found"), "\(missing.error)")
    }
  }

  @Test(
    "libbpf's own headers are taken on request",
    .enabled(
      if: FileManager.default.fileExists(atPath: "/usr/include/bpf/bpf_helpers.h"), "libbpf-dev is not installed"))
  func systemHeaders() async throws {
    try await Fixture.withFolder { folder in
      // Of the two headers of this name only libbpf's has this macro.
      let source = try folder.write(
        """
        #include <vmlinux.h>
        #include <bpf/bpf_helpers.h>
        #include <bpf/bpf_core_read.h>
        #ifdef __CORE_BITFIELD_PROBE_READ
        #define IS_LIBBPF 2
        #else
        #define IS_LIBBPF 1
        #endif
        int isLibbpf = IS_LIBBPF;
        char LICENSE[] SEC("license") = "GPL";
        SEC("syscall") int all(void *ctx) { return 0; }
        """, as: "system.bpf.c")
      for (options, answer) in [([], 1), (["--system-headers"], 2)] {
        let outcome = try await CommandProcess.run(["run", source] + options, input: [])
        #expect(outcome.status == 0, "\(options): \(outcome.error)")
        #expect(outcome.output.contains("isLibbpf = \(answer)\n"), "\(outcome.output)")
      }
    }
  }

  @Test("options that only the real kernel has are refused by name")
  func realKernel() async throws {
    try await Fixture.withFolder { folder in
      let source = try folder.write(Self.source, as: "options.bpf.c")
      let rows: [(arguments: [String], message: String)] = [
        (["--hz", "5"], "'--hz' is for '--engine linux' only"),
        (["--pid", "1"], "'--pid' is for '--engine linux' only"),
        (["--duration", "1s"], "'--duration' is for '--engine linux' only"),
        (["--interface", "lo"], "'--interface' is for '--engine linux' only"),
        (["--set", "first=&main"], "'--set first=&main': the simulated task has no symbols"),
      ]
      for row in rows {
        let outcome = try await CommandProcess.run(["run", source] + row.arguments, input: [])
        #expect(outcome.status == CommandStatus.usage.rawValue, "\(row.arguments): \(outcome.transcript)")
        #expect(outcome.error.hasPrefix("merops: error: \(row.message)"), "\(outcome.error)")
      }
    }
  }
}
