// Unsafe: copies the bytes of values as they are. The type is `BitwiseCopyable`, and a view has checked that its size, or
// its stride, is that of the map's keys or values; every copy is cut to the bytes that there are.

/// Values whose bytes are the map's.
public struct BitwiseCoding<Value: BitwiseCopyable>: MapCoding {
  /// Bytes between properties, which are whatever was in memory and must not become part of a key.
  @usableFromInline let padding: [Range<Int>]

  init(_ layout: SwiftLayout) { padding = layout.padding }

  /// Copies a value's bytes.
  @inlinable
  public func encode(_ value: Value, into bytes: inout MutableRawSpan) {
    bytes.withUnsafeMutableBytes { bytes in
      withUnsafeBytes(of: value) { source in
        bytes.copyMemory(from: UnsafeRawBufferPointer(rebasing: source.prefix(bytes.count)))
      }
      if !padding.isEmpty {
        for range in padding where range.upperBound <= bytes.count {
          for offset in range { bytes[offset] = 0 }
        }
      }
    }
  }

  /// Copies a value out of bytes, of which there are at least as many as the value has.
  @inlinable
  public func decode(_ bytes: RawSpan) -> Value {
    bytes.withUnsafeBytes { source in
      precondition(source.count >= MemoryLayout<Value>.size)
      return source.loadUnaligned(as: Value.self)
    }
  }

  /// Hands out the bytes of the value where they are, when they are all there is.
  @inlinable
  public func withBytes<Result, Failure: Error>(
    of value: Value, count: Int, _ body: (RawSpan) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    guard padding.isEmpty, count == MemoryLayout<Value>.size else {
      return try withEncoded(value, count, by: self, body)
    }
    return try withUnsafeBytes(of: value) { bytes throws(Failure) in try body(RawSpan(_unsafeBytes: bytes)) }
  }
}

/// Zero bytes on the stack, for the time of a call; up to 1024 take no allocation.
@inlinable
func withZeroBytes<Result, Failure: Error>(
  _ count: Int, _ body: (inout MutableRawSpan) throws(Failure) -> Result
) throws(Failure) -> Result {
  try withUnsafeTemporaryAllocation(byteCount: count, alignment: 16) { buffer throws(Failure) in
    buffer.initializeMemory(as: UInt8.self, repeating: 0)
    var span = MutableRawSpan(_unsafeBytes: buffer)
    return try body(&span)
  }
}

/// Copies bytes over others of the same number.
@inlinable
func copyBytes(of source: RawSpan, to target: inout MutableRawSpan) {
  source.withUnsafeBytes { source in
    target.withUnsafeMutableBytes { target in
      target.copyMemory(from: UnsafeRawBufferPointer(rebasing: source.prefix(target.count)))
    }
  }
}

/// Some of the bytes, which must be among them.
func withPart(of bytes: inout MutableRawSpan, _ range: Range<Int>, _ body: (inout MutableRawSpan) -> Void) {
  bytes.withUnsafeMutableBytes { bytes in
    guard range.lowerBound >= 0, range.upperBound <= bytes.count else { return }
    var part = MutableRawSpan(_unsafeBytes: UnsafeMutableRawBufferPointer(rebasing: bytes[range]))
    body(&part)
  }
}
