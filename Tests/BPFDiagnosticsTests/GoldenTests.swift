import BPFCompiler
import BPFDiagnostics
import BPFLinux
import BPFObject
import BPFSimulator
import BPFVerifier
import Foundation
import Testing

/// What is said about frequent mistakes, as files that people have read: `Golden/NAME.txt` for each program of
/// `Tests/Programs/mistakes.bpf.c`. With `MEROPS_RECORD` set they are written anew, to be read again.
@Suite("Frequent mistakes")
struct GoldenTests {
  @Test(
    "are explained as the golden files have it",
    .enabled(if: GoldenTests.canRun, "needs Linux 6.18 with the right to load programs, and a clang for BPF"))
  func golden() async throws {
    let object = try await Self.object()
    var count = 0
    for program in object.programs.values {
      let text = try Self.rendering(of: program, in: object)
      let file = Self.folder.appending(path: "BPFDiagnosticsTests/Golden/\(program.name).txt")
      if ProcessInfo.processInfo.environment["MEROPS_RECORD"] != nil {
        try Data(text.utf8).write(to: file)
      }
      let expected = try String(contentsOf: file, encoding: .utf8)
      #expect(text == expected, "\(program.name)")
      count += 1
    }
    #expect(count >= 30)
  }

  @Test(
    "are explained by the verifier of Merops in the same words",
    .enabled(if: Clang.isPresent, "needs a clang for BPF"))
  func own() async throws {
    let object = try await Self.object()
    for program in object.programs.values {
      let text = try Self.ownRendering(of: program, in: object)
      let file = Self.folder.appending(path: "BPFDiagnosticsTests/Golden/\(program.name).txt")
      let expected = try String(contentsOf: file, encoding: .utf8)
      #expect(text == expected, "\(program.name)")
    }
  }

  @Test(
    "are each explained with a suggestion, in no more than a screen of lines",
    .enabled(if: GoldenTests.canRun, "needs Linux 6.18 with the right to load programs, and a clang for BPF"))
  func form() async throws {
    let object = try await Self.object()
    for program in object.programs.values {
      let diagnostic = try Self.diagnostic(of: program, in: object)
      #expect(diagnostic.suggestion != nil, "\(program.name)")
      #expect(diagnostic.headline != diagnostic.kernelMessage, "\(program.name)")
      let lines = DiagnosticText().text(diagnostic).split(separator: "\n", omittingEmptySubsequences: false)
      #expect(lines.count <= 40, "\(program.name)")
    }
  }

  // MARK: Programs and verdicts

  static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()

  static let canRun: Bool = {
    let kernel = LinuxKernel()
    guard let version = try? kernel.version(), version >= LinuxVersion(6, 18) else { return false }
    return kernel.has(.mapCreation) == .yes && kernel.has(.taskWork) == .yes && Clang.isPresent
  }()

  static func object() async throws -> ObjectFile {
    let source = try String(contentsOf: folder.appending(path: "Programs/mistakes.bpf.c"), encoding: .utf8)
    let output = try await BPFCompiler.find().compile(.text(source), headers: SimulatedKernelTypes.headers)
    return try ObjectFile(parsing: output.object)
  }

  static func diagnostic(of program: Program, in object: ObjectFile) throws -> Diagnostic {
    var alone = object
    alone.programs = [program.name: program]
    let session = try LinuxVerification(alone)
    let verdict = try session.verdict(of: program.name, logLevel: 1, logSize: 1 << 18)
    #expect(verdict.errno != nil, "\(program.name) is accepted")
    return Diagnostic(
      kernelLog: verdict.log, of: session.prepared.programs[program.name], kernelVersion: "6.18")
  }

  static func rendering(of program: Program, in object: ObjectFile) throws -> String {
    rendering(of: try diagnostic(of: program, in: object))
  }

  /// What the verifier of Merops says, with the types of the simulated kernel.
  static func ownRendering(of program: Program, in object: ObjectFile) throws -> String {
    let types = SimulatedKernelTypes.shared
    var program = program
    if let local = object.types { try program.applyTypeRelocations(local: local, target: types) }
    let verifier = Verifier()
    guard let rejection = verifier.verify(program, of: object, kernelTypes: types).rejection else { return "accepted" }
    return rendering(of: verifier.diagnostic(of: rejection, program, of: object, kernelTypes: types))
  }

  private static func rendering(of diagnostic: Diagnostic) -> String {
    // The source comes without a path. Offsets in structures of the kernel are those of its configuration.
    DiagnosticText().text(diagnostic)
      .replacing(/[^ ]*<stdin>/, with: "mistakes.bpf.c")
      .replacing(/\(r0 \+\d\d\d+\) */, with: "(r0 +…)  ")
  }
}
