import Foundation
import Merops
import MeropsCommand
import Subprocess
import Testing

/// The Linux engine in a process that may have little.
@Suite("Limits of a process", .serialized, .timeLimit(.minutes(10)))
struct LinuxLimitTests {
  private static let canRun: Bool = {
    let kernel = LinuxKernel()
    return Fixture.hasCompiler && kernel.has(.mapCreation) == .yes && kernel.has(.softwareEvents) == .yes
  }()

  private static let reason: Comment = "needs Linux with the right to load programs, and clang"

  /// Runs an object with a program, three maps and a command, under a limit of the shell's.
  private func run(_ object: String, under limit: String) async throws -> CommandProcess.Outcome {
    let result = try await Subprocess.run(
      .name("sh"),
      arguments: [
        "-c", "\(limit); exec \"$@\"", "sh", CommandProcess.path, "run", "--engine", "linux", object, "--", "true",
      ], input: .none, output: .string(limit: 1 << 20), error: .string(limit: 1 << 20))
    let status: Int32 =
      switch result.terminationStatus {
      case .exited(let code): code
      case .signaled(let number): 128 + number
      }
    return CommandProcess.Outcome(status: status, output: result.standardOutput, error: result.standardError)
  }

  private func withObject<Result>(_ body: (_ object: String, _ program: String) async throws -> Result) async throws
    -> Result
  {
    let name = "lim\(UInt32.random(in: 0..<1 << 30))"
    return try await Fixture.withFolder { folder in
      let path = try await folder.compile(
        """
        #define SEC(name) __attribute__((section(name), used))
        char LICENSE[] SEC("license") = "GPL";
        unsigned long long seen;
        struct { int (*type)[1]; int (*max_entries)[8]; unsigned *key; unsigned long long *value; }
          one SEC(".maps"), other SEC(".maps");
        static void *(*const lookup)(void *map, const void *key) = (void *)1;
        SEC("perf_event") int \(name)(void *context) {
          unsigned key = 0;
          unsigned long long *value = lookup(&one, &key);
          if (!value) value = lookup(&other, &key);
          seen += value ? *value : 1;
          return 0;
        }
        """, as: "limits")
      return try await body(path, name)
    }
  }

  /// How many programs of the name the kernel has, whoever has loaded them.
  private func remains(of name: String) throws -> Int {
    let kernel = LinuxKernel()
    return try kernel.allPrograms().count { $0.name == String(name.prefix(15)) }
  }

  @Test(
    "with few descriptors a run succeeds or says that there are too few, and nothing stays behind",
    .enabled(if: canRun, reason))
  func descriptors() async throws {
    try await withObject { object, name in
      var statuses: Set<Int32> = []
      for count in [5, 8, 10, 12, 14, 16, 18, 20, 24, 64] {
        let outcome = try await run(object, under: "ulimit -n \(count)")
        statuses.insert(outcome.status)
        #expect(outcome.status < 128, "\(count): \(outcome.transcript)")
        if outcome.status != 0 {
          #expect(
            outcome.error.contains("ulimit -n") || outcome.error.lowercased().contains("too many open files"),
            "\(count): \(outcome.transcript)")
        }
      }
      #expect(statuses.contains(0) && statuses.count > 1, "\(statuses)")
      try await eventually("the programs are gone") { try remains(of: name) == 0 }
    }
  }

  @Test(
    "locked memory is not what maps are counted as since Linux 5.11",
    .enabled(if: canRun && (try? LinuxKernel().version()).map { $0 >= LinuxVersion(5, 11) } ?? false, reason))
  func lockedMemory() async throws {
    try await withObject { object, _ in
      let outcome = try await run(object, under: "ulimit -l 0")
      #expect(outcome.status == 0, "\(outcome.transcript)")
    }
  }
}
