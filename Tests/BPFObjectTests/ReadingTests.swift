import BPFObject
import Testing

@Suite struct ReadingTests {
  @Test("every fixture reads for every processor and both byte orders", .enabled(if: Clang.isPresent))
  func everything() throws {
    for (name, source) in Sources.all {
      for target in Clang.Target.all {
        let bytes = try Clang.compile(source, target)
        do {
          let object = try ObjectFile(parsing: bytes)
          #expect(!object.programs.isEmpty)
        } catch {
          Issue.record("\(name) \(target): \(error)")
        }
      }
    }
  }
}
