// Unsafe: memory whose address goes into the attributes of a system call. It is `count` bytes long, and the calls that
// use it take the buffer itself, so that it lives until they are over.

/// Bytes at a fixed address, for the kernel to read or to fill in.
final class KernelBuffer {
  /// The number of bytes.
  let count: Int
  private let start: UnsafeMutableRawPointer

  /// Zeros; at least one byte is allocated, so that the address is a real one.
  init(count: Int) {
    self.count = count
    start = .allocate(byteCount: max(count, 1), alignment: 16)
    start.initializeMemory(as: UInt8.self, repeating: 0, count: max(count, 1))
  }

  /// A copy of bytes.
  convenience init(_ bytes: [UInt8]) {
    self.init(count: bytes.count)
    start.copyMemory(from: bytes, byteCount: bytes.count)
  }

  /// A text with a zero byte after it.
  convenience init(_ text: String) { self.init(Array(text.utf8) + [0]) }

  /// A number in the byte order of the machine.
  convenience init(_ number: UInt64) {
    self.init(count: 8)
    start.storeBytes(of: number, as: UInt64.self)
  }

  /// A copy of 32-bit words in the byte order of the machine.
  convenience init(words: [UInt32]) {
    self.init(count: words.count * 4)
    words.withUnsafeBytes { bytes in
      if let base = bytes.baseAddress { start.copyMemory(from: base, byteCount: bytes.count) }
    }
  }

  /// A copy of 64-bit words in the byte order of the machine.
  convenience init(words64 words: [UInt64]) {
    self.init(count: words.count * 8)
    words.withUnsafeBytes { bytes in
      if let base = bytes.baseAddress { start.copyMemory(from: base, byteCount: bytes.count) }
    }
  }

  deinit { start.deallocate() }

  /// The address, for a field of 64 bits.
  var address: UInt64 { UInt64(UInt(bitPattern: start)) }

  /// A copy of the first bytes.
  func prefix(_ length: Int) -> [UInt8] {
    Array(UnsafeRawBufferPointer(start: start, count: min(max(length, 0), count)))
  }

  /// A copy of the bytes.
  var bytes: [UInt8] { Array(UnsafeRawBufferPointer(start: start, count: count)) }

  /// A copy of the first bytes, as 32-bit words.
  func words(_ wordCount: Int) -> [UInt32] {
    (0..<min(max(wordCount, 0), count / 4)).map { start.load(fromByteOffset: $0 * 4, as: UInt32.self) }
  }

  /// A copy of the first bytes, as 64-bit words.
  func words64(_ wordCount: Int) -> [UInt64] {
    (0..<min(max(wordCount, 0), count / 8)).map { start.load(fromByteOffset: $0 * 8, as: UInt64.self) }
  }

  /// The text up to the first zero byte.
  var text: String { String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self) }
}
