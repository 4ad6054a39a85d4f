import BPFProfiler
import ProfileFormats

/// What a profiler has captured and at what cost, for other programs to read.
struct CaptureSummary: Encodable {
  var samples: Int
  var samplesWithUserStack: Int
  var completeSamples: Int
  var captureRate: Double
  var lostSamples: Int
  var lostStacks: Int
  /// Samples by how their user stack ended.
  var statuses: [String: Int]
  var sharedSamples: Int
  var walks: Int
  var frames: Int
  var framePointerFrames: Int
  var bytesRead: Int
  var majorFaults: Int
  var longestWalkNanoseconds: Int
  var interruptedCalls: Int
  var interruptNanoseconds: Int
  var warm: Walks
  var cold: Walks
  var loadMilliseconds: Int
  var defersStacks: Bool
  /// From the end of sampling until symbols were found and all files written.
  var outputMilliseconds = 0
  /// Processes, with how many samples have a user stack and how many of those are whole.
  var processes: [Process]

  struct Walks: Encodable {
    var count: Int
    var meanNanoseconds: Int
    var medianNanoseconds: Int
    var meanFrames: Double

    init(_ walks: CaptureReport.Distribution) {
      count = walks.count
      meanNanoseconds = walks.mean
      medianNanoseconds = walks.quantile(0.5)
      meanFrames = walks.meanFrames
    }
  }

  struct Process: Encodable {
    var pid: Int32
    var name: String
    var samples: Int
    var complete: Int
  }

  init(_ recording: Recording, defersStacks: Bool) {
    let report = recording.report
    samples = report.samples
    samplesWithUserStack = report.samplesWithUserStack
    completeSamples = report.completeSamples
    captureRate = report.captureRate
    lostSamples = report.lostSamples
    lostStacks = report.lostStacks
    statuses = Dictionary(
      report.statuses.map { ($0.key.description, $0.value) }, uniquingKeysWith: +)
    sharedSamples = report.sharedSamples
    walks = report.walks
    frames = report.frames
    framePointerFrames = report.framePointerFrames
    bytesRead = report.bytesRead
    majorFaults = report.majorFaults
    longestWalkNanoseconds = Int(report.longestWalk)
    interruptedCalls = report.interruptedCalls
    interruptNanoseconds = report.meanInterrupt
    warm = Walks(report.warm)
    cold = Walks(report.cold)
    loadMilliseconds = Int(report.loadTime / .milliseconds(1))
    self.defersStacks = defersStacks
    let profile = recording.profile
    var counts = [(samples: Int, complete: Int)](repeating: (0, 0), count: profile.processes.count)
    for sample in profile.samples where sample.status != .noMemoryMap {
      let process = profile[sample.thread].process.index
      counts[process].samples += 1
      if sample.status == .complete { counts[process].complete += 1 }
    }
    processes = zip(profile.processes, counts).map { process, count in
      Process(pid: process.pid, name: process.name, samples: count.samples, complete: count.complete)
    }
  }
}
