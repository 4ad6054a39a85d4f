import Foundation
import Merops
import MeropsCommand
import Testing

/// What `merops verify` says to somebody who gives it something else than what it is for.
@Suite(.enabled(if: Fixture.hasCompiler, "no clang with the BPF target"))
struct VerifyInputTests {
  private struct Row {
    var arguments: [String]
    var status: CommandStatus
    /// What each line of the error has to have: where, what and what to do.
    var parts: [String]
    var input = ""
  }

  @Test("each wrong input is told with where it is, what is wrong and what to do")
  func inputs() async throws {
    try await Fixture.withFolder { folder in
      let program = "__attribute__((section(\"socket\"), used)) int fine(void *ctx) { return 0; }\n"
      let source = try folder.write(AnnotatedSource.good, as: "good.bpf.c")
      let object = try await folder.compile(program, as: "object")
      let bytes = try Data(contentsOf: URL(filePath: object))
      func write(_ data: Data, as name: String) throws -> String {
        try data.write(to: URL(filePath: folder.path(name)))
        return folder.path(name)
      }
      let truncated = try write(bytes.prefix(bytes.count / 2), as: "truncated.o")
      var foreign = bytes
      foreign.replaceSubrange(18..<20, with: [62, 0])
      let otherMachine = try write(foreign, as: "other.o")
      let empty = try folder.write("", as: "empty.o")
      let text = try folder.write("hello, world\n", as: "text.o")
      let withoutPrograms = try await folder.compile("int number = 1;\n", as: "without")
      let kernelTypes = try write(Data([0x9f, 0xeb, 1, 0, 24, 0, 0, 0, 0, 0, 0, 0, 255, 255, 0, 0]), as: "cut.btf")
      let absent = folder.path("absent")
      let many = try folder.write(
        AnnotatedSource.good + (0..<12).map { "SEC(\"socket\") int number_\($0)(void *ctx) { return 0; }\n" }.joined(),
        as: "many.bpf.c")

      let rows: [Row] = [
        Row(arguments: [absent], status: .input, parts: ["cannot read '\(absent)'", "there is no such file"]),
        Row(
          arguments: [folder.url.path], status: .input, parts: ["cannot read '\(folder.url.path)'", "is a directory"]),
        Row(arguments: [empty], status: .input, parts: ["'\(empty)'", "there are no bytes", "clang -target bpf -c"]),
        Row(
          arguments: ["-"], status: .input, parts: ["'standard input'", "there are no bytes", "clang -target bpf -c"]),
        Row(arguments: [text], status: .input, parts: ["'\(text)'", "not an ELF file", "clang -target bpf -c"]),
        Row(
          arguments: [truncated], status: .input,
          parts: ["'\(truncated)'", "offset 0x", "the file is cut short or damaged", "compile it again"]),
        Row(
          arguments: [otherMachine], status: .input,
          parts: ["'\(otherMachine)'", "offset 0x12", "for x86-64 and not for BPF", "compile with clang -target bpf"]),
        Row(arguments: [withoutPrograms], status: .usage, parts: ["the object has no programs", "SEC("]),
        Row(arguments: ["--btf", absent, source], status: .input, parts: ["cannot read '\(absent)'", "no such file"]),
        Row(
          arguments: ["--btf", text, source], status: .input,
          parts: ["the types in '\(text)'", "offset 0", "not BTF", "/sys/kernel/btf/vmlinux"]),
        Row(
          arguments: ["--btf", kernelTypes, source], status: .input,
          parts: ["the types in '\(kernelTypes)'", "offset", "/sys/kernel/btf/vmlinux"]),
        Row(
          arguments: ["--kernel", "5.15", source], status: .unsupported,
          parts: ["'--kernel 5.15'", "Linux 6.18", "leave it out", "--engine linux"]),
        Row(arguments: ["--kernel", "new", source], status: .usage, parts: ["'--kernel new' is no version", "6.18"]),
        Row(
          arguments: ["--engine", "linux", "--btf", source, source], status: .usage,
          parts: ["'--btf' is for the verifier of Merops"]),
        Row(
          arguments: [source, "--program", "fin"], status: .usage,
          parts: ["there is no program 'fin'; the object has fine"]),
        Row(
          arguments: [many, "--program", "number_13"], status: .usage,
          parts: [
            "the object has 13, of which number_1, number_3, number_10 are most like it", "'merops inspect' lists them",
          ]),
        Row(
          arguments: [many, source, "--program", "number_13"], status: .usage,
          parts: ["the files have 13, of which number_1, number_3, number_10"]),
      ]
      for row in rows {
        let outcome = try await CommandProcess.run(["verify"] + row.arguments, input: Array(row.input.utf8))
        #expect(outcome.status == row.status.rawValue, "\(row.arguments): \(outcome.transcript)")
        let lines = outcome.error.split(separator: "\n")
        #expect(lines.count == 1 && lines.first?.hasPrefix("merops: error: ") == true, "\(outcome.transcript)")
        for part in row.parts { #expect(outcome.error.contains(part), "\(part) in \(outcome.transcript)") }
        #expect(!outcome.output.contains("accepted"), "\(row.arguments)")
      }
    }
  }

  @Test("an object without types is verified; with the types of a kernel that lacks a field the access is at fault")
  func types() async throws {
    try await Fixture.withFolder { folder in
      let source = try folder.write(
        """
        #include <vmlinux.h>
        #include <bpf/bpf_helpers.h>
        #include <bpf/bpf_core_read.h>
        char _license[] SEC("license") = "GPL";
        SEC("tracepoint/syscalls/sys_enter_read") int parent(void *ctx)
        {
          struct task_struct *task = (void *)bpf_get_current_task();
          return BPF_CORE_READ(task, real_parent, pid);
        }
        """, as: "parent.bpf.c")
      #expect(try await CommandProcess.run("verify", source).status == 0)
      // Types of a kernel that has no tasks.
      let path = folder.path("other.btf")
      try Data(try BTFBuilder().encode()).write(to: URL(filePath: path))
      let outcome = try await CommandProcess.run("verify", "--btf", path, source)
      #expect(outcome.status == 1, "\(outcome.transcript)")
      #expect(
        outcome.output.hasPrefix("error: the program can reach an access to a field or type that this kernel does not"))
      #expect(outcome.output.contains("help: test for it with bpf_core_field_exists()"))

      let bare = try folder.write(
        "__attribute__((section(\"socket\"), used)) int bare(void *ctx) { return 0; }", as: "b.c")
      let object = folder.path("bare.o")
      let process = Process()
      process.executableURL = URL(filePath: "/usr/bin/env")
      process.arguments = ["clang", "-target", "bpf", "-O2", "-c", bare, "-o", object]
      try process.run()
      process.waitUntilExit()
      let accepted = try await CommandProcess.run("verify", object)
      #expect(accepted.status == 0 && accepted.output.hasPrefix("accepted: bare ("), "\(accepted.transcript)")
    }
  }

  @Test(
    "without rights the kernel cannot be asked: the status is 5, and the error says what is missing",
    .enabled(if: OtherUser.canRun, "needs root, setpriv, and a build folder that others can read"))
  func rights() async throws {
    try await Fixture.withFolder { folder in
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder.url.path)
      let source = try folder.write(
        AnnotatedSource.good.replacing("SEC(\"socket\")", with: "SEC(\"socket\") __success"), as: "good.bpf.c")
      try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: source)
      for command in ["verify", "test"] {
        let outcome = try #require(OtherUser.run(command, "--engine", "linux", source))
        #expect(outcome.status == CommandStatus.load.rawValue, "\(command): \(outcome.transcript)")
        #expect(outcome.output.isEmpty, "\(command): \(outcome.transcript)")
        #expect(
          outcome.error.hasPrefix("merops: error: ") && outcome.error.contains("CAP_BPF"), "\(outcome.transcript)")
        let own = try #require(OtherUser.run(command, source))
        #expect(own.status == 0, "the verifier of Merops needs no rights: \(own.transcript)")
      }
    }
  }
}
