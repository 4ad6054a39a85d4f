import Foundation
import Merops
import Testing

/// What the README shows is what there is.
@Suite(.enabled(if: Fixture.hasCompiler, "no clang with the BPF target"))
struct ReadmeTests {
  private static let readme = (try? String(contentsOfFile: Repository.path("README.md"), encoding: .utf8)) ?? ""

  /// The contents of the blocks of code with a language.
  private static func blocks(_ language: String) -> [String] {
    readme.components(separatedBy: "\n```").enumerated().filter { $0.offset % 2 == 1 }.map(\.element)
      .filter { $0.hasPrefix("\(language)\n") }.map { String($0.dropFirst(language.count + 1)) }
  }

  @Test("the picture of the timeline is what the first command prints")
  func picture() async throws {
    let picture = try #require(Self.blocks("").first)
    let command = try #require(Self.readme.firstMatch(of: #/ {4}swift run merops (run .*)\n/#)?.1)
    // The shell would take the quotes away.
    let arguments = command.replacing("\"hello world\"", with: "hello§world").split(separator: " ")
      .map { String($0).replacing("§", with: " ") }
    let outcome = try await CommandProcess.run(
      arguments.map { $0.hasPrefix("Examples/") ? Repository.path($0) : $0 }, input: [])
    #expect(outcome.status == 0, "\(outcome.error)")
    let shown = RunCommandTests.essence(of: picture)
    #expect(shown == Array(RunCommandTests.essence(of: outcome.output).prefix(shown.count)), "\(outcome.output)")
  }

  @Test("the example in Swift is the one that is a test, word by word")
  func example() throws {
    func words(_ text: some StringProtocol) -> String {
      text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }.joined(separator: "\n")
    }
    let example = try #require(Self.blocks("swift").first)
    let shown = try #require(example.range(of: "@Test"))
    let path = Repository.path("Tests/MeropsCommandTests/ReadmeExample.swift")
    let compiled = try String(contentsOfFile: path, encoding: .utf8)
    #expect(words(compiled).contains(words(example[shown.lowerBound...])), "\(example)")
  }
}
