import BPFTypeFormat
import Foundation

/// C for BPF, compiled with clang, and the sections of the object that tests of types look at.
struct CompiledC {
  var object: [UInt8]
  var byteOrder: BTF.ByteOrder

  /// Whether there is a clang that compiles for BPF.
  static let isAvailable: Bool = (try? CompiledC("int x;")) != nil

  struct Failure: Error, CustomStringConvertible {
    var description: String
  }

  init(_ source: String, byteOrder: BTF.ByteOrder = .little, options: [String] = []) throws {
    self.byteOrder = byteOrder
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("merops-types-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let input = folder.appendingPathComponent("input.c")
    let output = folder.appendingPathComponent("output.o")
    let messages = folder.appendingPathComponent("messages.txt")
    try Data(source.utf8).write(to: input)
    _ = FileManager.default.createFile(atPath: messages.path, contents: nil)
    let clang = Process()
    clang.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    clang.arguments =
      [
        "clang", "-target", byteOrder == .little ? "bpfel" : "bpfeb", "-O2", "-g", "-mcpu=v3",
        "-Wno-unknown-attributes",
        "-c", input.path, "-o", output.path,
      ] + options
    clang.standardError = try FileHandle(forWritingTo: messages)
    try clang.run()
    clang.waitUntilExit()
    guard clang.terminationStatus == 0 else {
      let text = (try? String(contentsOf: messages, encoding: .utf8)) ?? ""
      throw Failure(description: "clang failed: \(text.prefix(4000))")
    }
    object = [UInt8](try Data(contentsOf: output))
  }

  /// The object's types.
  func types() throws -> BTF { try BTF(parsing: section(".BTF")) }

  /// The contents of a section, empty when the object has none of the name.
  func section(_ name: String) -> [UInt8] {
    func number(_ offset: Int, _ count: Int) -> Int {
      let bytes = object[offset..<offset + count]
      let ordered = byteOrder == .big ? Array(bytes) : Array(bytes.reversed())
      return ordered.reduce(0) { $0 << 8 | Int($1) }
    }
    let table = number(0x28, 8)
    let size = number(0x3a, 2)
    let names = number(table + size * number(0x3e, 2) + 0x18, 8)
    for index in 0..<number(0x3c, 2) {
      let header = table + size * index
      let start = names + number(header, 4)
      guard object[start...].prefix(while: { $0 != 0 }).elementsEqual(name.utf8) else { continue }
      let offset = number(header + 0x18, 8)
      return Array(object[offset..<offset + number(header + 0x20, 8)])
    }
    return []
  }
}
