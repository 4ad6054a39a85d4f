import Foundation
import Merops
import MeropsCommand
import Testing

/// `merops verify` and `merops test`, as processes, with the kernel that the tests run on.
@Suite(
  .enabled(if: Fixture.hasCompiler, "no clang with the BPF target"),
  .enabled(if: VerdictKernel.isUsable, "needs Linux 6.18 with the right to load programs"))
struct VerifyCommandTests {
  private static let tests = """
    #include <vmlinux.h>
    #include <bpf/bpf_helpers.h>
    #include "bpf_misc.h"

    struct {
      __uint(type, BPF_MAP_TYPE_HASH);
      __uint(max_entries, 8);
      __type(key, __u32);
      __type(value, __u64);
    } counts SEC(".maps");

    SEC("socket") __success __retval(7) __description("returns seven")
    int seven(void *ctx) { return 7; }

    SEC("socket") __success __retval(8)
    int not_eight(void *ctx) { return 7; }

    SEC("socket") __failure __msg("R0 invalid mem access 'map_value_or_null'")
    int unchecked(void *ctx) {
      __u32 key = 1;
      __u64 *value = bpf_map_lookup_elem(&counts, &key);
      return *value;
    }

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

    char _license[] SEC("license") = "GPL";
    """

  @Test("a finding names line, cause and remedy; the status is 1, and 0 when all programs are accepted")
  func verify() async throws {
    try await Fixture.withFolder { folder in
      let source = try folder.write(Self.tests, as: "tests.bpf.c")
      let refused = try await CommandProcess.run("verify", "--engine", "linux", source, "--program", "unchecked")
      #expect(refused.status == 1, "\(refused.transcript)")
      #expect(refused.output.hasPrefix("error: R0 may be null: the result of a map look-up is used without a test\n"))
      #expect(refused.output.contains("return *value;"))
      #expect(refused.output.contains("help: test the pointer"))
      #expect(refused.output.contains("kernel 6.18: R0 invalid mem access 'map_value_or_null'"))

      let accepted = try await CommandProcess.run("verify", "--engine", "linux", source, "--program", "seven")
      #expect(accepted.status == 0, "\(accepted.transcript)")
      #expect(accepted.output.hasPrefix("accepted: seven (2 instructions, 2 processed"))
    }
  }

  @Test("the JSON document has the verdict and the parts of the finding, and with --log the log")
  func document() async throws {
    try await Fixture.withFolder { folder in
      let source = try folder.write(Self.tests, as: "tests.bpf.c")
      let outcome = try await CommandProcess.run(
        "verify", "--engine", "linux", source, "--program", "unchecked", "--json", "--log")
      let document = try #require(
        try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any], "\(outcome.transcript)")
      let program = try #require((document["programs"] as? [[String: Any]])?.first)
      #expect(program["verdict"] as? String == "refused")
      #expect((program["log"] as? String)?.contains("R0 invalid mem access") == true)
      let diagnostic = try #require(program["diagnostic"] as? [String: Any])
      #expect(diagnostic["category"] as? String == "memory")
      #expect((diagnostic["place"] as? [String: Any])?["line"] as? Int == 22)
      #expect(diagnostic["kernelMessage"] as? String == "R0 invalid mem access 'map_value_or_null'")
    }
  }

  @Test("annotated programs are tests: verdicts, messages and results, with a report in JUnit's form")
  func runner() async throws {
    try await Fixture.withFolder { folder in
      let source = try folder.write(Self.tests, as: "tests.bpf.c")
      let report = folder.path("report.xml")
      let outcome = try await CommandProcess.run("test", "--engine", "linux", source, "--junit", report)
      #expect(outcome.status == 1, "\(outcome.transcript)")
      let lines = outcome.output.split(separator: "\n").map(String.init)
      #expect(lines.contains { $0.hasPrefix("  pass returns seven") })
      #expect(lines.contains { $0.hasPrefix("  pass unchecked") })
      #expect(lines.contains("       it returned 7, and was to return 8"))
      #expect(lines.contains("       the log does not say 'something else'"))
      #expect(lines.contains("       it is accepted, and was to be refused"))
      #expect(!outcome.output.contains("not_annotated"))
      #expect(lines.last == "2 passed, 3 failed")
      let xml = try String(contentsOfFile: report, encoding: .utf8)
      #expect(xml.contains("<testsuites tests=\"5\" failures=\"3\" skipped=\"0\">"))
      #expect(xml.contains("<testcase classname=\"\(source)\" name=\"returns seven\" time=\""))
      #expect(xml.contains("<failure message=\"the log does not say 'something else'\">"))
    }
  }
}

/// The kernel that the tests run on, if it verifies what they give it.
private enum VerdictKernel {
  static let isUsable: Bool = {
    let kernel = LinuxKernel()
    guard let version = try? kernel.version(), version >= LinuxVersion(6, 18) else { return false }
    return kernel.has(.mapCreation) == .yes && kernel.has(.syscallPrograms) == .yes
  }()
}
