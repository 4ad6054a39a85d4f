import BPFExecution
import BPFMaps

/// Cutting, copying and looking into dynptrs, and making them of packets.
let dynptrKernelFunctions: [KernelFunctionImplementation] = [
  .init(name: "bpf_dynptr_adjust", body: adjust),
  .init(name: "bpf_dynptr_is_null") { run, invocation throws(ExecutionFault) in
    try run.dynptr(invocation.r1, "bpf_dynptr_is_null") == nil ? 1 : 0
  },
  .init(name: "bpf_dynptr_is_rdonly") { run, invocation throws(ExecutionFault) in
    try run.dynptr(invocation.r1, "bpf_dynptr_is_rdonly")?.isReadOnly == true ? 1 : 0
  },
  .init(name: "bpf_dynptr_size") { run, invocation throws(ExecutionFault) in
    guard let dynptr = try run.dynptr(invocation.r1, "bpf_dynptr_size") else {
      return LinuxErrno.invalidArgument.register & 0xffff_ffff
    }
    return UInt64(dynptr.byteCount)
  },
  .init(name: "bpf_dynptr_clone") { run, invocation throws(ExecutionFault) in
    let dynptr = try run.dynptr(invocation.r1, "bpf_dynptr_clone")
    try run.store(dynptr, at: invocation.r2, "bpf_dynptr_clone", argument: 2)
    return dynptr == nil ? LinuxErrno.invalidArgument.register : 0
  },
  .init(name: "bpf_dynptr_slice") { run, invocation throws(ExecutionFault) in
    try slice(run, &invocation, "bpf_dynptr_slice", isWritten: false)
  },
  .init(name: "bpf_dynptr_slice_rdwr") { run, invocation throws(ExecutionFault) in
    try slice(run, &invocation, "bpf_dynptr_slice_rdwr", isWritten: true)
  },
  .init(name: "bpf_dynptr_copy", body: copy),
  .init(name: "bpf_dynptr_memset", body: fill),
  .init(name: "bpf_dynptr_from_skb") { run, invocation throws(ExecutionFault) in
    try fromPacket(run, &invocation, [.socketBuffer, .socketFilter], "bpf_dynptr_from_skb")
  },
  .init(name: "bpf_dynptr_from_xdp") { run, invocation throws(ExecutionFault) in
    try fromPacket(run, &invocation, [.express], "bpf_dynptr_from_xdp")
  },
]

/// Narrows a dynptr to what is from the first offset to the second.
private func adjust(_ run: ProgramRun, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
  let name = "bpf_dynptr_adjust"
  let address = invocation.r1
  let (start, end) = (UInt32(truncatingIfNeeded: invocation.r2), UInt32(truncatingIfNeeded: invocation.r3))
  guard var dynptr = try run.dynptr(address, name), start <= end else { return LinuxErrno.invalidArgument.register }
  guard end <= dynptr.byteCount else { return LinuxErrno.rangeError.register }
  dynptr.offset &+= start
  dynptr.byteCount = end - start
  try run.store(dynptr, at: address, name, argument: 1)
  return 0
}

/// The bytes where they are, or where they are in reach of helpers alone, a copy in the program's buffer; null for what
/// lies outside, and for what may not be written and is to be.
private func slice(
  _ run: ProgramRun, _ invocation: inout Invocation, _ name: String, isWritten: Bool
) throws(ExecutionFault) -> UInt64 {
  let (offset, buffer) = (UInt32(truncatingIfNeeded: invocation.r2), invocation.r3)
  let count = UInt32(truncatingIfNeeded: invocation.r4)
  guard let dynptr = try run.dynptr(invocation.r1, name), !(isWritten && dynptr.isReadOnly),
    dynptr.contains(offset, count)
  else { return 0 }
  if let place = run.place(of: dynptr, at: offset) { return place }
  guard buffer != 0, case .success(let bytes) = run.read(dynptr, offset, count) else { return 0 }
  try run.write(bytes, to: buffer, name, argument: 3)
  return buffer
}

private func copy(_ run: ProgramRun, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
  let name = "bpf_dynptr_copy"
  let (targetOffset, sourceOffset) = (
    UInt32(truncatingIfNeeded: invocation.r2), UInt32(truncatingIfNeeded: invocation.r4)
  )
  let count = UInt32(truncatingIfNeeded: invocation.r5)
  let target = try run.dynptr(invocation.r1, name)
  let source = try run.dynptr(invocation.r3, name, argument: 3)
  // What is asked first decides on the error: the source's bounds where the target can be written, else the target.
  let isTargetReady = target.map { !$0.isReadOnly && $0.contains(targetOffset, count) } ?? false
  guard let source else {
    return (isTargetReady ? LinuxErrno.invalidArgument : .tooBig).register
  }
  guard case .success(let bytes) = run.read(source, sourceOffset, count) else { return LinuxErrno.tooBig.register }
  guard let target else { return LinuxErrno.invalidArgument.register }
  return status { () throws(LinuxErrno) in try run.write(bytes, into: target, at: targetOffset) }
}

private func fill(_ run: ProgramRun, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
  let name = "bpf_dynptr_memset"
  let (offset, count) = (UInt32(truncatingIfNeeded: invocation.r2), UInt32(truncatingIfNeeded: invocation.r3))
  guard let dynptr = try run.dynptr(invocation.r1, name) else {
    // A null one has no bytes, so that none can be asked for.
    return offset == 0 && count == 0 ? 0 : LinuxErrno.tooBig.register
  }
  guard dynptr.isReadOnly || dynptr.contains(offset, count) else { return LinuxErrno.tooBig.register }
  let bytes = [UInt8](repeating: UInt8(truncatingIfNeeded: invocation.r4), count: Int(count))
  return status { () throws(LinuxErrno) in try run.write(bytes, into: dynptr, at: offset) }
}

/// A socket filter may only read its packet.
private func fromPacket(
  _ run: ProgramRun, _ invocation: inout Invocation, _ kinds: [Packet.Kind], _ name: String
) throws(ExecutionFault) -> UInt64 {
  let (context, flags, target) = (invocation.r1, invocation.r2, invocation.r3)
  let packet = try run.packet(context, kinds, name)
  guard flags == 0 else {
    try run.store(nil, at: target, name, argument: 3)
    return LinuxErrno.invalidArgument.register
  }
  let dynptr = Dynptr(
    .packet, data: context, byteCount: UInt32(clamping: packet.byteCount), isReadOnly: packet.kind == .socketFilter)
  try run.store(dynptr, at: target, name, argument: 3)
  return 0
}
