import Merops

/// What a program has made of a packet.
package struct PacketReport: Codable, Hashable, Sendable {
  /// What the program returned.
  package var verdict: Int32
  /// The name of the verdict, such as `XDP_DROP`; absent for socket filters, whose verdict is a number of bytes.
  package var action: String?
  /// The packet afterwards, in hexadecimal.
  package var packet: String
  /// Whether the packet is another than before.
  package var isChanged: Bool
  /// The metadata in front of the packet, in hexadecimal.
  package var metadata: String?
  /// The index of the interface to which the packet was redirected.
  package var redirect: UInt32?

  init(_ result: PacketResult, of type: ProgramType, before: [UInt8]) {
    verdict = Int32(bitPattern: result.verdict)
    action = Self.action(of: type, verdict)
    packet = Self.hexadecimal(result.packet)
    isChanged = result.packet != before
    metadata = result.metadata.isEmpty ? nil : Self.hexadecimal(result.metadata)
    redirect = result.redirect?.interface
  }

  private static func action(of type: ProgramType, _ verdict: Int32) -> String? {
    let express = ["ABORTED", "DROP", "PASS", "TX", "REDIRECT"]
    // From -1 on.
    let control = [
      "UNSPEC", "OK", "RECLASSIFY", "SHOT", "PIPE", "STOLEN", "QUEUED", "REPEAT", "REDIRECT", "TRAP",
    ]
    switch type {
    case .xdp: return express.indices.contains(Int(verdict)) ? "XDP_\(express[Int(verdict)])" : nil
    case .trafficClassifier, .trafficAction:
      let index = Int(verdict) + 1
      return control.indices.contains(index) ? "TC_ACT_\(control[index])" : nil
    default: return nil
    }
  }

  private static func hexadecimal(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
  }
}
