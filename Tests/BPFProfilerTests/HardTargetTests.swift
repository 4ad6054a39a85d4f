import BPFLinux
import Foundation
import ProfileFormats
import TestTools
import Testing

@testable import BPFProfiler

/// Programs that are hard to sample, made from C when they are first wanted.
enum HardTargets {
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

  /// A 32-bit program that computes for ever; `nil` where such programs cannot be made or run.
  static let code32Bit: String? = {
    let source = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Programs/code_32_bit.c").path
    guard let folder, let compiler = ["gcc", "clang"].first(where: { Tools.has($0) }) else { return nil }
    func compiled(_ flags: [String], _ name: String) throws -> String {
      let all = ["-m32", "-O1", "-nostdlib", "-static", "-ffreestanding", "-fno-pic"] + flags
      try Tools.run(compiler, all + ["-o", folder.path(name), source])
      return folder.path(name)
    }
    guard let brief = try? compiled(["-DBRIEF"], "brief_32_bit"), (try? Tools.run(brief, [])) != nil else { return nil }
    return try? compiled([], "code_32_bit")
  }()

  /// Ways to make an executable of them, as far as this machine has the libraries for that.
  static let kinds = [
    ["-no-pie"], ["-static", "-Wl,--eh-frame-hdr"], ["-static-pie"],
    ["-static", "-Wl,--no-eh-frame-hdr"], ["-Wl,--no-eh-frame-hdr"],
  ].filter { compiled($0) != nil }
}

/// Targets that are traced, end, execute other programs, unmap what runs, have many threads or deep stacks: nothing hangs,
/// and each interrupt is accounted for.
///
/// Each test samples until it has seen what it asks for. How many samples that takes, and how many are lost on the way, is a
/// matter of the machine and of what else it does.
@Suite(
  .serialized, .timeLimit(.minutes(10)),
  .enabled("Linux 6.18 or later and the right to use bpf(2) are missing") { LinuxKernel().has(.taskWork) == .yes },
  .enabled("a C compiler is missing") { HardTargets.program != nil })
struct HardTargetTests {
  private func target(_ words: String..., of program: String? = nil, frequency: UInt32 = 999) throws -> SampledCommand {
    let program = try #require(program ?? HardTargets.program)
    return try SampledCommand([program] + words) {
      ProfilingOptions(target: .processes([$0]), frequency: frequency)
    }
  }

  @Test func deepStacksAreWholeOrSaidToBeCut() async throws {
    let whole = try await target("deep", "700").record { $0.profile.wholeDepths.count { $0 > 700 } >= 40 }
    #expect(whole.profile.wholeDepths.count { $0 > 700 } >= 40, "\(whole.report.statuses)")
    let cut = try await target("deep", "3000").record { $0.capture.statuses[.frameLimit] ?? 0 >= 40 }
    #expect(cut.report.statuses[.frameLimit] ?? 0 >= 40, "\(cut.report.statuses)")
    for sample in cut.profile.samples where cut.profile.description(of: sample.status).contains("more frames") {
      // The kernel's frames come on top, the mark stands at the outer end.
      #expect(cut.profile.stacks[sample.stack]?.depth ?? 0 > 1024)
      let outermost = try #require(cut.profile.stacks.leafFirst(sample.stack).last)
      #expect(cut.profile[outermost].kind == .truncationMarker)
    }
  }

  @Test func signalHandlersAreWalkedThrough() async throws {
    var functions = SampledFunctions()
    var stacks: [[String]] = []
    // From the handler through the trampoline to what was interrupted, in this order.
    func isWhole(_ names: [String]) -> Bool {
      guard let handler = names.firstIndex(of: "handle"), let function = names.firstIndex(of: "interrupted"),
        let main = names.firstIndex(of: "main")
      else { return false }
      return handler < function && function < main
    }
    let recording = try await target("signal").record {
      stacks = functions.ofWholeStacks(in: $0)
      return stacks.count(where: isWhole) >= 40
    }
    #expect(stacks.count(where: isWhole) >= 40, "\(recording.report.statuses), \(stacks.last ?? [])")
  }

  @Test func theKernelsOwnLibraryIsWalkedThrough() async throws {
    func within(_ profile: Profile) -> Int {
      guard let library = profile.modules.firstIndex(where: { $0.kind == .vdso }) else { return 0 }
      return profile.samples.count { sample in
        sample.status == .complete
          && profile.stacks.leafFirst(sample.stack).contains { profile[$0].module?.index == library }
      }
    }
    let recording = try await target("clock").record { within($0.profile) >= 20 }
    #expect(within(recording.profile) >= 20, "\(recording.report.statuses)")
  }

  @Test(arguments: HardTargets.kinds)
  func executablesOfEachKindAreWalked(flags: [String]) async throws {
    let program = try #require(HardTargets.compiled(flags))
    let recording = try await target("nest", "60", of: program).record {
      $0.profile.wholeDepths.count { $0 > 60 } >= 50
    }
    #expect(recording.profile.wholeDepths.count { $0 > 60 } >= 50, "\(recording.report.statuses)")
    #expect(recording.profile.modules.contains { $0.isProgram && $0.path == program })
  }

  /// A file that is written anew in its place has the same name and number, and other rules at the same offsets.
  @Test func rulesOfAFileThatWasChangedAreNotTaken() async throws {
    let folder = try #require(HardTargets.folder)
    let programs = try ["-DPADDING=200", "-DPADDING=600"].map { try #require(HardTargets.compiled([$0])) }
    let path = folder.path("changing")
    try? FileManager.default.removeItem(atPath: path)
    try FileManager.default.copyItem(atPath: programs[0], toPath: path)
    // A shell that waits for the first run to end, then runs what the path has by now.
    let command = try SampledCommand(
      ["/bin/sh", "-c", "'\(path)' nest 60; cat '\(programs[1])' > '\(path)'; '\(path)' nest 60"]
    ) { ProfilingOptions(target: .processes([$0]), frequency: 999) }

    // Whole stacks of each version, by its build id, and the processes that they are of.
    func versions(_ profile: Profile) -> [[UInt8]: (depths: [Int], process: Int32)] {
      var result: [[UInt8]: (depths: [Int], process: Int32)] = [:]
      for sample in profile.samples where sample.status == .complete {
        let modules = profile.stacks.leafFirst(sample.stack).compactMap { profile[$0].module }
        guard let module = modules.first(where: { profile[$0].path == path }) else { continue }
        let process = profile[profile[sample.thread].process].pid
        result[profile[module].buildID, default: ([], process)].depths.append(
          Int(profile.stacks[sample.stack]?.depth ?? 0))
      }
      return result
    }
    // Each run is ended when it has been sampled often enough.
    func sample(_ count: Int) async throws {
      try await command.receive { collector in
        versions(collector.profile).values.count { $0.depths.count { $0 > 60 } >= 50 } >= count
      }
      for (_, process) in versions(command.session.collector.profile).values where kill(process, 0) == 0 {
        kill(process, SIGKILL)
      }
    }
    try command.process.release()
    try await sample(1)
    try await sample(2)
    let recording = try command.finish()
    let found = versions(recording.profile)
    #expect(found.count == 2 && found.values.allSatisfy { $0.depths.count { $0 > 60 } >= 50 }, "\(found)")
    #expect(found.values.allSatisfy { $0.depths.allSatisfy { $0 < 200 } }, "\(found)")
  }

  @Test func aThousandThreadsAreSampled() async throws {
    let recording = try await target("threads", "1000", frequency: 4999).record {
      $0.profile.threads.count > 100 && $0.capture.completeSamples > 2000
    }
    // How many of them run meanwhile is the scheduler's business.
    #expect(recording.profile.threads.count > 100)
    // While they start they change the mappings all the time, which keeps some walks from looking at them: those say so.
    #expect(recording.report.completeSamples > 2000, "\(recording.report.statuses)")
    let expected: Set<UserStackStatus> = [
      .complete, .mappingsBusy, .noWalk, .noMemoryMap, .betweenPrograms, .deferred, .notCode, .ended, .executed,
    ]
    #expect(Set(recording.report.statuses.keys).isSubset(of: expected), "\(recording.report.statuses)")
  }

  @Test func programsThatExecuteForkAndUnmapWhileTheyAreSampledLoseNothing() async throws {
    let recording = try await target("churn", frequency: 4999).record {
      $0.profile.processes.count > 10 && $0.capture.completeSamples > 1000
    }
    let report = recording.report
    #expect(recording.profile.processes.count > 10)
    #expect(report.completeSamples > 1000)
    // Apart from what the buffer had no room for, most stacks are whole: it is seldom that a walk comes too late.
    #expect(report.completeSamples * 2 > report.samplesWithUserStack - report.lostSamples, "\(report.statuses)")
    // What a walk that came too late has left, by name; nothing else.
    let expected: Set<UserStackStatus> = [
      .complete, .noMemoryMap, .betweenPrograms, .executed, .ended, .deferred, .noMapping, .unreadableRules, .notCode,
      .noRules, .mappingsBusy,
    ]
    #expect(Set(report.statuses.keys).isSubset(of: expected), "\(report.statuses)")
  }

  @Test func aTracedTargetGoesOnAsWithoutUs() async throws {
    // Both the tracer and the traced.
    let recording = try await target("traced").record {
      $0.profile.processes.count >= 2 && $0.capture.completeSamples > 200
    }
    #expect(recording.profile.processes.count >= 2)
    #expect(recording.report.completeSamples > 200, "\(recording.report.statuses)")
  }

  @Test func aTargetThatStandsStillBeforeItsTracerGivesNoSamplesAndHoldsNothingUp() throws {
    let command = try target("deep", "10")
    try command.session.receive(within: .milliseconds(100))
    #expect(try command.finish().report.samples == 0)
  }

  @Test func oneThreadOfSeveralIsSampled() async throws {
    let process = try TargetProcess.start([try #require(HardTargets.program), "threads", "3"])
    try process.release()
    var threads: [Int32] = []
    let end = ContinuousClock.now + SampledCommand.patience
    while threads.count < 4, ContinuousClock.now < end {
      let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process.identifier)/task")) ?? []
      threads = names.compactMap { Int32($0) }.sorted()
      try await Task.sleep(for: .milliseconds(10))
    }
    let thread = try #require(threads.last)
    let session = try ProfilingSession(ProfilingOptions(target: .thread(thread), frequency: 999))
    while session.sampleCount < 50, ContinuousClock.now < end {
      try session.receive(within: .zero)
      try await Task.sleep(for: .milliseconds(20))
    }
    process.send(signal: 9)
    let recording = try session.finish()
    #expect(recording.profile.samples.count >= 50)
    #expect(recording.profile.threads.map(\.tid) == [thread])
    #expect(recording.profile.processes.map(\.pid) == [process.identifier])
  }

  @Test(.enabled(if: HardTargets.code32Bit != nil, "32-bit programs cannot be made or run"))
  func code32BitIsSaidToBeSo() async throws {
    let recording = try await SampledCommand(try #require(HardTargets.code32Bit)).record {
      $0.capture.statuses[.code32Bit] ?? 0 >= 10
    }
    #expect(recording.report.statuses[.code32Bit] ?? 0 >= 10, "\(recording.report.statuses)")
  }

  @Test func theProgramIsToldFromItsLibraries() async throws {
    let program = try #require(HardTargets.program)
    let recording = try await target("deep", "5").record { $0.profile.modules.contains { $0.path == program } }
    #expect(recording.profile.modules.contains { $0.isProgram && $0.path == program })
    #expect(recording.profile.modules.allSatisfy { !$0.isProgram || !$0.name.hasPrefix("lib") })
  }

  /// Where the kernel cannot defer, functions are found by what is mapped in the living process.
  @Test func theFallbackTellsFunctionsToo() async throws {
    let program = try #require(HardTargets.program)
    let command = try SampledCommand(
      [program, "deep", "3"], kernel: LinuxKernel(systemCalls: KernelWithoutTaskWork())
    ) { ProfilingOptions(target: .processes([$0]), frequency: 999) }
    #expect(!command.session.defersStacks)
    try command.process.release()
    try await command.receive { collector in
      collector.profile.modules.contains { $0.path == program } && collector.capture.statuses[.interrupt] ?? 0 >= 90
    }
    // Symbols are looked up while the process lives.
    var recording = try command.session.finish()
    command.session.addSymbols(to: &recording)
    command.process.send(signal: 9)
    #expect(recording.report.statuses[.interrupt] ?? 0 >= 90, "\(recording.report.statuses)")
    #expect(recording.report.captureRate == 0)
    let names = Set(recording.profile.functions.map(\.name))
    #expect(names.contains("recurse") || names.contains("compute"), "\(names)")
    #expect(recording.profile.modules.contains { $0.isProgram && $0.path == program })
  }
}
