import BPFProfiler
import Foundation
import Merops
import MeropsCommand
import ProfileFormats
import Subprocess
import SystemPackage
import Testing

/// `merops profile` as a process.
@Suite("merops profile", .serialized, .timeLimit(.minutes(10)))
struct ProfileCommandTests {
  private static let canRun = LinuxKernel().has(.taskWork) == .yes && LinuxKernel().has(.softwareEvents) == .yes
  private static let reason: Comment = "needs Linux 6.18 with the right to load programs and to sample"

  /// Computes until it is ended, or as much as makes hundreds of samples.
  private static let busy = ["sh", "-c", "exec < /dev/null > /dev/null 2>&1; while :; do i=$((i+1)); done"]
  private static let bounded = [
    "sh", "-c", "exec < /dev/null > /dev/null 2>&1; i=0; while [ $i -lt 400000 ]; do i=$((i+1)); done",
  ]

  private func children(of process: Int32) -> [Int32] {
    let path = "/proc/\(process)/task"
    let threads = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    return threads.flatMap { thread in
      ((try? String(contentsOfFile: "\(path)/\(thread)/children", encoding: .utf8)) ?? "").split(separator: " ")
        .compactMap { Int32($0) }
    }
  }

  @Test(
    "Ctrl-C ends the sampling: every file is written, the status is 0, and the target is gone",
    .enabled(if: canRun, reason))
  func interruption() async throws {
    try await Fixture.withFolder { folder in
      let names = ["app.pb.gz", "app.svg", "app.txt", "firefox.json", "speedscope.json"]
      let arguments =
        [
          "-c", "exec \"$0\" profile \"$@\" > \(folder.path("output")) 2> \(folder.path("error"))", CommandProcess.path,
          "-o", folder.path(names[0]), "--flamegraph", folder.path(names[1]), "--folded", folder.path(names[2]),
          "--firefox", folder.path(names[3]), "--speedscope", folder.path(names[4]), "--hz", "999", "--",
        ] + Self.busy
      var target: [Int32] = []
      let result = try await Subprocess.run(
        .path("/bin/sh"), arguments: .init(arguments), input: .none, output: .discarded, error: .discarded
      ) { process in
        // The target runs when it has taken some time.
        for _ in 0..<24000 where target.isEmpty {
          target = children(of: process.processIdentifier.value).filter { child in
            let fields =
              (try? String(contentsOfFile: "/proc/\(child)/stat", encoding: .utf8))?.split(separator: " ") ?? []
            return fields.count > 13 && (Int(fields[13]) ?? 0) > 20
          }
          try await Task.sleep(for: .milliseconds(10))
        }
        #expect(target.count == 1)
        try process.send(signal: .interrupt)
      }
      let printed = try String(contentsOfFile: folder.path("output"), encoding: .utf8)
      let complaints = try String(contentsOfFile: folder.path("error"), encoding: .utf8)
      #expect(result.terminationStatus == .exited(0), "\(complaints)")
      #expect(printed.contains(" with a user stack: ") && printed.contains("harm: "), "\(printed)")
      for name in names {
        #expect(printed.contains("wrote \(folder.path(name))"), "\(name)")
        let size = try FileManager.default.attributesOfItem(atPath: folder.path(name))[.size] as? Int
        #expect(size ?? 0 > 100, "\(name)")
      }
      for child in target { #expect(kill(child, 0) != 0, "the target still runs") }
    }
  }

  @Test(
    "a full disk for one file keeps no other from being written, and is told",
    .enabled(if: canRun && getuid() == 0, reason))
  func fullDisk() async throws {
    try await Fixture.withFolder { folder in
      let disk = folder.path("disk")
      try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: true)
      let mounted = try await Subprocess.run(
        .name("mount"), arguments: ["-t", "tmpfs", "-o", "size=4k", "merops-test", disk], output: .discarded)
      try #require(mounted.terminationStatus.isSuccess, "a tmpfs can be mounted")
      let result = try await profile(
        ["--hz", "999", "--flamegraph", disk + "/app.svg", "--folded", folder.path("app.txt")])
      let size = try FileManager.default.attributesOfItem(atPath: disk + "/app.svg")[.size] as? Int
      let unmounted = try await Subprocess.run(.name("umount"), arguments: [.init(disk)], output: .discarded)
      #expect(unmounted.terminationStatus.isSuccess)
      #expect(result.status == CommandStatus.input.rawValue)
      #expect(result.error.contains("'\(disk)/app.svg' could not be written"), "\(result.error)")
      #expect(result.error.contains("free some space"), "\(result.error)")
      #expect(result.output.contains("wrote \(folder.path("app.txt"))"), "\(result.output)")
      #expect(!result.output.contains("app.svg") && size == 0, "\(result.output)")
    }
  }

  @Test("the summary as JSON has what sampling did to the target", .enabled(if: canRun, reason))
  func summary() async throws {
    let result = try await profile(["--json", "--hz", "499"])
    #expect(result.status == 0, "\(result.transcript)")
    let json = try #require(try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
    let samples = try #require(json["samples"] as? Int)
    let statuses = try #require(json["statuses"] as? [String: Int])
    #expect(samples > 10)
    #expect(statuses.values.reduce(0, +) + (json["lostSamples"] as? Int ?? -1) == samples)
    for key in ["majorFaults", "interruptedCalls", "lostStacks"] { #expect(json[key] is Int, "\(key)") }
    #expect(json["longestWalkNanoseconds"] as? Int ?? 0 > 0)
    #expect(json["defersStacks"] as? Bool == true)
  }

  @Test("the summary tells what was lost, and what sampling did to the target")
  func harm() {
    var collector = SampleCollector(metadata: Profile.Metadata(), period: 1)
    collector.finish(lostSamples: 3)
    var report = collector.capture
    for (calls, words) in [
      (0, "no system call interrupted"), (1, "at most 1 system call interrupted"),
      (2, "at most 2 system calls interrupted"),
    ] {
      report.interruptedCalls = calls
      let text = CaptureText(style: .plain).text(of: report)
      #expect(
        text.hasPrefix("3 samples, 3 with a user stack: 0.00 % whole\n  3  lost: the buffer was full\n"), "\(text)")
      #expect(text.contains("harm: 0 major faults, longest stall 0.0 µs, \(words)\n"), "\(text)")
    }
  }

  @Test("the summary tells what walks have cost, as far as there were any of a kind")
  func costs() throws {
    // A sample whose walk took 5 µs for a frame from the cache, and one of 7 µs that had to read a rule.
    func record(_ nanoseconds: UInt32, newRows: UInt16, number: UInt64) throws -> ProfilerRecord {
      func bytes(_ value: some FixedWidthInteger) -> [UInt8] { withUnsafeBytes(of: value.littleEndian) { Array($0) } }
      var head: [UInt8] = [2, 0, 0, 0] + bytes(UInt32(1)) + bytes(UInt32(5)) + bytes(UInt32(5)) + bytes(number)
      head += bytes(UInt64(0)) + bytes(nanoseconds) + bytes(UInt32(8)) + bytes(UInt32(1)) + bytes(newRows)
      head += bytes(UInt16(0)) + bytes(UInt64(0)) + bytes(UInt64(64))
      let record = ProfilerRecord(head.span.bytes)
      return try #require(record)
    }
    let warm = try record(5000, newRows: 0, number: 1)
    let cold = try record(7000, newRows: 1, number: 2)
    for (records, words) in [
      ([], "in the interrupt\n"), ([warm], "in the interrupt, 5.0 µs for a stack of 1 frames\n"),
      ([cold], "in the interrupt, 7.0 µs for a stack of 1 frames, whose rules had to be read\n"),
      ([warm, cold], "in the interrupt, 5.0 µs for a stack of 1 frames (7.0 µs where rules had to be read)\n"),
    ] as [([ProfilerRecord], String)] {
      var collector = SampleCollector(metadata: Profile.Metadata(), period: 1)
      for record in records { collector.add(record) }
      collector.finish(lostSamples: 1)
      let text = CaptureText(style: .plain).text(of: collector.capture)
      #expect(text.contains(words), "\(text)")
      #expect(text.contains(records.count == 1 ? "harm: 1 major fault, " : "major faults, "), "\(text)")
    }
  }

  @Test("the table of functions has room for a name's beginning and end")
  func longNames() {
    let long = "std::vector<" + String(repeating: "std::pair<int, ", count: 20) + ">::push_back(int)"
    var profile = Profile()
    let process = profile.add(Profile.Process(pid: 1, name: "app"))
    let thread = profile.add(Profile.Thread(tid: 1, name: "app", process: process))
    let module = profile.intern(Profile.Module(path: "/bin/app"))
    for (name, count) in [(String(repeating: "a", count: 80), UInt32(3)), (long, 1)] {
      let location = profile.intern(Profile.Location(module: module, address: UInt64(count), kind: .native))
      let function = profile.intern(Profile.Function(name: name, module: module))
      profile.setFrames([Profile.Frame(function: function)], at: location)
      let stack = profile.stack(leafFirst: [location])
      profile.add(Profile.Sample(stack: stack, thread: thread, time: 0, weight: UInt64(count), count: count))
    }
    let lines = HottestFunctionsText(style: .plain).text(of: profile, limit: 5).split(separator: "\n")
    #expect(lines.count == 3 && lines[1].contains("75.0 %  75.0 %  \(String(repeating: "a", count: 80))  app"))
    #expect(lines[2].contains("  std::vector<std::pair<int, ") && lines[2].contains("…") && lines[2].count < 120)
    #expect(lines[2].hasSuffix(">::push_back(int)  app"), "\(lines)")
  }

  @Test("a file that cannot be written is told before the target runs")
  func obstacles() async throws {
    try await Fixture.withFolder { folder in
      for (path, problem) in [
        (folder.path("none/app.svg"), "No such file or directory"), (folder.url.path, "Is a directory"),
        ("/proc/version/app.svg", "Not a directory"),
      ] {
        let result = try await CommandProcess.run(
          "profile", "--flamegraph", path, "--folded", folder.path("app.txt"), "--", "touch", folder.path("ran"))
        #expect(result.status == CommandStatus.input.rawValue, "\(result.transcript)")
        #expect(result.error.contains("'\(path)' could not be written: \(problem)"), "\(result.transcript)")
        #expect(!FileManager.default.fileExists(atPath: folder.path("ran")))
        #expect(!FileManager.default.fileExists(atPath: folder.path("app.txt")))
      }
    }
  }

  @Test("without deferral the summary says that it is the fallback", .enabled(if: canRun, reason))
  func fallback() async throws {
    let result = try await profile(["--no-deferral", "--hz", "499"])
    #expect(result.status == 0, "\(result.transcript)")
    #expect(result.output.contains("this is the fallback"), "\(result.output)")
    #expect(result.output.contains("taken in the interrupt") && result.output.contains(": 0.00 % whole"))
  }

  @Test("a target that ends at once, one that is not there, and one that cannot be started")
  func targetsThatAreNot() async throws {
    if Self.canRun {
      let brief = try await CommandProcess.run("profile", "--", "true")
      #expect(brief.status == 0 && !brief.output.isEmpty, "\(brief.transcript)")
      for option in ["-p", "-t"] {
        let gone = try await CommandProcess.run("profile", option, "2000000000", "--duration", "5s")
        #expect(gone.status == CommandStatus.input.rawValue, "\(gone.transcript)")
        #expect(gone.error.contains("there is no process or thread 2000000000"), "\(gone.transcript)")
      }
    }
    let missing = try await CommandProcess.run("profile", "--", "/no/such/program")
    #expect(missing.status == CommandStatus.input.rawValue, "\(missing.transcript)")
    #expect(missing.error.contains("/no/such/program"), "\(missing.transcript)")
  }

  @Test(
    "without rights the command says which, and the target does not run", .enabled(if: canRun && getuid() == 0, reason))
  func withoutRights() async throws {
    try await Fixture.withFolder { folder in
      try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: folder.url.path)
      let result = try await Subprocess.run(
        .name("setpriv"),
        arguments: .init([
          "--reuid", "65534", "--regid", "65534", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all",
          CommandProcess.path, "profile", "--", "touch", folder.path("ran"),
        ]), output: .discarded, error: .string(limit: 1 << 16))
      #expect(!result.terminationStatus.isSuccess)
      #expect(result.standardError.contains("root") || result.standardError.contains("CAP_"), "\(result.standardError)")
      #expect(!FileManager.default.fileExists(atPath: folder.path("ran")))
    }
  }

  private func profile(_ options: [String]) async throws -> CommandProcess.Outcome {
    try await CommandProcess.run(["profile"] + options + ["--"] + Self.bounded, input: [])
  }
}
