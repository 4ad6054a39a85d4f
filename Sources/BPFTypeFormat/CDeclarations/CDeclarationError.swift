/// What stops ``CDeclarations`` from reading a text, and where.
public struct CDeclarationError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The name that the text was given, as in a compiler's message.
  public var file: String
  /// The line, counted from 1.
  public var line: Int
  /// The column in bytes, counted from 1.
  public var column: Int
  /// What is wrong there.
  public var reason: Reason

  /// An error at a place.
  public init(file: String, line: Int, column: Int, reason: Reason) {
    self.file = file
    self.line = line
    self.column = column
    self.reason = reason
  }

  /// What is wrong with a declaration.
  public enum Reason: Hashable, Sendable {
    /// A byte that begins no token, or a token that does not end.
    case malformedToken(String)
    /// A token where another was needed.
    case unexpected(found: String, expected: String)
    /// A name that is used as a type and was not declared before.
    case unknownType(String)
    /// A name in a constant expression that is no enumerator.
    case unknownConstant(String)
    /// A second definition of a name.
    case redefinition(String)
    /// Type specifiers that do not go together, such as `short double`.
    case invalidSpecifiers(String)
    /// A size is needed of a type that has none, such as a structure that is only declared.
    case incompleteType(String)
    /// A bit field that is wider than its type, negative, or of a type that has no bit fields.
    case invalidBitField(String)
    /// An attribute that is not known, or not in this place.
    case invalidAttribute(String)
    /// A constant expression that divides by zero, overflows or shifts too far.
    case invalidConstant(String)
    /// A `_Static_assert` that does not hold.
    case assertionFailed(String)
    /// A number that the type format has no room for.
    case tooLarge(String)
    /// Declarations inside each other beyond ``CDeclarations/maximumDepth``.
    case tooDeep
    /// A part of C that is not read: a function body, an initializer, `typeof`.
    case unsupported(String)
  }

  /// The error as a compiler prints it: `file:line:column: reason`.
  public var description: String { "\(file):\(line):\(column): \(reason)" }
}

extension CDeclarationError.Reason: CustomStringConvertible {
  /// What is wrong, in words.
  public var description: String {
    switch self {
    case .malformedToken(let text): "this is not a token of C: \(text)"
    case .unexpected(let found, let expected): "found \(found) where \(expected) is needed"
    case .unknownType(let name): "the type '\(name)' is not declared; declare it before it is used"
    case .unknownConstant(let name): "'\(name)' is no enumerator; only enumerators and numbers are constants here"
    case .redefinition(let name): "'\(name)' is defined a second time"
    case .invalidSpecifiers(let words): "the type specifiers '\(words)' do not go together"
    case .incompleteType(let name): "the size of '\(name)' is needed, but it is only declared, not defined"
    case .invalidBitField(let text): "invalid bit field: \(text)"
    case .invalidAttribute(let text): "invalid attribute: \(text)"
    case .invalidConstant(let text): "invalid constant expression: \(text)"
    case .assertionFailed(let text): "the static assertion does not hold\(text.isEmpty ? "" : ": \(text)")"
    case .tooLarge(let text): "too large: \(text)"
    case .tooDeep: "declarations are nested more than \(CDeclarations.maximumDepth) levels deep"
    case .unsupported(let text): "\(text) is not read here; only declarations of types, functions and variables are"
    }
  }
}
