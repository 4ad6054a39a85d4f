import BPFLinux
import Foundation
import ProfileFormats
import TestTools
import Testing

@testable import BPFProfiler

/// The session in the running kernel, on processes of the test's own.
@Suite(
  .serialized, .timeLimit(.minutes(10)),
  .enabled("Linux 6.18 or later and the right to use bpf(2) are missing") { LinuxKernel().has(.taskWork) == .yes })
struct RunningKernelTests {
  /// Computes until it is ended.
  private static let busy = ["/bin/sh", "-c", "while :; do i=$((i+1)); done"]

  private func target(_ change: (inout ProfilingOptions) -> Void = { _ in }) throws -> SampledCommand {
    try SampledCommand(Self.busy) { process in
      var options = ProfilingOptions(target: .processes([process]), frequency: 499)
      change(&options)
      return options
    }
  }

  @Test func aProgramWithoutFramePointersHasWholeStacksFromItsFirstSampleOn() async throws {
    let recording = try await target().record { $0.capture.completeSamples >= 30 }
    let report = recording.report
    #expect(report.completeSamples >= 30)
    // Samples of a thread that executes a program or ends may have no stack any more, and say so. All others are whole.
    let expected: Set<UserStackStatus> = [
      .complete, .deferred, .executed, .ended, .betweenPrograms, .noMemoryMap,
    ]
    #expect(Set(report.statuses.keys).isSubset(of: expected), "\(report.statuses)")
    let profile = recording.profile
    let shell = profile.modules.first { $0.name == "dash" || $0.name == "bash" || $0.name == "sh" }
    #expect(shell?.buildID.isEmpty == false)
    for sample in profile.samples where sample.status == .complete {
      #expect(profile.stacks[sample.stack]?.depth ?? 0 > 0)
    }
  }

  @Test func childrenAreFollowed() async throws {
    let command = try SampledCommand("/bin/sh", "-c", "sh -c 'while :; do i=$((i+1)); done'; true")
    func sampledChild(_ profile: Profile) -> Int32? {
      let samples = profile.samples.filter { $0.status == .complete }
      return Dictionary(grouping: samples) { profile[profile[$0.thread].process].pid }
        .first { $0.key != command.process.identifier && $0.value.count >= 10 }?.key
    }
    try command.process.release()
    try await command.receive { sampledChild($0.profile) != nil }
    // Killing the parent does not end the child.
    let child = sampledChild(command.session.collector.profile)
    if let child { kill(child, SIGKILL) }
    let recording = try command.finish()
    #expect(child != nil, "\(recording.profile.processes)")
    // Two processes with a thread each, in the formats that have no reader here.
    let firefox = try JSONValue(parsing: recording.profile.encoded(as: .firefox))
    #expect(FirefoxFormat.problems(in: firefox) == [])
    let speedscope = try JSONValue(parsing: recording.profile.encoded(as: .speedscope))
    #expect(SpeedscopeFormat.problems(in: speedscope) == [])
  }

  @Test func aTargetThatEndsAtOnceEndsTheSampling() async throws {
    let command = try SampledCommand("/bin/true")
    _ = try await command.record { _ in false }
    #expect(command.process.end != nil)
  }

  /// Nobody receives until the process has computed for a while, by its own time: the buffer has room for some forty samples.
  @Test func samplesWithoutRoomAreCounted() async throws {
    let command = try target {
      $0.frequency = 4999
      $0.bufferByteCount = 4096
    }
    try command.process.release()
    let path = "/proc/\(command.process.identifier)/schedstat"
    let end = ContinuousClock.now + SampledCommand.patience
    var nanoseconds = 0
    while nanoseconds < 300_000_000, ContinuousClock.now < end {
      let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
      nanoseconds = text.split(separator: " ").first.flatMap { Int($0) } ?? 0
      try await Task.sleep(for: .milliseconds(10))
    }
    let recording = try command.finish()
    #expect(recording.report.lostSamples > 0)
    #expect(recording.profile.metadata.lostSamples == UInt64(recording.report.lostSamples))
  }

  @Test func withoutDeferralTheInterruptTakesWhatItSees() async throws {
    let recording = try await target { $0.defersStacks = false }.record { $0.capture.statuses[.interrupt] ?? 0 >= 28 }
    #expect(recording.report.statuses[.interrupt] ?? 0 >= 28)
    #expect(recording.report.walks == 0)
  }

  @Test func aStoppedTargetHoldsNothingUp() async throws {
    let command = try target { $0.frequency = 999 }
    try command.process.release()
    try await command.receive { $0.profile.samples.count >= 5 }
    command.process.send(signal: 19)
    try command.session.receive(within: .milliseconds(50))
    let recording = try command.session.finish()
    #expect(recording.report.samples >= 5)
    command.process.send(signal: 9)
  }

  @Test func aThreadThatIsNotThereGivesNoSamples() throws {
    let session = try ProfilingSession(ProfilingOptions(target: .thread(Int32.max), frequency: 999))
    try session.receive(within: .milliseconds(50))
    #expect(try session.finish().report.samples == 0)
  }
}
