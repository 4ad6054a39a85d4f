public import BPFObject
public import BPFSimulator

/// Why a program was not run in a ``Scenario``.
public enum ScenarioError: Error, CustomStringConvertible {
  /// The object has no such program; it has others.
  case unknownProgram(String, available: [String])
  /// A variable of the object cannot be set as asked.
  case edit(EditError)
  /// The engine refuses the object.
  case load(LoadError)
  /// Nothing that a scenario can do makes a program of this kind run.
  case noEvent(String, section: String, reason: String)
  /// The machine refuses a step of the scenario.
  case machine(MachineError)

  /// What is wrong and what to do.
  public var description: String {
    switch self {
    case .unknownProgram(let name, let available):
      AbsentProgram(name, among: available).description
    case .edit(let error): error.description
    case .load(let error): error.description
    case .noEvent(let name, let section, let reason):
      "cannot make program '\(name)' in section '\(section)' run: \(reason)"
    case .machine(let error): error.description
    }
  }
}
