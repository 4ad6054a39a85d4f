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

/// A new folder that only this user can read, with headers in it. It knows each file and folder that it made, and removes
/// those and no others.
struct HeaderFolder {
  /// The path of the folder.
  let path: String
  private var files: [String] = []
  /// Folders inside, each after the one that it is in.
  private var folders: [String] = []

  /// Makes the folder and writes the headers, given by their names.
  init(_ texts: [String: String], in parent: String?) throws(BPFCompilerError) {
    for name in texts.keys { try Self.check(name) }
    path = try Self.makeFolder(in: parent ?? FileSystem.variable("TMPDIR") ?? "")
    do throws(BPFCompilerError) {
      for (name, text) in texts { try write(text, to: name) }
    } catch {
      remove()
      throw error
    }
  }

  /// Removes the folder with what it holds. What cannot be removed stays: there is nobody to tell.
  func remove() {
    for file in files { unlink(file) }
    for folder in folders.reversed() { rmdir(folder) }
    rmdir(path)
  }

  private static func check(_ name: String) throws(BPFCompilerError) {
    let parts = name.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." }), !name.utf8.contains(0) else {
      throw .invalidHeaderName(name)
    }
  }

  private static func makeFolder(in place: String) throws(BPFCompilerError) -> String {
    var parent = place.isEmpty ? "/tmp" : place
    while parent.count > 1, parent.hasSuffix("/") { parent.removeLast() }
    var attempts = 0
    while true {
      let path = "\(parent)/merops-\(String(UInt64.random(in: 0...UInt64.max), radix: 36))"
      if mkdir(path, 0o700) == 0 { return path }
      attempts += 1
      guard errno == EEXIST, attempts < 16 else {
        throw .file(path: path, reason: "the folder for headers cannot be made: \(FileSystem.lastError)")
      }
    }
  }

  private mutating func write(_ text: String, to name: String) throws(BPFCompilerError) {
    var parts = name.split(separator: "/")
    let file = parts.removeLast()
    var folder = path
    for part in parts {
      folder += "/\(part)"
      guard !folders.contains(folder) else { continue }
      guard mkdir(folder, 0o700) == 0 else { throw .file(path: folder, reason: FileSystem.lastError) }
      folders.append(folder)
    }
    let target = "\(folder)/\(file)"
    do {
      let descriptor = try FileDescriptor.open(
        FilePath(target), .writeOnly, options: [.create, .exclusiveCreate], permissions: .ownerReadWrite)
      files.append(target)
      _ = try descriptor.closeAfter { try descriptor.writeAll(text.utf8) }
    } catch {
      throw .file(path: target, reason: "\(error)")
    }
  }
}
