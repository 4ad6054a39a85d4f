public import BPFTypeFormat

/// Why a variable or a map of an object cannot be changed as asked.
public enum EditError: Error, Hashable, Sendable, CustomStringConvertible {
  /// No variable has the name; others look like it.
  case unknownVariable(String, near: [String])
  /// No map has the name; others look like it.
  case unknownMap(String, near: [String])
  /// A structure has no member of the name; others look like it.
  case unknownMember(String, of: String, near: [String])
  /// The path to a part of a variable cannot be followed: what stands before it has no members or elements.
  case badPath(String, problem: String)
  /// The index is not one of an array.
  case indexOutOfRange(String, index: Int, count: Int)
  /// The value has another number of bytes than the variable.
  case wrongSize(String, expected: Int, given: Int)
  /// The value does not fit the type.
  case outOfRange(String, value: String, type: String, allowed: String)
  /// The text with its terminating zero byte is longer than the array.
  case textTooLong(String, limit: Int, given: Int)
  /// The variable's type takes no value of this sort.
  case wrongType(String, type: String, given: String)
  /// The text cannot be read as a value of the type.
  case unreadable(String, text: String, expected: String)
  /// A configuration value that the object cannot do without is not given.
  case missingConfiguration(String)
  /// The object's types are damaged.
  case types(String, BTFError)

  /// What is wrong and what to do.
  public var description: String {
    switch self {
    case .unknownVariable(let name, let near):
      "there is no variable '\(name)'\(Self.hint(near))"
    case .unknownMap(let name, let near):
      "there is no map '\(name)'\(Self.hint(near))"
    case .unknownMember(let member, let path, let near):
      "'\(path)' has no member '\(member)'\(Self.hint(near))"
    case .badPath(let path, let problem):
      "'\(path)': \(problem); write variable.member or variable[index]"
    case .indexOutOfRange(let path, let index, let count):
      "'\(path)' has \(count) elements, and the index is \(index)"
    case .wrongSize(let name, let expected, let given):
      "'\(name)' has \(expected) bytes, and \(given) are given"
    case .outOfRange(let name, let value, let type, let allowed):
      "'\(name)' is of type \(type) and takes \(allowed), not \(value)"
    case .textTooLong(let name, let limit, let given):
      "'\(name)' takes texts of up to \(limit) bytes, and this one has \(given)"
    case .wrongType(let name, let type, let given):
      "'\(name)' is of type \(type) and cannot be set to \(given)"
    case .unreadable(let name, let text, let expected):
      "'\(text)' is not a value for '\(name)': give \(expected)"
    case .missingConfiguration(let name):
      "the object needs the configuration value '\(name)', which the engine does not have; "
        + "declare it __weak to go without it"
    case .types(let name, let error):
      "the types say nothing of '\(name)': \(error.problem)"
    }
  }

  private static func hint(_ near: [String]) -> String {
    guard let last = near.last else { return "" }
    let quoted = near.dropLast().map { "'\($0)'" }.joined(separator: ", ")
    return "; did you mean \(quoted)\(quoted.isEmpty ? "" : " or ")'\(last)'?"
  }
}
