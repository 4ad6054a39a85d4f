extension Profile {
  /// How much of what was sampled has a whole stack. Samples that were lost count as well.
  public struct CaptureSummary: Hashable, Sendable {
    /// All samples, those without a user stack and the lost ones included.
    public var samples: UInt64
    /// Samples whose stack reaches its outermost frame.
    public var complete: UInt64
    /// Samples whose stack ends before it, by reason, the most frequent first.
    public var truncated: [Truncation]
    /// Samples whose user stack had not arrived when the profile ended.
    public var pending: UInt64
    /// Samples of threads that had no user memory: there is no user stack to capture.
    public var noMemoryMap: UInt64
    /// Samples that the kernel took and nobody received.
    public var lost: UInt64

    /// Samples whose stack ends early for one reason.
    public struct Truncation: Hashable, Sendable {
      /// The reason in words.
      public var reason: String
      /// How many samples.
      public var samples: UInt64

      /// Samples whose stack ends early for one reason.
      public init(reason: String, samples: UInt64) {
        self.reason = reason
        self.samples = samples
      }
    }

    /// The part of the samples that have a user stack, or should have one, whose stack is whole: 0 to 1; 1 for no samples.
    public var captureRate: Double {
      let expected = samples - noMemoryMap
      return expected == 0 ? 1 : Double(complete) / Double(expected)
    }
  }

  /// How much of what was sampled has a whole stack.
  public var captureSummary: CaptureSummary {
    var summary = CaptureSummary(
      samples: metadata.lostSamples, complete: 0, truncated: [], pending: 0, noMemoryMap: 0, lost: metadata.lostSamples)
    var reasons: [UInt8: UInt64] = [:]
    for sample in samples {
      let count = UInt64(sample.count)
      summary.samples += count
      switch sample.status {
      case .complete: summary.complete += count
      case .truncated(let reason): reasons[reason, default: 0] += count
      case .pending: summary.pending += count
      case .noMemoryMap: summary.noMemoryMap += count
      }
    }
    summary.truncated =
      reasons.map { (reason, count) in
        let index = Int(reason)
        return .init(
          reason: truncationReasons.indices.contains(index) ? truncationReasons[index] : "other", samples: count)
      }.sorted { ($1.samples, $0.reason) < ($0.samples, $1.reason) }
    return summary
  }
}
