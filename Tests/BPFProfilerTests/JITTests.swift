import BPFLinux
import Foundation
import ProfileFormats
import TestTools
import Testing

@testable import BPFProfiler

/// Code that a JIT compiler makes, with the names that it writes down.
@Suite(
  .timeLimit(.minutes(10)),
  .enabled("Linux 6.18 or later and the right to use bpf(2) are missing") { LinuxKernel().has(.taskWork) == .yes },
  .enabled("Node is missing") { Tools.has("node") })
struct JITTests {
  @Test func functionsHaveNamesAlthoughTheCompilersFileIsGoneWhenTheyAreLookedUp() async throws {
    let folder = try TemporaryFolder()
    let script = try folder.write(
      "busy.js",
      "function innermost(n) { let s = 0; for (let i = 0; i < n; i++) s += i % 7; return s; }\n"
        + "for (;;) innermost(100000);\n")
    let command = try SampledCommand(
      // Node leaves a log of its own in the folder in which it is started.
      ["/bin/sh", "-c", "cd \"${0%/*}\"; exec node --perf-basic-prof \"$0\"", script]
    ) { ProfilingOptions(target: .processes([$0]), frequency: 499) }
    let map = "/tmp/perf-\(command.process.identifier).map"
    // Whole stacks whose innermost frame of user space is code without a file.
    func compiledSamples(_ profile: Profile) -> Int {
      profile.samples.count { sample in
        sample.status == .complete
          && profile.stacks.leafFirst(sample.stack).first { profile[$0].kind != .kernel }
            .map { profile[$0].kind == .jit } ?? false
      }
    }
    try command.process.release()
    try await command.receive { compiledSamples($0.profile) >= 100 }
    #expect(FileManager.default.fileExists(atPath: map))
    command.process.send(signal: 9)
    try FileManager.default.removeItem(atPath: map)
    var recording = try command.finish()
    command.session.addSymbols(to: &recording)
    #expect(compiledSamples(recording.profile) >= 100, "\(recording.report.statuses)")
    let names = recording.profile.functions.map(\.name)
    #expect(names.contains { $0.contains("innermost") }, "\(names.count) names")
    // The formats that have no reader here, of a profile with frames of every kind.
    let firefox = try JSONValue(parsing: recording.profile.encoded(as: .firefox))
    #expect(FirefoxFormat.problems(in: firefox) == [])
    let speedscope = try JSONValue(parsing: recording.profile.encoded(as: .speedscope))
    #expect(SpeedscopeFormat.problems(in: speedscope) == [])
  }
}
