/// The rules of the Firefox Profiler's processed profile format, version 58, as its types state them.
package enum FirefoxFormat {
  private static let colors: Set = [
    "transparent", "purple", "green", "orange", "yellow", "lightblue", "blue", "brown", "magenta", "red", "lightred",
    "darkgrey", "grey",
  ]

  /// The rules that a document breaks.
  package static func problems(in document: JSONValue) -> [String] {
    let categories = document["meta.categories"]?.list ?? []
    let strings = 0..<(document["shared.stringArray"]?.list?.count ?? 0)
    let counts = Counts(
      strings: strings, libraries: 0..<(document["libs"]?.list?.count ?? 0), categories: 0..<categories.count,
      sources: 0..<length(of: document["shared.sources"]))
    let shape = JSONShape.object([
      "meta": meta,
      "libs": .list(
        .object([
          "arch": .string, "name": .string, "path": .string, "debugName": .string, "debugPath": .string,
          "breakpadId": .string, "codeId": .nullable(.string),
        ])),
      "shared": .object([
        "stringArray": .list(.string),
        "sources": .table(["uuid": .nullable(.string), "filename": .integer(strings)]),
      ]),
      "threads": .list(.object([:])),
    ])
    var problems = shape.problems(of: document, at: "$")
    if !categories.contains(where: { $0["color"] == .string("grey") }) {
      problems.append("$.meta.categories has none that is grey")
    }
    for (index, category) in categories.enumerated() where category["subcategories.0"] != .string("Other") {
      problems.append("$.meta.categories.\(index) does not begin with 'Other'")
    }
    for (index, value) in (document["threads"]?.list ?? []).enumerated() {
      let path = "$.threads.\(index)"
      problems += thread(value, counts, categories).problems(of: value, at: path)
      problems += order(of: value, at: path)
    }
    return problems
  }

  /// How many rows there are of what all threads refer to.
  private struct Counts {
    var strings: Range<Int>
    var libraries: Range<Int>
    var categories: Range<Int>
    var sources: Range<Int>
  }

  private static func length(of table: JSONValue?) -> Int { table?["length"]?.number.flatMap { Int(exactly: $0) } ?? 0 }

  private static let meta = JSONShape.object(
    [
      "interval": .number, "startTime": .number, "processType": .number, "product": .string,
      "stackwalk": .integer(0..<2), "version": .number, "preprocessedProfileVersion": .integer(58..<59),
      "markerSchema": .list(.object([:])),
    ],
    optional: [
      "categories": .list(
        .object(["name": .string, "color": .word(colors), "subcategories": .list(.string)])),
      "profilingStartTime": .number, "profilingEndTime": .number, "symbolicated": .boolean, "importedFrom": .string,
      "oscpu": .string, "platform": .string, "usesOnlyOneStackType": .boolean, "sourceCodeIsNotOnSearchfox": .boolean,
      "sampleUnits": .object([
        "time": .word(["ms", "bytes"]), "eventDelay": .word(["ms"]),
        "threadCPUDelta": .word(["ns", "µs", "variable CPU cycles"]),
      ]),
    ])

  private static func thread(_ thread: JSONValue, _ counts: Counts, _ categories: [JSONValue]) -> JSONShape {
    func rows(_ table: String) -> Range<Int> { 0..<length(of: thread[table]) }
    let subcategories = categories.map { $0["subcategories"]?.list?.count ?? 0 }.max() ?? 0
    return .object(
      [
        "processType": .string, "processStartupTime": .number, "processShutdownTime": .nullable(.number),
        "registerTime": .number, "unregisterTime": .nullable(.number), "pausedRanges": .list(.object([:])),
        "name": .string, "isMainThread": .boolean, "pid": .string, "tid": .number,
        "samples": .table(["stack": .nullable(.integer(rows("stackTable"))), "time": .number, "weight": .number]),
        "markers": .table([
          "data": .object([:]), "name": .integer(counts.strings), "startTime": .nullable(.number),
          "endTime": .nullable(.number), "phase": .integer(0..<4), "category": .integer(counts.categories),
        ]),
        "stackTable": .table([
          "frame": .integer(rows("frameTable")), "prefix": .nullable(.integer(rows("stackTable"))),
        ]),
        "frameTable": .table([
          "address": .integer(-1..<Int.max), "inlineDepth": .integer(0..<Int.max),
          "category": .nullable(.integer(counts.categories)), "subcategory": .nullable(.integer(0..<subcategories)),
          "func": .integer(rows("funcTable")), "nativeSymbol": .nullable(.integer(rows("nativeSymbols"))),
          "innerWindowID": .nullable(.number), "line": .nullable(.integer(0..<Int.max)),
          "column": .nullable(.integer(0..<Int.max)),
        ]),
        "funcTable": .table([
          "name": .integer(counts.strings), "isJS": .boolean, "relevantForJS": .boolean,
          "resource": .integer(-1..<rows("resourceTable").upperBound), "source": .nullable(.integer(counts.sources)),
          "lineNumber": .nullable(.number), "columnNumber": .nullable(.number),
        ]),
        "resourceTable": .table([
          "lib": .nullable(.integer(counts.libraries)), "name": .integer(counts.strings),
          "host": .nullable(.integer(counts.strings)), "type": .integer(0..<6),
        ]),
        "nativeSymbols": .table([
          "libIndex": .integer(counts.libraries), "address": .integer(0..<Int.max), "name": .integer(counts.strings),
          "functionSize": .nullable(.number),
        ]),
      ],
      optional: ["processName": .string])
  }

  /// What is between rows: a stack comes behind its prefix, samples in the order of their times; frames that are inlined
  /// have the address of the one that they are in.
  private static func order(of thread: JSONValue, at path: String) -> [String] {
    func numbers(_ column: String) -> [Double?] { (thread[column]?.list ?? []).map(\.number) }
    var problems: [String] = []
    for (index, prefix) in numbers("stackTable.prefix").enumerated() where prefix ?? -1 >= Double(index) {
      problems.append("\(path).stackTable.prefix.\(index) is not before its stack")
    }
    let times = numbers("samples.time").compactMap { $0 }
    for (index, pair) in zip(times, times.dropFirst()).enumerated() where pair.0 > pair.1 {
      problems.append("\(path).samples.time.\(index + 1) is before the one before")
    }
    if thread["samples.weightType"].map({ ![.string("samples"), .string("tracing-ms"), .string("bytes")].contains($0) })
      ?? true
    {
      problems.append("\(path).samples.weightType is of no kind")
    }
    let frames = numbers("stackTable.frame")
    let depths = numbers("frameTable.inlineDepth")
    let addresses = numbers("frameTable.address")
    func row(_ column: [Double?], _ stack: Int) -> Double? {
      guard let frame = frames[stack].flatMap({ Int(exactly: $0) }), column.indices.contains(frame) else { return nil }
      return column[frame]
    }
    for (index, prefix) in numbers("stackTable.prefix").enumerated() where index < frames.count {
      guard let depth = row(depths, index), depth > 0 else { continue }
      guard let parent = prefix.flatMap({ Int(exactly: $0) }), frames.indices.contains(parent),
        row(depths, parent) == depth - 1, row(addresses, parent) == row(addresses, index)
      else {
        problems.append("\(path).stackTable.\(index) is inlined into what is not around it")
        continue
      }
    }
    return problems
  }
}
