import Foundation
import Merops
import MeropsCommand
import Subprocess
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// `merops test`, as a process.
@Suite(.enabled(if: Fixture.hasCompiler, "no clang with the BPF target"))
struct TestCommandTests {
  @Test("annotated programs are tests: verdicts, messages and results")
  func runner() async throws {
    try await Fixture.withFolder { folder in
      let source = try folder.write(AnnotatedSource.tests, as: "tests.bpf.c")
      for engine in VerdictKernel.engines {
        let outcome = try await CommandProcess.run("test", "--engine", engine, source)
        #expect(outcome.status == 1, "\(outcome.transcript)")
        let lines = outcome.output.split(separator: "\n").map(String.init)
        #expect(lines.contains { $0.hasPrefix("  pass returns seven") })
        #expect(lines.contains { $0.hasPrefix("  pass unchecked") })
        #expect(lines.contains("       it returned 7, and was to return 8"))
        #expect(lines.contains("       the log does not say 'something else'"))
        #expect(lines.contains("       it is accepted, and was to be refused"))
        #expect(!outcome.output.contains("not_annotated"))
        #expect(lines.last == "2 passed, 3 failed")
      }
    }
  }

  @Test("a file that cannot be opened or compiled is a test that fails, and the next file follows")
  func brokenFiles() async throws {
    try await Fixture.withFolder { folder in
      let broken = try folder.write("int f( {\n", as: "broken.bpf.c")
      let nonsense = try folder.write("nonsense", as: "nonsense.o")
      let good = try folder.write(
        AnnotatedSource.good.replacing("SEC(\"socket\")", with: "SEC(\"socket\") __success"), as: "good.bpf.c")
      let report = folder.path("report.xml")
      let outcome = try await CommandProcess.run(
        "test", broken, folder.path("absent.o"), nonsense, folder.url.path, good, "--junit", report)
      #expect(outcome.status == 1, "\(outcome.transcript)")
      let lines = outcome.output.split(separator: "\n").map(String.init)
      #expect(lines.last == "1 passed, 4 failed")
      #expect(lines.contains("       '\(broken)' was not compiled"))
      #expect(lines.contains { $0.hasPrefix("       broken.bpf.c:1:") || $0.contains("expected parameter declarator") })
      #expect(lines.contains("       cannot read '\(folder.path("absent.o"))': there is no such file"))
      #expect(lines.contains { $0.hasPrefix("       cannot open '\(nonsense)': ") })
      #expect(lines.contains("       cannot read '\(folder.url.path)': it is a directory"))
      let suites = try JUnitReport(at: report)
      try #require(suites.cases.count == 5)
      #expect(suites.cases.map(\.outcome) == ["error", "error", "error", "error", "passed"])
      #expect(suites.cases[0].message == "'\(broken)' was not compiled")
      #expect(suites.cases[0].text.contains("expected parameter declarator"))
    }
  }

  @Test("the report has JUnit's elements and attributes, counts that add up, and texts without control characters")
  func report() async throws {
    try await Fixture.withFolder { folder in
      let source = try folder.write(
        AnnotatedSource.tests + """

          SEC("socket") __success __arch_arm64 __description("a <title> with \\"quotes\\" & \u{1b}[31m")
          int elsewhere(void *ctx) { return 0; }
          """, as: "tests.bpf.c")
      let broken = try folder.write("int f( {\n", as: "broken.bpf.c")
      let path = folder.path("report.xml")
      let outcome = try await CommandProcess.run("test", source, broken, "--junit", path)
      #expect(outcome.output.hasSuffix("2 passed, 4 failed, 1 skipped\n"), "\(outcome.transcript)")
      let report = try JUnitReport(at: path)
      try #require(report.cases.count == 7)
      #expect(report.cases.map(\.outcome) == ["passed", "passed", "failure", "failure", "failure", "skipped", "error"])
      #expect(
        report.cases.map(\.name) == [
          "returns seven", "unchecked", "not_eight", "other_message", "accepted", "a <title> with \"quotes\" & ?[31m",
          "the file can be opened",
        ])
      #expect(report.cases[0].className == folder.path("tests"), "no full stop: readers take it for a package")
      #expect(report.cases[3].message == "the log does not say 'something else'")
      #expect(report.cases[3].text.contains("kernel 6.18: R0 invalid mem access"))
      #expect(report.cases[5].message == "for ARM64 only")
    }
  }

  /// Whether there is a Python with a reader of such reports.
  private static let hasReader: Bool = {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["python3", "-c", "import junitparser"]
    process.standardError = FileHandle.nullDevice
    process.standardInput = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
  }()

  @Test(
    "a reader that others have written finds suites, cases and outcomes in the report",
    .enabled(if: hasReader, "needs python3 with junitparser"))
  func otherReader() async throws {
    try await Fixture.withFolder { folder in
      let source = try folder.write(AnnotatedSource.tests, as: "tests.bpf.c")
      let path = folder.path("report.xml")
      _ = try await CommandProcess.run("test", source, folder.path("absent.o"), "--junit", path)
      let script = """
        import sys
        from junitparser import JUnitXml
        report = JUnitXml.fromfile(sys.argv[1])
        print(report.tests, report.failures, report.errors)
        for suite in report:
          print(suite.tests, suite.failures, suite.errors, suite.skipped)
          for case in suite: print(case.name, [(type(one).__name__, one.message) for one in case.result])
        """
      let result = try await Subprocess.run(
        .name("python3"), arguments: ["-c", script, path], output: .string(limit: 1 << 16), error: .discarded)
      #expect(
        result.standardOutput == """
          6 3 1
          5 3 0 0
          returns seven []
          unchecked []
          not_eight [('Failure', 'it returned 7, and was to return 8')]
          other_message [('Failure', "the log does not say 'something else'")]
          accepted [('Failure', 'it is accepted, and was to be refused')]
          1 0 1 0
          the file can be opened [('Error', "cannot read '\(folder.path("absent.o"))': there is no such file")]

          """)
    }
  }

  /// Annotations, and how the line begins that tells of their program.
  private struct Annotation {
    var annotations: String
    var line: String
    init(_ annotations: String, _ line: String) { (self.annotations, self.line) = (annotations, line) }
  }

  private static let annotations: [Annotation] = [
    .init("__success", "pass p0"),
    .init("__msg(\"processed 2 insns\")", "pass p1"),
    .init("__success __log_level(2) __msg(\"0: R1=ctx()\") __not_msg(\"R7=\") __msg(\"exit\")", "pass p2"),
    .init("__success __log_level(2) __msg(\"0: R1=ctx()\") __not_msg(\"w0 = 0\") __msg(\"exit\")", "FAIL p3"),
    .init("__failure", "FAIL p4"),
    .init("__success __retval(0x0)", "pass p5"),
    .init("__success __retval(INT_MIN)", "FAIL p6"),
    .init("__success __retval(a_macro)", "skip p7: __retval(a_macro) cannot be tested; what else is annotated holds"),
    .init("__success __arch_x86_64", "pass p8"),
    .init("__success __arch_arm64 __arch_riscv64", "skip p9: for ARM64, RISCV64 only"),
    .init("__success __arch_arm64 __arch_x86_64", "pass p10"),
    .init("__success __load_if_no_JITed()", "skip p11: for kernels that do not compile programs to machine code"),
    .init("__success __load_if_JITed()", "pass p12"),
    .init(
      "__success __xlated(\"0: exit\") __jited(\"ret\")", "skip p13: __xlated, __jited cannot be tested; what else"),
    .init("__success __stdout(\"x\") __stderr(\"y\")", "skip p14: __stdout, __stderr cannot be tested; what else"),
    .init("__failure __stdout(\"x\")", "FAIL p15"),
    .init("__success_unpriv", "skip p16 @unpriv: __success_unpriv: loading without the rights of root is not tried"),
    .init("__success __failure_unpriv __msg_unpriv(\"x\")", "pass p17"),
    .init("__success __flag(BPF_F_TEST_STATE_FREQ) __flag(BPF_F_TEST_RND_HI32)", "pass p18"),
    .init("__success __flag(0x8) __flag(!BPF_F_TEST_STATE_FREQ)", "pass p19"),
    .init("__success __flag(BPF_F_OTHER)", "skip p20: __flag(BPF_F_OTHER) cannot be tested"),
    .init("__success __btf_path(\"x.btf\")", "skip p21: __btf_path cannot be tested"),
    .init("__auxiliary", ""),
    .init("__success __retval(POINTER_VALUE)", "pass p23"),
    .init("__success __retval(TEST_DATA_LEN)", "FAIL p24"),
    .init("__success __linear_size(8)", "skip p25: __linear_size cannot be tested"),
  ]

  @Test("what an annotation asks for is tried, or the test is skipped by its name")
  func annotations() async throws {
    try await Fixture.withFolder { folder in
      let head = "#include <vmlinux.h>\n#include <bpf/bpf_helpers.h>\n#include \"bpf_misc.h\"\n"
      let programs = Self.annotations.enumerated().map { index, row in
        "SEC(\"socket\") \(row.annotations)\nint p\(index)(void *ctx) { return 0; }\n"
      }
      let end = "char _license[] SEC(\"license\") = \"GPL\";\n"
      let source = try folder.write(head + programs.joined() + end, as: "annotations.bpf.c")
      for engine in VerdictKernel.engines {
        let outcome = try await CommandProcess.run("test", "--engine", engine, source)
        let lines = outcome.output.split(separator: "\n").map(String.init)
        for row in Self.annotations where !row.line.isEmpty {
          #expect(lines.contains { $0.hasPrefix("  " + row.line) }, "\(engine), \(row.annotations)")
        }
        #expect(!outcome.output.contains(" p22"), "there for others")
        #expect(outcome.output.contains("\n  skip p17 @unpriv: __failure_unpriv, __msg_unpriv: "))
      }
    }
  }

  @Test("flags change how a program is verified")
  func flags() async throws {
    let source = """
      #include <vmlinux.h>
      #include <bpf/bpf_helpers.h>
      #include "bpf_misc.h"
      SEC("socket") __success __flag(BPF_F_STRICT_ALIGNMENT) int aligned(void *ctx) { return 0; }
      SEC("uprobe") __failure __msg("helper call might sleep")
      int awake(void *ctx) { char text[4]; return bpf_copy_from_user(text, 4, (void *)8); }
      SEC("uprobe") __success __flag(BPF_F_SLEEPABLE)
      int asleep(void *ctx) { char text[4]; return bpf_copy_from_user(text, 4, (void *)8); }
      SEC("socket") __success __log_level(2) __msg("total_states 0 ")
      int few(void *ctx) { if (bpf_get_prandom_u32()) bpf_ktime_get_ns(); return 0; }
      SEC("socket") __success __flag(BPF_F_TEST_STATE_FREQ) __log_level(2) __not_msg("total_states 0 ")
      int many(void *ctx) { if (bpf_get_prandom_u32()) bpf_ktime_get_ns(); return 0; }
      char _license[] SEC("license") = "GPL";
      """
    try await Fixture.withFolder { folder in
      let path = try folder.write(source, as: "flags.bpf.c")
      for engine in VerdictKernel.engines {
        let outcome = try await CommandProcess.run("test", "--engine", engine, path)
        let aligned = engine == "linux" ? "pass aligned" : "skip aligned: BPF_F_STRICT_ALIGNMENT is not modelled"
        for line in [aligned, "pass awake", "pass asleep", "pass few", "pass many"] {
          #expect(outcome.output.contains("\n  \(line)"), "\(engine): \(line): \(outcome.output)")
        }
      }
    }
  }
}

/// What a JUnit report says, and whether it is one.
private struct JUnitReport {
  struct Case {
    var className: String
    var name: String
    var outcome: String
    var message: String
    var text: String
  }
  var cases: [Case] = []

  /// Reads a report, and expects that it has no element or attribute but those of the format, and that its counts add up.
  init(at path: String) throws {
    let document = try XMLDocument(data: Data(contentsOf: URL(filePath: path)))
    let root = try #require(document.rootElement())
    #expect(root.name == "testsuites")
    Self.check(root, ["name", "tests", "failures", "errors", "time"])
    let suites = root.elements(forName: "testsuite")
    #expect(suites.count == root.childCount)
    for suite in suites {
      Self.check(suite, ["name", "id", "tests", "failures", "errors", "skipped", "time"])
      let elements = suite.elements(forName: "testcase")
      #expect(elements.count == suite.children?.count { $0.kind == .element } ?? 0)
      let found = elements.map(Self.read)
      for (attribute, outcome) in [("failures", "failure"), ("errors", "error"), ("skipped", "skipped")] {
        #expect(suite.number(attribute) == found.count { $0.outcome == outcome }, "\(attribute)")
      }
      #expect(suite.number("tests") == found.count)
      cases += found
    }
    for attribute in ["tests", "failures", "errors"] {
      #expect(root.number(attribute) == suites.reduce(0) { $0 + $1.number(attribute) }, "\(attribute)")
    }
  }

  private static func read(_ element: XMLElement) -> Case {
    check(element, ["classname", "name", "time"])
    let outcome = element.children?.first { $0.kind == .element } as? XMLElement
    if let outcome { check(outcome, outcome.name == "skipped" ? ["message"] : ["message", "type"]) }
    return Case(
      className: element.text("classname"), name: element.text("name"), outcome: outcome?.name ?? "passed",
      message: outcome?.text("message") ?? "", text: outcome?.stringValue ?? "")
  }

  private static func check(_ element: XMLElement, _ attributes: Set<String>) {
    #expect(Set((element.attributes ?? []).compactMap(\.name)) == attributes)
    if let time = element.attribute(forName: "time")?.stringValue { #expect(Double(time) ?? -1 >= 0) }
  }
}

extension XMLElement {
  fileprivate func text(_ attribute: String) -> String { self.attribute(forName: attribute)?.stringValue ?? "" }
  fileprivate func number(_ attribute: String) -> Int { Int(text(attribute)) ?? -1 }
}
