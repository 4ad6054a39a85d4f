import BPFLinux
import Foundation
import SystemPackage
import Testing

#if canImport(Glibc)
  import Glibc
#endif

@Suite("Commands as targets", .serialized)
struct TargetProcessTests {
  /// The letter of a process's state, `nil` when there is no such process.
  private func state(of process: Int32) -> Character? {
    guard let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8) else { return nil }
    return text.split(separator: ")").last?.dropFirst().first
  }

  @Test("a command stands still until it is released, and its end is told")
  func standsStill() async throws {
    let rows: [([String], TargetProcess.End)] = [
      (["true"], .exited(0)), (["sh", "-c", "exit 7"], .exited(7)), (["sh", "-c", "kill -9 $$"], .killed(signal: 9)),
      (["/bin/sh", "-c", "kill -TERM $$"], .killed(signal: 15)),
    ]
    for (command, expected) in rows {
      let target = try TargetProcess.start(command)
      #expect(state(of: target.identifier) == "t")
      #expect(target.end == nil)
      try target.release()
      #expect(await target.waitForEnd() == expected, "\(command)")
      #expect(target.end == expected)
      #expect(throws: BPFError.self) { try target.release() }
      try await waitUntil("\(command) is no zombie") { state(of: target.identifier) == nil }
    }
  }

  @Test("a command gets standard input, output and error, and nothing else that is open")
  func descriptors() async throws {
    // As others open files: without O_CLOEXEC.
    let file = open("/dev/null", O_RDONLY)
    defer { close(file) }
    let target = try TargetProcess.start(["sleep", "1000"])
    let names = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(target.identifier)/fd")
    #expect(Set(names).isSubset(of: ["0", "1", "2"]) && file > 2, "\(names.sorted())")
  }

  @Test("the dynamic loader has mapped the libraries at the entry point")
  func entryPoint() async throws {
    let target = try TargetProcess.start(["sh", "-c", "exit 2"])
    func hasLibrary() throws -> Bool {
      try String(contentsOfFile: "/proc/\(target.identifier)/maps", encoding: .utf8).contains("/libc.so")
    }
    #expect(try !hasLibrary())
    try target.runToEntryPoint()
    #expect(try hasLibrary())
    #expect(state(of: target.identifier) == "t")
    try target.release()
    #expect(await target.waitForEnd() == .exited(2))
  }

  @Test("a command that cannot be executed ends in an error that says why, and leaves nothing")
  func failures() throws {
    let rows: [([String], Errno?, String)] = [
      (["merops-no-such-command"], .noSuchFileOrDirectory, "there is no such program"),
      (["/nowhere/at/all"], .noSuchFileOrDirectory, "there is no such program"),
      (["/tmp"], .permissionDenied, "it may not be executed"),
      (["/etc/passwd"], .permissionDenied, "it may not be executed"), ([], nil, "no name"), ([""], nil, "no name"),
      (["true", "a\0b"], nil, "zero bytes"),
    ]
    for (command, errno, text) in rows {
      let error = #expect(throws: BPFError.self) { try TargetProcess.start(command) }
      #expect(error?.errno == errno)
      #expect(error?.description.contains(text) == true, "\(command): \(error?.description ?? "")")
    }
  }

  @Test("a command that nobody releases goes with its value")
  func dropped() async throws {
    var identifier: Int32 = 0
    do {
      let target = try TargetProcess.start(["sleep", "1000"])
      identifier = target.identifier
      #expect(state(of: identifier) == "t")
    }
    try await waitUntil("the process is gone") { state(of: identifier) == nil }
  }

  @Test("a target that is killed while it stands still, and one that is never let go, are told of")
  func killed() async throws {
    let target = try TargetProcess.start(["sleep", "1000"])
    kill(target.identifier, 9)
    try await waitUntil("it has ended") { state(of: target.identifier) == "Z" }
    let error = #expect(throws: BPFError.self) { try target.release() }
    #expect(error?.errno == .noSuchProcess)
    #expect(await target.waitForEnd() == .killed(signal: 9))
  }

  @Test("waiting for the end ends with the task that waits, and signals reach the process")
  func cancellation() async throws {
    let target = try TargetProcess.start(["sleep", "1000"])
    try target.release()
    let waiting = Task { await target.waitForEnd() }
    waiting.cancel()
    #expect(await waiting.value == nil)
    #expect(target.end == nil)
    target.send(signal: 15)
    #expect(await target.waitForEnd() == .killed(signal: 15))
    target.send(signal: 15)
  }

  // MARK: Symbols

  private static let source = """
    #include <unistd.h>
    #include <string.h>
    #ifdef LIBRARY
    char library_greeting[] = "from the library";
    int library_function(int x) { return x + 1; }
    #else
    const char greeting[] = "hello from the target";
    char *const other = (char *)greeting;
    static volatile char hidden_text[64] = "a text of one file";
    static _Thread_local int each_thread = 3;
    int main(int count, char **arguments) {
      each_thread = count;
      hidden_text[0] = 'A';
      return write(1, "", 0) == 0 ? strlen(greeting) + each_thread + hidden_text[1] : 0;
    }
    #endif
    """

  /// Text in the memory of a process.
  private func text(at address: UInt64, of process: Int32, count: Int) throws -> String {
    let file = try FileDescriptor.open(FilePath("/proc/\(process)/mem"), .readOnly)
    return try file.closeAfter {
      let bytes = try [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
        filled = try file.read(fromAbsoluteOffset: Int64(address), into: UnsafeMutableRawBufferPointer(buffer))
      }
      return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
  }

  @Test(
    "the address of a symbol is that of its bytes, wherever program and libraries are mapped",
    .enabled(if: Workload.canCompile, "needs a C compiler"))
  func symbols() throws {
    let library = try Workload.compile(Self.source, as: "libmerops_greeting.so", "-shared", "-fPIC", "-DLIBRARY")
    let programs = [
      try Workload.compile(Self.source, as: "independent", "-fPIE", "-pie"),
      try Workload.compile(Self.source, as: "fixed", "-fno-pie", "-no-pie"),
      try Workload.compile(Self.source, as: "linked", "-Wl,--no-as-needed", library),
    ]
    let kernel = LinuxKernel()
    for program in programs {
      let target = try TargetProcess.start([program])
      let process = target.identifier
      #expect(
        try text(at: kernel.address(of: "greeting", in: process), of: process, count: 64) == "hello from the target")
      #expect(try text(at: kernel.address(of: "greeting+6", in: process), of: process, count: 64) == "from the target")
      #expect(
        try text(at: kernel.address(of: "hidden_text", in: process), of: process, count: 64) == "a text of one file")
      let perThread = #expect(throws: BPFError.self) { try kernel.address(of: "each_thread", in: process) }
      #expect(perThread?.problem.contains("each thread") == true)
      let near = #expect(throws: BPFError.self) { try kernel.address(of: "greting", in: process) }
      #expect(near?.advice.contains("'greeting'") == true, "\(near?.description ?? "")")
      let missing = #expect(throws: BPFError.self) { try kernel.address(of: "library_greeting", in: process) }
      #expect(missing != nil)
      guard program.hasSuffix("linked") else { continue }
      try target.runToEntryPoint()
      for name in ["library_greeting", "libmerops_greeting.so:library_greeting"] {
        #expect(try text(at: kernel.address(of: name, in: process), of: process, count: 64) == "from the library")
      }
      #expect(throws: BPFError.self) { try kernel.address(of: "libc.so.6:library_greeting", in: process) }
    }
    let gone = #expect(throws: BPFError.self) { try kernel.address(of: "greeting", in: 0x3fff_fffe) }
    #expect(gone?.problem.contains("no such process") == true)
  }
}
