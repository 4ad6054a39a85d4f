extension RawSpan {
  /// The little-endian integer at an offset, which need not be aligned; `nil` where the bytes end before it.
  func integer<Value: FixedWidthInteger & BitwiseCopyable>(_ type: Value.Type, at offset: Int) -> Value? {
    guard offset >= 0, offset <= byteCount - MemoryLayout<Value>.size else { return nil }
    // The load checks its bounds; it is called unsafe since not every type can take any bytes, which integers can.
    return Value(littleEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: Value.self))
  }

  /// Some bytes; fewer where the record ends before.
  func bytes(at offset: Int, count: Int) -> [UInt8] {
    let start = min(max(offset, 0), byteCount)
    let piece = extracting(start..<min(start + max(count, 0), byteCount))
    return piece.withUnsafeBytes { Array($0) }
  }

  /// Words one after another; fewer where the record ends before.
  func words(at offset: Int, count: Int) -> [UInt64] {
    var words: [UInt64] = []
    words.reserveCapacity(min(max(count, 0), byteCount / 8))
    for index in 0..<max(count, 0) {
      guard let word = integer(UInt64.self, at: offset + index * 8) else { break }
      words.append(word)
    }
    return words
  }

  /// The text up to a zero byte.
  func text(at offset: Int, limit: Int) -> String {
    String(decoding: bytes(at: offset, count: limit).prefix { $0 != 0 }, as: UTF8.self)
  }
}
