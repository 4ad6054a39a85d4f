import BPFLinux
import Foundation
import ProfileFormats
import TestTools
import Testing

@testable import BPFProfiler

/// Code that a JIT compiler makes, with the names that it writes down.
@Suite(
  .enabled("Linux 6.18 or later and the right to use bpf(2) are missing") { LinuxKernel().has(.taskWork) == .yes },
  .enabled("Node is missing") { Tools.has("node") })
struct JITTests {
  @Test func functionsHaveNamesAlthoughTheCompilersFileIsGoneWhenTheyAreLookedUp() throws {
    let folder = try TemporaryFolder()
    let script = try folder.write(
      "busy.js",
      "function innermost(n) { let s = 0; for (let i = 0; i < n; i++) s += i % 7; return s; }\n"
        + "const end = Date.now() + 20000; while (Date.now() < end) innermost(100000);\n")
    let process = try TargetProcess.start(
      [
        "/bin/sh", "-c",
        // Node leaves a log of its own in the folder in which it is started.
        "exec < /dev/null > /dev/null 2>&1; cd \"${0%/*}\"; exec node --perf-basic-prof \"$0\"", script,
      ])
    let session = try ProfilingSession(ProfilingOptions(target: .processes([process.identifier]), frequency: 499))
    let map = "/tmp/perf-\(process.identifier).map"
    try process.release()
    let end = ContinuousClock.now + .seconds(15)
    while session.sampleCount < 400, ContinuousClock.now < end { try session.receive(within: .milliseconds(50)) }
    #expect(FileManager.default.fileExists(atPath: map))
    process.send(signal: 9)
    try FileManager.default.removeItem(atPath: map)
    var recording = try session.finish()
    session.addSymbols(to: &recording)
    let names = recording.profile.functions.map(\.name)
    #expect(names.contains { $0.contains("innermost") }, "\(names.count) names")
    #expect(recording.report.captureRate > 0.95, "\(recording.report.statuses)")
  }
}
