import BPFInstructions
import BPFObject
import BPFVerifier
import Foundation
import Testing

@testable import BPFSimulator

/// What the verifier lets programs call and the simulated kernel cannot carry out: exactly what the documentation says.
@Suite struct FunctionCoverageTests {
  /// The kinds of programs that the machine runs.
  private static let kinds = [
    ProgramKind(type: .perfEvent), ProgramKind(type: .tracepoint), ProgramKind(type: .rawTracepoint),
    ProgramKind(type: .kprobe), ProgramKind(type: .tracing, attachType: 23),
    ProgramKind(type: .tracing, attachType: 24),
    ProgramKind(type: .tracing, attachType: 25), ProgramKind(type: .systemCall), ProgramKind(type: .socketFilter),
    ProgramKind(type: .trafficClassifier), ProgramKind(type: .trafficAction), ProgramKind(type: .xdp),
  ]

  /// The names in the section of the documentation, `bpf_` left out where a name begins with it.
  private static func documented(_ heading: String) throws -> [String] {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let text = try String(contentsOf: root.appending(path: "docs/simulated-kernel.md"), encoding: .utf8)
    let start = try #require(text.range(of: "### \(heading)\n")).upperBound
    let end = text.range(of: "\n#", range: start..<text.endIndex)?.lowerBound ?? text.endIndex
    return text[start..<end].matches(of: /`([a-z_0-9]+)`/).map { "\($0.1)" }
  }

  /// Names as the documentation has them.
  private static func short(_ name: String) -> String { name.hasPrefix("bpf_") ? String(name.dropFirst(4)) : name }

  @Test("helper functions that are missing are those that the documentation names")
  func helpers() throws {
    var missing: Set<String> = []
    for kind in Self.kinds {
      for number in HelperSet.available(to: kind).identifiers where HelperTable.shared[number] == nil {
        missing.insert(Self.short(try #require(HelperFunction(identifier: number)).name))
      }
    }
    let documented = try Self.documented("Helper functions that are missing")
    #expect(Set(documented) == missing, "\(Set(documented).symmetricDifference(missing).sorted())")
    #expect(documented.count == Set(documented).count)
  }

  @Test("kernel functions that are missing are those that the documentation names")
  func kernelFunctions() throws {
    let programs = Self.kinds.reduce(into: KernelFunctionPrograms()) { $0.formUnion(KernelFunctionPrograms(kind: $1)) }
    let missing = KernelFunction.allNames.filter { name in
      guard KernelFunctionTable.shared.number(of: name) == nil else { return false }
      return KernelFunction.named(name)?.programs.isDisjoint(with: programs) == false
    }
    let documented = try Self.documented("Kernel functions that are missing")
    let names = Set(missing.map(Self.short))
    #expect(Set(documented) == names, "\(Set(documented).symmetricDifference(names).sorted())")
    #expect(documented.count == Set(documented).count)
  }

  @Test("the verifier has rules for each kernel function of the machine")
  func rules() {
    for name in KernelFunctionTable.shared.names { #expect(KernelFunction.named(name) != nil, "\(name)") }
  }
}
