import ProfileFormats
import Testing

@Suite struct SummaryTests {
  @Test func functionsAreOrderedByWhatWasSampledInThem() {
    let table = Profile.example().hottestFunctions()
    let rows = table.map {
      "\($0.name)|\($0.kind)|\($0.module)|\($0.selfCount)|\($0.totalCount)|\($0.totalWeight / 1_000_000)"
    }
    #expect(
      rows == [
        "do_syscall_64|kernel|[kernel]|5|5|50",
        "small; one|inlined|server|2|7|70",
        // Twice in one stack: once in the total.
        "run<&\"'>|native|server|1|7|70",
        "LazyCompile:~größe|jit|[anon]|1|1|10",
        "[server]|unknown|server|1|1|10",
        "_start|native|server|0|8|80",
        "work(\n)|native|server|0|7|70",
      ])
    #expect(Profile.example().hottestFunctions(limit: 2).map(\.name) == ["do_syscall_64", "small; one"])
    #expect(Profile().hottestFunctions() == [])
  }

  /// As many different stacks as make tables grow more than once.
  @Test func manyFunctionsAreToldApart() {
    var profile = Profile()
    let process = profile.add(Profile.Process(pid: 1, name: "app"))
    let thread = profile.add(Profile.Thread(tid: 1, name: "app", process: process))
    let module = profile.intern(Profile.Module(path: "/bin/app"))
    let locations = (0..<3000).map { number in
      let location = profile.intern(Profile.Location(module: module, address: UInt64(number), kind: .native))
      let function = profile.intern(Profile.Function(name: "f\(number)", module: module))
      profile.setFrames([Profile.Frame(function: function)], at: location)
      return location
    }
    for (number, location) in locations.enumerated() {
      let stack = profile.stack(leafFirst: [location, locations[number / 2], locations[0]])
      profile.add(Profile.Sample(stack: stack, thread: thread, time: 0, weight: 1))
    }
    let totals = Dictionary(uniqueKeysWithValues: profile.hottestFunctions().map { ($0.name, $0) })
    #expect(totals.count == 3000 && totals.values.allSatisfy { $0.selfCount == 1 })
    #expect(totals["f0"]?.totalCount == 3000 && totals["f2999"]?.totalCount == 1)
    // Itself, and the two that it calls.
    #expect(totals["f1000"]?.totalCount == 3)
  }

  @Test func everySampleIsInTheSummary() {
    let summary = Profile.example().captureSummary
    #expect(summary.samples == 13)
    #expect(summary.complete == 8)
    #expect(summary.truncated == [.init(reason: "byte budget", samples: 1)])
    #expect(summary.pending == 1)
    #expect(summary.noMemoryMap == 1)
    #expect(summary.lost == 2)
    // Threads without user memory have no stack to capture; lost samples had one.
    #expect(summary.captureRate == 8.0 / 12.0)
    #expect(Profile().captureSummary.captureRate == 1)
  }
}
