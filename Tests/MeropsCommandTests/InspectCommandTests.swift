import Foundation
import MeropsCommand
import Testing

@Suite(.enabled(if: Fixture.hasCompiler, "no clang with the BPF target"))
struct InspectCommandTests {
  private static let source = """
    typedef unsigned int __u32;
    typedef unsigned long long __u64;
    struct elem { char data[16]; __u64 count; };
    struct {
      int (*type)[1];
      int (*map_flags)[1];
      int (*max_entries)[8];
      __u32 *key;
      struct elem *value;
    } table __attribute__((section(".maps"), used));
    static void *(*bpf_map_lookup_elem)(void *map, const void *key) = (void *) 1;
    extern int bpf_strange(int) __attribute__((section(".ksyms"))) __attribute__((weak));
    char name[16];
    int factor = 3;
    static __attribute__((noinline)) int scaled(int x) { return x * factor; }
    __attribute__((section("perf_event"), used)) int sample(void *ctx) {
      __u32 key = 0;
      struct elem *e = bpf_map_lookup_elem(&table, &key);
      if (!e) return 0;
      bpf_strange(1);
      name[2] = 'x';
      e->count += scaled(e->data[0]);
      return 0;
    }
    __attribute__((section("?tp/sched/sched_switch"), used)) int change(void *ctx) { return 1; }
    char _license[] __attribute__((section("license"), used)) = "GPL";
    """

  @Test("programs, maps, variables and externs come in aligned columns, with C types")
  func tables() async throws {
    try await Fixture.withFolder { folder in
      let object = try await folder.compile(Self.source, as: "sample.bpf")
      let outcome = try await CommandProcess.run("inspect", object)
      #expect(outcome.status == 0, "\(outcome.transcript)")
      #expect(
        outcome.output.hasSuffix(
          """
          programs
            name    section                 type                               instructions  functions
            sample  perf_event              perf_event                                   32  sample, scaled
            change  ?tp/sched/sched_switch  tracepoint, not loaded by default             2  change

          maps
            name   type   key        value             entries  flags
            table  hash   __u32 (4)  struct elem (24)        8  BPF_F_NO_PREALLOC
            .data  array  4 bytes    4 bytes                 1  BPF_F_MMAPABLE
            .bss   array  4 bytes    16 bytes                1  BPF_F_MMAPABLE

          variables
            declaration    map    offset  bytes
            int factor     .data       0      4
            char name[16]  .bss        0     16

          externs
            declaration           kind
            int bpf_strange(int)  weak kernel function

          """), "\(outcome.output)")
      #expect(outcome.output.hasPrefix("\(object): little-endian, license GPL, "))
    }
  }

  @Test("byte code has the source lines before it and names instead of what the engine fills in")
  func disassembly() async throws {
    try await Fixture.withFolder { folder in
      let object = try await folder.compile(Self.source, as: "sample.bpf")
      let outcome = try await CommandProcess.run("inspect", object, "-d", "--program", "sample")
      #expect(outcome.status == 0, "\(outcome.transcript)")
      let lines = outcome.output.split(separator: "\n").map(String.init)
      for line in [
        "sample:", "scaled:", "       ; struct elem *e = bpf_map_lookup_elem(&table, &key);  (sample.bpf.c:18)",
        "    6: call bpf_map_lookup_elem",
      ] {
        #expect(lines.contains(line), "\(line)")
      }
      for pattern in [
        #/ +4: r1 = table ll +// map/#, #/ +\d+: call bpf_strange +// weak kernel function/#,
        #/ +\d+: r\d = name ll +// variable in \.bss/#, #/ +\d+: r\d = factor ll +// variable in \.data/#,
        #/ +\d+: call scaled/#, #/ +8: if r\d == 0 goto \+\d+ <\d+>/#,
      ] as [Regex<Substring>] {
        #expect(lines.contains { $0.wholeMatch(of: pattern) != nil }, "\(pattern)")
      }
      #expect(!outcome.output.contains("change:"))
      #expect(lines.filter { $0.contains("e->count += ") }.count == 1)
    }
  }

  @Test("the JSON document has the same, for an object on standard input as well")
  func json() async throws {
    try await Fixture.withFolder { folder in
      let object = try await folder.compile(Self.source, as: "sample.bpf")
      let bytes = try [UInt8](Data(contentsOf: URL(filePath: object)))
      let outcome = try await CommandProcess.run(["inspect", "-", "--json", "--disassemble"], input: bytes)
      #expect(outcome.status == 0, "\(outcome.error)")
      let report = try JSONDecoder().decode(InspectReport.self, from: Data(outcome.output.utf8))
      #expect(report.object == "standard input")
      #expect(report.byteOrder == "little")
      #expect(report.license == "GPL")
      #expect(report.programs.map(\.name) == ["sample", "change"])
      #expect(report.programs[0].kernelFunctions == ["bpf_strange"])
      #expect(report.programs[0].maps == ["table", ".bss", ".data"])
      #expect(report.programs[1].target == "sched/sched_switch")
      #expect(report.programs[1].loadsByDefault == false)
      #expect(report.programs[1].disassembly?.functions.first?.instructions.map(\.text) == ["w0 = 1", "exit"])
      #expect(report.maps[0].flags == ["BPF_F_NO_PREALLOC"])
      #expect(report.globals.map(\.name) == ["factor", "name"])
      #expect(report.externs.map(\.isWeak) == [true])
    }
  }

  @Test("a program that is not there, a file that is none, and bytes that are no object are told apart")
  func errors() async throws {
    try await Fixture.withFolder { folder in
      let object = try await folder.compile(Self.source, as: "sample.bpf")
      let text = try folder.write("no object", as: "text.o")
      let cut = folder.path("cut.o")
      try Data(contentsOf: URL(filePath: object)).prefix(700).write(to: URL(filePath: cut))
      let rows: [(arguments: [String], status: CommandStatus, message: String)] = [
        ([object, "--program", "simple"], .usage, "there is no program 'simple'; the object has sample, change"),
        ([folder.path("gone.o")], .input, "cannot read '\(folder.path("gone.o"))': there is no such file"),
        ([folder.url.path], .input, "cannot read '\(folder.url.path)': it is a directory"),
        ([text], .input, "cannot open '\(text)': offset 0x0: this is not an ELF file"),
        ([cut], .input, "cannot open '\(cut)': "),
        ([], .usage, "missing expected argument '<file>'"),
      ]
      for row in rows {
        let outcome = try await CommandProcess.run(["inspect"] + row.arguments, input: [])
        #expect(outcome.status == row.status.rawValue, "\(row.arguments): \(outcome.transcript)")
        #expect(outcome.output == "", "\(row.arguments)")
        #expect(outcome.error.hasPrefix("merops: error: \(row.message)"), "\(outcome.error)")
      }
    }
  }
}
