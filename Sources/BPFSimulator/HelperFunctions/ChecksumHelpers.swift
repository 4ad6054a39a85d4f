import BPFExecution
import BPFMaps

/// Internet checksums (RFC 1071) and their change with what they cover.
let checksumHelpers: [HelperImplementation] = [
  .init("bpf_csum_diff", difference),
  .init("bpf_l3_csum_replace", replaceNetworkChecksum),
  .init("bpf_l4_csum_replace", replaceTransportChecksum),
  .init("bpf_csum_update") { run, invocation throws(ExecutionFault) in
    _ = try run.packet(invocation.r1, [.socketBuffer], "bpf_csum_update")
    // The packets here carry no checksum of the hardware.
    return LinuxErrno.notSupportedInternal.register
  },
  .init("bpf_csum_level") { run, invocation throws(ExecutionFault) in
    _ = try run.packet(invocation.r1, [.socketBuffer], "bpf_csum_level")
    switch invocation.r2 {
    case 0: return LinuxErrno.accessDenied.register
    case 1...3: return 0
    default: return LinuxErrno.invalidArgument.register
    }
  },
]

/// By how much the checksum changes when some bytes take the place of others; 16 bits, not inverted.
private func difference(_ run: ProgramRun, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
  let name = "bpf_csum_diff"
  let oldCount = try run.size(UInt64(UInt32(truncatingIfNeeded: invocation.r2)), name, argument: 2)
  let newCount = try run.size(UInt64(UInt32(truncatingIfNeeded: invocation.r4)), name, argument: 4)
  let old = oldCount == 0 ? [] : try run.bytes(invocation.r1, count: oldCount, name, argument: 1)
  let new = newCount == 0 ? [] : try run.bytes(invocation.r3, count: newCount, name, argument: 3)
  let seed = UInt32(truncatingIfNeeded: invocation.r5)
  // The order decides which of the two forms of zero comes out.
  if newCount == 0, oldCount > 0 {
    var sum = InternetChecksum(~seed)
    sum.add(old)
    return UInt64(sum.inverted.folded)
  }
  var sum = InternetChecksum(seed)
  sum.add(new)
  if oldCount > 0 { sum.subtract(old) }
  return UInt64(sum.folded)
}

/// The flags of the functions that change a checksum in a packet; the lowest four bits are the size of what changed.
private struct ReplaceFlags: OptionSet {
  let rawValue: UInt64
  /// `BPF_F_PSEUDO_HDR`: of no effect without a checksum of the hardware.
  static let pseudoHeader = ReplaceFlags(rawValue: 0x10)
  /// `BPF_F_MARK_MANGLED_0`: no checksum stays none, and zero becomes its other form.
  static let keepsNone = ReplaceFlags(rawValue: 0x20)
  /// `BPF_F_MARK_ENFORCE`: no checksum is changed nevertheless.
  static let enforces = ReplaceFlags(rawValue: 0x40)
  /// `BPF_F_IPV6`: of no effect without a checksum of the hardware.
  static let isInternet6 = ReplaceFlags(rawValue: 0x80)
}

private func replaceNetworkChecksum(
  _ run: ProgramRun, _ invocation: inout Invocation
) throws(ExecutionFault) -> UInt64 {
  try replace(run, &invocation, "bpf_l3_csum_replace", allowed: [])
}

private func replaceTransportChecksum(
  _ run: ProgramRun, _ invocation: inout Invocation
) throws(ExecutionFault) -> UInt64 {
  try replace(
    run, &invocation, "bpf_l4_csum_replace", allowed: [.pseudoHeader, .keepsNone, .enforces, .isInternet6])
}

private func replace(
  _ run: ProgramRun, _ invocation: inout Invocation, _ name: String, allowed: ReplaceFlags
) throws(ExecutionFault) -> UInt64 {
  let packet = try run.packet(invocation.r1, [.socketBuffer], name)
  let offset = Int(UInt32(truncatingIfNeeded: invocation.r2))
  let (old, new) = (invocation.r3, invocation.r4)
  let flags = ReplaceFlags(rawValue: invocation.r5 & ~0xf)
  let size = invocation.r5 & 0xf
  try run.movePacket(name)
  guard flags.isSubset(of: allowed) else { return LinuxErrno.invalidArgument.register }
  guard offset <= 0xffff, offset & 1 == 0, let field = packet.load(at: offset, count: 2) else {
    return LinuxErrno.badAddress.register
  }
  let present = UInt16(field[0]) | UInt16(field[1]) << 8
  if flags.contains(.keepsNone), !flags.contains(.enforces), present == 0 { return 0 }
  // The field is the inverse of the sum of what it covers.
  var sum = InternetChecksum(~UInt32(present))
  var result: UInt16
  switch size {
  case 0:
    guard old == 0 else { return LinuxErrno.invalidArgument.register }
    sum.add(UInt32(truncatingIfNeeded: new))
    result = ~sum.folded
  case 2:
    let without = InternetChecksum.sum(~present, ~UInt16(truncatingIfNeeded: old))
    result = ~InternetChecksum.sum(without, UInt16(truncatingIfNeeded: new))
  case 4:
    sum.subtract(UInt32(truncatingIfNeeded: old))
    sum.add(UInt32(truncatingIfNeeded: new))
    result = ~sum.folded
  default: return LinuxErrno.invalidArgument.register
  }
  if flags.contains(.keepsNone), result == 0 { result = 0xffff }
  _ = packet.store([UInt8(truncatingIfNeeded: result), UInt8(truncatingIfNeeded: result >> 8)], at: offset)
  return 0
}

/// A sum in one's complement, of 16-bit words in the byte order of the machine, held in 32 bits.
struct InternetChecksum {
  private var sum: UInt32

  init(_ sum: UInt32) { self.sum = sum }

  mutating func add(_ value: UInt32) {
    let (result, carry) = sum.addingReportingOverflow(value)
    sum = carry ? result &+ 1 : result
  }

  mutating func subtract(_ value: UInt32) { add(~value) }

  mutating func add(_ bytes: [UInt8]) { add(Self.sum(of: bytes)) }
  mutating func subtract(_ bytes: [UInt8]) { subtract(Self.sum(of: bytes)) }

  /// Four bytes at a time, as Linux does it: of the two forms of zero that decides which one comes out.
  private static func sum(of bytes: [UInt8]) -> UInt32 {
    var result = InternetChecksum(0)
    for start in stride(from: 0, to: bytes.count, by: 4) {
      let word = bytes[start..<min(start + 4, bytes.count)].reversed().reduce(0 as UInt32) { $0 << 8 | UInt32($1) }
      result.add(word)
    }
    return result.sum
  }

  /// The sum of two words.
  static func sum(_ left: UInt16, _ right: UInt16) -> UInt16 {
    let (result, carry) = left.addingReportingOverflow(right)
    return carry ? result &+ 1 : result
  }

  var inverted: InternetChecksum { InternetChecksum(~sum) }

  /// The sum in 16 bits.
  var folded: UInt16 {
    var value = sum
    while value > 0xffff { value = value >> 16 + value & 0xffff }
    return UInt16(truncatingIfNeeded: value)
  }
}
