import BPFCompiler
import BPFLinux
import Foundation
import Merops
import TestTools
import Testing

/// The program's source as a program of this machine, with clang's sanitizers, on damaged files.
@Suite struct FuzzingTests {
  private static let flags = ["-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize=function"]

  /// Whether clang has the sanitizers' libraries.
  private static let hasSanitizers: Bool = {
    guard Tools.has("clang"), let folder = try? TemporaryFolder(),
      (try? folder.write("empty.c", "int main(void) { return 0; }")) != nil
    else { return false }
    return (try? Tools.run("clang", flags + ["-o", "empty", "empty.c"], in: folder.url)) != nil
  }()

  /// The rounds of a run: a million take some five seconds.
  private static let rounds = ProcessInfo.processInfo.environment["MEROPS_FUZZ_ROUNDS"].flatMap(Int.init) ?? 200_000

  @Test(.enabled(if: FuzzingTests.hasSanitizers, "needs clang with its address sanitizer"))
  func damagedFilesEndEachWalkWithinItsBounds() throws {
    let folder = try TemporaryFolder()
    let headers = try BPFCompiler.simulatedKernelHeaders()
    try folder.write("headers/vmlinux.h", try #require(headers["vmlinux.h"]))
    let programs = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Programs").path
    let source = ProgramTests.folder.appending(path: "Program/profiler.bpf.c").path
    try Tools.run(
      "clang",
      Self.flags + [
        "-fno-sanitize-recover=all", "-Wno-everything", "-DBPF_NO_PRESERVE_ACCESS_INDEX", "-DPROGRAM=\"\(source)\"",
        "-I", "\(programs)/host", "-idirafter", folder.path("headers"), "-o", folder.path("fuzzer"),
        "\(programs)/walk_fuzzer.c",
      ])
    let libraries = try ProcessMappings(of: getpid()).files.filter {
      $0.contains("/libc.so") || $0.contains("/libswiftCore.so") || $0.contains("/libstdc++.so")
    }
    let output = try Tools.run(folder.path("fuzzer"), ["\(Self.rounds)", "20261125", "/bin/sh"] + libraries)
    // More than one way was tried: walks come to many ends.
    let ends = output.split(separator: "\n").compactMap { $0.split(separator: " ").first.flatMap { UInt8($0) } }
    #expect(ends.count >= 7, "\(output)")
  }
}
