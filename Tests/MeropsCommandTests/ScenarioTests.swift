import Foundation
import Merops
import Testing

/// What makes a program of each type run.
@Suite(.enabled(if: Fixture.hasCompiler, "no clang with the BPF target"))
struct ScenarioTests {
  /// A program that counts how often it runs, for a section.
  private static func counting(_ section: String) async throws -> ObjectFile {
    try await Fixture.withFolder { folder in
      let path = try await folder.compile(
        """
        int count;
        __attribute__((section("\(section)"), used)) int program(void *ctx) { count++; return 0; }
        char _license[] __attribute__((section("license"), used)) = "GPL";
        """, as: "counting.bpf")
      return try ObjectFile(parsing: [UInt8](Data(contentsOf: URL(filePath: path))))
    }
  }

  private static func count(in run: ScenarioRun) -> BTFValue? {
    run.takeMapContents().first { $0.name == ".bss" }?.elements.first { $0.name == "count" }?.values.first?.value
  }

  @Test("each event makes its program run once, or as often as it happens")
  func events() async throws {
    let sections: [(section: String, perEvent: Int)] = [
      ("perf_event", 1), ("syscall", 1), ("tp/syscalls/sys_enter_openat", 1), ("tracepoint/syscalls/sys_exit_read", 1),
      ("tp/raw_syscalls/sys_enter", 1), ("raw_tp/sys_enter", 1), ("raw_tracepoint/sys_exit", 1),
      ("tp_btf/sys_enter", 1),
      ("tp/sched/sched_process_fork", 1), ("raw_tp/sched_process_exec", 1), ("kprobe/do_unlinkat", 1),
      ("kretprobe/do_unlinkat", 1), ("kprobe/__x64_sys_nanosleep", 1), ("ksyscall/nanosleep", 1),
      ("fentry/do_unlinkat", 1), ("fexit/do_unlinkat", 1),
      ("xdp", 1), ("tc", 1), ("tcx/ingress", 1), ("socket", 1), ("uprobe/libc.so.6:malloc", 1),
      ("uretprobe//bin/bash:readline+8", 1),
      // The task leaves the CPU and comes back.
      ("tp/sched/sched_switch", 2), ("tp_btf/sched_switch", 2),
    ]
    for row in sections {
      let object = try await Self.counting(row.section)
      for eventCount in [1, 3] {
        var scenario = Scenario()
        scenario.eventCount = eventCount
        let run = try scenario.run("program", of: object)
        #expect(Self.count(in: run) == .signed(Int128(row.perEvent * eventCount)), "\(row.section)")
      }
    }
  }

  @Test("a long timeline is given out in pieces with each event once, in order, until no more is wanted")
  func pieces() async throws {
    let object = try await Self.counting("perf_event")
    var scenario = Scenario()
    scenario.eventCount = 6000
    let whole = try scenario.run("program", of: object)
    var pieces: [[TimelineEvent]] = []
    let run = try scenario.run("program", of: object) { piece in
      pieces.append(piece)
      return true
    }
    #expect(pieces.count == 2 && pieces.allSatisfy { $0.count >= 8192 })
    #expect(run.machine.timeline.count < 8192)
    let times = (pieces.joined() + run.machine.timeline).map(\.time)
    #expect(times == whole.machine.timeline.map(\.time))
    let origin = scenario.configuration.startTime
    var text = TimelineText([], origin: origin)
    let plain = (pieces + [run.machine.timeline]).map { piece in
      text.append(piece)
      return text.takeText { _, text in text }
    }
    // The columns do not grow here, so that the pieces are those of the whole text.
    #expect(plain.joined() == TimelineText(whole.machine.timeline, origin: origin).description)

    let ended = try scenario.run("program", of: object) { _ in false }
    #expect(ended.eventCount < 6000 && ended.machine.timeline.count < 20)
    #expect(Self.count(in: ended) == .signed(Int128(ended.eventCount)))
  }

  @Test("a task ends only once")
  func exit() async throws {
    let object = try await Self.counting("tp/sched/sched_process_exit")
    var scenario = Scenario()
    scenario.eventCount = 3
    let run = try scenario.run("program", of: object)
    #expect(Self.count(in: run) == .signed(1))
    #expect(run.task.state == .zombie)
  }

  @Test("an event that the machine does not have is an error that names it")
  func missingEvents() async throws {
    for (section, reason) in [
      ("tp/sched/sched_waking", "no tracepoint 'sched/sched_waking'"),
      ("raw_tp/page_fault", "no tracepoint 'page_fault'"),
      ("tp/syscalls/sys_enter_fly", "no tracepoint 'syscalls/sys_enter_fly'"),
      ("kprobe", "does not say which function"),
      ("tp", "does not say which tracepoint"), ("lsm/file_open", "no events for programs of this type"),
    ] {
      let object = try await Self.counting(section)
      let error = #expect(throws: ScenarioError.self, "\(section)") { _ = try Scenario().run("program", of: object) }
      #expect(error?.description.contains(reason) == true, "\(error.map(\.description) ?? "")")
    }
    let error = #expect(throws: ScenarioError.self) {
      _ = try Scenario().run("program", of: ObjectFile())
    }
    #expect(error?.description == "there is no program 'program': the object has none")
  }

  @Test("the example packet has correct checksums and lengths")
  func packet() {
    let bytes = ExamplePacket.bytes
    func sum(_ bytes: some Collection<UInt8>) -> UInt32 {
      let words = Array(bytes)
      var sum = stride(from: 0, to: words.count, by: 2).reduce(0) {
        $0 + UInt32(words[$1]) << 8 + UInt32(words[$1 + 1])
      }
      while sum > 0xffff { sum = (sum >> 16) + (sum & 0xffff) }
      return sum
    }
    #expect(bytes.count == 14 + 20 + 8 + 6)
    #expect(Int(bytes[16]) << 8 + Int(bytes[17]) == bytes.count - 14)
    #expect(sum(bytes[14..<34]) == 0xffff)
    #expect(sum(bytes[26..<34] + [0, 17] + bytes[38..<40] + bytes[34...]) == 0xffff)
  }

  @Test("system calls have the numbers of x86-64, and react to interruption as Linux does")
  func systemCalls() {
    for (name, number) in [
      ("read", 0), ("openat", 257), ("rseq", 334), ("pidfd_send_signal", 424), ("epoll_pwait2", 441), ("newfstat", 5),
    ] {
      #expect(SystemCall.named(name)?.number == Int64(number), "\(name)")
      #expect(SystemCall.named(name)?.name == name)
    }
    #expect(SystemCall.named("epoll_wait")?.whenInterrupted == .fails)
    #expect(SystemCall.named("vfork")?.whenInterrupted == .isUninterruptible)
    #expect(SystemCall.named("fly") == nil)
  }
}
