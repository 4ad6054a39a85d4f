import Foundation
import GZip
import Testing

private let hasGunzip = FileManager.default.isExecutableFile(atPath: "/bin/gzip")

@Suite struct GZipTests {
  @Test(.enabled(if: hasGunzip, "needs gzip"))
  func gunzipReadsWhatWasCompressed() throws {
    var state: UInt64 = 42
    func random() -> UInt8 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return UInt8(truncatingIfNeeded: state >> 40)
    }
    let text = Array("a stack of frames, a stack of frames and a stack of more frames; ".utf8)
    let contents: [(String, [UInt8])] = [
      ("nothing", []), ("one byte", [7]), ("two", [1, 2]), ("all bytes", Array(0...255)),
      ("one byte many times", Array(repeating: 0xff, count: 100_000)),
      ("text", (0..<3000).flatMap { _ in text }),
      ("noise", (0..<100_000).map { _ in random() }),
      ("few letters", (0..<200_000).map { _ in random() & 3 }),
      ("every length of match", (0..<300).flatMap { Array(text.prefix($0 % 65)) + [random(), random()] }),
      ("far matches", (0..<4).flatMap { _ in (0..<30_000).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 7) } }),
    ]
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("merops-gzip-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    for (name, bytes) in contents {
      let compressed = GZip.compress(bytes)
      let file = folder.appendingPathComponent("file.gz")
      try Data(compressed).write(to: file)
      let process = Process()
      process.executableURL = URL(fileURLWithPath: "/bin/gzip")
      process.arguments = ["-dc", file.path]
      let output = Pipe()
      process.standardOutput = output
      try process.run()
      let read = output.fileHandleForReading.readDataToEndOfFile()
      process.waitUntilExit()
      #expect(process.terminationStatus == 0, "\(name)")
      #expect(Array(read) == bytes, "\(name)")
    }
    #expect(GZip.compress(contents[4].1).count < 1000)
    #expect(GZip.compress(contents[5].1).count < contents[5].1.count / 50)
  }
}
