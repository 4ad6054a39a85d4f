/// A small packet for programs that need one: a UDP datagram over IPv4 to the port of the domain name system, between
/// addresses that are set aside for examples (RFC 5737).
public enum ExamplePacket {
  /// The packet from its Ethernet header on, with correct checksums.
  public static let bytes: [UInt8] = {
    let payload = Array("merops".utf8)
    let source: [UInt8] = [192, 0, 2, 1]
    let destination: [UInt8] = [192, 0, 2, 2]
    let ethernet: [UInt8] = [2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x08, 0x00]
    let length = UInt16(8 + payload.count)
    var udp = word(40_000) + word(53) + word(length) + word(0) + payload
    let pseudoHeader = source + destination + [0, 17] + word(length)
    udp.replaceSubrange(6..<8, with: word(checksum(pseudoHeader + udp)))
    var ip: [UInt8] =
      [0x45, 0] + word(20 + length) + word(1) + word(0x4000) + [64, 17] + word(0) + source + destination
    ip.replaceSubrange(10..<12, with: word(checksum(ip)))
    return ethernet + ip + udp
  }()

  private static func word(_ value: UInt16) -> [UInt8] { [UInt8(value >> 8), UInt8(value & 0xff)] }

  /// The Internet checksum (RFC 1071) of an even number of bytes.
  private static func checksum(_ bytes: [UInt8]) -> UInt16 {
    var sum: UInt32 = 0
    for index in stride(from: 0, to: bytes.count - 1, by: 2) {
      sum += UInt32(bytes[index]) << 8 | UInt32(bytes[index + 1])
    }
    while sum > 0xffff { sum = sum >> 16 + sum & 0xffff }
    return ~UInt16(truncatingIfNeeded: sum)
  }
}
