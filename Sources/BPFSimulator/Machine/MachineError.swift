public import BPFExecution

/// A wrong use of the simulated machine by whoever scripts it, or the fault of a program that a step has run.
public struct MachineError: Error, CustomStringConvertible {
  /// What was asked and why it cannot be.
  public var message: String
  /// The fault, when the step itself was right and a program in it was stopped.
  public var fault: ProgramFault?

  init(_ message: String) { self.message = message }

  init(fault: ProgramFault) {
    message = fault.message
    self.fault = fault
  }

  /// The message.
  public var description: String { message }
}

/// The end of a program or callback that did what it may not do.
public struct ProgramFault: Error, CustomStringConvertible {
  /// The name of the program.
  public var program: String
  /// The function of the program in which it happened.
  public var function: String
  /// The source line, when the object carries line information.
  public var line: String?
  /// What the interpreter found.
  public var fault: ExecutionFault

  /// One sentence with the place.
  public var message: String {
    var place = "program '\(program)'"
    if function != program { place += ", function '\(function)'" }
    if let instruction = fault.place?.instruction { place += ", instruction \(instruction)" }
    if let line { place += " (\(line))" }
    return "\(place): \(fault.reason)"
  }
  /// The message.
  public var description: String { message }
}
