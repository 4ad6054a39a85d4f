package import BPFLinux
package import BPFObject
public import ProfileFormats

/// Samples what its options say, from its beginning to ``finish()``.
///
///     let session = try ProfilingSession(ProfilingOptions(target: .processes([4242])))
///     while !enough { try session.receive(within: .milliseconds(200)) }
///     let recording = try session.finish()
///
/// Sampling goes on in the kernel whether or not anybody receives; a buffer of 16 MiB holds what is not received yet.
/// Dropping the session ends the sampling.
public final class ProfilingSession {
  /// What is sampled.
  public let options: ProfilingOptions
  /// Whether user stacks are walked in deferred task work; otherwise they are what the interrupt can see.
  public let defersStacks: Bool
  /// How long it took the kernel to check and load the program.
  public let loadTime: Duration

  private let loaded: LinuxObject
  private let reader: RingBufferReader
  private let attachments: Attachments
  package private(set) var collector: SampleCollector
  private var symbols = ProfileSymbols()
  private let begin = ContinuousClock.now

  /// Attachments cannot be copied, and so are not put into an array.
  private final class Attachments {
    private var first: LinuxAttachment?
    private var rest: Attachments?

    /// One more, in front.
    func push(_ attachment: consuming LinuxAttachment) {
      let next = Attachments()
      swap(&next.first, &first)
      next.rest = rest
      rest = next
      first = consume attachment
    }

    func removeAll() {
      first = nil
      // One after another, not one within another.
      while let next = rest {
        rest = next.rest
        next.first = nil
      }
    }
  }

  /// Loads the program and begins to sample.
  ///
  /// - Throws: ``ProfilingError``; nothing is left in the kernel then.
  public convenience init(_ options: ProfilingOptions) throws(ProfilingError) {
    try self.init(options, kernel: LinuxKernel())
  }

  package init(
    _ options: ProfilingOptions, kernel: LinuxKernel, object: ObjectFile? = nil
  ) throws(ProfilingError) {
    self.options = options
    var object = if let object { object } else { try ProfilerProgram.object() }
    let defersStacks = options.defersStacks && kernel.has(.taskWork) == .yes
    self.defersStacks = defersStacks
    let sampler = defersStacks ? ProfilerProgram.sampler : ProfilerProgram.samplerAtOnce
    var followers = [
      (ProfilerProgram.forkFollower, "sched_process_fork"), (ProfilerProgram.endFollower, "sched_process_free"),
    ]
    if defersStacks {
      followers += [
        (ProfilerProgram.lastWalk, "sched_process_exit"), (ProfilerProgram.lastWalk, "sched_prepare_exec"),
      ]
    }
    ProfilerProgram.readWithoutFaults(&object, in: ProfilerProgram.lastWalk)
    do throws(EditError) {
      try Self.configure(&object, options)
    } catch { throw .program("\(error)") }
    let clock = ContinuousClock()
    let begin = clock.now
    do throws(BPFError) {
      loaded = try kernel.load(object, programs: Set(followers.map(\.0) + [sampler]), concurrently: true)
      loadTime = clock.now - begin
      reader = try RingBufferReader(try loaded.map("records"))
      attachments = Attachments()
      try Self.choose(options.target, in: loaded)
      for (program, tracepoint) in followers {
        attachments.push(try loaded.program(program).attach(to: .rawTracepoint(name: tracepoint)))
      }
      try Self.attach(try loaded.program(sampler), options, kernel, attachments)
    } catch { throw .kernel(error) }
    collector = SampleCollector(
      metadata: Profile.Metadata(event: options.event.rawValue, frequency: options.frequency),
      period: 1_000_000_000 / UInt64(max(options.frequency, 1)))
    collector.keepsRecords = options.copiesMemory
  }

  private static func configure(
    _ object: inout ObjectFile, _ options: ProfilingOptions
  ) throws(EditError) {
    switch options.target {
    case .all: try object.set("wanted", to: 0)
    case .processes: try object.set("wanted", to: 1)
    case .thread(let thread):
      try object.set("wanted", to: 2)
      try object.set("wanted_thread", to: UInt32(bitPattern: thread))
    }
    try object.set("copies_memory", to: options.copiesMemory)
    if let size = options.bufferByteCount { object.maps["records"]?.maxEntries = size }
  }

  private static func choose(_ target: ProfilingOptions.Target, in loaded: LinuxObject) throws(BPFError) {
    guard case .processes(let processes) = target else { return }
    for process in processes {
      let key = withUnsafeBytes(of: UInt32(bitPattern: process)) { Array($0) }
      try loaded.map("processes").updateElement(key, to: [1])
    }
  }

  /// One event a CPU: threads and children need none of their own. A CPU may go offline meanwhile.
  private static func attach(
    _ sampler: LinuxProgram, _ options: ProfilingOptions, _ kernel: LinuxKernel, _ attachments: Attachments
  ) throws(BPFError) {
    let sampling = PerfEvent.Sampling.frequency(UInt64(options.frequency))
    let event: PerfEvent =
      switch options.event {
      case .cpuClock: .cpuClock(sampling)
      case .taskClock: .taskClock(sampling)
      case .cycles: .cycles(sampling)
      }
    var failure: BPFError?
    var count = 0
    for cpu in try kernel.onlineCPUs() {
      do throws(BPFError) {
        attachments.push(
          try sampler.attach(to: .perfEvent(event, pid: nil, cpu: Int32(cpu))))
        count += 1
      } catch {
        failure = failure ?? error
      }
    }
    guard count == 0, var failure else { return }
    if options.event == .cycles {
      failure.advice = "this machine may have no counter of cycles; take the event cpu-clock"
    }
    throw failure
  }

  /// How many samples have been received so far.
  public var sampleCount: Int { collector.profile.samples.count }

  /// Waits for records, and takes those that are there.
  ///
  /// - Returns: how many records were taken.
  @discardableResult
  public func receive(within time: Duration) throws(ProfilingError) -> Int {
    let count: Int
    do throws(BPFError) {
      count = try reader.read(timeout: time) { record in
        if let record = ProfilerRecord(record) { collector.add(record) }
      }
    } catch { throw .kernel(error) }
    for process in collector.takeProcessesWithNewCode() { symbols.openJITMap(of: process) }
    for module in collector.takeNewModules() {
      symbols.open(module.id, of: collector.profile, seenIn: module.process)
    }
    return count
  }

  /// Looks up the functions that the samples are in, and notes what was missing for it.
  public func addSymbols(to recording: inout Recording) {
    symbols.apply(to: &recording.profile)
    recording.profile.metadata.notes += symbols.notes
  }

  /// Ends the sampling.
  ///
  /// Threads that are on their way to user mode get a moment to walk their stacks; what has not come then is pending.
  ///
  /// - Throws: ``ProfilingError`` when the counters cannot be read.
  public func finish() throws(ProfilingError) -> Recording {
    attachments.removeAll()
    for _ in 0..<5 {
      if try receive(within: .milliseconds(20)) == 0 { break }
    }
    let counters: ProgramCounters
    do throws(BPFError) {
      counters = ProgramCounters(try loaded.map("counts").lookupElement([0, 0, 0, 0]))
    } catch { throw .kernel(error) }
    collector.finish(lostSamples: counters.lostSamples)
    var report = collector.capture
    report.lostStacks = Int(clamping: counters.lostStacks)
    report.interrupts = Int(clamping: counters.interrupts)
    report.interruptNanoseconds = Int(clamping: counters.interruptNanoseconds)
    report.interruptedCalls = Int(clamping: counters.interruptedCalls)
    report.loadTime = loadTime
    var profile = collector.profile
    profile.metadata.duration = UInt64(max(0, (ContinuousClock.now - begin) / .nanoseconds(1)))
    return Recording(
      profile: profile, report: report, stackRecords: collector.stackRecords, memories: collector.memories,
      modules: collector.modules.mapValues(\.record))
  }
}

/// What a session has found.
public struct Recording: Sendable {
  /// The samples. Their functions are not looked up yet.
  public var profile: Profile
  /// How much was captured, and at what cost.
  public var report: CaptureReport
  /// What the program made of the stacks in ``memories``.
  package var stackRecords: [UInt64: StackRecord]
  package var memories: [UInt64: MemoryRecord]
  package var modules: [UInt32: ModuleRecord]
}

/// The program's counters, added up over the CPUs: `struct counters` in `Program/state.h`.
struct ProgramCounters {
  private static let count = 12
  private var values = [UInt64](repeating: 0, count: ProgramCounters.count)

  init(_ bytes: [UInt8]) {
    for (index, start) in stride(from: 0, to: bytes.count - 7, by: 8).enumerated() {
      values[index % Self.count] &+= bytes.span.bytes.integer(UInt64.self, at: start) ?? 0
    }
  }

  var interrupts: UInt64 { values[0] }
  var interruptNanoseconds: UInt64 { values[1] }
  var samples: UInt64 { values[2] }
  var lostSamples: UInt64 { values[3] }
  var stacks: UInt64 { values[4] }
  var lostStacks: UInt64 { values[5] }
  var lostModules: UInt64 { values[6] }
  var interruptedCalls: UInt64 { values[11] }
}
