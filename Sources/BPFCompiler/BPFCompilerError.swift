/// What keeps a program in C from becoming an object.
public enum BPFCompilerError: Error, Hashable, Sendable {
  /// No clang was found; the paths are those that were tried.
  case clangNotFound(searched: [String])
  /// The clang that was asked for, or each that was found, cannot generate code for BPF.
  case targetMissing(clang: [String])
  /// Clang could not be started or did not end by itself.
  case clangFailed(clang: String, reason: String)
  /// The source has errors. The text is what clang says, with the source's own name.
  case compilationFailed(diagnostics: String)
  /// A file could not be read or written.
  case file(path: String, reason: String)
  /// The name of a header is no relative path that stays below the folder of headers.
  case invalidHeaderName(String)
  /// libbpf's own headers are wanted and are not installed.
  case libbpfNotInstalled(searched: [String])
  /// The task was cancelled.
  case cancelled
}

extension BPFCompilerError: CustomStringConvertible {
  /// The error in words, with what can be done about it.
  public var description: String {
    switch self {
    case .clangNotFound(let searched):
      """
      no clang was found to compile BPF C (looked for \(searched.joined(separator: ", "))). The toolchains of swift.org \
      have one; else install LLVM's clang, and name it with --clang or in the variable MEROPS_CLANG. An object that is \
      already compiled (.bpf.o) needs none.
      """
    case .targetMissing(let clang):
      """
      \(clang.joined(separator: ", ")) cannot compile for BPF (`clang -print-targets` does not list bpf). Use the clang \
      of a swift.org toolchain or of LLVM, with --clang or in the variable MEROPS_CLANG.
      """
    case .clangFailed(let clang, let reason): "\(clang): \(reason)"
    case .compilationFailed(let diagnostics): diagnostics
    case .file(let path, let reason): "\(path): \(reason)"
    case .invalidHeaderName(let name):
      "'\(name)' is no name of a header: it has to be a relative path without '..'"
    case .libbpfNotInstalled(let searched):
      """
      libbpf's headers are not installed (looked for \(searched.joined(separator: ", "))); install libbpf-dev, or use \
      the headers that Merops carries
      """
    case .cancelled: "compiling was cancelled"
    }
  }
}
