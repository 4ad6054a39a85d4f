extension Profile {
  /// How and when a profile was taken.
  public struct Metadata: Hashable, Sendable {
    /// The event that was sampled, such as `cpu-clock`.
    public var event: String
    /// Samples a second and CPU; zero where it is not known.
    public var frequency: UInt32
    /// When the sampling began, in nanoseconds since 1970.
    public var startTime: UInt64
    /// How long it took, in nanoseconds.
    public var duration: UInt64
    /// The command that was sampled, or that did the sampling.
    public var commandLine: [String]
    /// The machine and its system, in a line.
    public var machine: String
    /// Samples that the kernel took and nobody received. They count in every rate.
    public var lostSamples: UInt64
    /// What else is to be told, a line each: it is written to the formats that have comments.
    public var notes: [String]

    /// How and when a profile was taken.
    public init(
      event: String = "cpu-clock", frequency: UInt32 = 0, startTime: UInt64 = 0, duration: UInt64 = 0,
      commandLine: [String] = [], machine: String = "", lostSamples: UInt64 = 0, notes: [String] = []
    ) {
      self.event = event
      self.frequency = frequency
      self.startTime = startTime
      self.duration = duration
      self.commandLine = commandLine
      self.machine = machine
      self.lostSamples = lostSamples
      self.notes = notes
    }
  }
}
