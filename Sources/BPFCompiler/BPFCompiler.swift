import BPFInstructions
import Subprocess

#if canImport(System)
  import System
#else
  import SystemPackage
#endif

/// Compiles BPF C to objects with clang.
///
/// Clang does the work; Merops brings the headers, so that neither libbpf nor the kernel's headers have to be installed.
/// The structures of the kernel are the caller's to give, as `vmlinux.h`.
///
///     let compiler = try await BPFCompiler.find()
///     let object = try await compiler.compile(.file("task_work.bpf.c"), headers: ["vmlinux.h": kernelTypes])
///
/// Nothing stays behind: headers are written to a folder of their own, which is removed at the end, also after an error
/// and when the task is cancelled. The object does not tell that folder's name.
public struct BPFCompiler: Hashable, Sendable {
  /// The path of clang.
  public var clang: String
  /// Where the folder for headers is made; without one, in that of the variable `TMPDIR`, or in `/tmp`.
  public var temporaryFolder: String?

  /// What to compile.
  public enum Source: Hashable, Sendable {
    /// A file, by its path.
    case file(String)
    /// A text that is in no file; diagnostics call it `<stdin>`.
    case text(String)
    /// Bytes that are in no file, such as those of standard input.
    case bytes([UInt8])
  }

  /// What compiling gives.
  public struct Output: Hashable, Sendable {
    /// The bytes of the object, an ELF file.
    public var object: [UInt8]
    /// What clang warned of, empty if of nothing.
    public var warnings: String
  }

  /// The size in bytes beyond which neither an object nor a list of diagnostics is believed.
  private static let outputLimit = 256 << 20

  /// A compiler at a path, which is not looked at before it is used; ``find(clang:environment:)`` does look.
  public init(clang: String, temporaryFolder: String? = nil) {
    self.clang = clang
    self.temporaryFolder = temporaryFolder
  }

  /// Compiles a source.
  ///
  /// - Parameters:
  ///   - source: A file or a text.
  ///   - headers: Texts by the name with which they are included, such as `vmlinux.h`. They go before carried ones of
  ///     the same name.
  ///   - options: How to compile.
  /// - Returns: The object's bytes, and warnings.
  public func compile(
    _ source: Source, headers: [String: String] = [:], options: Options = Options()
  ) async throws(BPFCompilerError) -> Output {
    var texts = try Self.carriedHeaders(options)
    for (name, text) in headers {
      texts[name] = name == "vmlinux.h" ? CarriedHeaders.beforeKernelTypes + text : text
    }
    let folder = try HeaderFolder(texts, in: temporaryFolder)
    defer { folder.remove() }
    let arguments = Self.arguments(for: source, headers: folder.path, options: options)
    let result = try await Self.run(clang, arguments, input: source.standardInput)
    let diagnostics = Self.diagnostics(result.diagnostics, withoutFolder: folder.path)
    switch result.status {
    case .exited(0): return Output(object: result.output, warnings: diagnostics)
    case .exited where !diagnostics.isEmpty: throw .compilationFailed(diagnostics: diagnostics)
    case .exited(let code): throw .clangFailed(clang: clang, reason: "ended with code \(code) and without a word")
    case .signaled(let signal): throw .clangFailed(clang: clang, reason: "was ended by signal \(signal)")
    }
  }

  // MARK: Arguments

  private static func carriedHeaders(_ options: Options) throws(BPFCompilerError) -> [String: String] {
    guard options.prefersInstalledLibbpf else { return CarriedHeaders.all }
    let candidates = (options.includePaths + ["/usr/local/include", "/usr/include"]).map { "\($0)/bpf/bpf_helpers.h" }
    guard candidates.contains(where: FileSystem.isReadable) else { throw .libbpfNotInstalled(searched: candidates) }
    return CarriedHeaders.all.filter { !$0.key.hasPrefix("bpf/") }
  }

  static func arguments(for source: Source, headers: String, options: Options) -> [String] {
    var arguments = [
      "-target", options.byteOrder == .little ? "bpfel" : "bpfeb", "-mcpu=\(options.cpu.rawValue)", "-O2", "-g",
      // Code that is moved to a section of its own has no program to belong to.
      "-Xclang", "-fno-split-cold-code",
      "-D__TARGET_ARCH_\(options.architecture.rawValue)",
      options.colorsDiagnostics ? "-fcolor-diagnostics" : "-fno-color-diagnostics",
      "-ffile-prefix-map=\(headers)=merops",
    ]
    arguments += options.definitions.map { "-D\($0)" }
    arguments += options.includePaths.map { "-I\($0)" }
    arguments += ["-isystem", headers]
    // Headers that Merops does not carry may come from the machine, whose own need those of its architecture.
    if FileSystem.isReadable(machineHeaders) { arguments += ["-idirafter", machineHeaders] }
    arguments += options.additionalArguments
    arguments += ["-c", "-o", "-"]
    switch source {
    case .file(let path): arguments += ["-x", "c", path.hasPrefix("-") ? "./\(path)" : path]
    // Lines of a source that is in no file can be shown later only if the object holds them.
    case .text, .bytes: arguments += ["-gdwarf-5", "-gembed-source", "-x", "c", "-"]
    }
    return arguments
  }

  private static var machineHeaders: String {
    #if arch(arm64)
      "/usr/include/aarch64-linux-gnu"
    #else
      "/usr/include/x86_64-linux-gnu"
    #endif
  }

  /// Messages name carried headers as programs include them.
  static func diagnostics(_ text: String, withoutFolder folder: String) -> String {
    text.split(separator: "\(folder)/", omittingEmptySubsequences: false).joined()
  }

  // MARK: Running

  struct ProcessResult {
    var status: TerminationStatus
    var output: [UInt8]
    var diagnostics: String
  }

  static func run(
    _ executable: String, _ arguments: [String], input: [UInt8]
  ) async throws(BPFCompilerError) -> ProcessResult {
    do {
      let result = try await Subprocess.run(
        .path(FilePath(executable)), arguments: Arguments(arguments), input: .array(input),
        output: .bytes(limit: outputLimit), error: .string(limit: outputLimit))
      if Task.isCancelled { throw BPFCompilerError.cancelled }
      return ProcessResult(
        status: result.terminationStatus, output: result.standardOutput, diagnostics: result.standardError)
    } catch let error as BPFCompilerError {
      throw error
    } catch is CancellationError {
      throw .cancelled
    } catch {
      if Task.isCancelled { throw .cancelled }
      throw .clangFailed(clang: executable, reason: "could not be run: \(error)")
    }
  }
}

extension BPFCompiler.Source {
  /// What clang reads from its standard input.
  fileprivate var standardInput: [UInt8] {
    switch self {
    case .file: []
    case .text(let text): Array(text.utf8)
    case .bytes(let bytes): bytes
    }
  }
}
