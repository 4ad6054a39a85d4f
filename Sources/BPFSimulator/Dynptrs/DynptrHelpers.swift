import BPFExecution
import BPFMaps

/// Pointers to memory whose size is known at run time.
let dynptrHelpers: [HelperImplementation] = [
  .init("bpf_dynptr_from_mem", fromMemory),
  .init("bpf_dynptr_read", read),
  .init("bpf_dynptr_write", write),
  .init("bpf_dynptr_data", data),
  .init("bpf_ringbuf_reserve_dynptr", reserve),
  .init("bpf_ringbuf_submit_dynptr") { run, invocation throws(ExecutionFault) in
    try finish(run, &invocation, "bpf_ringbuf_submit_dynptr") { $0.submit(flags: $1) }
  },
  .init("bpf_ringbuf_discard_dynptr") { run, invocation throws(ExecutionFault) in
    try finish(run, &invocation, "bpf_ringbuf_discard_dynptr") { $0.discard(flags: $1) }
  },
]

private func fromMemory(_ run: ProgramRun, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
  let name = "bpf_dynptr_from_mem"
  let (size, flags, target) = (UInt32(truncatingIfNeeded: invocation.r2), invocation.r3, invocation.r4)
  let problem: LinuxErrno? = size > Dynptr.maximumByteCount ? .tooBig : flags != 0 ? .invalidArgument : nil
  let dynptr = problem == nil ? Dynptr(.local, data: invocation.r1, byteCount: size) : nil
  try run.store(dynptr, at: target, name, argument: 4)
  return problem?.register ?? 0
}

private func read(_ run: ProgramRun, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
  let name = "bpf_dynptr_read"
  let (target, count) = (invocation.r1, UInt32(truncatingIfNeeded: invocation.r2))
  try run.requireWritable(target, count: Int(count), name, argument: 1)
  guard let dynptr = try run.dynptr(invocation.r3, name, argument: 3), invocation.r5 == 0 else {
    return LinuxErrno.invalidArgument.register
  }
  switch run.read(dynptr, UInt32(truncatingIfNeeded: invocation.r4), count) {
  case .success(let bytes):
    try run.write(bytes, to: target, name, argument: 1)
    return 0
  case .failure(let errno):
    return errno.register
  }
}

/// Writing into a socket buffer may move it, as `bpf_skb_store_bytes` does, and takes that helper's flags.
private func write(_ run: ProgramRun, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
  let name = "bpf_dynptr_write"
  let bytes = try run.bytes(
    invocation.r3, count: Int(UInt32(truncatingIfNeeded: invocation.r4)), name, argument: 3)
  let flags = invocation.r5
  guard let dynptr = try run.dynptr(invocation.r1, name), !dynptr.isReadOnly else {
    return LinuxErrno.invalidArgument.register
  }
  let offset = UInt32(truncatingIfNeeded: invocation.r2)
  guard dynptr.contains(offset, UInt32(clamping: bytes.count)) else { return LinuxErrno.tooBig.register }
  let isSocketBuffer = dynptr.kind == .packet && run.packet?.kind == .socketBuffer
  guard isSocketBuffer ? flags & ~3 == 0 : flags == 0 else { return LinuxErrno.invalidArgument.register }
  let result = status { () throws(LinuxErrno) in try run.write(bytes, into: dynptr, at: offset) }
  if isSocketBuffer {
    try run.movePacket(name)
    if flags & 2 != 0 { try run.clearPacketHash(name) }
  }
  return result
}

/// Memory of the program that may be written: not of packets.
private func data(_ run: ProgramRun, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
  let (offset, count) = (UInt32(truncatingIfNeeded: invocation.r2), UInt32(truncatingIfNeeded: invocation.r3))
  guard let dynptr = try run.dynptr(invocation.r1, "bpf_dynptr_data"), !dynptr.isReadOnly, dynptr.kind != .packet,
    dynptr.contains(offset, count)
  else { return 0 }
  return run.place(of: dynptr, at: offset) ?? 0
}

// MARK: Records of ring buffers

private func reserve(_ run: ProgramRun, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
  let name = "bpf_ringbuf_reserve_dynptr"
  let buffer = try run.ringBuffer(invocation.r1, name)
  let (size, flags, target) = (UInt32(truncatingIfNeeded: invocation.r2), invocation.r3, invocation.r4)
  var dynptr: Dynptr?
  var problem: LinuxErrno?
  if flags != 0 {
    problem = .invalidArgument
  } else if size > Dynptr.maximumByteCount {
    problem = .tooBig
  } else {
    let address = try run.reserve(Int(size), in: buffer, flags: 0, name)
    if address == 0 { problem = .invalidArgument } else { dynptr = Dynptr(.ringBuffer, data: address, byteCount: size) }
  }
  try run.store(dynptr, at: target, name, argument: 4)
  // Linux asks for an end also of what was not reserved.
  return problem?.register ?? 0
}

private func finish(
  _ run: ProgramRun, _ invocation: inout Invocation, _ name: String,
  _ end: (RingBufferReservation, RingBufferMap.WakeupFlags) -> Void
) throws(ExecutionFault) -> UInt64 {
  let (address, flags) = (invocation.r1, RingBufferMap.WakeupFlags(rawValue: invocation.r2))
  guard let dynptr = try run.dynptr(address, name) else { return 0 }
  end(try run.takeReservation(dynptr.data, name), flags)
  try run.store(nil, at: address, name, argument: 1)
  return 0
}
