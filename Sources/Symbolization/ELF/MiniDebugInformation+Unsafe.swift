// Pointers here are the buffers of arrays, given to liblzma with their exact sizes for the time of one call. The function's
// type is that of `lzma_stream_buffer_decode` in liblzma's interface version 5.

/// The `.xz` format, through liblzma where that is installed.
struct XZ {
  private typealias Decode =
    @convention(c) (
      UnsafeMutablePointer<UInt64>, UInt32, UnsafeRawPointer?, UnsafePointer<UInt8>, UnsafeMutablePointer<Int>, Int,
      UnsafeMutablePointer<UInt8>, UnsafeMutablePointer<Int>, Int
    ) -> Int32

  static let libraryName = "liblzma.so.5"
  /// What is decompressed is a symbol table: more than this is none.
  static let maximumByteCount = 1 << 28

  private let decode: Decode

  init?() {
    guard let library = DynamicLibrary([Self.libraryName]),
      let decode = library.function("lzma_stream_buffer_decode", as: Decode.self)
    else { return nil }
    self.decode = decode
  }

  /// The bytes that a compressed stream holds; `nil` when it is damaged or too large.
  func decompress(_ bytes: [UInt8]) -> [UInt8]? {
    guard !bytes.isEmpty else { return nil }
    let needsMoreRoom: Int32 = 10
    var capacity = max(bytes.count &* 4, 1 << 16)
    while capacity <= Self.maximumByteCount {
      var status: Int32 = 0
      let result = [UInt8](unsafeUninitializedCapacity: capacity) { output, count in
        count = 0
        guard let destination = output.baseAddress else { return }
        var memoryLimit = UInt64(Self.maximumByteCount)
        var read = 0
        var written = 0
        status = bytes.withUnsafeBufferPointer { input in
          guard let source = input.baseAddress else { return needsMoreRoom }
          return decode(&memoryLimit, 0, nil, source, &read, input.count, destination, &written, capacity)
        }
        // liblzma has written this many bytes, and leaves it at zero when it fails.
        count = status == 0 ? min(written, capacity) : 0
      }
      if status == 0 { return result }
      guard status == needsMoreRoom else { return nil }
      capacity *= 2
    }
    return nil
  }
}
