import Foundation
import Synchronization

/// The clang on this machine that can compile for BPF, if there is one.
enum Clang {
  static let isPresent: Bool = path != nil

  private static let path: String? = {
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    for folder in folders {
      let candidate = "\(folder)/clang"
      guard FileManager.default.isExecutableFile(atPath: candidate) else { continue }
      if (try? run(candidate, ["--print-targets"]))?.text.contains(" bpf ") == true { return candidate }
    }
    return nil
  }()

  /// A combination of options.
  struct Target: Hashable, CustomStringConvertible {
    var architecture = "bpfel"
    var cpu = "v3"
    var options: [String] = ["-g"]

    static let standard = Target()
    static let all: [Target] =
      ["v1", "v2", "v3", "v4"].flatMap { cpu in ["bpfel", "bpfeb"].map { Target(architecture: $0, cpu: cpu) } }

    var description: String { "\(architecture) \(cpu) \(options.joined(separator: " "))" }
  }

  struct Failure: Error, CustomStringConvertible {
    var description: String
  }

  private struct Key: Hashable {
    var source: String
    var target: Target
  }

  private static let compiled = Mutex<[Key: [UInt8]]>([:])

  /// The object of a source, compiled once.
  static func compile(_ source: String, _ target: Target = .standard) throws -> [UInt8] {
    let key = Key(source: source, target: target)
    if let known = compiled.withLock({ $0[key] }) { return known }
    guard let path else { throw Failure(description: "no clang for BPF") }
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("merops-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let input = folder.appendingPathComponent("object.bpf.c")
    let output = folder.appendingPathComponent("object.bpf.o")
    try Data((Sources.header + source).utf8).write(to: input)
    let result = try run(
      path,
      ["-target", target.architecture, "-mcpu=\(target.cpu)", "-O2", "-Xclang", "-fno-split-cold-code"]
        + target.options + ["-c", input.path, "-o", output.path])
    guard result.status == 0 else { throw Failure(description: "clang: \(result.text)") }
    let bytes = [UInt8](try Data(contentsOf: output))
    compiled.withLock { $0[key] = bytes }
    return bytes
  }

  private static func run(_ path: String, _ arguments: [String]) throws -> (status: Int32, text: String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (process.terminationStatus, text)
  }
}
