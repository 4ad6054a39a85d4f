import BPFCompiler
import Foundation
import Testing

@Suite(.serialized) struct CompilerErrorTests {
  private static let present = CompilerForTests.isPresent

  @Test(
    "an error of the source comes with the source's own name, and carried headers have theirs", .enabled(if: present))
  func sourceError() async throws {
    let compiler = try #require(CompilerForTests.found)
    try await withTemporaryFolder { folder in
      let path = "\(folder)/broken.bpf.c"
      try "#include <bpf/bpf_tracing.h>\nint f(void) { return missing; }\nint g(long *p) { return PT_REGS_IP(p); }\n"
        .write(toFile: path, atomically: true, encoding: .utf8)
      let error = await #expect(throws: BPFCompilerError.self) { try await compiler.compile(.file(path)) }
      guard case .compilationFailed(let diagnostics)? = error else {
        Issue.record("\(String(describing: error))")
        return
      }
      #expect(diagnostics.contains("\(path):2:22: error: use of undeclared identifier 'missing'"))
      #expect(diagnostics.contains("\nbpf/bpf_tracing.h:"), "\(diagnostics)")
      #expect(!diagnostics.contains("merops-"), "\(diagnostics)")
    }
  }

  @Test("a source that is not there is an error of clang's that names it", .enabled(if: present))
  func missingSource() async throws {
    let compiler = try #require(CompilerForTests.found)
    let error = await #expect(throws: BPFCompilerError.self) { try await compiler.compile(.file("/no/such.bpf.c")) }
    #expect(error?.description.contains("/no/such.bpf.c") == true)
  }

  @Test("nothing stays behind: after success, after an error, after cancelling", .enabled(if: present))
  func leavesNothing() async throws {
    try await withTemporaryFolder { folder in
      let clang = try #require(CompilerForTests.found?.clang)
      let compiler = BPFCompiler(clang: clang, temporaryFolder: folder)
      func leftOvers() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: folder) }
      _ = try await compiler.compile(.text("int x;\n"))
      #expect(try leftOvers() == [])
      await #expect(throws: BPFCompilerError.self) { try await compiler.compile(.text("int x\n")) }
      #expect(try leftOvers() == [])
      // The second name is that of a folder which the first one needs.
      await #expect(throws: BPFCompilerError.self) {
        try await compiler.compile(.text("int x;\n"), headers: ["deep/er/x.h": "", "deep/er": "", "deep": ""])
      }
      #expect(try leftOvers() == [])
      // A program that takes long to compile, of which nobody waits for the end.
      let long = "int f(int x) { " + String(repeating: "x = x * x + (x >> 3);", count: 200_000) + " return x; }"
      let task = Task { try await compiler.compile(.text(long)) }
      while try leftOvers().isEmpty { try await Task.sleep(for: .milliseconds(1)) }
      task.cancel()
      let result = await task.result
      #expect(throws: BPFCompilerError.cancelled) { try result.get() }
      #expect(try leftOvers() == [])
    }
  }

  @Test("a header's name must stay below the folder of headers")
  func headerNames() async {
    for name in ["", "/x.h", "../x.h", "a/../../x.h", "a//b.h", "./x.h", "a/"] {
      let error = await #expect(throws: BPFCompilerError.self, "\(name)") {
        try await BPFCompiler(clang: "/nowhere/clang").compile(.text(""), headers: [name: ""])
      }
      #expect(error == .invalidHeaderName(name))
    }
  }

  @Test("without clang the error says where it was looked for and what to do")
  func noClang() async throws {
    try await withTemporaryFolder { folder in
      let error = await #expect(throws: BPFCompilerError.self) {
        try await BPFCompiler.find(environment: ["PATH": folder])
      }
      #expect(error == .clangNotFound(searched: ["\(folder)/clang"]))
      let text = error?.description ?? ""
      for part in ["\(folder)/clang", "MEROPS_CLANG", "--clang", "swift.org"] { #expect(text.contains(part)) }
    }
  }

  @Test("a clang without the target is passed over, and named if there is no other")
  func noTarget() async throws {
    try await withTemporaryFolder { folder in
      let bad = try Self.script("\(folder)/bad", named: "clang", prints: "  x86-64 - 64-bit X86")
      let good = try Self.script("\(folder)/good", named: "clang", prints: "  bpf - BPF (host endian)")
      let error = await #expect(throws: BPFCompilerError.self) {
        try await BPFCompiler.find(environment: ["PATH": "\(folder)/bad"])
      }
      #expect(error == .targetMissing(clang: [bad]))
      let found = try await BPFCompiler.find(environment: ["PATH": "\(folder)/bad:\(folder)/good"])
      #expect(found.clang == good)
    }
  }

  @Test("the option goes before the variable, the variable before the toolchain, the toolchain before PATH")
  func precedence() async throws {
    try await withTemporaryFolder { folder in
      var clang: [String: String] = [:]
      for name in ["option", "variable", "toolchain", "path"] {
        clang[name] = try Self.script("\(folder)/\(name)", named: "clang", prints: "bpf - BPF")
      }
      _ = try Self.script("\(folder)/toolchain", named: "swift", prints: "")
      // The folder of PATH has only a link to the toolchain's swift.
      try FileManager.default.createDirectory(atPath: "\(folder)/links", withIntermediateDirectories: false)
      try FileManager.default.createSymbolicLink(
        atPath: "\(folder)/links/swift", withDestinationPath: "\(folder)/toolchain/swift")
      var environment = ["PATH": "\(folder)/path:\(folder)/links"]
      let resolved = URL(filePath: folder).resolvingSymlinksInPath().path(percentEncoded: false)
      #expect(try await BPFCompiler.find(environment: environment).clang == "\(resolved)/toolchain/clang")
      environment["MEROPS_CLANG"] = clang["variable"]
      #expect(try await BPFCompiler.find(environment: environment).clang == clang["variable"])
      #expect(try await BPFCompiler.find(clang: clang["option"], environment: environment).clang == clang["option"])
      let error = await #expect(throws: BPFCompilerError.self) {
        try await BPFCompiler.find(clang: "/no/clang", environment: environment)
      }
      #expect(error == .clangNotFound(searched: ["/no/clang"]))
    }
  }

  @Test("a clang that fails without a word, or not at all, is named")
  func brokenClang() async throws {
    try await withTemporaryFolder { folder in
      let path = try Self.script(folder, named: "clang", prints: "", status: 7)
      for clang in [path, "/no/clang"] {
        let error = await #expect(throws: BPFCompilerError.self) {
          try await BPFCompiler(clang: clang).compile(.text(""))
        }
        guard case .clangFailed(clang, _)? = error else {
          Issue.record("\(String(describing: error))")
          continue
        }
      }
    }
  }

  @Test(
    "libbpf's own headers are an error where they are not installed",
    .enabled(if: !Self.hasLibbpf, "they are installed"))
  func noLibbpf() async throws {
    let error = await #expect(throws: BPFCompilerError.self) {
      try await BPFCompiler(clang: "/no/clang").compile(.text(""), options: .init(prefersInstalledLibbpf: true))
    }
    #expect(error?.description.contains("libbpf-dev") == true)
  }

  @Test("libbpf's own headers are taken on request where they are installed", .enabled(if: present && hasLibbpf))
  func installedLibbpf() async throws {
    // Clang only preprocesses here, and prints the macros.
    let text = "#include <bpf/bpf_helpers.h>\n#ifndef __BPF_HELPERS__\n#error\n#endif\n"
    let compiler = try #require(CompilerForTests.found)
    var options = BPFCompiler.Options(additionalArguments: ["-E", "-dM"])
    let carried = try await compiler.compile(.text(text), options: options).object
    options.prefersInstalledLibbpf = true
    let installed = try await compiler.compile(.text(text), options: options).object
    #expect(String(decoding: carried, as: UTF8.self).contains("___bpf_store12"))
    #expect(!String(decoding: installed, as: UTF8.self).contains("___bpf_store12"))
    #expect(String(decoding: installed, as: UTF8.self).contains("__BPF_HELPERS__"))
  }

  private static let hasLibbpf = ["/usr/include", "/usr/local/include"].contains {
    FileManager.default.isReadableFile(atPath: "\($0)/bpf/bpf_helpers.h")
  }

  private static func script(
    _ folder: String, named name: String, prints text: String, status: Int = 0
  ) throws -> String {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let path = "\(folder)/\(name)"
    try "#!/bin/sh\necho '\(text)'\nexit \(status)\n".write(toFile: path, atomically: true, encoding: .utf8)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    return path
  }
}
