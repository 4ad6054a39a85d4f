/// The compressed format of RFC 1951, as one block with the fixed codes.
struct Deflater {
  private static let minimumMatch = 3
  private static let maximumMatch = 258
  private static let window = 32768
  private static let hashBits = 15
  /// How many earlier places are compared for the longest match, and the length that is good enough.
  private static let maximumChain = 24
  private static let goodMatch = 64

  private var output: [UInt8] = []
  private var bits: UInt64 = 0
  private var bitCount = 0

  init(reserving count: Int) {
    output.reserveCapacity(count)
  }

  /// Writes all bytes as the last block.
  mutating func write(_ bytes: [UInt8]) {
    put(1, 1)  // the last block
    put(1, 2)  // with fixed codes
    // The last place with a hash, and for each place in the window the one before it with the same hash.
    var heads = [Int32](repeating: -1, count: 1 << Self.hashBits)
    var previous = [Int32](repeating: -1, count: Self.window)
    var position = 0
    let hashEnd = bytes.count - Self.minimumMatch
    while position < bytes.count {
      guard position <= hashEnd else {
        writeLiteral(bytes[position])
        position += 1
        continue
      }
      let slot = Self.hash(bytes, position)
      let (length, distance) = longestMatch(bytes, at: position, from: Int(heads[slot]), previous)
      let step = length >= Self.minimumMatch ? length : 1
      if length >= Self.minimumMatch { writeMatch(length, distance) } else { writeLiteral(bytes[position]) }
      // Long matches are not entered at each place: that would cost more than it finds.
      for place in stride(from: position, to: min(position + step, hashEnd + 1), by: step > 32 ? 4 : 1) {
        let slot = Self.hash(bytes, place)
        previous[place & (Self.window - 1)] = heads[slot]
        heads[slot] = Int32(truncatingIfNeeded: place)
      }
      position += step
    }
    putHuffman(0, 7)  // the end of the block
  }

  /// The bytes with the last one filled up.
  mutating func finish() -> [UInt8] {
    while bitCount > 0 {
      output.append(UInt8(truncatingIfNeeded: bits))
      bits >>= 8
      bitCount = max(0, bitCount - 8)
    }
    return output
  }

  private static func hash(_ bytes: [UInt8], _ position: Int) -> Int {
    let value = UInt32(bytes[position]) | UInt32(bytes[position + 1]) << 8 | UInt32(bytes[position + 2]) << 16
    return Int((value &* 0x9e37_79b1) >> (32 - UInt32(hashBits)))
  }

  private func longestMatch(
    _ bytes: [UInt8], at position: Int, from head: Int, _ previous: [Int32]
  ) -> (length: Int, distance: Int) {
    let limit = min(Self.maximumMatch, bytes.count - position)
    var best = (length: 0, distance: 0)
    var candidate = head
    for _ in 0..<Self.maximumChain {
      let distance = position - candidate
      guard candidate >= 0, distance > 0, distance < Self.window else { break }
      // One that differs where the best one ends is no better.
      if best.length == 0 || best.length < limit && bytes[candidate + best.length] == bytes[position + best.length] {
        var length = 0
        while length < limit && bytes[candidate + length] == bytes[position + length] { length += 1 }
        if length > best.length {
          best = (length, distance)
          if length >= Self.goodMatch { break }
        }
      }
      let next = Int(previous[candidate & (Self.window - 1)])
      guard next < candidate else { break }
      candidate = next
    }
    return best
  }

  // MARK: Codes

  private mutating func writeLiteral(_ byte: UInt8) {
    if byte < 144 { putHuffman(0x30 + UInt32(byte), 8) } else { putHuffman(0x190 + UInt32(byte) - 144, 9) }
  }

  private mutating func writeMatch(_ length: Int, _ distance: Int) {
    // Lengths and distances are codes for ranges, with bits behind them that say where in the range.
    let (lengthCode, lengthBits) = length == Self.maximumMatch ? (28, 0) : Self.range(length - 3, steps: 4)
    let symbol = 257 + lengthCode
    if symbol < 280 { putHuffman(UInt32(symbol - 256), 7) } else { putHuffman(0xc0 + UInt32(symbol - 280), 8) }
    put(UInt32(length - 3) & ((1 << UInt32(lengthBits)) - 1), lengthBits)
    let (distanceCode, distanceBits) = Self.range(distance - 1, steps: 2)
    putHuffman(UInt32(distanceCode), 5)
    put(UInt32(distance - 1) & ((1 << UInt32(distanceBits)) - 1), distanceBits)
  }

  /// The range that a value is in, where from twice the number of steps on each doubling has that many ranges, and how many
  /// bits tell the place in it.
  private static func range(_ value: Int, steps: Int) -> (code: Int, bits: Int) {
    guard value >= steps * 2 else { return (value, 0) }
    let stepBits = steps.trailingZeroBitCount
    let bits = Int.bitWidth - 1 - value.leadingZeroBitCount - stepBits
    return (bits * steps + (value >> bits), bits)
  }

  /// Codes are written from their highest bit on.
  private mutating func putHuffman(_ code: UInt32, _ count: Int) {
    var reversed: UInt32 = 0
    for bit in 0..<count where code >> UInt32(bit) & 1 == 1 { reversed |= 1 << UInt32(count - 1 - bit) }
    put(reversed, count)
  }

  private mutating func put(_ value: UInt32, _ count: Int) {
    bits |= UInt64(value) << UInt64(bitCount)
    bitCount += count
    while bitCount >= 8 {
      output.append(UInt8(truncatingIfNeeded: bits))
      bits >>= 8
      bitCount -= 8
    }
  }
}
