import Foundation
import ProfileFormats
import SystemPackage
import TestTools
import Testing

@Suite struct FormatTests {
  private static let formats: [(name: String, format: ProfileFormat)] = [
    ("pprof", .pprof), ("folded", .folded), ("flame graph", .flameGraph()), ("firefox", .firefox),
    ("speedscope", .speedscope),
  ]

  @Test func equalProfilesGiveEqualFiles() {
    for (name, format) in Self.formats {
      let bytes = Profile.example().encoded(as: format)
      #expect(!bytes.isEmpty, "\(name)")
      #expect(bytes == Profile.example().encoded(as: format), "\(name)")
    }
  }

  @Test func filesHoldWhatWasEncoded() throws {
    let folder = try TemporaryFolder()
    for (name, format) in Self.formats {
      try Profile.example().write(format, to: FilePath(folder.path("file")))
      #expect(try folder.read("file") == Profile.example().encoded(as: format), "\(name)")
    }
  }

  #if os(Linux)
    @Test func afullDiskIsTold() {
      for (name, format) in Self.formats {
        #expect(throws: ProfileWriteError(path: "/dev/full", error: .noSpace), "\(name)") {
          try Profile.example().write(format, to: "/dev/full")
        }
      }
      #expect(throws: ProfileWriteError(path: "/no/such/folder/file", error: .noSuchFileOrDirectory)) {
        try Profile.example().write(.folded, to: "/no/such/folder/file")
      }
      #expect(
        ProfileWriteError(path: "/dev/full", error: .noSpace).description.hasSuffix(
          "; free some space, or give another place"))
    }
  #endif

  @Test func foldedStacksBeginWithTheProcess() {
    let text = String(decoding: Profile.example().encoded(as: .folded), as: UTF8.self)
    #expect(
      text == """
        client;[no stack] 1
        client;_start;[server] 1
        server;[truncated];LazyCompile:~größe_[j] 1
        server;[user stack pending];do_syscall_64_[k] 1
        server;_start;run<&"'>;work( );small: one_[i] 2
        server;_start;run<&"'>;work( );small: one_[i];do_syscall_64_[k] 4
        server;_start;run<&"'>;work( );small: one_[i];run<&"'> 1

        """)
    #expect(Profile().encoded(as: .folded) == [])
  }

  // MARK: pprof

  @Test(.enabled(if: Tools.has("go"), "needs Go, whose tool pprof reads the format"))
  func pprofReadsWhatIsWritten() throws {
    let folder = try TemporaryFolder()
    try Profile.example().write(.pprof, to: FilePath(folder.path("app.pb.gz")))
    let top = try Tools.run("go", ["tool", "pprof", "-top", "-sample_index=samples", folder.path("app.pb.gz")])
    let rows = top.split(separator: "\n").map { $0.split(separator: " ", omittingEmptySubsequences: true) }
    func row(_ name: String) -> [String]? {
      rows.first { $0.dropFirst(5).joined(separator: " ").hasPrefix(name) }?.map(String.init)
    }
    #expect(row("do_syscall_64")?[0] == "5")
    #expect(row("do_syscall_64")?[3] == "5")
    #expect(row("small; one")?[0] == "2")
    #expect(row("_start")?[3] == "8")
    #expect(row("[truncated]")?[3] == "1")
    let raw = try Tools.run("go", ["tool", "pprof", "-raw", folder.path("app.pb.gz")])
    for part in [
      "samples/count cpu/nanoseconds", "Duration: 2s", "Period: 10000000", "Time: 2023-11-14",
      "/usr/bin/server 000102030405060708090a0b0c0d0e0f10111213", "0x555500001300", "small; one /src/server.cpp:30",
      "stack:[truncated: byte budget]", "thread:[worker \"one\"]", "event: cpu-clock", "a <note> & more",
    ] {
      #expect(raw.contains(part), "\(part)")
    }
  }

  /// Readers take the first mapping for the program that was profiled.
  @Test(.enabled(if: Tools.has("go"), "needs Go, whose tool pprof reads the format"))
  func theFirstMappingIsTheProgramWithTheMostSamples() throws {
    let folder = try TemporaryFolder()
    var profile = Profile()
    let process = profile.add(Profile.Process(pid: 1, name: "busy"))
    let thread = profile.add(Profile.Thread(tid: 1, name: "busy", process: process))
    let modules = [("[kernel]", false), ("/lib/libc.so.6", false), ("/bin/sh", true), ("/bin/busy", true)].map {
      profile.intern(
        Profile.Module(
          path: $0.0, kind: $0.0 == "[kernel]" ? .kernel : .file, start: 4096, limit: 8192, isProgram: $0.1))
    }
    let places = modules.map { profile.intern(Profile.Location(module: $0, address: 16, kind: .native)) }
    for (program, count) in [(2, UInt32(3)), (3, UInt32(5))] {
      let stack = profile.stack(leafFirst: [places[0], places[1], places[program]])
      profile.add(Profile.Sample(stack: stack, thread: thread, time: 0, weight: 1, count: count))
    }
    try profile.write(.pprof, to: FilePath(folder.path("app.pb.gz")))
    let top = try Tools.run("go", ["tool", "pprof", "-top", folder.path("app.pb.gz")])
    #expect(top.hasPrefix("File: busy\n"), "\(top)")
  }

  @Test(.enabled(if: Tools.has("protoc", "gzip"), "needs protoc and gzip"))
  func protocDecodesWhatIsWritten() throws {
    let folder = try TemporaryFolder()
    let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../Sources/ProfileFormats/Pprof").standardizedFileURL.path
    try Profile.example().write(.pprof, to: FilePath(folder.path("app.pb.gz")))
    let text = try Tools.run(
      "sh",
      [
        "-c", "gzip -dc app.pb.gz | protoc --decode=perftools.profiles.Profile -I'\(source)' profile.proto",
      ], in: folder.url)
    #expect(text.components(separatedBy: "sample {").count - 1 == 7)
    #expect(text.components(separatedBy: "\nlocation {").count - 1 == 8)
    #expect(text.contains("time_nanos: 1700000000123456789"))
  }

  // MARK: Speedscope

  @Test func speedscopesSamplesHoldTheProfile() throws {
    let json = try #require(
      try JSONSerialization.jsonObject(with: Data(Profile.example().encoded(as: .speedscope))) as? [String: Any])
    let frames = try #require((json["shared"] as? [String: Any])?["frames"] as? [[String: Any]])
    let names = frames.compactMap { $0["name"] as? String }
    let profiles = try #require(json["profiles"] as? [[String: Any]])
    #expect(profiles.compactMap { $0["name"] as? String }.count == 3)
    var totals: [String: Int] = [:]
    var stacks: [[String]] = []
    for profile in profiles {
      #expect(profile["unit"] as? String == "nanoseconds")
      #expect(profile["startValue"] as? Int == 0)
      let samples = try #require(profile["samples"] as? [[Int]])
      let weights = try #require(profile["weights"] as? [Int])
      #expect(profile["endValue"] as? Int == weights.reduce(0, +))
      for (sample, weight) in zip(samples, weights) {
        for frame in Set(sample) { totals[names[frame], default: 0] += weight }
        stacks.append(sample.map { names[$0] })
      }
    }
    #expect(totals["_start"] == 80_000_000)
    #expect(totals["run<&\"'>"] == 70_000_000)
    #expect(totals["do_syscall_64"] == 50_000_000)
    #expect(totals["[no stack]"] == 10_000_000)
    // Outermost first; the first two samples have one stack.
    #expect(stacks.first == ["_start", "run<&\"'>", "work(\n)", "small; one"])
    #expect(stacks.count == 7)
  }

  /// Samples that say no time have their number, and no unit.
  @Test func speedscopesValuesHaveAUnitOnlyWhenSamplesHaveWeights() throws {
    for (weight, unit, value) in [(UInt64(0), "none", 3.0), (10, "nanoseconds", 10)] {
      var profile = Profile()
      let process = profile.add(Profile.Process(pid: 1, name: "app"))
      let thread = profile.add(Profile.Thread(tid: 1, name: "app", process: process))
      profile.add(Profile.Sample(stack: .empty, thread: thread, time: 0, weight: weight, count: 3))
      let document = try JSONValue(parsing: profile.encoded(as: .speedscope))
      #expect(document["profiles.0.unit"] == .string(unit) && document["profiles.0.weights.0"] == .number(value))
    }
  }

  // MARK: Firefox

  @Test func theFirefoxProfilersTablesHoldTheProfile() throws {
    let json = try #require(
      try JSONSerialization.jsonObject(with: Data(Profile.example().encoded(as: .firefox))) as? [String: Any])
    let meta = try #require(json["meta"] as? [String: Any])
    #expect(meta["interval"] as? Int == 10)
    let libraries = try #require(json["libs"] as? [[String: Any]])
    #expect(libraries.compactMap { $0["name"] as? String } == ["server", "[kernel]"])
    #expect(libraries[0]["codeId"] as? String == "000102030405060708090a0b0c0d0e0f10111213")
    #expect(libraries[0]["breakpadId"] as? String == "030201000504070608090A0B0C0D0E0F0")
    let shared = try #require(json["shared"] as? [String: Any])
    let strings = try #require(shared["stringArray"] as? [String])
    let sources = try #require(shared["sources"] as? [String: Any])
    let sourceNames = try #require(sources["filename"] as? [Int])
    #expect(sourceNames.map { strings[$0] } == ["/src/server.cpp"])

    let threads = try #require(json["threads"] as? [[String: Any]])
    #expect(threads.compactMap { $0["name"] as? String } == ["server", "worker \"one\"", "client"])
    // The first sample's stack, from its innermost frame outwards.
    func column(_ table: String, _ column: String) throws -> [Any] {
      try #require((threads[0][table] as? [String: Any])?[column] as? [Any])
    }
    var node = try column("samples", "stack")[0] as? Int
    var stack: [String] = []
    while let index = node {
      let frame = try #require(try column("stackTable", "frame")[index] as? Int)
      let function = try #require(try column("frameTable", "func")[frame] as? Int)
      let name = try #require(try column("funcTable", "name")[function] as? Int)
      stack.append("\(strings[name]):\(try column("frameTable", "line")[frame] as? Int ?? 0)")
      node = try column("stackTable", "prefix")[index] as? Int
    }
    #expect(stack == ["small; one:30", "work(\n):25", "run<&\"'>:12", "_start:0"])
    #expect(try column("samples", "time") as? [Double] == [0, 10, 20, 30.5])
    #expect(try column("samples", "weight") as? [Int] == [1, 1, 1, 4])
  }
}
