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

  /// What gzip makes of bytes.
  private func packed(_ bytes: [UInt8], _ options: String...) throws -> [UInt8] {
    let file = FileManager.default.temporaryDirectory.appending(path: "merops-gzip-\(UUID().uuidString)")
    try Data(bytes).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["gzip", "-c"] + options + [file.path]
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return Array(data)
  }

  @Test("what gzip has packed comes out as it went in", .enabled(if: hasGunzip, "needs gzip"))
  func roundTrip() throws {
    var random = SystemRandomNumberGenerator()
    let noise = (0..<70_000).map { _ in UInt8.random(in: 0...255, using: &random) }
    let words = (0..<40_000).map { UInt8(truncatingIfNeeded: $0 * $0 / 7 & 3 &+ 97) }
    let rows: [[UInt8]] = [
      [], [0], Array("a".utf8), Array("hello, hello, hello".utf8), [UInt8](repeating: 7, count: 100_000), noise, words,
      words + noise + words,
    ]
    for row in rows {
      for level in ["-1", "-6", "-9"] {
        let bytes = try packed(row, level)
        #expect(try GZip.expand(bytes) == row, "\(row.count) bytes at \(level)")
      }
    }
  }

  @Test("damaged bytes end in an error, and never in others than were packed", .enabled(if: hasGunzip, "needs gzip"))
  func damage() throws {
    let text = Array(String(repeating: "CONFIG_HZ=250\n# CONFIG_KPROBES is not set\n", count: 40).utf8)
    let bytes = try packed(text)
    for length in 0..<bytes.count {
      #expect(throws: GZipError.self) { try GZip.expand(Array(bytes[..<length])) }
    }
    // The header's time, flags of how hard it was tried, and system are nobody's business.
    for index in bytes.indices where !(4...9).contains(index) {
      for bit in 0..<8 {
        var damaged = bytes
        damaged[index] ^= 1 << UInt8(bit)
        if let found = try? GZip.expand(damaged, limit: 1 << 20) { #expect(found == text, "byte \(index)") }
      }
    }
    #expect(throws: GZipError.tooLong(limit: 100)) { try GZip.expand(bytes, limit: 100) }
  }
}
