import Merops
import SystemPackage

/// What the user names as an object: an ELF file, or C source that is compiled first.
package struct ObjectSource {
  /// The name for messages.
  package let name: String
  /// The contents of the file.
  package let bytes: [UInt8]
  /// The path, `nil` for standard input.
  private let path: String?

  /// Reads a file, or standard input for `-`.
  package init(reading name: String) throws(CommandFailure) {
    let file = try InputFile(reading: name)
    self.name = file.name
    bytes = file.bytes
    path = name == "-" ? nil : name
  }

  /// Whether it is C: by its name, or what comes on standard input and is text.
  package var isSource: Bool {
    if bytes.starts(with: [0x7f, 0x45, 0x4c, 0x46]) { return false }
    guard let path else {
      return !bytes.isEmpty && !bytes.contains(0) && String(validating: bytes, as: UTF8.self) != nil
    }
    return FilePath(path).extension == "c"
  }

  /// The object, compiled if it has to be.
  package func open(_ compiler: CompilerOptions) async throws -> ObjectFile {
    let code = isSource ? try await compile(compiler) : bytes
    do throws(ObjectError) {
      let stem = path.flatMap { FilePath($0).stem }?.split(separator: ".").first
      return try ObjectFile(parsing: code, name: stem.map(String.init))
    } catch {
      throw CommandFailure(.input, "cannot open '\(name)': \(error)")
    }
  }

  /// Compiles against the types of the simulated kernel.
  private func compile(_ compiler: CompilerOptions) async throws -> [UInt8] {
    do throws(BPFCompilerError) {
      let output = try await BPFCompiler.find(clang: compiler.clang).compile(
        path.map { .file($0) } ?? .bytes(bytes), headers: BPFCompiler.simulatedKernelHeaders(),
        options: compiler.options)
      try? Output.error.write(output.warnings)
      return output.object
    } catch {
      switch error {
      case .cancelled: throw CancellationError()
      case .compilationFailed(let diagnostics):
        throw CommandFailure(.compilation, "'\(name)' was not compiled", details: diagnostics)
      default: throw CommandFailure(.compilation, "cannot compile '\(name)': \(error)")
      }
    }
  }
}
