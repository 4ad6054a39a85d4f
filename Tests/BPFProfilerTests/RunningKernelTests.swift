import BPFLinux
import BPFProfiler
import ProfileFormats
import Testing

/// The session in the running kernel, on processes of the test's own.
@Suite(
  .serialized,
  .enabled("Linux 6.18 or later and the right to use bpf(2) are missing") { LinuxKernel().has(.taskWork) == .yes })
struct RunningKernelTests {
  /// A shell that computes for some seconds, and holds nothing of the test's open.
  private static let busy = shell("i=0; while [ $i -lt 4000000 ]; do i=$((i+1)); done")

  private static func shell(_ script: String) -> [String] {
    ["/bin/sh", "-c", "exec < /dev/null > /dev/null 2>&1; \(script)"]
  }

  /// Samples a command until enough samples have come, or ten seconds are over.
  private func sample(
    _ command: [String], count: Int = 30, _ change: (inout ProfilingOptions) -> Void = { _ in }
  ) throws -> Recording {
    let process = try TargetProcess.start(command)
    var options = ProfilingOptions(target: .processes([process.identifier]), frequency: 499)
    change(&options)
    let session = try ProfilingSession(options)
    try process.release()
    let end = ContinuousClock.now + .seconds(10)
    while session.sampleCount < count, ContinuousClock.now < end, process.end == nil {
      try session.receive(within: .milliseconds(50))
    }
    process.send(signal: 9)
    return try session.finish()
  }

  @Test func aProgramWithoutFramePointersHasWholeStacksFromItsFirstSampleOn() throws {
    let recording = try sample(Self.busy)
    let report = recording.report
    #expect(report.completeSamples >= 30)
    #expect(report.samples == report.interrupts)
    // A sample of the thread's end may have no stack any more.
    #expect(report.samplesWithUserStack - report.completeSamples <= 2, "\(report.statuses)")
    let profile = recording.profile
    let shell = profile.modules.first { $0.name == "dash" || $0.name == "bash" || $0.name == "sh" }
    #expect(shell?.buildID.isEmpty == false)
    for sample in profile.samples where sample.status == .complete {
      #expect(profile.stacks[sample.stack]?.depth ?? 0 > 0)
    }
  }

  @Test func childrenAreFollowed() throws {
    // Killing the parent does not end the child, which ends by itself.
    let recording = try sample(Self.shell("sh -c 'i=0; while [ $i -lt 400000 ]; do i=$((i+1)); done'; true"))
    #expect(recording.profile.processes.count >= 2 || recording.profile.samples.count >= 30)
    #expect(recording.report.completeSamples >= 28)
  }

  @Test func aTargetThatEndsAtOnceEndsTheSampling() throws {
    let recording = try sample(["/bin/true"])
    #expect(recording.report.samples == recording.report.interrupts)
  }

  @Test func samplesWithoutRoomAreCounted() async throws {
    let process = try TargetProcess.start(Self.busy)
    var options = ProfilingOptions(target: .processes([process.identifier]), frequency: 4999)
    options.bufferByteCount = 4096
    let session = try ProfilingSession(options)
    try process.release()
    // Nobody receives, so that the buffer gets full: it has room for some forty samples.
    try await Task.sleep(for: .milliseconds(500))
    process.send(signal: 9)
    let recording = try session.finish()
    #expect(recording.report.lostSamples > 0)
    #expect(recording.report.samples == recording.report.interrupts)
    #expect(recording.profile.metadata.lostSamples == UInt64(recording.report.lostSamples))
  }

  @Test func withoutDeferralTheInterruptTakesWhatItSees() throws {
    let recording = try sample(Self.busy) { $0.defersStacks = false }
    #expect(recording.report.statuses[.interrupt] ?? 0 >= 28)
    #expect(recording.report.walks == 0)
  }

  @Test func aStoppedTargetHoldsNothingUp() throws {
    let process = try TargetProcess.start(Self.busy)
    let session = try ProfilingSession(ProfilingOptions(target: .processes([process.identifier]), frequency: 999))
    try process.release()
    while session.sampleCount < 5 { try session.receive(within: .milliseconds(20)) }
    process.send(signal: 19)
    try session.receive(within: .milliseconds(50))
    let recording = try session.finish()
    #expect(recording.report.samples >= 5)
    process.send(signal: 9)
  }

  @Test func aThreadThatIsNotThereGivesNoSamples() throws {
    let session = try ProfilingSession(ProfilingOptions(target: .thread(Int32.max), frequency: 999))
    try session.receive(within: .milliseconds(50))
    #expect(try session.finish().report.samples == 0)
  }
}
