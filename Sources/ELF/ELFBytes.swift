package import BPFInstructions

/// The bytes of a file or of a part of one, read as integers in the file's byte order.
package struct ELFBytes: Sendable {
  package let bytes: [UInt8]
  package var byteOrder: ByteOrder

  package init(bytes: [UInt8], byteOrder: ByteOrder) {
    self.bytes = bytes
    self.byteOrder = byteOrder
  }

  package var count: Int { bytes.count }

  /// The integer at an offset, which need not be aligned; `nil` where the bytes end before it.
  package func integer<Value: FixedWidthInteger & BitwiseCopyable>(_ type: Value.Type, at offset: Int) -> Value? {
    Self.integer(type, at: offset, in: bytes.span.bytes, byteOrder)
  }

  /// The integer at an offset of some bytes, which need not be aligned; `nil` where the bytes end before it.
  @inlinable
  package static func integer<Value: FixedWidthInteger & BitwiseCopyable>(
    _ type: Value.Type, at offset: Int, in bytes: borrowing RawSpan, _ byteOrder: ByteOrder
  ) -> Value? {
    guard offset >= 0, offset <= bytes.byteCount - MemoryLayout<Value>.size else { return nil }
    // The load checks its bounds; it is called unsafe since not every type can take any bytes, which integers can.
    let value = bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: Value.self)
    return byteOrder == .little ? Value(littleEndian: value) : Value(bigEndian: value)
  }

  /// The bytes from an offset up to a zero byte, as text; `nil` when there is none before the end or the limit.
  package func text(at offset: Int, before end: Int, limit: Int) -> String? {
    guard offset >= 0, offset < end, end <= bytes.count else { return nil }
    let stop = min(end, offset + limit + 1)
    guard let zero = bytes[offset..<stop].firstIndex(of: 0) else { return nil }
    return String(decoding: bytes[offset..<zero], as: UTF8.self)
  }
}
