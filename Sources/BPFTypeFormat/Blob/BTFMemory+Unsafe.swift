// Unsafe: bytes at a fixed address, which an array was copied to, or which somebody else keeps: a file that is mapped.
// They do not change and stay as long as the object does. Every access is checked against their number.

/// The bytes of a blob.
package final class BTFMemory: @unchecked Sendable {
  private let start: UnsafeRawPointer
  /// The number of bytes.
  package let count: Int
  /// Who keeps the bytes; `nil` when they are the object's own.
  private let owner: AnyObject?

  /// Bytes that stay where they are, unchanged, as long as something lives.
  package init(_ bytes: UnsafeRawBufferPointer, keptBy owner: AnyObject & Sendable) {
    if let base = bytes.baseAddress, !bytes.isEmpty {
      start = base
      count = bytes.count
      self.owner = owner
    } else {
      start = UnsafeRawPointer(UnsafeMutableRawPointer.allocate(byteCount: 1, alignment: 8))
      count = 0
      self.owner = nil
    }
  }

  /// A copy of bytes.
  package init(_ bytes: [UInt8]) {
    let copy = UnsafeMutableRawPointer.allocate(byteCount: max(bytes.count, 1), alignment: 8)
    copy.copyMemory(from: bytes, byteCount: bytes.count)
    start = UnsafeRawPointer(copy)
    count = bytes.count
    owner = nil
  }

  deinit { if owner == nil { start.deallocate() } }

  /// A copy of the bytes.
  var bytes: [UInt8] { Array(UnsafeRawBufferPointer(start: start, count: count)) }

  /// The byte at an offset.
  @inline(__always)
  subscript(_ offset: Int) -> UInt8 {
    precondition(offset >= 0 && offset < count)
    return start.load(fromByteOffset: offset, as: UInt8.self)
  }

  /// The 32-bit word at an offset, which need not be aligned, in the byte order of the machine.
  @inline(__always)
  func word(at offset: Int) -> UInt32 {
    precondition(offset >= 0 && offset <= count - 4)
    return start.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
  }

  /// The offset of the first zero byte in a range, `nil` when there is none.
  func firstZero(in range: Range<Int>) -> Int? {
    let range = range.clamped(to: 0..<count)
    for offset in range where start.load(fromByteOffset: offset, as: UInt8.self) == 0 { return offset }
    return nil
  }

  /// The bytes of a range, to be looked at as long as `body` runs.
  func withBytes<Result>(_ range: Range<Int>, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    precondition(range.lowerBound >= 0 && range.upperBound <= count)
    return withExtendedLifetime(self) {
      body(UnsafeRawBufferPointer(start: start + range.lowerBound, count: range.count))
    }
  }

  /// The text of a range.
  func text(_ range: Range<Int>) -> String { withBytes(range) { String(decoding: $0, as: UTF8.self) } }

  /// Whether a text begins at an offset, and a zero byte follows it before `limit`.
  @inline(__always)
  func hasText(_ text: [UInt8], at offset: Int, before limit: Int) -> Bool {
    let limit = min(limit, count)
    guard offset >= 0, offset < limit, text.count < limit - offset else { return false }
    for index in 0..<text.count where start.load(fromByteOffset: offset + index, as: UInt8.self) != text[index] {
      return false
    }
    return start.load(fromByteOffset: offset + text.count, as: UInt8.self) == 0
  }
}
