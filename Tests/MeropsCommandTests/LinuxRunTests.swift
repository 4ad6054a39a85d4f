import Foundation
import Merops
import MeropsCommand
import Subprocess
import Testing

@Suite("merops run --engine linux", .serialized, .timeLimit(.minutes(10)))
struct LinuxRunTests {
  private static let canRun: Bool = {
    let kernel = LinuxKernel()
    return Fixture.hasCompiler && kernel.has(.taskWork) == .yes && kernel.has(.softwareEvents) == .yes
      && kernel.has(.syscallPrograms) == .yes
  }()

  private static let reason: Comment = "needs Linux 6.18 with the right to load programs, and clang"

  private static let example = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Examples/task_work.bpf.c").path

  private static let workload = """
    #include <stdio.h>
    #include <stdlib.h>
    const char greeting[] = "hello from the target";
    int main(int count, char **arguments) {
      volatile unsigned long sum = 0;
      unsigned long rounds = count > 1 ? strtoul(arguments[1], NULL, 0) : 100000000;
      for (unsigned long index = 0; index < rounds; index++) sum += index;
      puts("the workload's own words");
      return count > 2 ? atoi(arguments[2]) : 0;
    }
    """

  private static let programs = """
    #include <vmlinux.h>
    #include <bpf/bpf_helpers.h>
    #include <bpf/bpf_tracing.h>
    char LICENSE[] SEC("license") = "GPL";
    __u64 faults, calls, functions, runs;
    const volatile __u64 address;
    __u64 copy;
    SEC("perf_event") int on_event(void *context) { __sync_fetch_and_add(&faults, 1); copy = address; return 0; }
    SEC("raw_tp/sys_enter") int on_exit(void *context) { __sync_fetch_and_add(&calls, 1); return 0; }
    SEC("uprobe/libc.so.6:puts") int on_puts(void *context) { __sync_fetch_and_add(&functions, 1); return 0; }
    SEC("?syscall") int once(__u32 *context) { runs += *context; *context = 9; return 3; }
    SEC("?syscall") int negative(__u32 *context) { return -5; }
    SEC("?iter/task") int tasks(struct bpf_iter__task *context) {
      struct task_struct *task = context->task;
      if (task && task->pid == (int)(bpf_get_current_pid_tgid() >> 32))
        BPF_SEQ_PRINTF(context->meta->seq, "the reader itself\\n");
      return 0;
    }
    SEC("?xdp") int express(struct xdp_md *context) { return XDP_PASS; }
    SEC("?syscall") int bad(__u32 *context) { return *(__u32 *)0; }
    """

  /// A workload and a source with programs, in a folder.
  private func withFiles<Result>(_ body: (_ workload: String, _ source: String) async throws -> Result) async throws
    -> Result
  {
    try await Fixture.withFolder { folder in
      let source = try folder.write(Self.workload, as: "workload.c")
      let built = try await Subprocess.run(
        .name("clang"), arguments: ["-O1", source, "-o", folder.path("workload")], output: .discarded,
        error: .string(limit: 1 << 16))
      try #require(built.terminationStatus.isSuccess, "\(built.standardError)")
      return try await body(folder.path("workload"), try folder.write(Self.programs, as: "programs.bpf.c"))
    }
  }

  private func run(_ arguments: [String]) async throws -> CommandProcess.Outcome {
    try await CommandProcess.run(["run", "--engine", "linux"] + arguments, input: [])
  }

  @Test(
    "a task-work program copies a string of a running command, whose output stays its own", .enabled(if: canRun, reason)
  )
  func greeting() async throws {
    try await withFiles { workload, _ in
      let arguments = [Self.example, "--program", "oncpu_hash_map", "--set", "user_ptr=&greeting", "--hz", "499"]
      let text = try await run(arguments + ["--", workload])
      #expect(text.status == 0, "\(text.transcript)")
      #expect(text.output.hasPrefix("the workload's own words\n"))
      for part in [
        "cpu-clock at 499 Hz of process ", "exited with status 0", "hash_map (hash, 1 of 1)",
        "[0] = {data: \"hello from the target\", work: <bpf_task_work>}", "user_ptr = 0x",
      ] {
        #expect(text.output.contains(part), "\(part) in \(text.transcript)")
      }
      let failing = try await run(arguments + ["--json", "--", workload, "50000000", "3"])
      #expect(failing.status == 1)
      let document = String(failing.output.dropFirst("the workload's own words\n".count))
      let report = try JSONDecoder().decode(LinuxDocument.self, from: Data(document.utf8))
      #expect(report.engine == "linux")
      #expect(report.command?.exitStatus == 3)
      #expect(report.maps.first?.name == "hash_map")
      #expect(report.programs.first?.place.hasPrefix("cpu-clock") == true)
    }
  }

  /// What the tests read of the document.
  private struct LinuxDocument: Decodable {
    struct Program: Decodable {
      var name: String
      var place: String
      var result: Int?
      var context: String?
      var text: String?
    }
    struct Command: Decodable {
      var pid: Int
      var exitStatus: Int?
      var signal: Int?
    }
    struct Map: Decodable { var name: String }
    var engine: String
    var programs: [Program]
    var command: Command?
    var maps: [Map]
  }

  @Test(
    "nothing of a command is missed, and each program is attached to what its section says",
    .enabled(if: canRun, reason))
  func sections() async throws {
    try await withFiles { workload, source in
      let all = try await run([
        source, "--event", "page-faults", "--set", "address=&libc.so.6:puts", "--", workload, "1",
      ])
      #expect(all.status == 0, "\(all.transcript)")
      for part in [
        "each of page-faults of process", "raw_tp/sys_enter", "uprobe/libc.so.6:puts", "calls = ",
        "functions = 1\n", "faults = ", "copy = ",
      ] {
        #expect(all.output.contains(part), "\(part) in \(all.transcript)")
      }
      // Page faults of the dynamic loader are seen as well when no library has to be waited for.
      func faults(_ text: String) throws -> Int {
        let line = try #require(text.split(separator: "\n").first { $0.contains("faults = ") })
        return try #require(line.split(separator: " ").last.flatMap { Int($0) })
      }
      let whole = try await run(
        [source, "--program", "on_event", "--event", "page-faults", "--set", "address=&greeting", "--", workload, "1"])
      #expect(try faults(whole.output) > faults(all.output), "\(whole.transcript)")
      let once = try await run([source, "--program", "once", "--context", "05000000"])
      #expect(once.status == 0, "\(once.transcript)")
      #expect(once.output.contains("run once: returned 3") && once.output.contains("runs = 5"), "\(once.transcript)")
      let negative = try await run([source, "--program", "negative", "--context", "05000000"])
      #expect(negative.status == 1, "\(negative.transcript)")
      let tasks = try await run([source, "--program", "tasks"])
      #expect(tasks.status == 0 && tasks.output.contains("the reader itself"), "\(tasks.transcript)")
    }
  }

  private typealias Refusal = (arguments: [String], status: CommandStatus, text: String)

  @Test("what cannot be done ends in an error that says why, and what to do", .enabled(if: canRun, reason))
  func failures() async throws {
    try await withFiles { workload, source in
      let rows: [Refusal] = [
        ([source, "--", "merops-no-such-command"], .input, "there is no such program"),
        ([source, "--", "/tmp"], .input, "it may not be executed"),
        ([source, "--pid", "4194304"], .input, "there is no such process or thread"),
        ([source, "--set", "address=&greting", "--", workload], .usage, "did you mean 'greeting'?"),
        ([source, "--set", "address=&greeting"], .usage, "'--pid'"),
        (
          [source, "--set", "address=@hello", "--", workload], .usage, "puts no texts into the memory of a real process"
        ),
        ([source, "--set", "nothing=&greeting", "--", workload], .usage, "nothing"),
        ([source, "--nmi", "3"], .usage, "'--nmi' is for the simulated engine only"),
        ([source, "--hz", "5", "--period", "5"], .usage, "not both"),
        ([source, "--pid", "1", "--", workload], .usage, "give one of"),
        ([source, "--program", "express", "--", workload], .load, "'--interface'"),
        ([source, "--program", "express", "--interface", "merops0"], .load, "there is no such network interface"),
        ([source, "--program", "bad"], .load, "BPF_PROG_LOAD"),
        ([source, "--program", "bad", "--log"], .load, "R0 !read_ok\nprocessed 1 insns"),
        ([source, "--event", "page-faults", "--hz", "99999999", "--", workload], .load, "perf_event_max_sample_rate"),
      ]
      for (arguments, status, text) in rows {
        let outcome = try await run(arguments)
        #expect(outcome.status == status.rawValue, "\(arguments.dropFirst()): \(outcome.transcript)")
        #expect(outcome.error.contains(text), "\(text) in \(outcome.transcript)")
        #expect(!outcome.output.contains("own words"))
      }
      let simulated = try await CommandProcess.run("run", source, "--set", "address=&greeting")
      #expect(simulated.status == CommandStatus.usage.rawValue && simulated.error.contains("--engine linux"))
      let other = try await CommandProcess.run("run", source, "--hz", "5")
      #expect(other.status == CommandStatus.usage.rawValue && other.error.contains("'--hz'"))
    }
  }

  /// The identifiers of the kernel's programs of a name, and of the links to them.
  private func remains(of name: String) throws -> (programs: Int, links: Int) {
    let kernel = LinuxKernel()
    let programs = try kernel.programIdentifiers().filter {
      (try? kernel.programInformation(identifier: $0))?.name == name
    }
    let links = try kernel.linkIdentifiers().filter {
      (try? kernel.linkInformation(identifier: $0)).map { programs.contains($0.program) } ?? false
    }
    return (programs.count, links.count)
  }

  @Test(
    "whatever signal ends the command line, nothing of it stays behind, and interrupted it still tells what there is",
    .enabled(if: canRun, reason))
  func signals() async throws {
    let name = "sig\(UInt32.random(in: 0..<1 << 30))"
    try await Fixture.withFolder { folder in
      let source = try folder.write(
        """
        #include <vmlinux.h>
        #include <bpf/bpf_helpers.h>
        char LICENSE[] SEC("license") = "GPL";
        __u64 seen;
        SEC("raw_tp/sys_enter") int \(name)(void *context) { seen = 77; return 0; }
        """, as: "signals.bpf.c")
      for (signal, status) in [(SIGINT, 130), (SIGTERM, 130), (SIGKILL, 128 + 9)] as [(Int32, Int32)] {
        let process = Process()
        process.executableURL = URL(filePath: CommandProcess.path)
        process.arguments = ["run", "--engine", "linux", source, "--", "sleep", "1000"]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        try await eventually("the program is attached") { try remains(of: name).links == 1 }
        var child: Int32 = 0
        try await eventually("the target runs") {
          let path = "/proc/\(process.processIdentifier)/task"
          let threads = try FileManager.default.contentsOfDirectory(atPath: path)
          let children = threads.compactMap {
            try? String(contentsOfFile: "\(path)/\($0)/children", encoding: .utf8)
          }
          child = children.joined(separator: " ").split(separator: " ").compactMap { Int32($0) }.first ?? 0
          return child > 0
            && (try? String(contentsOfFile: "/proc/\(child)/cmdline", encoding: .utf8))?.hasPrefix("sleep") == true
        }
        kill(process.processIdentifier, signal)
        process.waitUntilExit()
        let code =
          process.terminationReason == .uncaughtSignal ? 128 + process.terminationStatus : process.terminationStatus
        #expect(code == status, "signal \(signal)")
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        #expect(text.contains("seen = 77") == (signal != SIGKILL), "signal \(signal): \(text)")
        try await eventually("the program is gone") { try remains(of: name) == (0, 0) }
        try await eventually("the target is gone") { kill(child, 0) != 0 }
      }
    }
  }
}
