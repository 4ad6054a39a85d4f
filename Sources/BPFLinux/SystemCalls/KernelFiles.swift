import SystemPackage

extension SystemCalls {
  /// The size in bytes beyond which a file of the kernel is not believed.
  private var fileLimit: Int { 256 << 20 }

  /// Reads a file of the kernel's from beginning to end; most such files do not tell their size.
  ///
  /// - Throws: the error number; EFBIG when there is no end to it.
  func readFile(_ path: String) throws(Errno) -> [UInt8] { try readToEnd(try openFile(path)) }

  /// Opens a file for reading.
  func openFile(_ path: String) throws(Errno) -> Descriptor {
    let name = KernelBuffer(path)
    let opened = withExtendedLifetime(name) { perform(.openFile, Int(truncatingIfNeeded: name.address)) }
    guard opened >= 0 else { throw Errno(rawValue: Int32(truncatingIfNeeded: -opened)) }
    return Descriptor(Int32(truncatingIfNeeded: opened), self)
  }

  /// Reads an open file of the kernel's to its end.
  func readToEnd(_ file: Descriptor) throws(Errno) -> [UInt8] {
    // Most are short; each piece of a long one is longer than the last, up to a megabyte.
    var buffer = KernelBuffer(count: 1 << 12)
    var bytes: [UInt8] = []
    while true {
      let count = withExtendedLifetime((file, buffer)) {
        perform(.readFile, Int(file.rawValue), Int(truncatingIfNeeded: buffer.address), buffer.count)
      }
      if count == 0 { return bytes }
      if count == -Int(Errno.interrupted.rawValue) { continue }
      guard count > 0 else { throw Errno(rawValue: Int32(truncatingIfNeeded: -count)) }
      guard bytes.count + count <= fileLimit else { throw .fileTooLarge }
      bytes += buffer.prefix(count)
      if bytes.count > buffer.count, buffer.count < 1 << 20 { buffer = KernelBuffer(count: 4 * buffer.count) }
    }
  }

  /// The text of a file of the kernel's, without white space at its end.
  func readText(_ path: String) throws(Errno) -> String {
    var bytes = try readFile(path)[...]
    while let last = bytes.last, last == 0 || last == 10 || last == 32 { bytes.removeLast() }
    return String(decoding: bytes, as: UTF8.self)
  }
}
