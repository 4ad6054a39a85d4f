/// How parts of a rendered diagnostic stand out: given from outside, since only the one who prints knows the terminal.
public struct DiagnosticStyle: Sendable {
  /// What a part is.
  public enum Role: Hashable, Sendable {
    /// The word `error`.
    case error
    /// The word `warning`.
    case warning
    /// The headline.
    case headline
    /// A file, a line number, the frame around the excerpt.
    case place
    /// What underlines the excerpt.
    case mark
    /// A word that begins a line: `help`, `path`.
    case title
    /// What matters less than the rest.
    case faint
  }

  private let apply: @Sendable (Role, String) -> String

  /// A style that changes nothing.
  public static let plain = DiagnosticStyle { _, text in text }

  /// A style that marks a text by its role.
  public init(_ apply: @escaping @Sendable (Role, String) -> String) { self.apply = apply }

  func callAsFunction(_ role: Role, _ text: String) -> String { text.isEmpty ? text : apply(role, text) }
}
