/// Names for people, of names for linkers.
public struct Demangler: Sendable {
  /// How much of a name is shown.
  public enum Style: Hashable, Sendable {
    /// The name as the linker has it.
    case mangled
    /// All that the name says: types of parameters and results, generic arguments, specializations.
    case full
    /// For long names of Swift, what a reader looks for: the function with its labels, without types.
    case simplified
  }

  /// How much of a name is shown.
  public var style: Style

  /// The longest name that is looked at; a longer one stays as it is.
  public static let maximumLength = 1 << 14

  /// A demangler of Swift, C++ and Rust names.
  public init(style: Style = .simplified) {
    self.style = style
  }

  /// The name for people; the name as it is where it is of no language that is known.
  ///
  /// What compilers append to a name (`.cold`, `.llvm.123`, `.isra.0`) is kept in the full style, in parentheses or behind
  /// the name, and left out in the simplified one.
  public func demangle(_ name: String) -> String {
    guard style != .mangled, name.utf8.count <= Self.maximumLength else { return name }
    // Most names are C's.
    guard let first = name.utf8.first, first == UInt8(ascii: "_") || first == UInt8(ascii: "$") else { return name }
    if name.hasPrefix("$s") || name.hasPrefix("$S") || name.hasPrefix("_$s") || name.hasPrefix("_$S")
      || name.hasPrefix("_T0") || name.hasPrefix("$e")
    {
      guard let full = SwiftRuntime.demangle(name) else { return name }
      return style == .simplified ? SwiftNameSimplifier.simplify(full) : full
    }
    if name.hasPrefix("_R") {
      return RustName.demangle(name, isVerbose: style == .full) ?? name
    }
    if name.hasPrefix("_ZN"), let rust = LegacyRustName.demangle(name, isVerbose: style == .full) { return rust }
    if name.hasPrefix("_Z") || name.hasPrefix("__Z") || name.hasPrefix("___Z") {
      return demangleCPlusPlus(name)
    }
    return name
  }

  private func demangleCPlusPlus(_ name: String) -> String {
    if let whole = CPlusPlusRuntime.shared?.demangle(name) { return whole }
    // What compilers append with a dot is not part of the mangling.
    guard let dot = name.utf8.firstIndex(of: UInt8(ascii: ".")),
      let bare = CPlusPlusRuntime.shared?.demangle(String(name[..<dot]))
    else { return name }
    return style == .full ? "\(bare) [\(name[dot...])]" : bare
  }
}
