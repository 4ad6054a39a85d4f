import BPFExecution
import BPFMaps

/// Reading and changing the packets of XDP programs.
let expressPacketHelpers: [HelperImplementation] = [
  .init("bpf_xdp_adjust_head") { run, invocation throws(ExecutionFault) in
    try adjust(run, &invocation, "bpf_xdp_adjust_head") { packet, offset in
      packet.adjustHead(by: offset) ? nil : .invalidArgument
    }
  },
  .init("bpf_xdp_adjust_tail") { run, invocation throws(ExecutionFault) in
    try adjust(run, &invocation, "bpf_xdp_adjust_tail") { packet, offset in
      packet.adjustTail(by: offset) ? nil : .invalidArgument
    }
  },
  .init("bpf_xdp_adjust_meta") { run, invocation throws(ExecutionFault) in
    try adjust(run, &invocation, "bpf_xdp_adjust_meta") { packet, offset in
      switch packet.adjustMetadata(by: offset) {
      case .done: nil
      case .outside: .invalidArgument
      case .wrongSize: .accessDenied
      }
    }
  },
  .init("bpf_xdp_get_buff_len") { run, invocation throws(ExecutionFault) in
    UInt64(try run.packet(invocation.r1, [.express], "bpf_xdp_get_buff_len").byteCount)
  },
  .init("bpf_xdp_load_bytes", loadBytes),
  .init("bpf_xdp_store_bytes", storeBytes),
]

/// Moves an end of the packet by a signed number of bytes.
private func adjust(
  _ run: ProgramRun, _ invocation: inout Invocation, _ name: String,
  _ body: (Packet, Int) -> LinuxErrno?
) throws(ExecutionFault) -> UInt64 {
  let packet = try run.packet(invocation.r1, [.express], name)
  let errno = body(packet, Int(Int32(truncatingIfNeeded: invocation.r2)))
  try run.movePacket(name)
  return errno?.register ?? 0
}

/// The offset and the size of an access to the packet; the error when it is not within the packet.
private func access(
  _ packet: Packet, offset: UInt64, count: Int
) -> Result<Int, LinuxErrno> {
  let offset = Int(UInt32(truncatingIfNeeded: offset))
  guard offset <= 0xffff, count <= 0xffff else { return .failure(.badAddress) }
  guard offset + count <= packet.byteCount else { return .failure(.invalidArgument) }
  return .success(offset)
}

/// What cannot be read leaves the destination as it is.
private func loadBytes(_ run: ProgramRun, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
  let name = "bpf_xdp_load_bytes"
  let packet = try run.packet(invocation.r1, [.express], name)
  let count = try run.positiveSize(invocation.r4, name, argument: 4)
  try run.requireWritable(invocation.r3, count: count, name, argument: 3)
  switch access(packet, offset: invocation.r2, count: count) {
  case .failure(let errno): return errno.register
  case .success(let offset):
    try run.write(packet.load(at: offset, count: count) ?? [], to: invocation.r3, name, argument: 3)
    return 0
  }
}

private func storeBytes(_ run: ProgramRun, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
  let name = "bpf_xdp_store_bytes"
  let packet = try run.packet(invocation.r1, [.express], name)
  let count = try run.positiveSize(invocation.r4, name, argument: 4)
  let bytes = try run.bytes(invocation.r3, count: count, name, argument: 3)
  switch access(packet, offset: invocation.r2, count: count) {
  case .failure(let errno): return errno.register
  case .success(let offset): return packet.store(bytes, at: offset) ? 0 : LinuxErrno.badAddress.register
  }
}
