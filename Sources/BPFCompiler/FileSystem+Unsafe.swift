#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

#if canImport(System)
  import System
#else
  import SystemPackage
#endif

// Pointers here are zero-terminated strings of the C library. Each is copied into a `String` before anything else can run;
// what `realpath` allocates is freed in the same function.

/// The few questions to the file system that finding and running a compiler needs.
enum FileSystem {
  /// The variables of this process that matter here.
  static var environment: [String: String] {
    let names = ["PATH", "MEROPS_CLANG"]
    return Dictionary(uniqueKeysWithValues: names.compactMap { name in variable(name).map { (name, $0) } })
  }

  static func variable(_ name: String) -> String? {
    guard let value = getenv(name) else { return nil }
    return String(cString: value)
  }

  static func isReadable(_ path: String) -> Bool { access(path, R_OK) == 0 }

  /// Whether a path leads to a file that may be run.
  static func isExecutable(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && access(path, X_OK) == 0
  }

  /// The path without symbolic links, or nothing if it leads nowhere.
  static func resolved(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  static func parent(of path: String) -> String { FilePath(path).removingLastComponent().string }

  /// What the last failed call of this thread failed of.
  static var lastError: String { "\(Errno(rawValue: errno))" }
}
