import Foundation
import Merops
import MeropsCommand
import Subprocess
import Testing

#if canImport(Glibc)
  import Glibc
#endif

/// What `merops run --engine linux` counts, and where: each counter on a process and on a thread that run already.
@Suite("Targets of merops run --engine linux", .serialized, .timeLimit(.minutes(10)))
struct LinuxTargetTests {
  private static let canRun: Bool = {
    let kernel = LinuxKernel()
    return Fixture.hasCompiler && kernel.has(.mapCreation) == .yes && kernel.has(.softwareEvents) == .yes
  }()

  private static let reason: Comment = "needs Linux with the right to load programs, and clang"

  private static let workload = """
    #include <pthread.h>
    #include <sys/mman.h>
    #include <unistd.h>
    static void *work(void *unused) {
      volatile unsigned long sum = 0;
      for (;;) {
        for (int index = 0; index < 1000000; index++) sum += index;
        char *page = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        *page = 1;
        munmap(page, 4096);
        usleep(500);
      }
    }
    int main(void) {
      pthread_t thread;
      pthread_create(&thread, 0, work, 0);
      work(0);
    }
    """

  private static let program = """
    #define SEC(name) __attribute__((section(name), used))
    typedef unsigned long long u64;
    char LICENSE[] SEC("license") = "GPL";
    const volatile unsigned wanted;
    u64 hits, processes, threads;
    static u64 (*const current)(void) = (void *)14;
    SEC("perf_event") int on_event(void *context) {
      u64 numbers = current();
      __sync_fetch_and_add(&hits, 1);
      if (numbers >> 32 == wanted) __sync_fetch_and_add(&processes, 1);
      if ((unsigned)numbers == wanted) __sync_fetch_and_add(&threads, 1);
      return 0;
    }
    """

  /// The variables of the program after a run.
  private static func counts(_ output: String) -> [String: Int] {
    var counts: [String: Int] = [:]
    for line in output.split(separator: "\n") {
      let words = line.split(separator: " ")
      if words.count == 3, words[1] == "=" { counts[String(words[0])] = Int(words[2]) }
    }
    return counts
  }

  @Test(
    "each counter counts what it says, of a process with all its threads or of one thread, and of nothing else",
    .enabled(if: canRun, reason))
  func counters() async throws {
    try await Fixture.withFolder { folder in
      let source = try folder.write(Self.workload, as: "workload.c")
      let built = try await Subprocess.run(
        .name("clang"), arguments: ["-O1", "-pthread", source, "-o", folder.path("workload")], output: .discarded,
        error: .string(limit: 1 << 16))
      try #require(built.terminationStatus.isSuccess, "\(built.standardError)")
      let object = try await folder.compile(Self.program, as: "counting.bpf")
      let target = try TargetProcess.start([folder.path("workload")])
      defer { target.send(signal: 9) }
      try target.release()
      let rows: [([String], isThread: Bool)] = [
        (["--event", "cpu-clock", "--hz", "999", "--pid"], false),
        (["--event", "task-clock", "--period", "1000000", "--pid"], false),
        (["--event", "page-faults", "--pid"], false), (["--event", "context-switches", "--pid"], false),
        (["--event", "task-clock", "--hz", "999", "--tid"], true), (["--event", "page-faults", "--tid"], true),
      ]
      for (options, isThread) in rows {
        var isSeen = false
        // How long it takes until each thread has run is the scheduler's business.
        for duration in ["300ms", "2s", "10s", "60s"] where !isSeen {
          let outcome = try await CommandProcess.run(
            ["run", "--engine", "linux", object, "--set", "wanted=\(target.identifier)", "--duration", duration]
              + options
              + ["\(target.identifier)"], input: [])
          #expect(outcome.status == 0, "\(options): \(outcome.transcript)")
          let counts = Self.counts(outcome.output)
          let (hits, processes, threads) = (counts["hits"] ?? 0, counts["processes"] ?? 0, counts["threads"] ?? 0)
          #expect(processes == hits && (threads == hits || !isThread), "\(options): \(outcome.transcript)")
          isSeen = threads > 0 && (isThread || threads < hits)
        }
        #expect(isSeen, "\(options)")
      }
      // On one CPU of the process's.
      let one = try await CommandProcess.run(
        [
          "run", "--engine", "linux", object, "--set", "wanted=\(target.identifier)", "--duration", "500ms", "--event",
          "task-clock", "--hz", "999", "--cpu", "0", "--pid", "\(target.identifier)",
        ], input: [])
      let counts = Self.counts(one.output)
      #expect(one.status == 0 && counts["processes"] == counts["hits"], "\(one.transcript)")
      let cycles = try await CommandProcess.run(
        [
          "run", "--engine", "linux", object, "--event", "cycles", "--duration", "100ms", "--pid",
          "\(target.identifier)",
        ],
        input: [])
      let hasCycles = LinuxFeature.all.first { $0.name == "cycles" }.map { LinuxKernel().has($0) == .yes } ?? false
      #expect((cycles.status == 0) == hasCycles, "\(cycles.transcript)")
      if !hasCycles {
        #expect(cycles.error.contains("the software clock cpu-clock is always there"), "\(cycles.transcript)")
      }
    }
  }
}
