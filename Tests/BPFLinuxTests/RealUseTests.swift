import BPFLinux
import BPFObject
import Foundation
import Testing

/// The example in the running kernel, on programs as people run them: a callback reads strings from their memory.
@Suite("Real use", .serialized, .enabled(if: RealKernel.canCompile, RealKernel.reason), .timeLimit(.minutes(10)))
struct RealUseTests {
  /// A program that runs, and where in its memory a text is.
  private struct Sampled {
    var process: Int32
    var address: UInt64
  }

  private static func find(_ command: String) -> String? {
    let paths = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    return paths.map { "\($0)/\(command)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
  }

  /// Samples a thread with the program of the example until its callback has read the string at an address.
  ///
  /// - Parameter program: `oncpu_hash_map` and `oncpu_lru_map` wait for the way back to user mode, `oncpu_array_map`
  ///   wakes the thread.
  private func text(_ sampled: Sampled, _ program: String = "oncpu_hash_map") async throws -> String {
    let example = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "Examples/task_work.bpf.c")
    var object = try await Fixture.object(String(contentsOf: example, encoding: .utf8))
    try object.set("user_ptr", to: sampled.address)
    let loaded = try RealKernel.shared.load(object, programs: [program])
    let map = try loaded.map(String(program.dropFirst("oncpu_".count)))
    let link = try loaded.program(program).attach(
      to: .perfEvent(.cpuClock(.period(1_000_000)), pid: sampled.process, cpu: nil))
    try await waitUntil("a string was read") {
      try map.nextKey() != nil && map.lookupElement([0, 0, 0, 0]).prefix(128).contains { $0 != 0 }
    }
    link.detach()
    return String(decoding: try map.lookupElement([0, 0, 0, 0]).prefix(128).prefix { $0 != 0 }, as: UTF8.self)
  }

  /// Starts a command that writes an address to the file of its last argument, and then works. Its output goes nowhere: it
  /// would hold up the end of the tests.
  private func sampling<Result>(_ command: [String], _ body: (Sampled) async throws -> Result) async throws -> Result {
    let file = OwnFolder.path("address")
    let target = try TargetProcess.start(
      ["sh", "-c", "exec \"$@\" </dev/null >/dev/null 2>&1", "sh"] + command + [file])
    defer { target.send(signal: 9) }
    try target.release()
    var line = ""
    try await waitUntil("\(command[0]) has told an address") {
      if let end = target.end { throw UnexpectedErrno(what: "\(command): \(end)", errno: 0) }
      line = (try? String(contentsOfFile: file, encoding: .utf8)) ?? ""
      return line.hasSuffix("\n")
    }
    let address = try #require(UInt64(line.dropLast()), "\(line)")
    let result = try await body(Sampled(process: target.identifier, address: address))
    target.send(signal: 9)
    #expect(await target.waitForEnd() == .killed(signal: 9))
    return result
  }

  @Test(
    "the bytes of an object of a Python program, in both modes", .enabled(if: find("python3") != nil, "needs python3"))
  func python() async throws {
    // The bytes of an object follow its header; `__basicsize__` counts the zero at the end as well.
    let program = """
      import sys
      text = b'hello from ' + b'Python ' + bytes(str(sys.version_info[0]), 'ascii')
      with open(sys.argv[1], 'w') as file:
        file.write(str(id(text) + bytes.__basicsize__ - 1) + '\\n')
      count = 0
      while True: count = (count * 31 + len(text)) % 65537
      """
    let texts = try await sampling([try #require(Self.find("python3")), "-c", program]) { sampled in
      var texts: [String] = []
      for name in ["oncpu_hash_map", "oncpu_array_map", "oncpu_lru_map"] {
        texts.append(try await text(sampled, name))
      }
      return texts
    }
    #expect(texts == [String](repeating: "hello from Python 3", count: 3))
  }

  @Test("the elements of a global of a Swift program", .enabled(if: find("swiftc") != nil, "needs swiftc"))
  func swift() async throws {
    let folder = try OwnFolder.make("swift")
    let source = folder + "/main.swift"
    try """
    import Glibc
    let greeting = Array("hello from Swift".utf8) + [0]
    greeting.withUnsafeBufferPointer { bytes in
      let file = fopen(CommandLine.arguments[1], "w")!
      fputs("\\(UInt(bitPattern: bytes.baseAddress))\\n", file)
      fclose(file)
    }
    var sum: UInt8 = 0
    while true { for byte in greeting { sum &+= byte } }
    """.write(toFile: source, atomically: true, encoding: .utf8)
    let compiler = try TargetProcess.start([
      "sh", "-c", "exec \"$@\" </dev/null >/dev/null 2>&1", "sh", "swiftc", "-Onone", source, "-o", folder + "/program",
    ])
    try compiler.release()
    try #require(await compiler.waitForEnd() == .exited(0))
    let found = try await sampling([folder + "/program"]) { sampled in try await text(sampled) }
    #expect(found == "hello from Swift")
  }

  // MARK: A pipeline of the shell

  @Test("the arguments of each program in a pipeline of the shell")
  func pipeline() async throws {
    // In a group of their own, which ends with the shell: a signal for the shell is one for all.
    let script = """
      trap 'trap - TERM; kill -TERM 0' TERM
      yes 'hello from a pipeline' | tr a-z A-Z | cat > /dev/null &
      wait
      """
    let shell = try TargetProcess.start([
      "setsid", "sh", "-c", "exec sh -c \"$1\" </dev/null >/dev/null 2>&1", "sh", script,
    ])
    defer { shell.send(signal: 15) }
    try shell.release()
    let rows: [(name: String, argument: Int, text: String)] = [
      ("yes", 1, "hello from a pipeline"), ("tr", 2, "A-Z"), ("cat", 0, "cat"),
    ]
    for row in rows {
      var found: Sampled?
      try await waitUntil("\(row.name) works") {
        if let end = shell.end { throw UnexpectedErrno(what: "the shell: \(end)", errno: 0) }
        found = Self.argument(row.argument, of: row.name, below: shell.identifier)
        return found != nil
      }
      let argument = try await text(try #require(found))
      #expect(argument == row.text)
    }
    shell.send(signal: 15)
    #expect(await shell.waitForEnd() == .killed(signal: 15))
  }

  /// Where an argument of a program is that a process has started; `nil` while there is no such program.
  private static func argument(_ index: Int, of name: String, below parent: Int32) -> Sampled? {
    func file(_ path: String) -> String { (try? String(contentsOfFile: "/proc/\(path)", encoding: .utf8)) ?? "" }
    for process in file("\(parent)/task/\(parent)/children").split(separator: " ").compactMap({ Int32($0) }) {
      let command = file("\(process)/cmdline").split(separator: "\0")
      // After the name in brackets come fields 3 and so on; the arguments begin at that of field 48.
      let fields = file("\(process)/stat").split(separator: ")").last?.split(separator: " ") ?? []
      guard command.first == name[...], command.count > index, fields.count > 45, let start = UInt64(fields[45]) else {
        continue
      }
      return Sampled(process: process, address: start + UInt64(command[..<index].reduce(0) { $0 + $1.utf8.count + 1 }))
    }
    return nil
  }
}
