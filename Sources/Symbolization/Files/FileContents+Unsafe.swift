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

// Pointers here are buffers of arrays, given to `pread` with their exact sizes, and zero-terminated paths for `open`.
// Files are read and not mapped: a mapped file that shrinks would end this process with a signal.

/// A file that is open for reading, whatever happens to its name.
final class FileContents: Sendable {
  private let descriptor: FileDescriptor
  let device: UInt64
  let inode: UInt64
  let byteCount: Int
  let owner: UInt32

  /// Opens a regular file. Pipes and devices, which could block, are refused.
  ///
  /// - Parameter followsLinks: whether a symbolic link as the last component is followed.
  init(path: String, followsLinks: Bool = true) throws(Errno) {
    var options: FileDescriptor.OpenOptions = [.closeOnExec, .nonBlocking]
    if !followsLinks { options.insert(.noFollow) }
    let opened: FileDescriptor
    do {
      opened = try FileDescriptor.open(path, .readOnly, options: options)
    } catch let error as Errno { throw error } catch { throw .ioError }
    var status = stat()
    guard fstat(opened.rawValue, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      try? opened.close()
      throw .invalidArgument
    }
    descriptor = opened
    device = UInt64(status.st_dev)
    inode = UInt64(status.st_ino)
    byteCount = Int(status.st_size)
    owner = status.st_uid
  }

  /// The number of the open file, good as long as this object.
  var rawDescriptor: Int32 { descriptor.rawValue }

  deinit { try? descriptor.close() }

  /// The bytes from an offset on; `nil` when they are not all there.
  func bytes(at offset: UInt64, count: UInt64) -> [UInt8]? {
    guard let start = Int(exactly: offset), let count = Int(exactly: count), start <= byteCount,
      count <= byteCount - start
    else { return nil }
    let result = read(at: start, count: count)
    return result.count == count ? result : nil
  }

  /// All bytes that the file has by now, which may be more than when it was opened; at most so many.
  func presentBytes(limit: Int) -> [UInt8] {
    var status = stat()
    guard fstat(descriptor.rawValue, &status) == 0 else { return [] }
    return read(at: 0, count: min(Int(status.st_size), limit))
  }

  /// The bytes from an offset on; fewer where the file ends before.
  private func read(at start: Int, count: Int) -> [UInt8] {
    guard count > 0 else { return [] }
    return [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      initialized = 0
      while initialized < count {
        let rest = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[initialized...])
        guard let read = try? descriptor.read(fromAbsoluteOffset: Int64(start + initialized), into: rest), read > 0
        else { break }
        initialized += read
      }
    }
  }

  /// All of a file, of which the size need not be known, as those of `/proc`.
  static func all(of path: String, limit: Int) -> [UInt8]? {
    guard let descriptor = try? FileDescriptor.open(path, .readOnly, options: [.closeOnExec, .nonBlocking]) else {
      return nil
    }
    defer { try? descriptor.close() }
    var result: [UInt8] = []
    let piece = 1 << 18
    while result.count < limit {
      var failed = false
      let part = [UInt8](unsafeUninitializedCapacity: piece) { buffer, initialized in
        let read = try? descriptor.read(into: UnsafeMutableRawBufferPointer(buffer))
        failed = read == nil
        initialized = read ?? 0
      }
      if failed { return nil }
      if part.isEmpty { return result }
      result += part
    }
    return result
  }
}
