public import BPFDiagnostics

/// Why an object was not loaded into the simulated kernel.
public struct LoadError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What could not be loaded.
  public var subject: Subject
  /// Why, and what to do about it.
  public var reason: String
  /// The instruction that it is about, if there is one.
  public var instruction: Int?
  /// What the verifier has found, if it is the verifier that refuses a program.
  public var diagnostic: Diagnostic?

  /// What an error is about.
  public enum Subject: Hashable, Sendable {
    /// The object as a whole.
    case object
    /// A map, by name.
    case map(String)
    /// A program, by name.
    case program(String)
    /// An external symbol, by name.
    case symbol(String)
  }

  init(_ subject: Subject, _ reason: String, instruction: Int? = nil) {
    self.subject = subject
    self.reason = reason
    self.instruction = instruction
  }

  /// One sentence: what could not be loaded, where, and why.
  public var description: String {
    let place = instruction.map { " at instruction \($0)" } ?? ""
    return switch subject {
    case .object: "cannot load the object: \(reason)"
    case .map(let name): "cannot create map '\(name)': \(reason)"
    case .program(let name): "cannot load program '\(name)'\(place): \(reason)"
    case .symbol(let name): "cannot resolve '\(name)'\(place): \(reason)"
    }
  }
}
