/// How much was captured, what it cost, and what it did to the target.
public struct CaptureReport: Hashable, Sendable {
  /// Samples by how their user stack ended, or why they have none.
  public private(set) var statuses: [UserStackStatus: Int] = [:]
  /// Samples that the kernel took and for which the ring buffer had no room.
  public var lostSamples = 0
  /// Stacks for which the ring buffer had no room; their samples are pending.
  public var lostStacks = 0
  /// Samples that have the user stack of an earlier one, since the thread was not in user mode between them.
  public var sharedSamples = 0
  /// Walks.
  public private(set) var walks = 0
  /// Frames of all walks.
  public private(set) var frames = 0
  /// Those that were found by the frame pointer.
  public private(set) var framePointerFrames = 0
  /// Bytes of targets' memory that walks have read.
  public private(set) var bytesRead = 0
  /// Page faults of targets that had to read a file, and that walks have caused.
  public private(set) var majorFaults = 0
  /// The longest walk in nanoseconds, which is how long a thread was held up at most.
  public private(set) var longestWalk: UInt32 = 0
  /// System calls that were about to end with `EINTR` when a walk began, although no signal was pending. Those whose signal
  /// was ignored are among them: sampling has caused this many at most.
  public var interruptedCalls = 0
  /// The times of walks that found all rules in the cache, in nanoseconds.
  public private(set) var warm = Distribution()
  /// The times of walks that had to read rules.
  public private(set) var cold = Distribution()
  /// Interrupts, and the nanoseconds that the program took in them.
  public var interrupts = 0
  /// Nanoseconds of all ``interrupts``.
  public var interruptNanoseconds = 0
  /// How long it took the kernel to check and load the program.
  public var loadTime: Duration = .zero

  /// Times, as a histogram of which any quantile can be told within a quarter.
  public struct Distribution: Hashable, Sendable {
    /// How many.
    public private(set) var count = 0
    /// Their sum.
    public private(set) var total = 0
    /// Frames of all.
    public private(set) var frames = 0
    private var buckets = [Int](repeating: 0, count: 160)

    /// The mean.
    public var mean: Int { count == 0 ? 0 : total / count }

    /// The mean number of frames.
    public var meanFrames: Double { count == 0 ? 0 : Double(frames) / Double(count) }

    mutating func add(_ nanoseconds: UInt32, frames: Int) {
      count += 1
      total += Int(nanoseconds)
      self.frames += frames
      buckets[Self.bucket(of: nanoseconds)] += 1
    }

    /// The time that the given part of all does not exceed, such as 0.5 for the median.
    public func quantile(_ part: Double) -> Int {
      var rest = Double(count) * part
      for (index, bucket) in buckets.enumerated() {
        rest -= Double(bucket)
        if rest <= 0, bucket > 0 { return Self.middle(of: index) }
      }
      return 0
    }

    // Four buckets to each power of two.
    private static func bucket(of value: UInt32) -> Int {
      guard value >= 4 else { return Int(value) }
      let power = 31 - value.leadingZeroBitCount
      return power * 4 + Int(value >> UInt32(power - 2) & 3) - 4
    }

    private static func middle(of bucket: Int) -> Int {
      guard bucket >= 4 else { return bucket }
      let power = bucket / 4 + 1
      return (4 + bucket % 4) << (power - 2) + (1 << (power - 2)) / 2
    }
  }

  mutating func count(_ status: UserStackStatus, _ samples: Int = 1) {
    statuses[status, default: 0] += samples
  }

  mutating func add(_ record: StackRecord) {
    walks += 1
    frames += record.frames.count
    framePointerFrames += Int(record.framePointerFrames)
    bytesRead += Int(record.bytesRead)
    majorFaults += Int(record.majorFaults)
    longestWalk = max(longestWalk, record.nanoseconds)
    guard record.status == .complete else { return }
    if record.newRows == 0, record.newModules == 0 {
      warm.add(record.nanoseconds, frames: record.frames.count)
    } else {
      cold.add(record.nanoseconds, frames: record.frames.count)
    }
  }

  /// All samples that the kernel took, lost ones among them.
  public var samples: Int { statuses.values.reduce(0, +) + lostSamples }

  /// Those that a user stack belonged to when they were taken: all but the kernel's own threads, threads whose memory is
  /// gone because they end, and threads between two programs.
  public var samplesWithUserStack: Int { samples - absences.reduce(0) { $0 + $1.samples } }

  /// Those whose stack is whole.
  public var completeSamples: Int { statuses[.complete] ?? 0 }

  /// The part of ``samplesWithUserStack`` whose stack is whole, 0 to 1; 1 when there are none.
  public var captureRate: Double {
    samplesWithUserStack == 0 ? 1 : Double(completeSamples) / Double(samplesWithUserStack)
  }

  /// Nanoseconds of an interrupt.
  public var meanInterrupt: Int { interrupts == 0 ? 0 : interruptNanoseconds / interrupts }

  /// Why the others are not whole, most frequent first.
  public var reasons: [(status: UserStackStatus, samples: Int)] { ordered { $0 != .complete && $0.kind != .absent } }

  /// Why samples have no user stack, most frequent first.
  public var absences: [(status: UserStackStatus, samples: Int)] { ordered { $0.kind == .absent } }

  private func ordered(_ isIncluded: (UserStackStatus) -> Bool) -> [(status: UserStackStatus, samples: Int)] {
    statuses.filter { isIncluded($0.key) }
      .sorted { ($1.value, $0.key.rawValue) < ($0.value, $1.key.rawValue) }.map { ($0.key, $0.value) }
  }
}
