internal import BPFInstructions
internal import BPFTypeFormat

/// The values of kernel configuration options.
enum ConfigurationValue {
  /// The name of the enumeration for options that can be modules.
  static let tristateName = "libbpf_tristate"
}

extension ObjectFile {
  /// Fills in the configuration values that the object declares (`extern … __kconfig`).
  ///
  /// Values are written as in the file `/proc/config.gz`: `y`, `n` or `m`, a number, or a text in double quotes. A `bool`
  /// takes `y`, `n`, 0 or 1; an `enum libbpf_tristate` takes `y`, `n` or `m`; a `char` a number or one of the three
  /// letters; an integer a number; an array of characters a text, of which what does not fit is left out, as libbpf does
  /// it.
  ///
  /// - Parameter value: the value of an option such as `CONFIG_HZ`, or of one that libbpf makes up
  ///   (`LINUX_KERNEL_VERSION`, `LINUX_HAS_…`), as the engine has it; `nil` where it has none. A weak extern is then 0.
  /// - Throws: ``EditError`` when a value is missing, or not one of the declared type.
  public mutating func setConfiguration(_ value: (String) -> String?) throws(EditError) {
    for extern in externs.values where extern.kind == .configuration {
      guard let text = value(extern.name) else {
        guard extern.isWeak else { throw .missingConfiguration(extern.name) }
        continue
      }
      try setConfiguration(extern, to: text)
    }
  }

  private mutating func setConfiguration(_ extern: Extern, to text: String) throws(EditError) {
    guard let types, let id = extern.type, let global = globals[extern.name] else {
      throw .unknownVariable(extern.name, near: [])
    }
    let type: ValueType
    do throws(BTFError) {
      type = try ValueType(id, byteCount: global.byteCount, in: types)
    } catch {
      throw .types(extern.name, error)
    }
    switch type.shape {
    case .text(let count):
      guard text.hasPrefix("\""), text.hasSuffix("\""), text.utf8.count >= 2 else {
        throw .unreadable(extern.name, text: text, expected: "a text in double quotes")
      }
      let contents = text.utf8.dropFirst().dropLast().prefix(max(0, count - 1))
      try setGlobal(extern.name, bytes: Array(contents) + [UInt8](repeating: 0, count: count - contents.count))
    case .boolean:
      switch text {
      case "y", "1": try set(extern.name, to: true)
      case "n", "0": try set(extern.name, to: false)
      default: throw .unreadable(extern.name, text: text, expected: "y or n")
      }
    case .enumeration:
      // TRI_NO, TRI_YES and TRI_MODULE.
      guard let number = ["n", "y", "m"].firstIndex(of: text) else {
        throw .unreadable(extern.name, text: text, expected: "y, n or m")
      }
      try set(extern.name, to: number)
    case .integer:
      if type.byteCount == 1, ["y", "n", "m"].contains(text), let letter = text.utf8.first {
        try set(extern.name, to: letter)
        return
      }
      guard let number = IntegerLiteral(text) else { throw .unreadable(extern.name, text: text, expected: "a number") }
      try set(extern.name, to: number.value)
    case .pointer, .other:
      throw .wrongType(extern.name, type: type.name, given: "a configuration value")
    }
  }
}
