/// The packet that a networking program works on.
struct Packet {
  var bytes: [UInt8]

  /// What the legacy packet loads read, in host byte order; `nil` past the end.
  func legacyLoad(offset: Int32, byteCount: Int) -> UInt64? {
    guard offset >= 0, Int(offset) <= bytes.count, bytes.count - Int(offset) >= byteCount else { return nil }
    return bytes[Int(offset)..<Int(offset) + byteCount].reduce(0) { $0 << 8 | UInt64($1) }
  }
}
