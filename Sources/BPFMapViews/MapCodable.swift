/// A type whose values are written to maps and read from them by code of its own, because Swift does not lay it out like C.
///
///     struct Name: MapCodable {
///       var text: String
///       static var mapByteCount: Int { 16 }
///       init(mapBytes bytes: RawSpan) { … }
///       func encode(into bytes: inout MutableRawSpan) { … }
///     }
public protocol MapCodable {
  /// The number of bytes of a value, which has to be the map's.
  static var mapByteCount: Int { get }
  /// The value of bytes, of which there are ``mapByteCount``.
  init(mapBytes bytes: RawSpan)
  /// Writes the value into bytes, of which there are ``mapByteCount``, all zero.
  func encode(into bytes: inout MutableRawSpan)
}

/// How values of a type become bytes of a map.
public protocol MapCoding<Value>: Sendable {
  /// The type.
  associatedtype Value
  /// Writes a value into bytes that are all zero.
  func encode(_ value: Value, into bytes: inout MutableRawSpan)
  /// Makes a value of bytes.
  func decode(_ bytes: RawSpan) -> Value
  /// Hands out so many bytes of a value for the time of a call.
  func withBytes<Result, Failure: Error>(
    of value: Value, count: Int, _ body: (RawSpan) throws(Failure) -> Result
  ) throws(Failure) -> Result
}

extension MapCoding {
  /// Writes the value into bytes on the stack.
  @inlinable
  public func withBytes<Result, Failure: Error>(
    of value: Value, count: Int, _ body: (RawSpan) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try withEncoded(value, count, by: self, body)
  }
}

@inlinable
func withEncoded<Coding: MapCoding, Result, Failure: Error>(
  _ value: Coding.Value, _ count: Int, by coding: Coding, _ body: (RawSpan) throws(Failure) -> Result
) throws(Failure) -> Result {
  try withZeroBytes(count) { bytes throws(Failure) in
    coding.encode(value, into: &bytes)
    return try body(bytes.bytes)
  }
}

/// Values whose own code does it.
public struct CustomCoding<Value: MapCodable>: MapCoding {
  init() {}

  /// Has the value write itself.
  @inlinable
  public func encode(_ value: Value, into bytes: inout MutableRawSpan) { value.encode(into: &bytes) }

  /// Has the type make a value.
  @inlinable
  public func decode(_ bytes: RawSpan) -> Value { Value(mapBytes: bytes) }
}

/// Eight bytes of a special field, such as `struct bpf_task_work`; a `struct bpf_timer` is two of them. The kernel shows
/// special fields as zero and ignores what is written there.
public struct OpaqueField: BitwiseCopyable, Hashable, Sendable {
  private var bits: UInt64 = 0
  /// Zero.
  public init() {}
}

/// Four bytes of a lock (`struct bpf_spin_lock`), which the kernel shows as zero.
public struct OpaqueLock: BitwiseCopyable, Hashable, Sendable {
  private var bits: UInt32 = 0
  /// Zero.
  public init() {}
}
