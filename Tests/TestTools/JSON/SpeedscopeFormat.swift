/// The rules of speedscope's file format for sampled profiles, as its specification and schema state them.
package enum SpeedscopeFormat {
  /// The rules that a document breaks.
  package static func problems(in document: JSONValue) -> [String] {
    let frameCount = document["shared.frames"]?.list?.count ?? 0
    let profiles = document["profiles"]?.list ?? []
    let frame = JSONShape.object(["name": .string], optional: ["file": .string, "line": .number, "col": .number])
    let profile = JSONShape.object([
      "type": .word(["sampled"]), "name": .string,
      "unit": .word(["none", "nanoseconds", "microseconds", "milliseconds", "seconds", "bytes"]),
      "startValue": .number, "endValue": .number, "samples": .list(.list(.integer(0..<frameCount))),
      "weights": .list(.number),
    ])
    let file = JSONShape.object(
      [
        "$schema": .word(["https://www.speedscope.app/file-format-schema.json"]),
        "shared": .object(["frames": .list(frame)]), "profiles": .list(profile),
      ],
      optional: ["name": .string, "exporter": .string, "activeProfileIndex": .integer(0..<max(profiles.count, 1))])
    var problems = file.problems(of: document, at: "$")
    for (index, profile) in profiles.enumerated() {
      if profile["samples"]?.list?.count != profile["weights"]?.list?.count {
        problems.append("$.profiles.\(index) has not as many weights as samples")
      }
      guard let start = profile["startValue"]?.number, let end = profile["endValue"]?.number, start <= end else {
        problems.append("$.profiles.\(index) ends before it begins")
        continue
      }
      let sum = (profile["weights"]?.list ?? []).reduce(0) { $0 + ($1.number ?? 0) }
      if sum > end - start { problems.append("$.profiles.\(index) ends before its last sample does") }
    }
    return problems
  }
}
