import ArgumentParser

/// A variable and what it is set to: `name=value`, `name=@text` for the address of a text in user memory, or
/// `name=&symbol` for the address of a symbol in a real process.
package struct Assignment: Hashable, Sendable {
  /// What a variable is set to.
  package enum Value: Hashable, Sendable {
    /// A value, as text.
    case value(String)
    /// The address of a text in the memory of the task.
    case userString(String)
    /// The address of a symbol in the target.
    case symbol(String)
  }

  /// The variable, with `.member` and `[index]` for a part of it.
  package var variable: String
  package var value: Value

  /// Reads an argument.
  package init(parsing argument: String) throws {
    guard let equals = argument.firstIndex(of: "="), equals != argument.startIndex else {
      throw ValidationError(
        "write name=VALUE, name=@TEXT for a text in user memory, or name=&SYMBOL for an address in a real process")
    }
    variable = String(argument[..<equals])
    value = Value(String(argument[argument.index(after: equals)...]))
  }
}

extension Assignment.Value {
  /// A text that begins with `@` is one in user memory, one that begins with `&` a symbol; `@@` and `&&` stand for an
  /// `@` and an `&` that are not meant so.
  init(_ text: String) {
    if text.hasPrefix("@@") {
      self = .value(String(text.dropFirst()))
    } else if text.hasPrefix("@") {
      self = .userString(String(text.dropFirst()))
    } else if text.hasPrefix("&&") {
      self = .value(String(text.dropFirst()))
    } else if text.hasPrefix("&") {
      self = .symbol(String(text.dropFirst()))
    } else {
      self = .value(text)
    }
  }
}
