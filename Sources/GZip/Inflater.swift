/// Why compressed bytes cannot be unpacked.
package enum GZipError: Error, Hashable, CustomStringConvertible {
  /// They end before what they announce.
  case truncated
  /// They are not gzip (RFC 1952), or not deflated (RFC 1951).
  case malformed(String)
  /// They unpack to more bytes than allowed.
  case tooLong(limit: Int)
  /// They unpack to something else than was packed.
  case wrongChecksum

  package var description: String {
    switch self {
    case .truncated: "the compressed bytes are cut short"
    case .malformed(let what): "the compressed bytes are damaged: \(what)"
    case .tooLong(let limit): "it unpacks to more than \(limit) bytes"
    case .wrongChecksum: "it does not unpack to what was packed"
    }
  }
}

/// The other way round: gzip files (RFC 1952) of deflated blocks (RFC 1951), such as `/proc/config.gz`.
///
/// Such files are some 200 kB, once in the life of a process: codes are decoded bit by bit by their canonical order.
struct Inflater {
  private let bytes: [UInt8]
  private let limit: Int
  private var position: Int
  private var bits: UInt32 = 0
  private var bitCount = 0
  private var output: [UInt8] = []

  /// The unpacked bytes of a gzip file of one member.
  static func unpacked(_ bytes: [UInt8], limit: Int = 64 << 20) throws(GZipError) -> [UInt8] {
    var inflater = Inflater(bytes: bytes, limit: limit, position: 0)
    try inflater.readHeader()
    try inflater.readBlocks()
    // The rest of the last byte is padding.
    inflater.bitCount = 0
    let (checksum, length) = (try inflater.word(), try inflater.word())
    guard length == UInt32(truncatingIfNeeded: inflater.output.count),
      checksum == CyclicRedundancyCheck.checksum(of: inflater.output)
    else {
      throw .wrongChecksum
    }
    return inflater.output
  }

  private init(bytes: [UInt8], limit: Int, position: Int) {
    self.bytes = bytes
    self.limit = limit
    self.position = position
  }

  // MARK: Bytes and bits

  private mutating func byte() throws(GZipError) -> UInt8 {
    guard position < bytes.count else { throw .truncated }
    position += 1
    return bytes[position - 1]
  }

  private mutating func word() throws(GZipError) -> UInt32 {
    var value: UInt32 = 0
    for shift in [0, 8, 16, 24] as [UInt32] { value |= UInt32(try byte()) << shift }
    return value
  }

  /// The next bits, of which the first is the lowest.
  private mutating func take(_ count: Int) throws(GZipError) -> Int {
    while bitCount < count {
      bits |= UInt32(try byte()) << UInt32(bitCount)
      bitCount += 8
    }
    let value = bits & (1 << UInt32(count) - 1)
    bits >>= UInt32(count)
    bitCount -= count
    return Int(value)
  }

  private mutating func append(_ byte: UInt8) throws(GZipError) {
    guard output.count < limit else { throw .tooLong(limit: limit) }
    output.append(byte)
  }

  // MARK: gzip

  private mutating func readHeader() throws(GZipError) {
    guard try byte() == 0x1f, try byte() == 0x8b, try byte() == 8 else { throw .malformed("it is no gzip file") }
    let flags = try byte()
    guard flags & 0xe0 == 0 else { throw .malformed("flags of the header are unknown") }
    // Time, how hard it was tried, system.
    for _ in 0..<6 { _ = try byte() }
    if flags & 4 != 0 {
      let length = Int(try byte()) | Int(try byte()) << 8
      for _ in 0..<length { _ = try byte() }
    }
    // A name, and a comment.
    for flag in [8, 16] as [UInt8] where flags & flag != 0 {
      while try byte() != 0 {}
    }
    if flags & 2 != 0 { for _ in 0..<2 { _ = try byte() } }
  }

  // MARK: Blocks

  private mutating func readBlocks() throws(GZipError) {
    var isLast = false
    while !isLast {
      isLast = try take(1) == 1
      switch try take(2) {
      case 0: try readStored()
      case 1: try readCompressed(Code.fixedLiterals, Code.fixedDistances)
      case 2:
        let (literals, distances) = try readCodes()
        try readCompressed(literals, distances)
      default: throw .malformed("a block is of no known kind")
      }
    }
  }

  private mutating func readStored() throws(GZipError) {
    (bits, bitCount) = (0, 0)
    let length = Int(try byte()) | Int(try byte()) << 8
    let complement = Int(try byte()) | Int(try byte()) << 8
    guard length ^ 0xffff == complement else { throw .malformed("the length of a stored block") }
    for _ in 0..<length { try append(try byte()) }
  }

  /// Lengths from 3 up: the first of each code, and how many bits follow.
  private static let lengths: [(base: Int, extra: Int)] = {
    var rows: [(Int, Int)] = []
    var base = 3
    for code in 0..<28 {
      let extra = code < 8 ? 0 : (code - 4) / 4
      rows.append((base, extra))
      base += 1 << extra
    }
    return rows + [(258, 0)]
  }()

  private static let distances: [(base: Int, extra: Int)] = {
    var rows: [(Int, Int)] = []
    var base = 1
    for code in 0..<30 {
      let extra = code < 4 ? 0 : (code - 2) / 2
      rows.append((base, extra))
      base += 1 << extra
    }
    return rows
  }()

  private mutating func readCompressed(_ literals: Code, _ distances: Code) throws(GZipError) {
    while true {
      let symbol = try decode(literals)
      if symbol < 256 {
        try append(UInt8(symbol))
        continue
      }
      if symbol == 256 { return }
      guard Self.lengths.indices.contains(symbol - 257) else { throw .malformed("a length") }
      let length = Self.lengths[symbol - 257]
      let count = length.base + (try take(length.extra))
      let code = try decode(distances)
      guard Self.distances.indices.contains(code) else { throw .malformed("a distance") }
      let distance = Self.distances[code].base + (try take(Self.distances[code].extra))
      guard distance <= output.count else { throw .malformed("a distance beyond the beginning") }
      // What is copied may be part of what is being written.
      for _ in 0..<count { try append(output[output.count - distance]) }
    }
  }

  private mutating func readCodes() throws(GZipError) -> (Code, Code) {
    let literalCount = try take(5) + 257
    let distanceCount = try take(5) + 1
    let lengthCount = try take(4) + 4
    let order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]
    var lengths = [Int](repeating: 0, count: 19)
    for index in 0..<lengthCount { lengths[order[index]] = try take(3) }
    let code = try Code(lengths)
    lengths = []
    while lengths.count < literalCount + distanceCount {
      let symbol = try decode(code)
      switch symbol {
      case 0...15: lengths.append(symbol)
      case 16:
        guard let last = lengths.last else { throw .malformed("a repetition of nothing") }
        lengths += [Int](repeating: last, count: 3 + (try take(2)))
      case 17: lengths += [Int](repeating: 0, count: 3 + (try take(3)))
      default: lengths += [Int](repeating: 0, count: 11 + (try take(7)))
      }
    }
    guard lengths.count == literalCount + distanceCount else { throw .malformed("the number of codes") }
    return (try Code(Array(lengths[..<literalCount])), try Code(Array(lengths[literalCount...])))
  }

  // MARK: Codes

  /// A canonical prefix code: symbols in the order of their codes, and how many there are of each length.
  private struct Code {
    var counts = [Int](repeating: 0, count: 16)
    var symbols: [Int] = []

    init(_ lengths: [Int]) throws(GZipError) {
      var free = 1
      for length in 1...15 {
        for (symbol, other) in lengths.enumerated() where other == length {
          counts[length] += 1
          symbols.append(symbol)
        }
        free = free * 2 - counts[length]
        guard free >= 0 else { throw .malformed("more codes than there are") }
      }
    }

    private init(counts: [Int: Int], symbols: [Int]) {
      for (length, count) in counts { self.counts[length] = count }
      self.symbols = symbols
    }

    static let fixedLiterals = Code(
      counts: [7: 24, 8: 152, 9: 112],
      symbols: Array(256...279) + Array(0...143) + Array(280...287) + Array(144...255))
    static let fixedDistances = Code(counts: [5: 30], symbols: Array(0..<30))
  }

  private mutating func decode(_ code: Code) throws(GZipError) -> Int {
    var (value, first, index) = (0, 0, 0)
    for length in 1...15 {
      value |= try take(1)
      let count = code.counts[length]
      if value - first < count { return code.symbols[index + value - first] }
      index += count
      first = (first + count) << 1
      value <<= 1
    }
    throw .malformed("a code that stands for nothing")
  }
}
