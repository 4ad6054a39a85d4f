import BPFLinux
import Foundation
import ProfileFormats
import TestTools
import Testing

@testable import BPFProfiler

/// Programs that are hard to sample, made from C when they are first wanted.
private enum HardTargets {
  static let folder = try? TemporaryFolder()

  /// The targets, without frame pointers.
  static let program = compiled([])

  /// The targets compiled with some flags more; `nil` where that cannot be.
  static func compiled(_ flags: [String]) -> String? {
    let source = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Programs/hard_targets.c").path
    guard let folder, let compiler = ["cc", "gcc", "clang"].first(where: { Tools.has($0) }) else { return nil }
    let program = folder.path("hard_targets" + flags.joined())
    let all = ["-O2", "-fomit-frame-pointer", "-pthread"] + flags + ["-o", program, source, "-ldl"]
    return (try? Tools.run(compiler, all)) == nil ? nil : program
  }
}

/// Targets that are traced, end, execute other programs, unmap what runs, have many threads or deep stacks: nothing hangs,
/// and each interrupt is accounted for.
@Suite(
  .serialized,
  .enabled("Linux 6.18 or later and the right to use bpf(2) are missing") { LinuxKernel().has(.taskWork) == .yes },
  .enabled("a C compiler is missing") { HardTargets.program != nil })
struct HardTargetTests {
  private func start(_ words: [String], of program: String? = nil) throws -> TargetProcess {
    let program = try #require(program ?? HardTargets.program)
    return try TargetProcess.start(
      ["/bin/sh", "-c", "exec < /dev/null > /dev/null 2>&1; exec \"$0\" \"$@\"", program] + words)
  }

  /// Samples until so many samples have come, or ten seconds are over, and ends the target.
  private func sample(
    _ words: String..., of program: String? = nil, frequency: UInt32 = 999, count: Int
  ) throws -> Recording {
    let process = try start(words, of: program)
    let session = try ProfilingSession(
      ProfilingOptions(target: .processes([process.identifier]), frequency: frequency))
    try process.release()
    let end = ContinuousClock.now + .seconds(10)
    while session.sampleCount < count, ContinuousClock.now < end, process.end == nil {
      try session.receive(within: .milliseconds(50))
    }
    process.send(signal: 9)
    let recording = try session.finish()
    #expect(recording.report.samples == recording.report.interrupts, "\(words)")
    #expect(recording.profile.samples.count + recording.report.lostSamples == recording.report.samples, "\(words)")
    return recording
  }

  @Test func deepStacksAreWholeOrSaidToBeCut() throws {
    let whole = try sample("deep", "700", count: 60)
    let depths = whole.profile.samples.filter { $0.status == .complete }.compactMap {
      whole.profile.stacks[$0.stack]?.depth
    }
    #expect(depths.count { $0 > 700 } >= 40, "\(whole.report.statuses)")
    let cut = try sample("deep", "3000", count: 60)
    #expect(cut.report.statuses[.frameLimit] ?? 0 >= 40, "\(cut.report.statuses)")
    for sample in cut.profile.samples where cut.profile.description(of: sample.status).contains("more frames") {
      // The kernel's frames come on top, the mark stands at the outer end.
      #expect(cut.profile.stacks[sample.stack]?.depth ?? 0 > 1024)
      let outermost = try #require(cut.profile.stacks.leafFirst(sample.stack).last)
      #expect(cut.profile[outermost].kind == .truncationMarker)
    }
  }

  @Test func signalHandlersAndTheKernelsOwnLibraryAreWalkedThrough() throws {
    var signal = try sample("signal", count: 60)
    var symbols = ProfileSymbols()
    for (number, module) in signal.modules {
      guard let id = signal.profile.modules.firstIndex(where: { $0.path == module.path }) else { continue }
      symbols.open(Profile.Module.ID(rawValue: UInt32(id)), of: signal.profile, seenIn: module.process)
      #expect(number > 0)
    }
    symbols.apply(to: &signal.profile)
    let stacks = signal.profile.samples.filter { $0.status == .complete }.map { sample in
      signal.profile.stacks.leafFirst(sample.stack).flatMap { signal.profile[$0].frames }
        .map { signal.profile[$0.function].name }
    }
    // From the handler through the trampoline to what was interrupted, in this order.
    let whole = stacks.filter { names in
      guard let handler = names.firstIndex(of: "handle"), let function = names.firstIndex(of: "interrupted"),
        let main = names.firstIndex(of: "main")
      else { return false }
      return handler < function && function < main
    }
    #expect(whole.count >= 40, "\(signal.report.statuses), \(stacks.last ?? [])")
    let clock = try sample("clock", count: 100)
    let library = clock.profile.modules.firstIndex { $0.kind == .vdso }
    let within = clock.profile.samples.count { sample in
      sample.status == .complete
        && clock.profile.stacks.leafFirst(sample.stack).contains { clock.profile[$0].module?.index == library }
    }
    #expect(library != nil && within > 20)
  }

  @Test(arguments: [["-static", "-Wl,--eh-frame-hdr"], ["-no-pie"], ["-static-pie"]])
  func executablesOfEachKindAreWalked(flags: [String]) throws {
    guard let program = HardTargets.compiled(flags) else { return }
    let recording = try sample("nest", "60", of: program, count: 60)
    let depths = recording.profile.samples.filter { $0.status == .complete }.compactMap {
      recording.profile.stacks[$0.stack]?.depth
    }
    #expect(depths.count { $0 > 60 } >= 50, "\(recording.report.statuses)")
    #expect(recording.profile.modules.contains { $0.isProgram && $0.path == program })
  }

  /// A file that is written anew in its place has the same name and number, and other rules at the same offsets.
  @Test func rulesOfAFileThatWasChangedAreNotTaken() throws {
    let folder = try #require(HardTargets.folder)
    let programs = try ["-DPADDING=200", "-DPADDING=600"].map { try #require(HardTargets.compiled([$0])) }
    let path = folder.path("changing")
    try FileManager.default.copyItem(atPath: programs[0], toPath: path)
    // A shell that waits for a word, then runs what the path has by now.
    let script =
      "exec < /dev/null > /dev/null 2>&1; '\(path)' nest 60; cat '\(programs[1])' > '\(path)'; '\(path)' nest 60"
    let process = try TargetProcess.start(["/bin/sh", "-c", script])
    let session = try ProfilingSession(ProfilingOptions(target: .processes([process.identifier]), frequency: 999))
    try process.release()
    let end = ContinuousClock.now + .seconds(15)
    var first: Int32?
    // The first run is ended when it has been sampled, the second at the end.
    while session.sampleCount < 100, ContinuousClock.now < end { try session.receive(within: .milliseconds(20)) }
    first = try child(of: process.identifier, named: "changing")
    if let first { kill(first, SIGKILL) }
    let count = session.sampleCount
    while session.sampleCount < count + 150, ContinuousClock.now < end {
      try session.receive(within: .milliseconds(20))
    }
    if let second = try child(of: process.identifier, named: "changing") { kill(second, SIGKILL) }
    process.send(signal: 9)
    let recording = try session.finish()
    let profile = recording.profile
    #expect(Set(profile.modules.filter { $0.path == path }.map(\.buildID)).count == 2)
    for sample in profile.samples where profile[profile[sample.thread].process].name == "changing" {
      #expect(sample.status != .complete || profile.stacks[sample.stack]?.depth ?? 0 < 200)
    }
    let deep = profile.samples.count { $0.status == .complete && profile.stacks[$0.stack]?.depth ?? 0 > 60 }
    #expect(deep >= 180, "\(recording.report.statuses)")
  }

  private func child(of process: Int32, named name: String) throws -> Int32? {
    let text = try String(contentsOfFile: "/proc/\(process)/task/\(process)/children", encoding: .utf8)
    return text.split(separator: " ").compactMap { Int32($0) }.first {
      (try? String(contentsOfFile: "/proc/\($0)/comm", encoding: .utf8))?.hasPrefix(name) == true
    }
  }

  @Test func aThousandThreadsAreSampled() throws {
    let recording = try sample("threads", "1000", frequency: 4999, count: 24000)
    let report = recording.report
    // How many of them run in these seconds, and how often we do, is the scheduler's business: lost ones are counted.
    #expect(recording.profile.threads.count > 100)
    // While they start they change the mappings all the time, which keeps some walks from looking at them: those say so.
    #expect(report.completeSamples > recording.profile.samples.count / 4, "\(report.statuses)")
    let expected: Set<UserStackStatus> = [
      .complete, .mappingsBusy, .noWalk, .noMemoryMap, .betweenPrograms, .deferred, .notCode, .ended, .executed,
    ]
    #expect(Set(report.statuses.keys).isSubset(of: expected), "\(report.statuses)")
  }

  @Test func programsThatExecuteForkAndUnmapWhileTheyAreSampledLoseNothing() throws {
    let recording = try sample("churn", frequency: 4999, count: 6000)
    let report = recording.report
    #expect(recording.profile.processes.count > 10)
    #expect(report.captureRate > 0.95, "\(report.statuses)")
    // What a walk that came too late has left, by name; nothing else.
    let expected: Set<UserStackStatus> = [
      .complete, .noMemoryMap, .betweenPrograms, .executed, .ended, .deferred, .noMapping, .unreadableRules, .notCode,
      .noRules, .mappingsBusy,
    ]
    #expect(Set(report.statuses.keys).isSubset(of: expected), "\(report.statuses)")
  }

  @Test func aTracedTargetGoesOnAsWithoutUs() throws {
    let recording = try sample("traced", count: 300)
    #expect(recording.report.completeSamples > 200, "\(recording.report.statuses)")
    // Both the tracer and the traced.
    #expect(recording.profile.processes.count >= 2)
  }

  @Test func aTargetThatStandsStillBeforeItsTracerGivesNoSamplesAndHoldsNothingUp() throws {
    let process = try start(["deep", "10"])
    let session = try ProfilingSession(ProfilingOptions(target: .processes([process.identifier]), frequency: 999))
    try session.receive(within: .milliseconds(100))
    let recording = try session.finish()
    #expect(recording.report.samples == 0)
    try process.release()
    process.send(signal: 9)
  }

  @Test func oneThreadOfSeveralIsSampled() throws {
    let process = try start(["threads", "3"])
    try process.release()
    var threads: [Int32] = []
    let end = ContinuousClock.now + .seconds(5)
    while threads.count < 4, ContinuousClock.now < end {
      let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process.identifier)/task")) ?? []
      threads = names.compactMap { Int32($0) }.sorted()
    }
    let thread = try #require(threads.last)
    let session = try ProfilingSession(ProfilingOptions(target: .thread(thread), frequency: 999))
    let limit = ContinuousClock.now + .seconds(10)
    while session.sampleCount < 50, ContinuousClock.now < limit { try session.receive(within: .milliseconds(50)) }
    process.send(signal: 9)
    let recording = try session.finish()
    #expect(recording.profile.samples.count >= 50)
    #expect(recording.profile.threads.map(\.tid) == [thread])
    #expect(recording.profile.processes.map(\.pid) == [process.identifier])
  }

  @Test func theProgramIsToldFromItsLibraries() throws {
    let recording = try sample("deep", "5", count: 30)
    let program = try #require(HardTargets.program)
    #expect(recording.profile.modules.contains { $0.isProgram && $0.path == program })
    #expect(recording.profile.modules.allSatisfy { !$0.isProgram || !$0.name.hasPrefix("lib") })
  }

  /// Where the kernel cannot defer, functions are found by what is mapped in the living process.
  @Test func theFallbackTellsFunctionsToo() throws {
    var recording: Recording?
    let process = try start(["deep", "3"])
    let session = try ProfilingSession(
      ProfilingOptions(target: .processes([process.identifier]), frequency: 999),
      kernel: LinuxKernel(systemCalls: KernelWithoutTaskWork()))
    #expect(!session.defersStacks)
    try process.release()
    let end = ContinuousClock.now + .seconds(10)
    while session.sampleCount < 100, ContinuousClock.now < end { try session.receive(within: .milliseconds(50)) }
    recording = try session.finish()
    process.send(signal: 9)
    if var recording {
      session.addSymbols(to: &recording)
      #expect(recording.report.statuses[.interrupt] ?? 0 >= 90, "\(recording.report.statuses)")
      #expect(recording.report.captureRate == 0)
      let names = Set(recording.profile.functions.map(\.name))
      #expect(names.contains("recurse") || names.contains("compute"), "\(names)")
      #expect(recording.profile.modules.contains { $0.isProgram && $0.path == HardTargets.program })
    }
  }
}
