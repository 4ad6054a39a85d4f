import SystemPackage

/// A counter of perf_event_open(2) whose overflows run a program.
public struct PerfEvent: Hashable, Sendable {
  /// How often the counter overflows.
  public enum Sampling: Hashable, Sendable {
    /// So many times a second, which the kernel approximates.
    case frequency(UInt64)
    /// After so many events, or nanoseconds of a clock.
    case period(UInt64)
  }

  /// `perf_event_attr.type`.
  public var type: UInt32
  /// `perf_event_attr.config`.
  public var configuration: UInt64
  /// How often the counter overflows.
  public var sampling: Sampling
  /// Whether only what happens in user mode counts.
  public var excludesKernel: Bool
  /// Whether threads and processes that the target makes later count as well.
  public var isInherited: Bool

  /// A counter by its numbers, as in `perf_event_open(2)`.
  public init(
    type: UInt32, configuration: UInt64, sampling: Sampling, excludesKernel: Bool = false, isInherited: Bool = false
  ) {
    self.type = type
    self.configuration = configuration
    self.sampling = sampling
    self.excludesKernel = excludesKernel
    self.isInherited = isInherited
  }

  /// Time on a CPU, by a timer (`PERF_COUNT_SW_CPU_CLOCK`); works without a hardware counter. Periods are in nanoseconds.
  public static func cpuClock(_ sampling: Sampling) -> PerfEvent {
    PerfEvent(type: 1, configuration: 0, sampling: sampling)
  }
  /// Time that the task runs (`PERF_COUNT_SW_TASK_CLOCK`). Periods are in nanoseconds.
  public static func taskClock(_ sampling: Sampling) -> PerfEvent {
    PerfEvent(type: 1, configuration: 1, sampling: sampling)
  }
  /// Page faults (`PERF_COUNT_SW_PAGE_FAULTS`).
  public static func pageFaults(_ sampling: Sampling) -> PerfEvent {
    PerfEvent(type: 1, configuration: 2, sampling: sampling)
  }
  /// Context switches (`PERF_COUNT_SW_CONTEXT_SWITCHES`).
  public static func contextSwitches(_ sampling: Sampling) -> PerfEvent {
    PerfEvent(type: 1, configuration: 3, sampling: sampling)
  }
  /// Cycles of the processor (`PERF_COUNT_HW_CPU_CYCLES`), where the machine lets one count them.
  public static func cycles(_ sampling: Sampling) -> PerfEvent {
    PerfEvent(type: 0, configuration: 0, sampling: sampling)
  }

  var attributes: PerfEventAttributes {
    // Disabled until a program is attached; the kernel enables it then.
    var attributes = PerfEventAttributes(type: type, config: configuration)
    switch sampling {
    case .frequency(let hertz):
      attributes.samplePeriod = hertz
      attributes.flags |= 1 << 10
    case .period(let period): attributes.samplePeriod = period
    }
    if isInherited { attributes.flags |= 1 << 1 }
    if excludesKernel { attributes.flags |= 1 << 5 }
    return attributes
  }
}

extension LinuxKernel {
  func open(_ event: PerfEvent, pid: Int32?, cpu: Int32?) throws(BPFError) -> Descriptor {
    try openPerfEvent(event.attributes, pid: pid ?? -1, cpu: cpu ?? -1)
  }

  func openPerfEvent(
    _ attributes: PerfEventAttributes, pid: Int32, cpu: Int32, keeping buffer: KernelBuffer? = nil
  ) throws(BPFError) -> Descriptor {
    do throws(Errno) {
      return try systemCalls.openPerfEvent(attributes, pid: pid, cpu: cpu, keeping: buffer)
    } catch {
      let advice =
        switch error {
        case .permissionDenied, .notPermitted:
          "run as root, with CAP_PERFMON, or with a lower kernel.perf_event_paranoid"
        case .noSuchProcess: "there is no such thread any more"
        case .noSuchFileOrDirectory, .noSuchAddressOrDevice:
          "this machine has no such counter; the software clock cpu-clock is always there"
        case .invalidArgument where pid == -1 && cpu == -1: "give a process, a CPU, or both"
        case .invalidArgument where attributes.flags & 1 << 10 != 0:
          "the frequency may be above kernel.perf_event_max_sample_rate"
        default: ""
        }
      throw BPFError("perf event", .systemCall("perf_event_open", error), advice: advice)
    }
  }

  /// The number of the kind of events that are probes of user programs.
  func userProbeType() throws(BPFError) -> UInt32 {
    try number(in: "/sys/bus/event_source/devices/uprobe/type", for: "user probes", advice: "mount sysfs on /sys")
  }

  func number(in path: String, for subject: String, advice: String) throws(BPFError) -> UInt32 {
    let text: String
    do throws(Errno) {
      text = try systemCalls.readText(path)
    } catch { throw BPFError(subject, .systemCall("read of \(path)", error), advice: advice) }
    guard let number = UInt32(text) else { throw .refusal(subject, "\(path) holds '\(text)'") }
    return number
  }
}
