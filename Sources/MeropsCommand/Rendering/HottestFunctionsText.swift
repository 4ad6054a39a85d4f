import ProfileFormats

/// The functions in which the most time was spent, as a table.
package struct HottestFunctionsText {
  private let style: Style

  package init(style: Style) { self.style = style }

  package func text(of profile: Profile, limit: Int) -> String {
    let functions = profile.hottestFunctions(limit: limit)
    let all = profile.samples.reduce(0) { $0 + UInt64($1.count) }
    guard !functions.isEmpty, all > 0 else { return "" }
    var table = Columns([.right, .right, .left, .left])
    table.add("self", "total", "function", "in", role: .heading)
    for function in functions {
      table.add(
        Self.percent(function.selfCount, of: all), Self.percent(function.totalCount, of: all),
        Self.shortened(function.name), function.module)
    }
    return table.lines(style).joined(separator: "\n") + "\n"
  }

  /// As many letters of a name as are shown.
  private static let nameLength = 80

  /// A name, or its beginning and its end: those of C++ may have hundreds of letters. The files have all of them.
  private static func shortened(_ name: String) -> String {
    guard name.count > nameLength else { return name }
    return name.prefix(nameLength * 2 / 3) + "…" + name.suffix(nameLength - nameLength * 2 / 3 - 1)
  }

  private static func percent(_ part: UInt64, of all: UInt64) -> String {
    let tenths = (part * 1000 + all / 2) / all
    return "\(tenths / 10).\(tenths % 10) %"
  }
}
