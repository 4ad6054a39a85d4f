/// How pieces of text stand out on a terminal; elsewhere they do not.
package struct Style: Sendable {
  /// Why a piece stands out.
  package enum Role: Sendable {
    /// A title.
    case heading
    /// What matters less than the rest.
    case faint
    /// The name of a program, map or function.
    case name
    /// Something that went wrong.
    case failure
    /// A result, such as the contents of a map.
    case value
    /// What runs in a context that may not sleep.
    case interrupt
  }

  private let isEnabled: Bool

  /// A style that marks nothing.
  package static let plain = Style(isEnabled: false)
  /// A style that marks with the escape sequences of ECMA-48.
  package static let colored = Style(isEnabled: true)

  private init(isEnabled: Bool) { self.isEnabled = isEnabled }

  /// The style that suits a stream.
  init(of output: Output) { isEnabled = output.wantsColor }

  /// The text, marked.
  package func applied(_ role: Role, to text: String) -> String {
    guard isEnabled, !text.isEmpty else { return text }
    let code =
      switch role {
      case .heading: "1"
      case .faint: "2"
      case .name: "36"
      case .failure: "1;31"
      case .value: "32"
      case .interrupt: "33"
      }
    return "\u{1b}[\(code)m\(text)\u{1b}[0m"
  }
}
