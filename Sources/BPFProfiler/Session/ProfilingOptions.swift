/// What is sampled, by what, and how often.
public struct ProfilingOptions: Hashable, Sendable {
  /// Which threads.
  public enum Target: Hashable, Sendable {
    /// Processes, and those that they start from then on.
    case processes([Int32])
    /// One thread.
    case thread(Int32)
    /// Everything that runs on the machine.
    case all
  }

  /// What makes the interrupts.
  public enum Event: String, Hashable, Sendable, CaseIterable {
    /// A timer of each CPU.
    case cpuClock = "cpu-clock"
    /// A timer of each CPU that counts the time of tasks.
    case taskClock = "task-clock"
    /// Cycles of the processor, where the machine has a counter for them.
    case cycles
  }

  /// Which threads.
  public var target: Target
  /// What makes the interrupts.
  public var event: Event
  /// Samples a second and CPU.
  public var frequency: UInt32
  /// Have the user stacks walked in deferred task work, where the kernel has it.
  public var defersStacks: Bool
  /// Copy registers and 64 KiB of stack with each sample as well, for a comparison with another unwinder.
  package var copiesMemory = false
  /// The size of the ring buffer in bytes, a power of two.
  package var bufferByteCount: UInt32?

  /// What to sample, 99 times a second by the CPUs' clocks unless told.
  public init(
    target: Target, event: Event = .cpuClock, frequency: UInt32 = 99, defersStacks: Bool = true
  ) {
    self.target = target
    self.event = event
    self.frequency = frequency
    self.defersStacks = defersStacks
  }
}
