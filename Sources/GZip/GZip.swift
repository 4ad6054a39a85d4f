// Compressed files without a library: the format of gzip (RFC 1952) around that of deflate (RFC 1951).
//
// The same bytes give the same file on every machine, which a library of which each machine has another version does not
// promise. Matches are found through a table of hashes with chains of bounded length, and written with the codes that the
// format fixes, so that files are some 15 % larger than zlib's at its standard level.

/// Files that gunzip reads and gzip writes.
package enum GZip {
  /// The compressed file for some bytes, with no name and no time in it.
  package static func compress(_ bytes: [UInt8]) -> [UInt8] {
    // Magic, method 8 (deflate), no flags, no time, no extra flags, system 255 (unknown).
    var result: [UInt8] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]
    var deflater = Deflater(reserving: bytes.count / 3)
    deflater.write(bytes)
    result += deflater.finish()
    appendLittleEndian(CyclicRedundancyCheck.checksum(of: bytes), to: &result)
    appendLittleEndian(UInt32(truncatingIfNeeded: bytes.count), to: &result)
    return result
  }

  /// The bytes in a compressed file of one member.
  ///
  /// - Parameter limit: how many there may be.
  package static func expand(_ bytes: [UInt8], limit: Int = 64 << 20) throws(GZipError) -> [UInt8] {
    try Inflater.unpacked(bytes, limit: limit)
  }

  private static func appendLittleEndian(_ value: UInt32, to bytes: inout [UInt8]) {
    for shift: UInt32 in [0, 8, 16, 24] { bytes.append(UInt8(truncatingIfNeeded: value >> shift)) }
  }
}
