import BPFExecution
import BPFMaps
import BPFObject

/// Reading and changing the packets of traffic control and of socket filters, and sending packets elsewhere.
let packetHelpers: [HelperImplementation] = [
  .init("bpf_skb_load_bytes", loadBytes),
  .init("bpf_skb_load_bytes_relative", loadBytesRelative),
  .init("bpf_skb_store_bytes", storeBytes),
  .init("bpf_skb_pull_data", pullData),
  .init("bpf_skb_change_tail", changeTail),
  .init("bpf_skb_change_head", changeHead),
  .init("bpf_set_hash_invalid") { run, invocation throws(ExecutionFault) in
    _ = try run.packet(invocation.r1, [.socketBuffer], "bpf_set_hash_invalid")
    try run.clearPacketHash("bpf_set_hash_invalid")
    return 0
  },
  .init("bpf_redirect", redirect),
]

/// What a helper that changes a packet may be told with flags.
private struct StoreFlags: OptionSet {
  let rawValue: UInt64
  /// `BPF_F_RECOMPUTE_CSUM`: of no effect, since the packets here carry no checksum of the hardware.
  static let recomputeChecksum = StoreFlags(rawValue: 1)
  /// `BPF_F_INVALIDATE_HASH`
  static let invalidateHash = StoreFlags(rawValue: 2)
}

private func loadBytes(_ run: ProgramRun, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
  let name = "bpf_skb_load_bytes"
  let packet = try run.packet(invocation.r1, [.socketBuffer, .socketFilter], name)
  let offset = Int(UInt32(truncatingIfNeeded: invocation.r2))
  let count = try run.positiveSize(invocation.r4, name, argument: 4)
  let bytes = packet.load(at: offset, count: count)
  try run.write(bytes ?? [UInt8](repeating: 0, count: count), to: invocation.r3, name, argument: 3)
  return bytes == nil ? LinuxErrno.badAddress.register : 0
}

/// Reads from the header of the link (`BPF_HDR_START_MAC`, 0) or of the network (`BPF_HDR_START_NET`, 1).
private func loadBytesRelative(_ run: ProgramRun, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
  let name = "bpf_skb_load_bytes_relative"
  let packet = try run.packet(invocation.r1, [.socketBuffer, .socketFilter], name)
  let offset = Int(UInt32(truncatingIfNeeded: invocation.r2))
  let count = try run.positiveSize(invocation.r4, name, argument: 4)
  var bytes: [UInt8]?
  if offset <= 0xffff {
    switch UInt32(truncatingIfNeeded: invocation.r5) {
    case 0: bytes = packet.load(at: offset, count: count, from: packet.linkHeader)
    case 1: bytes = packet.load(at: offset, count: count, from: packet.networkHeader)
    default: bytes = nil
    }
  }
  try run.write(bytes ?? [UInt8](repeating: 0, count: count), to: invocation.r3, name, argument: 3)
  return bytes == nil ? LinuxErrno.badAddress.register : 0
}

private func storeBytes(_ run: ProgramRun, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
  let name = "bpf_skb_store_bytes"
  let packet = try run.packet(invocation.r1, [.socketBuffer], name)
  let offset = Int(UInt32(truncatingIfNeeded: invocation.r2))
  let count = try run.positiveSize(invocation.r4, name, argument: 4)
  let bytes = try run.bytes(invocation.r3, count: count, name, argument: 3)
  let flags = StoreFlags(rawValue: invocation.r5)
  try run.movePacket(name)
  guard flags.subtracting([.recomputeChecksum, .invalidateHash]).isEmpty else {
    return LinuxErrno.invalidArgument.register
  }
  guard packet.store(bytes, at: offset) else { return LinuxErrno.badAddress.register }
  if flags.contains(.invalidateHash) { try run.clearPacketHash(name) }
  return 0
}

/// All bytes of these packets are in one piece; the pointers are invalid nevertheless, as in Linux.
private func pullData(_ run: ProgramRun, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
  let name = "bpf_skb_pull_data"
  let packet = try run.packet(invocation.r1, [.socketBuffer], name)
  let count = Int(UInt32(truncatingIfNeeded: invocation.r2))
  try run.movePacket(name)
  return count <= packet.byteCount ? 0 : LinuxErrno.outOfMemory.register
}

private func changeTail(_ run: ProgramRun, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
  let name = "bpf_skb_change_tail"
  let packet = try run.packet(invocation.r1, [.socketBuffer], name)
  let size = Int(UInt32(truncatingIfNeeded: invocation.r2))
  let isDone = invocation.r3 == 0 && packet.changeTail(to: size)
  try run.movePacket(name)
  return isDone ? 0 : LinuxErrno.invalidArgument.register
}

private func changeHead(_ run: ProgramRun, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
  let name = "bpf_skb_change_head"
  let packet = try run.packet(invocation.r1, [.socketBuffer], name)
  let count = Int(UInt32(truncatingIfNeeded: invocation.r2))
  let isDone = invocation.r3 == 0 && packet.changeHead(by: count)
  try run.movePacket(name)
  return isDone ? 0 : LinuxErrno.invalidArgument.register
}

/// Notes where the packet is to go and returns the verdict with which it goes there. The interface is not looked at
/// before the program has returned that.
private func redirect(_ run: ProgramRun, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
  let name = "bpf_redirect"
  guard let packet = run.packet, packet.kind != .socketFilter else {
    throw ExecutionFault(.environment("\(name): only programs of type xdp and tc send packets elsewhere"))
  }
  let (interface, flags) = (UInt32(truncatingIfNeeded: invocation.r1), invocation.r2)
  let isExpress = packet.kind == .express
  // BPF_F_INGRESS is for traffic control; without it, XDP_ABORTED and TC_ACT_SHOT.
  guard flags & ~(isExpress ? 0 : 1) == 0 else { return isExpress ? 0 : 2 }
  packet.redirect = PacketRedirect(interface: interface, flags: flags)
  return isExpress ? 4 : 7
}

extension ProgramRun {
  /// The packet whose context an argument is, of one of the kinds that the function works on.
  func packet(
    _ address: UInt64, _ kinds: [Packet.Kind], _ function: String
  ) throws(ExecutionFault) -> Packet {
    guard let packet, kinds.contains(packet.kind) else {
      throw ExecutionFault(.environment("\(function): programs of type \(program.kind.type) cannot call it"))
    }
    try requireContext(address, function)
    return packet
  }

  /// A size that the verifier proves to be positive.
  func positiveSize(_ value: UInt64, _ function: String, argument: Int) throws(ExecutionFault) -> Int {
    let size = try size(UInt64(UInt32(truncatingIfNeeded: value)), function, argument: argument)
    guard size > 0 else {
      throw ExecutionFault(.environment("\(function): argument \(argument) is 0, and no size may be that here"))
    }
    return size
  }

  /// Ends the life of all pointers into the packet: those in the context are new.
  func movePacket(_ function: String) throws(ExecutionFault) {
    guard let packet, let packetContext, let context else { return }
    packet.invalidatePointers()
    do {
      try machine.openWindow(on: packet)
      try packetContext.update(in: machine.memory, at: context)
    } catch {
      throw ExecutionFault(.environment("\(function): \(error)"))
    }
  }

  func clearPacketHash(_ function: String) throws(ExecutionFault) {
    guard let packetContext, let context else { return }
    do {
      try packetContext.clearHash(in: machine.memory, at: context)
    } catch {
      throw ExecutionFault(.environment("\(function): \(error)"))
    }
  }
}
