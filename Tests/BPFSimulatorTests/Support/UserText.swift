#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Bytes of the test's own process at an address that a program of the running kernel can be told.
final class UserText {
  private let buffer: UnsafeMutableBufferPointer<UInt8>

  /// A string with its zero byte.
  convenience init(_ text: String) { self.init(bytes: Array(text.utf8) + [0]) }

  init(bytes: [UInt8]) {
    buffer = .allocate(capacity: bytes.count)
    _ = buffer.initialize(from: bytes)
  }

  deinit { buffer.deallocate() }

  var address: UInt64 { UInt64(UInt(bitPattern: buffer.baseAddress)) }
  var bytes: [UInt8] { Array(buffer) }
}
