import Subprocess

extension BPFCompiler {
  /// Finds a clang that can compile for BPF.
  ///
  /// The path that is given is taken, else the one in the variable `MEROPS_CLANG`. Without either, clang is looked for
  /// next to `swift`, whose toolchain has one, and then along `PATH`; the first that knows the target `bpf` is taken.
  ///
  /// - Parameters:
  ///   - clang: The path of the clang to take, or its name along `PATH`.
  ///   - environment: The variables to look at; those of this process if none are given.
  public static func find(
    clang: String? = nil, environment: [String: String]? = nil
  ) async throws(BPFCompilerError) -> BPFCompiler {
    let environment = environment ?? FileSystem.environment
    let searchPath = (environment["PATH"] ?? "").split(separator: ":").map(String.init)
    var candidates: [String] = []
    if let wanted = clang ?? environment["MEROPS_CLANG"], !wanted.isEmpty {
      candidates = wanted.contains("/") ? [wanted] : searchPath.map { "\($0)/\(wanted)" }
    } else {
      for folder in searchPath {
        guard let swift = FileSystem.resolved("\(folder)/swift") else { continue }
        candidates.append(FileSystem.parent(of: swift) + "/clang")
      }
      candidates += searchPath.map { "\($0)/clang" }
    }
    var unsuitable: [String] = []
    var seen: Set<String> = []
    for candidate in candidates where seen.insert(candidate).inserted {
      guard FileSystem.isExecutable(candidate) else { continue }
      if try await knowsTarget(candidate) { return BPFCompiler(clang: candidate) }
      unsuitable.append(candidate)
    }
    if unsuitable.isEmpty { throw .clangNotFound(searched: candidates) }
    throw .targetMissing(clang: unsuitable)
  }

  private static func knowsTarget(_ clang: String) async throws(BPFCompilerError) -> Bool {
    let result = try await run(clang, ["-print-targets"], input: [])
    guard result.status.isSuccess else { return false }
    let lines = String(decoding: result.output, as: UTF8.self).split(separator: "\n")
    return lines.contains { $0.split(separator: " ").first == "bpf" }
  }
}
