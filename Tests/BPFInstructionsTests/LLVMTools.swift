import Foundation

/// clang with a BPF target and an `llvm-objdump` that knows all of BPF, where both are installed.
///
/// The `llvm-objdump` beside clang is taken before the one on the search path, which is often older.
struct LLVMTools {
  var clang: String
  var objdump: String

  static let found: LLVMTools? = {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    let folders = path.split(separator: ":").map(String.init)
    for clang in folders.map({ $0 + "/clang" }) where FileManager.default.isExecutableFile(atPath: clang) {
      let beside = URL(filePath: clang).deletingLastPathComponent().path(percentEncoded: false)
      for folder in [beside] + folders {
        let objdump = folder + (folder.hasSuffix("/") ? "" : "/") + "llvm-objdump"
        guard FileManager.default.isExecutableFile(atPath: objdump) else { continue }
        let tools = LLVMTools(clang: clang, objdump: objdump)
        // The youngest instruction that the tests use tells whether both are young enough.
        let probe = try? tools.disassembly(of: "store_release((u64 *)(r1 + 0), r2)", language: "assembler", options: [])
        if probe?.contains("store_release((u64 *)(r1 +") == true { return tools }
      }
    }
    return nil
  }()

  struct Failure: Error {
    var command: [String]
    var output: String
  }

  /// What `llvm-objdump -d` prints of a source text, compiled.
  func disassembly(
    of source: String, language: String, target: String = "bpfel", options: [String], objdumpOptions: [String] = []
  ) throws -> String {
    try withScratchFolder { folder in
      let (input, object) = (folder + "/input", folder + "/output.o")
      try Data(source.utf8).write(to: URL(filePath: input))
      try run([clang, "-target", target, "-x", language, "-c", input, "-o", object] + options, in: folder)
      return try run([objdump, "-d"] + objdumpOptions + [object], in: folder)
    }
  }

  /// Compiles C without output; fails with clang's messages.
  func check(_ source: String, options: [String]) throws {
    try withScratchFolder { folder in
      try Data(source.utf8).write(to: URL(filePath: folder + "/input"))
      try run([clang, "-target", "bpf", "-fsyntax-only", "-x", "c", folder + "/input"] + options, in: folder)
    }
  }

  private func withScratchFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appending(path: "merops-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder.path(percentEncoded: false))
  }

  /// The output goes to a file, since a full pipe would stop the command.
  @discardableResult
  private func run(_ command: [String], in folder: String) throws -> String {
    let log = URL(filePath: folder + "/log")
    try Data().write(to: log)
    let handle = try FileHandle(forWritingTo: log)
    let process = Process()
    process.executableURL = URL(filePath: command[0])
    process.arguments = Array(command.dropFirst())
    process.standardOutput = handle
    process.standardError = handle
    process.standardInput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    try handle.close()
    let output = String(decoding: try Data(contentsOf: log), as: UTF8.self)
    guard process.terminationStatus == 0 else { throw Failure(command: command, output: output) }
    return output
  }
}
