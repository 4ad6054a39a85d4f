import BPFObject

extension FixedWidthInteger {
  /// The bytes in little-endian order.
  var bytes: [UInt8] { withUnsafeBytes(of: littleEndian) { Array($0) } }
}

extension [UInt8] {
  /// The little-endian number of some bytes, with its sign.
  func signed(at offset: Int, byteCount: Int) -> Int64 {
    let field = self[offset..<offset + Swift.min(byteCount, 8)]
    let word = field.reversed().reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
    let shift = 64 - 8 * UInt64(field.count)
    return Int64(bitPattern: word << shift) >> Int64(shift)
  }

  /// The 64-bit words of a variable.
  func words(of variable: GlobalVariable) -> [UInt64] {
    stride(from: 0, to: variable.byteCount - variable.byteCount % 8, by: 8).map {
      UInt64(bitPattern: signed(at: variable.offset + $0, byteCount: 8))
    }
  }

  /// Gives a variable its first bytes.
  mutating func replace(_ variable: GlobalVariable, with words: [UInt64]) {
    let bytes = words.flatMap(\.bytes).prefix(variable.byteCount)
    replaceSubrange(variable.offset..<variable.offset + bytes.count, with: bytes)
  }
}
