/// What a simulated machine is made of. Two machines of one configuration behave alike to the bit.
public struct MachineConfiguration: Sendable {
  /// The number of CPUs, at least 1.
  public var cpuCount: Int = 2
  /// The seed of everything that programs see as random.
  public var seed: UInt64 = 1
  /// What `CLOCK_REALTIME` showed when the machine started, in nanoseconds since 1970.
  public var realTimeAtStart: UInt64 = 1_767_225_600_000_000_000
  /// The monotonic time at which the script begins, in nanoseconds since the machine was started.
  public var startTime: UInt64 = 1_000_000_000
  /// The task-work contexts that one section with interrupts off may take for first-time requests; Linux 6.18 was
  /// seen to give 48 to 69 before it answers `-ENOMEM`.
  public var freshContextsPerInterrupt: Int = 64
  /// The instructions that one run of a program may execute before it is stopped.
  public var instructionBudget: Int = 100_000_000
  /// What things cost in virtual time.
  public var costs = Costs()

  /// A machine of two CPUs.
  public init() {}

  /// Durations in nanoseconds of virtual time.
  public struct Costs: Hashable, Sendable {
    /// The entry into an interrupt or an NMI.
    public var interrupt: UInt64 = 500
    /// The entry into a system call, and its exit.
    public var systemCall: UInt64 = 100
    /// An interrupt that one CPU sends another.
    public var interprocessorInterrupt: UInt64 = 2_000
    /// A switch from one task to another.
    public var contextSwitch: UInt64 = 1_500
    /// A page fault that reads no file.
    public var minorFault: UInt64 = 700
    /// A page fault that reads a file.
    public var majorFault: UInt64 = 100_000
    /// One instruction of a program.
    public var instruction: UInt64 = 1
    /// The durations of an ordinary machine.
    public init() {}
  }
}
