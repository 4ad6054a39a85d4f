import ArgumentParser

/// A variable and what it is set to: `name=value`, or `name=@text` for the address of a text in user memory.
package struct Assignment: Hashable, Sendable {
  /// What a variable is set to.
  package enum Value: Hashable, Sendable {
    /// A value, as text.
    case value(String)
    /// The address of a text in the memory of the task.
    case userString(String)
  }

  /// The variable, with `.member` and `[index]` for a part of it.
  package var variable: String
  package var value: Value

  /// Reads an argument.
  package init(parsing argument: String) throws {
    guard let equals = argument.firstIndex(of: "="), equals != argument.startIndex else {
      throw ValidationError("write name=VALUE, or name=@TEXT for a text in user memory")
    }
    variable = String(argument[..<equals])
    value = Value(String(argument[argument.index(after: equals)...]))
  }
}

extension Assignment.Value {
  /// A text that begins with `@` is one in user memory; `@@` stands for an `@` that is not meant so.
  init(_ text: String) {
    if text.hasPrefix("@@") {
      self = .value(String(text.dropFirst()))
    } else if text.hasPrefix("@") {
      self = .userString(String(text.dropFirst()))
    } else {
      self = .value(text)
    }
  }
}
