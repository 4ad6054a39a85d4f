import Foundation
import Testing

/// The corpus is a table of rules; what it says of each program is what the kernel says.
@Suite("The corpus of small programs")
struct CorpusTests {
  @Test("each program can be made, and its name is its own")
  func programs() throws {
    let files = try Corpus.files()
    var names: Set<String> = []
    var count = 0
    for row in files.flatMap(\.cases) {
      #expect(throws: Never.self, "\(row.title)") { try CorpusAssembler.object(row) }
      if !names.insert(row.title).inserted { Issue.record("there are two: \(row.title)") }
      count += 1
    }
    #expect(count >= 600)
  }

  @Test("rows that are not recorded are not left in")
  func recorded() throws {
    for row in try Corpus.files().flatMap(\.cases) where row.expectation.error == "?" || row.expectation.error == "no" {
      Issue.record("\(row.title) has no verdict")
    }
  }

  @Test(
    "the running kernel gives the recorded verdict, instruction and message",
    .enabled(if: KernelOracle.isUsable, "needs Linux 6.18 with the right to load programs"))
  func kernel() throws {
    let oracle = KernelOracle()
    for row in try Corpus.files().flatMap(\.cases) where LongRun.isWanted || !row.isLong {
      let answer = try oracle.answer(CorpusAssembler.object(row))
      if answer.verdict != row.expectation {
        Issue.record("\(row.title): recorded \(row.expectation), the kernel says \(answer.verdict)")
      }
    }
  }
}

/// Where the files of the corpus are.
enum Corpus {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Corpus")

  static func files() throws -> [CorpusFile] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".txt") }.sorted().map {
      try CorpusFile(
        topic: String($0.dropLast(4)), text: String(contentsOf: folder.appending(path: $0), encoding: .utf8))
    }
  }
}
