public import BPFLinux

/// Why sampling cannot begin or go on.
public enum ProfilingError: Error, Sendable, CustomStringConvertible {
  /// The kernel, or BPFLinux in front of it, refused.
  case kernel(BPFError)
  /// The program that the module carries cannot be used.
  case program(String)
  /// There is nothing to sample.
  case target(String)

  /// What is wrong, and what to do.
  public var description: String {
    switch self {
    case .kernel(let error): "\(error)"
    case .program(let problem): "the profiler's own program: \(problem)"
    case .target(let problem): problem
    }
  }
}
