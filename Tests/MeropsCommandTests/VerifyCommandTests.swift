import Foundation
import Merops
import MeropsCommand
import Subprocess
import SystemPackage
import Testing

/// `merops verify`, as a process.
@Suite(.enabled(if: Fixture.hasCompiler, "no clang with the BPF target"))
struct VerifyCommandTests {
  @Test("a finding names line, cause and remedy; the status is 1, and 0 when all programs are accepted")
  func verify() async throws {
    try await Fixture.withFolder { folder in
      let source = try folder.write(AnnotatedSource.tests, as: "tests.bpf.c")
      for engine in VerdictKernel.engines {
        let refused = try await CommandProcess.run("verify", "--engine", engine, source, "--program", "unchecked")
        #expect(refused.status == 1, "\(refused.transcript)")
        #expect(refused.output.hasPrefix("error: R0 may be null: the result of a map look-up is used without a test\n"))
        #expect(refused.output.contains("return *value;"))
        #expect(refused.output.contains("help: test the pointer"))
        #expect(refused.output.contains("kernel 6.18: R0 invalid mem access 'map_value_or_null'"))

        let accepted = try await CommandProcess.run("verify", "--engine", engine, source, "--program", "seven")
        #expect(accepted.status == 0, "\(accepted.transcript)")
        #expect(accepted.output.hasPrefix("accepted: seven (2 instructions, 2 processed"))
      }
    }
  }

  @Test("the JSON document has the verdict and the parts of the finding, and with --log the log")
  func document() async throws {
    try await Fixture.withFolder { folder in
      let source = try folder.write(AnnotatedSource.tests, as: "tests.bpf.c")
      for engine in VerdictKernel.engines {
        let outcome = try await CommandProcess.run(
          "verify", "--engine", engine, source, "--program", "unchecked", "--json", "--log")
        let document = try #require(
          try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any], "\(outcome.transcript)")
        #expect(document["engine"] as? String == engine)
        let program = try #require((document["programs"] as? [[String: Any]])?.first)
        #expect(program["verdict"] as? String == "refused")
        #expect((program["log"] as? String)?.contains("R0 invalid mem access") == true)
        let diagnostic = try #require(program["diagnostic"] as? [String: Any])
        #expect(diagnostic["category"] as? String == "memory")
        #expect((diagnostic["place"] as? [String: Any])?["line"] as? Int == 22)
        #expect(diagnostic["kernelMessage"] as? String == "R0 invalid mem access 'map_value_or_null'")
      }
    }
  }

  @Test("of several files each has a heading and its own findings, and the status is that of the worst")
  func severalFiles() async throws {
    try await Fixture.withFolder { folder in
      let good = try folder.write(AnnotatedSource.good, as: "good.bpf.c")
      let refused = try folder.write(AnnotatedSource.tests, as: "tests.bpf.c")
      let broken = try folder.write("int f( {\n", as: "broken.bpf.c")
      let absent = folder.path("absent.bpf.o")
      let folderName = folder.url.path

      let outcome = try await CommandProcess.run("verify", broken, refused, absent, folderName, good)
      let output = outcome.output.split(separator: "\n").map(String.init)
      let places = [broken, refused, absent, folderName, good].map { output.firstIndex(of: $0) }
      #expect(!places.contains(nil) && places.compactMap(\.self) == places.compactMap(\.self).sorted(), "\(output)")
      #expect(output.contains("kernel 6.18: R0 invalid mem access 'map_value_or_null'"))
      #expect(output.last?.hasPrefix("accepted: fine (") == true)
      #expect(outcome.error.contains("error: expected parameter declarator"))
      for message in [
        "'\(broken)' was not compiled", "cannot read '\(absent)': there is no such file",
        "cannot read '\(folderName)': it is a directory",
      ] { #expect(outcome.error.contains("merops: error: \(message)\n"), "\(outcome.error)") }

      let cases: [(files: [String], status: Int32)] = [
        ([good], 0), ([good, good], 0), ([refused, good], 1), ([good, broken, refused], 3), ([refused, absent], 4),
        ([broken, absent], 4),
      ]
      for (files, status) in cases {
        let outcome = try await CommandProcess.run(["verify"] + files, input: [])
        #expect(outcome.status == status, "\(files): \(outcome.transcript)")
      }
    }
  }

  @Test("--json prints a line for each file, and one that cannot be opened has an error in place of programs")
  func documents() async throws {
    try await Fixture.withFolder { folder in
      let good = try folder.write(AnnotatedSource.good, as: "good.bpf.c")
      let broken = try folder.write("int f( {\n", as: "broken.bpf.c")
      let outcome = try await CommandProcess.run("verify", "--json", good, broken, folder.path("absent.o"), good)
      let lines = outcome.output.split(separator: "\n")
      let documents = try lines.map { line in
        try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], "\(line)")
      }
      #expect(documents.map { $0["object"] as? String } == [good, broken, folder.path("absent.o"), good])
      #expect(documents.map { ($0["programs"] as? [Any])?.count } == [1, 0, 0, 1])
      let errors = documents.map { $0["error"] as? [String: Any] }
      #expect(errors.map { $0?["status"] as? Int } == [nil, 3, 4, nil])
      #expect((errors[1]?["details"] as? String)?.contains("expected parameter declarator") == true)
      #expect(errors[2]?["message"] as? String == "cannot read '\(folder.path("absent.o"))': there is no such file")
    }
  }

  @Test("a program may be in any of the files; one that is in none is an error that names those that are there")
  func programsOfFiles() async throws {
    try await Fixture.withFolder { folder in
      let good = try folder.write(AnnotatedSource.good, as: "good.bpf.c")
      let tests = try folder.write(AnnotatedSource.tests, as: "tests.bpf.c")
      let found = try await CommandProcess.run("verify", tests, good, "--program", "fine")
      #expect(found.status == 0, "\(found.transcript)")
      #expect(found.output.hasPrefix("\(good)\naccepted: fine ("), "a file without it is passed over")
      let absent = try await CommandProcess.run("verify", good, good, "--program", "nobody")
      #expect(absent.status == 2 && absent.output.isEmpty, "\(absent.transcript)")
      #expect(absent.error == "merops: error: there is no program 'nobody'; the files have fine\n")
      let twice = try await CommandProcess.run("verify", "-", "-")
      #expect(twice.status == 2 && twice.error.contains("standard input ('-') can be read once only"))
    }
  }

  @Test("files below the current folder are named by their path from there, in the text and not in the document")
  func names() async throws {
    try await Fixture.withFolder { folder in
      _ = try folder.write(AnnotatedSource.tests, as: "tests.bpf.c")
      func run(_ arguments: String...) async throws -> String {
        let result = try await Subprocess.run(
          .path(FilePath(CommandProcess.path)), arguments: .init(["verify"] + arguments + ["--program", "unchecked"]),
          workingDirectory: FilePath(folder.url.path), input: .none, output: .string(limit: 1 << 20), error: .discarded)
        return result.standardOutput
      }
      #expect(try await run("tests.bpf.c").contains("\n  --> tests.bpf.c:22:"))
      #expect(try await run("tests.bpf.c", "--json").contains("/tests.bpf.c\",\"line\":22"))
    }
  }

  @Test("Ctrl-C ends a verification in its middle with status 130, and says so", .timeLimit(.minutes(10)))
  func interruption() async throws {
    try await Fixture.withFolder { folder in
      let source = try folder.write(AnnotatedSource.long, as: "long.bpf.c")
      // So often that it goes on for as long as anybody waits.
      let files = [String](repeating: source, count: 1000)
      let (output, errors) = (try folder.write("", as: "output"), try folder.write("", as: "errors"))
      let report = folder.path("report.xml")
      for command in [["verify"], ["test", "--junit", report]] {
        let result = try await Subprocess.run(
          .path("/bin/sh"),
          arguments: .init(
            ["-c", "exec \"$0\" \"$@\" > '\(output)' 2> '\(errors)'", CommandProcess.path] + command + files),
          input: .none, output: .discarded, error: .discarded
        ) { process in
          while try !(String(contentsOfFile: output, encoding: .utf8)).contains("quick (") {
            try await Task.sleep(for: .milliseconds(10))
          }
          try process.send(signal: .interrupt)
        }
        #expect(result.terminationStatus == .exited(130), "\(command)")
        let text = try String(contentsOfFile: errors, encoding: .utf8)
        #expect(text.hasPrefix("merops: error: interrupted"), "\(command): \(text)")
      }
    }
  }
}

/// Sources for tests of the commands that verify.
enum AnnotatedSource {
  private static let head = """
    #include <vmlinux.h>
    #include <bpf/bpf_helpers.h>
    #include "bpf_misc.h"

    struct {
      __uint(type, BPF_MAP_TYPE_HASH);
      __uint(max_entries, 8);
      __type(key, __u32);
      __type(value, __u64);
    } counts SEC(".maps");

    char _license[] SEC("license") = "GPL";
    // What follows begins in line 14.

    """

  static let good = head + "SEC(\"socket\") int fine(void *ctx) { return 0; }\n"

  static let long =
    head + """
      SEC("socket") __success int quick(void *ctx) { return 0; }

      SEC("socket") __success
      int slow(struct __sk_buff *skb)
      {
        __u64 sum = 0;
        for (__u32 i = 0; i < 300000; i++) {
          sum += i;
          asm volatile("" : "+r"(sum));
        }
        return sum;
      }
      """

  static let tests =
    head + """
      SEC("socket") __success __retval(7) __description("returns seven")
      int seven(void *ctx) { return 7; }

      SEC("socket") __failure __msg("R0 invalid mem access 'map_value_or_null'")
      int unchecked(void *ctx) {
        __u32 key = 1;
        __u64 *value = bpf_map_lookup_elem(&counts, &key);
        asm volatile("" : "+r"(value));
        return *value;
      }

      SEC("socket") __success __retval(8)
      int not_eight(void *ctx) { return 7; }

      SEC("socket") __failure __msg("something else")
      int other_message(void *ctx) {
        __u32 key = 1;
        __u64 *value = bpf_map_lookup_elem(&counts, &key);
        return *value;
      }

      SEC("socket") __failure
      int accepted(void *ctx) { return 0; }

      SEC("socket")
      int not_annotated(void *ctx) { return 0; }
      """
}

/// Who can be asked for verdicts here.
enum VerdictKernel {
  /// The kernel that the tests run on, if it verifies what they give it.
  static let isUsable: Bool = {
    let kernel = LinuxKernel()
    guard let version = try? kernel.version(), version >= LinuxVersion(6, 18) else { return false }
    return kernel.has(.mapCreation) == .yes && kernel.has(.syscallPrograms) == .yes
  }()

  static let engines = isUsable ? ["simulated", "linux"] : ["simulated"]
}
