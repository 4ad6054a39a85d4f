import SystemPackage

/// A file that is read in pieces, wherever they are.
final class OpenFile {
  private let descriptor: Descriptor
  private let systemCalls: any SystemCalls

  /// Opens a file for reading.
  init(_ path: String, _ systemCalls: any SystemCalls) throws(Errno) {
    descriptor = try systemCalls.openFile(path)
    self.systemCalls = systemCalls
  }

  /// The bytes from an offset on; fewer where the file ends before.
  func read(at offset: UInt64, count: Int) throws(Errno) -> [UInt8] {
    guard let start = Int(exactly: offset), count >= 0, start <= Int.max - count else { throw .invalidArgument }
    var bytes: [UInt8] = []
    let buffer = KernelBuffer(count: min(count, 1 << 20))
    while bytes.count < count {
      let wanted = min(buffer.count, count - bytes.count)
      let result = withExtendedLifetime((descriptor, buffer)) {
        systemCalls.perform(
          .readFileAt, Int(descriptor.rawValue), Int(truncatingIfNeeded: buffer.address), wanted, start + bytes.count, 0
        )
      }
      if result == -Int(Errno.interrupted.rawValue) { continue }
      guard result >= 0 else { throw Errno(rawValue: Int32(truncatingIfNeeded: -result)) }
      if result == 0 { break }
      bytes += buffer.prefix(result)
    }
    return bytes
  }
}
