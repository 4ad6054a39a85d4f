/// Why a text is not a program, and where.
public struct AssemblerError: Error, Hashable, Sendable {
  /// The line, from 1.
  public var line: Int
  /// The byte of the line, from 1, at which the offending word begins.
  public var column: Int
  /// What is wrong there.
  public var reason: Reason

  /// An error at a place.
  public init(line: Int, column: Int, reason: Reason) {
    self.line = line
    self.column = column
    self.reason = reason
  }

  /// What is wrong with a statement.
  public enum Reason: Hashable, Sendable {
    /// Something else has to stand here; described in words.
    case expected(String)
    /// A number does not fit in its field.
    case numberOutOfRange(String, ClosedRange<Int64>)
    /// The same register has to stand here as before.
    case differentRegister(expected: String)
    /// A label has no place in the text.
    case undefinedLabel(String)
    /// A label has two places; the line of the first.
    case duplicateLabel(String, firstLine: Int)
    /// A label is too far away for the field that holds the distance, in slots.
    case jumpTooFar(String, distance: Int)
    /// No helper function has the name, and no label either.
    case unknownFunction(String)
  }
}

extension AssemblerError: CustomStringConvertible {
  /// The place and the reason: `3:12: expected …`.
  public var description: String { "\(line):\(column): \(reason)" }
}

extension AssemblerError.Reason: CustomStringConvertible {
  /// The reason in one line.
  public var description: String {
    switch self {
    case .expected(let what): "expected \(what)"
    case .numberOutOfRange(let number, let range):
      "\(number) does not fit here; the range is \(range.lowerBound) to \(range.upperBound)"
    case .differentRegister(let register): "this has to be \(register) again"
    case .undefinedLabel(let name): "there is no label '\(name)'"
    case .duplicateLabel(let name, let line): "the label '\(name)' already stands on line \(line)"
    case .jumpTooFar(let name, let distance):
      "the label '\(name)' is \(distance) slots away, too far for this instruction; 'gotol' reaches farther"
    case .unknownFunction(let name): "'\(name)' is neither a label nor a helper function of Linux 6.18"
    }
  }
}
