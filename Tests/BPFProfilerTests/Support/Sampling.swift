import BPFLinux
import ProfileFormats
import Testing

@testable import BPFProfiler

/// A command that is sampled until a test has seen what it is about, however long the machine takes for that.
struct SampledCommand {
  let process: TargetProcess
  let session: ProfilingSession

  /// What hangs ends by this; nothing else does.
  static let patience: Duration = .seconds(240)

  /// Starts a command that stands still until it is released.
  ///
  /// - Parameters:
  ///   - words: the program and its arguments. Its output goes nowhere.
  ///   - options: made of the number of the process.
  init(
    _ words: [String], kernel: LinuxKernel = LinuxKernel(), _ options: (Int32) -> ProfilingOptions
  ) throws {
    process = try TargetProcess.start(
      ["/bin/sh", "-c", "exec < /dev/null > /dev/null 2>&1; exec \"$0\" \"$@\""] + words)
    session = try ProfilingSession(options(process.identifier), kernel: kernel)
  }

  /// The command itself, 999 times a second.
  init(_ words: String..., frequency: UInt32 = 999) throws {
    try self.init(words) { ProfilingOptions(target: .processes([$0]), frequency: frequency) }
  }

  /// Receives until something has been seen, the command ends, or patience does.
  func receive(until isSeen: (SampleCollector) throws -> Bool) async throws {
    let end = ContinuousClock.now + Self.patience
    while try !isSeen(session.collector), process.end == nil, ContinuousClock.now < end {
      try session.receive(within: .zero)
      try await Task.sleep(for: .milliseconds(20))
    }
  }

  /// Lets the command run until something has been seen, ends it, and holds the counts against each other: whatever was
  /// lost, each interrupt is in one of them.
  func record(
    until isSeen: (SampleCollector) throws -> Bool, _ comment: Comment? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws -> Recording {
    try process.release()
    try await receive(until: isSeen)
    return try finish(comment, sourceLocation: sourceLocation)
  }

  /// Ends the command and the sampling.
  func finish(_ comment: Comment? = nil, sourceLocation: SourceLocation = #_sourceLocation) throws -> Recording {
    process.send(signal: 9)
    let recording = try session.finish()
    let report = recording.report
    #expect(report.samples == report.interrupts, comment, sourceLocation: sourceLocation)
    #expect(
      recording.profile.samples.count + report.lostSamples == report.samples, comment, sourceLocation: sourceLocation)
    return recording
  }
}

extension Profile {
  /// The depths of the whole stacks, the kernel's frames among them.
  var wholeDepths: [Int] {
    samples.filter { $0.status == .complete }.compactMap { stacks[$0.stack].map { Int($0.depth) } }
  }
}

/// The functions of samples, looked up while their processes live.
struct SampledFunctions {
  private var symbols = ProfileSymbols()

  /// The names of the functions of each sample whose stack is whole, the innermost first.
  mutating func ofWholeStacks(in collector: SampleCollector) -> [[String]] {
    var profile = collector.profile
    for (id, record) in collector.modules.values { symbols.open(id, of: profile, seenIn: record.process) }
    symbols.apply(to: &profile)
    return profile.samples.filter { $0.status == .complete }.map { sample in
      profile.stacks.leafFirst(sample.stack).flatMap { profile[$0].frames }.map { profile[$0.function].name }
    }
  }
}
