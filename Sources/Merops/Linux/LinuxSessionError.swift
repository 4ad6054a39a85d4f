public import BPFLinux

/// Why a ``LinuxSession`` did not come to be.
public enum LinuxSessionError: Error, CustomStringConvertible {
  /// The object has no such program; it has others.
  case unknownProgram(String, available: [String])
  /// The target is not there, or cannot be started.
  case target(BPFError)
  /// The target has no such symbol, or a variable cannot take its address.
  case symbol(String)
  /// The kernel, or Merops in front of it, refuses the object.
  case load(BPFError)
  /// A program cannot be attached or run.
  case attach(BPFError)

  /// What is wrong and what to do.
  public var description: String {
    switch self {
    case .unknownProgram(let name, let available):
      AbsentProgram(name, among: available).description
    case .symbol(let text): text
    case .target(let error), .load(let error), .attach(let error): error.description
    }
  }

  /// The error of the engine, if it is one.
  public var engineError: BPFError? {
    switch self {
    case .target(let error), .load(let error), .attach(let error): error
    case .unknownProgram, .symbol: nil
    }
  }
}
