import Foundation
import MeropsCommand
import Subprocess
import SystemPackage
import Testing

@Suite(.enabled(if: Fixture.hasCompiler, "no clang with the BPF target"))
struct RunFailureTests {
  private static let prelude = """
    char name[8]; unsigned char small; _Bool flag; int numbers[4]; const void *pointer;
    enum color { RED, GREEN } color;
    char _license[] __attribute__((section("license"), used)) = "GPL";

    """

  /// Runs `merops run` on an object of the given programs.
  private static func run(
    _ programs: String, _ arguments: [String] = []
  ) async throws -> CommandProcess.Outcome {
    try await Fixture.withFolder { folder in
      let object = try await folder.compile(prelude + programs, as: "failing.bpf")
      return try await CommandProcess.run(["run", object] + arguments, input: [])
    }
  }

  private static let sampling =
    "__attribute__((section(\"perf_event\"), used)) int sample(void *ctx) { return flag + (small > numbers[1]); }\n"

  @Test("a variable that is not there, or a value that does not fit, is told before anything runs")
  func assignments() async throws {
    let rows: [(assignment: String, message: String)] = [
      ("nam=x", "'--set nam': there is no variable 'nam'; did you mean 'name'?"),
      ("name=12345678", "'--set name': 'name' takes texts of up to 7 bytes, and this one has 8"),
      ("small=300", "'--set small': 'small' is of type unsigned char and takes 0 to 255, not 300"),
      ("small=many", "'--set small': 'many' is not a value for 'small'"),
      ("flag=maybe", "'--set flag': 'maybe' is not a value for 'flag'"),
      ("color=BLUE", "'--set color': 'BLUE' is not a value for 'color': give a number (RED, GREEN)"),
      ("numbers[4]=1", "'--set numbers[4]': 'numbers' has 4 elements, and the index is 4"),
      ("name=@text", "'--set name': 'name' is of type char[8] and cannot be set to the integer 0"),
      ("name", "the value 'name' is invalid for '--set <name=value>': write name=VALUE"),
      ("=3", "the value '=3' is invalid for '--set <name=value>': write name=VALUE"),
    ]
    try await Fixture.withFolder { folder in
      let object = try await folder.compile(Self.prelude + Self.sampling, as: "set.bpf")
      for row in rows {
        let outcome = try await CommandProcess.run("run", object, "--set", row.assignment)
        #expect(outcome.status == CommandStatus.usage.rawValue, "\(row.assignment): \(outcome.transcript)")
        #expect(outcome.output == "", "\(row.assignment)")
        #expect(outcome.error.hasPrefix("merops: error: \(row.message)"), "\(outcome.error)")
      }
      let good = try await CommandProcess.run(
        "run", object, "--set", "name=@@seven", "--set", "small=0xff", "--set", "flag=true", "--set", "color=GREEN",
        "--set", "numbers[2]=-7", "--set", "pointer=@there")
      #expect(good.status == 0, "\(good.error)")
      for line in [
        #"name = "@seven""#, "small = 255", "flag = true", "color = GREEN", "numbers = [0, 0, -7, 0]",
        "pointer = 0x555500000000",
      ] {
        #expect(good.output.contains(line), "\(good.output)")
      }
    }
  }

  @Test("wrong options say what would be right")
  func options() async throws {
    let rows: [(arguments: [String], message: String)] = [
      (["--program", "simple"], "there is no program 'simple'; the object has sample"),
      (["--nmi", "0"], "'--nmi' takes 1 to 100000, not 0"),
      (["--nmi", "x"], "the value 'x' is invalid for '--nmi <n>'"),
      (["--cpus", "0"], "'--cpus' takes 1 to 256, not 0"),
      (["--period", "5 apples"], "the value '5 apples' is invalid for '--period <time>'"),
      (["--block", "reed"], "'--block reed': there is no such system call"),
      (["--argument", "x"], "'--argument x': give a number, or @ and a text"),
      (["--packet", "0"], "the packet has an odd number of hexadecimal digits"),
      (["--context", "0"], "the context has an odd number of hexadecimal digits"),
      (
        ["--mcpu", "v9"],
        "the value 'v9' is invalid for '--mcpu <mcpu>'. Please provide one of 'v1', 'v2', 'v3' or 'v4'"
      ),
      (["--resident", "--nonresident"], "value to be set with flag '--nonresident' had already been set"),
    ]
    for row in rows {
      let outcome = try await Self.run(Self.sampling, row.arguments)
      #expect(outcome.status == CommandStatus.usage.rawValue, "\(row.arguments): \(outcome.transcript)")
      #expect(outcome.output == "", "\(row.arguments)")
      #expect(outcome.error.hasPrefix("merops: error: \(row.message)"), "\(outcome.error)")
    }
  }

  @Test("source that does not compile is told with clang's words, and a clang that is missing or unable by its path")
  func compilation() async throws {
    try await Fixture.withFolder { folder in
      let source = try folder.write("int broken = ;\n", as: "broken.bpf.c")
      let broken = try await CommandProcess.run("run", source)
      #expect(broken.status == CommandStatus.compilation.rawValue, "\(broken.transcript)")
      #expect(broken.output == "")
      #expect(broken.error.contains("broken.bpf.c:1:14: error: expected expression"), "\(broken.error)")
      #expect(broken.error.hasSuffix("merops: error: '\(source)' was not compiled\n"), "\(broken.error)")

      let missing = try await CommandProcess.run("run", source, "--clang", folder.path("clang"))
      #expect(missing.status == CommandStatus.compilation.rawValue)
      #expect(missing.error.contains("no clang was found"), "\(missing.error)")
      #expect(missing.error.contains(folder.path("clang")))

      let unable = try await CommandProcess.run("run", source, "--clang", "/bin/true")
      #expect(unable.status == CommandStatus.compilation.rawValue)
      #expect(unable.error.contains("/bin/true cannot compile for BPF"), "\(unable.error)")

      let object = try folder.write("no object", as: "none.o")
      let other = try await CommandProcess.run("run", object)
      #expect(other.status == CommandStatus.input.rawValue)
      #expect(other.error.hasPrefix("merops: error: cannot open '\(object)': offset 0x0: this is not an ELF file"))
    }
  }

  @Test("a program that the engine refuses is told by name, and the others run all the same")
  func refusal() async throws {
    let outcome = try await Self.run(
      """
      static long (*missing)(void) = (void *) 205;
      __attribute__((section("perf_event"), used)) int first(void *ctx) { return missing(); }
      __attribute__((section("perf_event"), used)) int second(void *ctx) { return 7; }
      __attribute__((section("tp/sched/sched_waking"), used)) int third(void *ctx) { return 0; }
      __attribute__((section("lsm/file_open"), used)) int fourth(void *ctx) { return 0; }
      """)
    #expect(outcome.status == CommandStatus.load.rawValue, "\(outcome.transcript)")
    #expect(outcome.output.contains("second returned 7"), "\(outcome.output)")
    let lines = outcome.error.split(separator: "\n").map(String.init)
    #expect(lines.count == 3, "\(outcome.error)")
    #expect(
      lines.first?.hasPrefix("merops: error: cannot load program 'first' at instruction 0: it calls helper") == true)
    #expect(lines.dropFirst().first?.contains("the simulated kernel has no tracepoint 'sched/sched_waking'") == true)
    #expect(lines.last?.contains("cannot make program 'fourth' in section 'lsm/file_open' run") == true)
  }

  @Test(
    "a program that Linux would refuse is status 5, with the finding, and runs with '--unverified' until it is stopped")
  func fault() async throws {
    let source = """
      __attribute__((section("perf_event"), used)) int wild(void *ctx) {
        return *(volatile int *) 0x1234;
      }
      """
    let refused = try await Self.run(source)
    #expect(refused.status == CommandStatus.load.rawValue, "\(refused.transcript)")
    for part in ["R1 is a number here and is used as a pointer", "(instruction 1, program wild)", "'--unverified'"] {
      #expect(refused.error.contains(part), "\(refused.transcript)")
    }
    let outcome = try await Self.run(source, ["--unverified"])
    #expect(outcome.status == CommandStatus.failed.rawValue, "\(outcome.transcript)")
    #expect(outcome.output.contains("fault: "), "\(outcome.output)")
    #expect(outcome.output.contains("invalid read of 4 bytes at 0x1234"), "\(outcome.output)")
  }

  @Test("the negative result of a syscall program is status 1, that of others is theirs")
  func negativeResult() async throws {
    let asked = try await Self.run("__attribute__((section(\"syscall\"), used)) int no(void *ctx) { return -16; }")
    #expect(asked.status == CommandStatus.failed.rawValue, "\(asked.transcript)")
    #expect(asked.output.contains("no returned -16 (EBUSY)"), "\(asked.output)")
    let sampled = try await Self.run("__attribute__((section(\"perf_event\"), used)) int no(void *ctx) { return -16; }")
    #expect(sampled.status == 0, "\(sampled.transcript)")
  }

  @Test("an object without programs, or with none that is loaded by default, says what to do")
  func noPrograms() async throws {
    let empty = try await Self.run("int nothing;")
    #expect(empty.status == CommandStatus.usage.rawValue)
    #expect(empty.error.hasPrefix("merops: error: the object has no programs: each needs a section"), "\(empty.error)")
    let optional = "__attribute__((section(\"?perf_event\"), used)) int later(void *ctx) { return 3; }"
    let unnamed = try await Self.run(optional)
    #expect(unnamed.status == CommandStatus.usage.rawValue)
    #expect(unnamed.error.contains("no program is loaded by default; name one with '--program': later"))
    let named = try await Self.run(optional, ["--program", "later"])
    #expect(named.status == 0)
    #expect(named.output.contains("later returned 3"))
  }

  @Test(
    "Ctrl-C while clang works ends with status 130, and neither clang nor its folder stays behind",
    .timeLimit(.minutes(10)))
  func interruption() async throws {
    try await Fixture.withFolder { folder in
      // A clang that never ends, and says when it has begun.
      let clang = try folder.write(
        """
        #!/bin/sh
        if [ "$1" = -print-targets ]; then echo "    bpf - BPF"; exit 0; fi
        echo $$ > "\(folder.path("begun"))"
        exec sleep 100
        """, as: "clang")
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: clang)
      let source = try folder.write("int x;\n", as: "x.bpf.c")
      let temporary = folder.url.appending(path: "temporary")
      try FileManager.default.createDirectory(at: temporary, withIntermediateDirectories: true)
      let result = try await Subprocess.run(
        .path(FilePath(CommandProcess.path)), arguments: ["run", source, "--clang", clang],
        environment: .inherit.updating(["TMPDIR": temporary.path]), input: .none, output: .discarded, error: .discarded
      ) { process in
        while !FileManager.default.fileExists(atPath: folder.path("begun")) {
          try await Task.sleep(for: .milliseconds(10))
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: temporary.path).count == 1)
        try process.send(signal: .interrupt)
      }
      #expect(result.terminationStatus == .exited(130))
      #expect(try FileManager.default.contentsOfDirectory(atPath: temporary.path).isEmpty)
      let text = try String(contentsOfFile: folder.path("begun"), encoding: .utf8)
      let pid = try #require(Int32(text.trimmingCharacters(in: .whitespacesAndNewlines)))
      #expect(kill(pid, 0) == -1, "clang still runs")
    }
  }

  @Test("Ctrl-C in a long run ends it with status 130, and says how far it came", .timeLimit(.minutes(5)))
  func interruptionOfRun() async throws {
    try await Fixture.withFolder { folder in
      let path = try await folder.compile(
        "__attribute__((section(\"perf_event\"))) int sample(void *context) { return 0; }", as: "sample")
      // More than a pipe holds: when it is written, the process reads, and so watches for signals.
      let object = try Data(contentsOf: URL(filePath: path)) + Data(count: 1 << 18)
      let (process, input, error) = (Process(), Pipe(), Pipe())
      process.executableURL = URL(filePath: CommandProcess.path)
      process.arguments = ["run", "-", "--nmi", "100000", "--no-timeline"]
      process.standardInput = input
      process.standardOutput = FileHandle.nullDevice
      process.standardError = error
      try process.run()
      try input.fileHandleForWriting.write(contentsOf: object)
      process.interrupt()
      try input.fileHandleForWriting.close()
      let text = try String(decoding: error.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
      process.waitUntilExit()
      #expect(process.terminationReason == .exit && process.terminationStatus == 130)
      #expect(text.hasPrefix("merops: error: 'sample' was interrupted after "), "\(text)")
      #expect(text.contains(" of 100000 events"), "\(text)")
    }
  }
}
