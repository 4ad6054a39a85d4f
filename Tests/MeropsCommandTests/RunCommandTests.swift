import Foundation
import Merops
import MeropsCommand
import Testing

@Suite(.enabled(if: Fixture.hasCompiler, "no clang with the BPF target"))
struct RunCommandTests {
  private static let example = Repository.path("Examples/task_work.bpf.c")

  /// A text without what depends on the compiler's version: times and counts of instructions, and widths of columns.
  static func essence(of text: String) -> [String] {
    text.split(separator: "\n").map { line in
      String(line).replacing(#/\d+ instructions/#, with: "N instructions")
        .replacing(#/^ +\d+\.\d{3} +/#, with: "  T  ").replacing(#/ {2,}/#, with: "  ")
    }
  }

  @Test("the example's three programs hand the user's string on to a callback, and the timeline tells how")
  func example() async throws {
    let outcome = try await CommandProcess.run("run", Self.example, "--set", "user_ptr=@hello world")
    #expect(outcome.status == 0, "\(outcome.error)")
    #expect(outcome.error == "")
    func expected(_ program: String, _ map: String, _ type: String, _ mode: String) -> String {
      """
      \(program) (SEC("perf_event"), N instructions)
        time (µs)  CPU  context  thread  event
        T  0  user  app/1000  runs
        T  0  NMI  app/1000  interrupt
        T  0  NMI  app/1000  │ schedule \(map)[0] on app/1000, \(mode): 0
        T  0  NMI  app/1000  │ \(program) returned 0 after N instructions
        T  0  irq  app/1000  interrupt
        T  0  irq  app/1000  │ \(map)[0] attached to app/1000
        T  0  task  app/1000  callback process_work for \(map)[0]
        T  0  task  app/1000  │ page fault at 0x555500000000, brought in
        T  0  task  app/1000  │ bpf_copy_from_user_str from 0x555500000000: 12
        T  0  task  app/1000  └ returned 0
        \(map) (\(type), 1 of 1)
        [0] = {data: "hello world", work: <bpf_task_work>}
        .bss (array)
        user_ptr = 0x555500000000

      """
    }
    let text =
      expected("oncpu_hash_map", "hash_map", "hash", "resume")
      + expected("oncpu_array_map", "array_map", "array", "signal")
      + expected("oncpu_lru_map", "lru_map", "lru_hash", "resume")
    #expect(Self.essence(of: outcome.output) == text.split(separator: "\n").map(String.init), "\(outcome.output)")
  }

  @Test("the JSON document has the same events and the decoded maps")
  func json() async throws {
    let outcome = try await CommandProcess.run(
      "run", Self.example, "--set", "user_ptr=@hello world", "--program", "oncpu_hash_map", "--json")
    #expect(outcome.status == 0, "\(outcome.error)")
    let report = try JSONDecoder().decode(RunReport.self, from: Data(outcome.output.utf8))
    #expect(report.programs.map(\.name) == ["oncpu_hash_map"])
    let program = try #require(report.programs.first)
    #expect(program.section == "perf_event")
    #expect(
      program.timeline.map(\.event) == [
        "switchedTo", "interruptEntered", "scheduled", "programRan", "interruptLeft", "interruptEntered", "attached",
        "interruptLeft", "callbackEntered", "pageFault", "copiedFromUser", "callbackLeft",
      ])
    #expect(program.timeline.map(\.time) == program.timeline.map(\.time).sorted())
    let scheduled = try #require(program.timeline.first { $0.event == "scheduled" })
    #expect(scheduled.context == "nmi")
    #expect(scheduled.map == "hash_map")
    #expect(scheduled.key == .integer(0))
    #expect(scheduled.mode == "resume")
    #expect(scheduled.target?.pid == 1000)
    #expect(scheduled.result == 0)
    let map = try #require(program.maps.first)
    #expect(map.name == "hash_map")
    #expect(map.elements.first?.value == .object(["data": .text("hello world"), "work": .null]))
    #expect(program.faults.isEmpty)
    #expect(program.error == nil)
  }

  @Test("the same command line gives the same output, to the last byte")
  func determinism() async throws {
    let arguments = ["run", Self.example, "--set", "user_ptr=@x", "--nmi", "3", "--period", "10us", "--json"]
    let first = try await CommandProcess.run(arguments, input: [])
    let second = try await CommandProcess.run(arguments, input: [])
    #expect(first.status == 0)
    #expect(first.output == second.output)
  }

  @Test("a request by signal wakes the task from a blocking call, one by resume waits for the call's end")
  func blocking() async throws {
    for (program, isWoken) in [("oncpu_array_map", true), ("oncpu_hash_map", false)] {
      let outcome = try await CommandProcess.run(
        "run", Self.example, "--set", "user_ptr=@hello", "--block", "read", "--program", program)
      #expect(outcome.status == 0, "\(outcome.error)")
      let text = outcome.output
      let sleep = try #require(text.range(of: "sleeps"), "\(text)")
      let callback = try #require(text.range(of: "callback process_work"), "\(text)")
      let end = try #require(text.range(of: "└ returned 0", options: .backwards), "\(text)")
      #expect(sleep.upperBound < callback.lowerBound, "\(text)")
      #expect(text.contains("read starts again") == isWoken, "\(text)")
      if isWoken {
        #expect(callback.upperBound < end.lowerBound, "\(text)")
      } else {
        // The call returns first; the callback's own end is the last.
        let returned = try #require(text.range(of: "└ returned 0"), "\(text)")
        #expect(returned.upperBound < callback.lowerBound, "\(text)")
      }
      #expect(text.contains(#"data: "hello""#))
    }
  }

  @Test("a resident string needs no page fault")
  func residency() async throws {
    let arguments = ["run", Self.example, "--set", "user_ptr=@hello", "--program", "oncpu_lru_map"]
    let resident = try await CommandProcess.run(arguments + ["--resident"], input: [])
    #expect(resident.output.contains(#"data: "hello""#), "\(resident.transcript)")
    #expect(!resident.output.contains("page fault"))
    let other = try await CommandProcess.run(arguments + ["--nonresident"], input: [])
    #expect(other.output.contains("page fault"))
  }

  @Test("the event happens as often as it should, a period apart, and no timeline is printed when none is wanted")
  func repetition() async throws {
    let arguments = ["run", Self.example, "--set", "user_ptr=@hello", "--program", "oncpu_array_map"]
    let outcome = try await CommandProcess.run(arguments + ["--nmi", "3", "--period", "2ms", "--json"], input: [])
    let report = try JSONDecoder().decode(RunReport.self, from: Data(outcome.output.utf8))
    let times = report.programs[0].timeline.filter { $0.context == "nmi" && $0.event == "interruptEntered" }
      .map(\.time)
    #expect(times.count == 3)
    #expect(zip(times, times.dropFirst()).allSatisfy { $1 - $0 >= 2_000_000 })
    let quiet = try await CommandProcess.run(arguments + ["--no-timeline"], input: [])
    #expect(!quiet.output.contains("time (µs)"))
    #expect(quiet.output.contains(#"[0] = {data: "hello", work: <bpf_task_work>}"#))
  }

  @Test("source and objects come on standard input as well, and are told apart by what they contain")
  func standardInput() async throws {
    let source = try [UInt8](Data(contentsOf: URL(filePath: Self.example)))
    let arguments = ["run", "-", "--set", "user_ptr=@hello", "--program", "oncpu_hash_map", "--no-timeline"]
    let compiled = try await CommandProcess.run(arguments, input: source)
    #expect(compiled.status == 0, "\(compiled.error)")
    #expect(compiled.output.contains(#"data: "hello""#))
    try await Fixture.withFolder { folder in
      let object = try await folder.compile(
        """
        int count;
        __attribute__((section("perf_event"), used)) int sample(void *ctx) { count++; return 0; }
        char _license[] __attribute__((section("license"), used)) = "GPL";
        """, as: "count.bpf")
      let bytes = try [UInt8](Data(contentsOf: URL(filePath: object)))
      let outcome = try await CommandProcess.run(["run", "-", "--nmi", "5"], input: bytes)
      #expect(outcome.status == 0, "\(outcome.error)")
      #expect(outcome.output.contains("count = 5"), "\(outcome.output)")
    }
  }

  @Test("a program on packets tells its verdict, and what it has made of the packet")
  func packets() async throws {
    let example = Repository.path("Examples/count_packets.bpf.c")
    let passed = try await CommandProcess.run("run", example)
    #expect(passed.status == 0, "\(passed.error)")
    #expect(passed.output.contains("verdict XDP_PASS, unchanged"), "\(passed.output)")
    #expect(passed.output.contains("CPU 0: [17] = 1"), "\(passed.output)")
    let dropped = try await CommandProcess.run("run", example, "--set", "dropped_port=53", "--json")
    let report = try JSONDecoder().decode(RunReport.self, from: Data(dropped.output.utf8))
    #expect(report.programs.first?.packet?.action == "XDP_DROP")
    #expect(report.programs.first?.packet?.isChanged == false)
    try await Fixture.withFolder { folder in
      let object = try await folder.compile(
        """
        struct xdp_md { unsigned data, data_end; };
        __attribute__((section("xdp"), used)) int swap(struct xdp_md *ctx) {
          unsigned char *data = (void *)(long)ctx->data, first;
          if ((long)data + 14 > ctx->data_end) return 1;
          first = data[0];
          data[0] = data[13];
          data[13] = first;
          return 3;
        }
        """, as: "swap.bpf")
      let file = folder.url.appending(path: "packet")
      try Data([0xaa, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0x42, 0x43]).write(to: file)
      let outcome = try await CommandProcess.run("run", object, "--packet", "@\(file.path)")
      #expect(outcome.status == 0, "\(outcome.error)")
      #expect(outcome.output.contains("verdict XDP_TX\n    0000  42 01 02 03"), "\(outcome.output)")
      #expect(outcome.output.contains("0a 0b 0c aa 43"), "\(outcome.output)")
      let short = try await CommandProcess.run("run", object, "--packet", "00 01")
      #expect(short.status == CommandStatus.load.rawValue, "\(short.transcript)")
    }
  }
}

/// The folder of the package.
enum Repository {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  static func path(_ name: String) -> String { folder.appending(path: name).path }
}
