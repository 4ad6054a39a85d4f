import ProfileFormats

/// The functions in which the most time was spent, as a table.
struct HottestFunctionsText {
  let style: Style

  func text(of profile: Profile, limit: Int) -> String {
    let functions = profile.hottestFunctions(limit: limit)
    let all = profile.samples.reduce(0) { $0 + UInt64($1.count) }
    guard !functions.isEmpty, all > 0 else { return "" }
    var table = Columns([.right, .right, .left, .left])
    table.add("self", "total", "function", "in", role: .heading)
    for function in functions {
      table.add(
        Self.percent(function.selfCount, of: all), Self.percent(function.totalCount, of: all), function.name,
        function.module)
    }
    return table.lines(style).joined(separator: "\n") + "\n"
  }

  private static func percent(_ part: UInt64, of all: UInt64) -> String {
    let tenths = (part * 1000 + all / 2) / all
    return "\(tenths / 10).\(tenths % 10) %"
  }
}
