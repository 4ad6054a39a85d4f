import ProfileFormats
import TestTools
import Testing

/// The rules of the formats that have no reader here: what is written keeps each, and a document that breaks one is told.
@Suite struct FormatRuleTests {
  @Test func whatIsWrittenKeepsTheRules() throws {
    for profile in [Profile.example(), Profile()] {
      let speedscope = try JSONValue(parsing: profile.encoded(as: .speedscope))
      #expect(SpeedscopeFormat.problems(in: speedscope) == [])
      let firefox = try JSONValue(parsing: profile.encoded(as: .firefox))
      #expect(FirefoxFormat.problems(in: firefox) == [])
    }
  }

  /// A place in a document, what is put there (`nil` removes it), and what is said of it.
  private typealias Breakage = (path: String, value: JSONValue?, problem: String)

  private func check(
    _ breakages: [Breakage], of document: JSONValue, _ problems: (JSONValue) -> [String]
  ) {
    for (path, value, problem) in breakages {
      var broken = document
      broken[path] = value
      #expect(broken != document, "\(path)")
      let found = problems(broken)
      #expect(found.contains { $0.hasPrefix(problem) }, "\(path): \(found)")
    }
  }

  @Test func eachRuleOfSpeedscopesFormatIsLookedAt() throws {
    let document = try JSONValue(parsing: Profile.example().encoded(as: .speedscope))
    let profile = "$.profiles.0"
    check(
      [
        ("$schema", .string("https://example.org"), "$.$schema is 'https://example.org'"),
        ("shared", nil, "$.shared is missing"),
        ("shared.frames.0.name", nil, "$.shared.frames.0.name is missing"),
        ("shared.frames.0.line", .string("1"), "$.shared.frames.0.line is of another kind"),
        ("profiles", .null, "$.profiles is of another kind"), ("name", .number(1), "$.name is of another kind"),
        ("activeProfileIndex", .number(3), "$.activeProfileIndex is 3.0"),
        ("profiles.0.type", .string("evented"), "\(profile).type is 'evented'"),
        ("profiles.0.unit", .string("years"), "\(profile).unit is 'years'"),
        ("profiles.0.name", nil, "\(profile).name is missing"),
        ("profiles.0.startValue", .null, "\(profile).startValue is of another kind"),
        ("profiles.0.endValue", .number(-1), "\(profile) ends before it begins"),
        ("profiles.0.endValue", .number(7), "\(profile) ends before its last sample does"),
        ("profiles.0.samples.0.0", .number(1000), "\(profile).samples.0.0 is 1000.0"),
        ("profiles.0.samples.0.0", .number(-1), "\(profile).samples.0.0 is -1.0"),
        ("profiles.0.samples.0.0", .number(0.5), "\(profile).samples.0.0 is 0.5"),
        ("profiles.0.weights.0", nil, "\(profile) has not as many weights as samples"),
        ("profiles.0.weights.0", .string("1"), "\(profile).weights.0 is of another kind"),
      ], of: document, SpeedscopeFormat.problems)
  }

  @Test func eachRuleOfTheFirefoxProfilersFormatIsLookedAt() throws {
    let document = try JSONValue(parsing: Profile.example().encoded(as: .firefox))
    let thread = "$.threads.0"
    var breakages: [Breakage] = [
      ("meta.preprocessedProfileVersion", .number(57), "$.meta.preprocessedProfileVersion is 57.0"),
      ("meta.stackwalk", .number(2), "$.meta.stackwalk is 2.0"),
      ("meta.categories.0.color", .string("mauve"), "$.meta.categories.0.color is 'mauve'"),
      ("meta.categories.0.subcategories.0", .string("Some"), "$.meta.categories.0 does not begin with 'Other'"),
      ("meta.sampleUnits.time", .string("s"), "$.meta.sampleUnits.time is 's'"),
      ("libs.0.codeId", .number(1), "$.libs.0.codeId is of another kind"),
      ("shared.stringArray.0", .null, "$.shared.stringArray.0 is of another kind"),
      ("shared.sources.length", .number(7), "$.shared.sources.filename is not as long as the table"),
      ("shared.sources.filename.0", .number(1000), "$.shared.sources.filename.0 is 1000.0"),
      ("threads.0.pid", .number(4242), "\(thread).pid is of another kind"),
      ("threads.0.isMainThread", .number(1), "\(thread).isMainThread is of another kind"),
      ("threads.0.samples.length", nil, "\(thread).samples.length is missing"),
      ("threads.0.samples.weightType", .string("grams"), "\(thread).samples.weightType is of no kind"),
      ("threads.0.samples.time.1", .number(-5), "\(thread).samples.time.1 is before the one before"),
      ("threads.0.samples.stack.0", .number(100), "\(thread).samples.stack.0 is 100.0"),
      ("threads.0.stackTable.prefix.1", .number(1), "\(thread).stackTable.prefix.1 is not before its stack"),
      ("threads.0.stackTable.prefix.1", .number(-1), "\(thread).stackTable.prefix.1 is -1.0"),
      ("threads.0.frameTable.subcategory.0", .number(1), "\(thread).frameTable.subcategory.0 is 1.0"),
      ("threads.0.funcTable.resource.0", .number(-2), "\(thread).funcTable.resource.0 is -2.0"),
    ]
    for name in ["interval", "startTime", "processType", "product", "version", "markerSchema"] {
      breakages.append(("meta.\(name)", nil, "$.meta.\(name) is missing"))
    }
    for name in ["arch", "name", "path", "debugName", "debugPath", "breakpadId", "codeId"] {
      breakages.append(("libs.0.\(name)", nil, "$.libs.0.\(name) is missing"))
    }
    for name in [
      "processType", "processStartupTime", "processShutdownTime", "registerTime", "unregisterTime", "pausedRanges",
      "name", "tid", "markers", "stackTable", "frameTable", "funcTable", "resourceTable", "nativeSymbols",
    ] {
      breakages.append(("threads.0.\(name)", nil, "\(thread).\(name) is missing"))
    }
    // Each column: that it is there, that it is as long as its table, and where it refers to rows that they are there.
    let tables: [(table: String, indices: [String], others: [String])] = [
      ("samples", ["stack"], ["time", "weight"]), ("stackTable", ["frame", "prefix"], []),
      (
        "frameTable", ["func", "nativeSymbol", "category"],
        ["address", "inlineDepth", "subcategory", "innerWindowID", "line", "column"]
      ),
      ("funcTable", ["name", "resource", "source"], ["isJS", "relevantForJS", "lineNumber", "columnNumber"]),
      ("resourceTable", ["lib", "name", "type"], ["host"]),
      ("nativeSymbols", ["libIndex", "name"], ["address", "functionSize"]),
    ]
    for (table, indices, others) in tables {
      for column in indices + others {
        let path = "threads.0.\(table).\(column)"
        breakages.append((path, nil, "$.\(path) is missing"))
        breakages.append(("\(path).0", nil, "$.\(path) is not as long as the table"))
        breakages.append(("\(path).0", .string("0"), "$.\(path).0 is of another kind"))
      }
      for column in indices {
        let path = "threads.0.\(table).\(column).0"
        breakages.append((path, .number(1000), "$.\(path) is 1000.0"))
      }
    }
    check(breakages, of: document, FirefoxFormat.problems)

    // No default category, and functions that are inlined into another address.
    var grey = document
    for index in 0..<6 { grey["meta.categories.\(index).color"] = .string("blue") }
    #expect(FirefoxFormat.problems(in: grey).contains("$.meta.categories has none that is grey"))
    var depths = document
    let inlined = try #require(document["threads.0.frameTable.inlineDepth"]?.list?.firstIndex(of: .number(1)))
    for (column, value) in [("inlineDepth", 2.0), ("address", 1.0)] {
      depths["threads.0.frameTable.\(column).\(inlined)"] = .number(value)
      #expect(
        FirefoxFormat.problems(in: depths).contains { $0.hasSuffix("is inlined into what is not around it") },
        "\(column)")
      depths = document
    }
  }
}
