import BPFCompiler
import BPFObject
import Foundation
import Merops
import Testing

@testable import BPFProfiler

/// The test needs a clang that compiles for BPF.
let needsCompiler = ConditionTrait.enabled("clang with the target bpf is missing") {
  (try? await BPFCompiler.find()) != nil
}

@Suite struct ProgramTests {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../../Sources/BPFProfiler").standardizedFileURL
  static var generated: URL { folder.appending(path: "Object/ProfilerProgram+Encoded.swift") }

  /// The object that the source compiles to now.
  static func compiled(_ change: (String) -> String = { $0 }) async throws -> [UInt8] {
    var options = BPFCompiler.Options()
    // No path of this machine gets into the object.
    options.additionalArguments = ["-ffile-prefix-map=\(folder.path)/=", "-fdebug-compilation-dir=."]
    let output = try await BPFCompiler.find().compile(
      .file(folder.path + "/Program/profiler.bpf.c"), headers: BPFCompiler.simulatedKernelHeaders(), options: options)
    #expect(output.warnings.isEmpty)
    return StrippedObject.make(of: output.object)
  }

  @Test(needsCompiler)
  func theObjectInTheModuleIsWhatItsSourceCompilesTo() async throws {
    let object = try await Self.compiled()
    let text = ProfilerProgram.base64(of: object)
    if ProcessInfo.processInfo.environment["MEROPS_WRITE_PROFILER_PROGRAM"] != nil {
      let source = """
        // Made by `Sources/BPFProfiler/Program/build` from the C source beside that script. Not to be edited.

        extension ProfilerProgram {
          /// The object, in base64.
          static let encoded = \"\"\"
            \(text.replacing("\n", with: "\n    "))
            \"\"\"
        }

        """
      try source.write(to: Self.generated, atomically: true, encoding: .utf8)
      return
    }
    #expect(
      ProfilerProgram.bytes(ofBase64: text) == object
        && ProfilerProgram.bytes(ofBase64: ProfilerProgram.encoded) == object,
      "the source has changed, or the compiler has: run Sources/BPFProfiler/Program/build")
  }
}
