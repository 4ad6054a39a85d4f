import BPFExecution
import BPFMaps

/// Call chains.
let stackHelpers: [HelperImplementation] = [
  .init("bpf_get_stack", stack),
  .init("bpf_get_task_stack", taskStack),
  .init("bpf_get_stackid", stackNumber),
]

/// What the upper bits of the flags ask for; the lowest eight are the number of frames to skip.
private struct StackFlags: OptionSet {
  let rawValue: UInt64
  /// `BPF_F_USER_STACK`
  static let user = StackFlags(rawValue: 1 << 8)
  /// `BPF_F_USER_BUILD_ID`
  static let buildID = StackFlags(rawValue: 1 << 11)
}

/// The chain at the event that the program runs for.
private func stack(_ run: ProgramRun, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
  let name = "bpf_get_stack"
  try run.requireContext(invocation.r1, name)
  let request = try StackRequest(run, invocation.r2, size: invocation.r3, flags: invocation.r4, name)
  return try run.write(request, name) { isUser, limit in .success(run.callChain(isUser: isUser, limit: limit)) }
}

/// The chain of a task: what it does in the kernel, or where it was in user mode. The latter only of the current task.
private func taskStack(_ run: ProgramRun, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
  let name = "bpf_get_task_stack"
  let task = try run.task(invocation.r1, name)
  let request = try StackRequest(run, invocation.r2, size: invocation.r3, flags: invocation.r4, name)
  // A task that is gone has no stack any more.
  guard task.state != .dead else { return LinuxErrno.badAddress.register }
  return try run.write(request, name) { isUser, limit in
    guard isUser else { return .success(Array(run.machine.kernelCallChain(of: task).prefix(limit))) }
    guard task.kind == .user else { return .failure(.badAddress) }
    guard task === run.task else { return .failure(.notSupported) }
    return .success(CallChain.user(task.registers, in: task.memory, limit: limit))
  }
}

/// Stores the chain at the event in a map of call chains, and returns its number there.
private func stackNumber(_ run: ProgramRun, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
  let name = "bpf_get_stackid"
  try run.requireContext(invocation.r1, name)
  let map = try run.map(invocation.r2, name, argument: 2)
  guard let traces = map.map as? StackTraceMap else {
    throw run.invalidArgument(name, 2, invocation.r2, "a map of call chains")
  }
  let flags = invocation.r3
  let limit = min(traces.depth + Int(flags & 0xff), CallChain.maximumDepth)
  let frames = run.callChain(isUser: flags & StackFlags.user.rawValue != 0, limit: limit)
  do throws(LinuxErrno) {
    return UInt64(try traces.store(frames, flags: flags))
  } catch {
    return error.register
  }
}

/// Where a chain is to be written, and which.
private struct StackRequest {
  var address: ProgramAddress
  var byteCount: Int
  var flags: StackFlags
  var skipped: Int

  init(
    _ run: ProgramRun, _ address: ProgramAddress, size: UInt64, flags: UInt64, _ name: String
  ) throws(ExecutionFault) {
    self.address = address
    byteCount = try run.size(UInt64(UInt32(truncatingIfNeeded: size)), name, argument: 3)
    try run.requireWritable(address, count: byteCount, name, argument: 2)
    skipped = Int(flags & 0xff)
    self.flags = StackFlags(rawValue: flags & ~0xff)
  }

  /// A frame is an address, or a `struct bpf_stack_build_id`.
  var frameByteCount: Int { flags.contains(.buildID) ? 32 : 8 }

  var isValid: Bool {
    guard flags.subtracting([.user, .buildID]).isEmpty, byteCount % frameByteCount == 0 else { return false }
    return !flags.contains(.buildID) || flags.contains(.user)
  }

  /// A frame as it lies in memory. The mappings of this machine carry no build ids, so one asked for has the status
  /// `BPF_STACK_BUILD_ID_IP`, with the address in place of the offset.
  func bytes(of frame: UInt64) -> [UInt8] {
    let address = withUnsafeBytes(of: frame.littleEndian, Array.init)
    return flags.contains(.buildID) ? [2, 0, 0, 0] + [UInt8](repeating: 0, count: 20) + address : address
  }
}

extension ProgramRun {
  /// Writes a chain as far as there is room and zeros behind it; returns the number of bytes of the chain.
  fileprivate func write(
    _ request: StackRequest, _ name: String, _ chain: (Bool, Int) -> Result<[UInt64], LinuxErrno>
  ) throws(ExecutionFault) -> UInt64 {
    let room = request.byteCount / request.frameByteCount
    let limit = min(room + request.skipped, CallChain.maximumDepth)
    var result: Result<[UInt64], LinuxErrno> = .failure(.invalidArgument)
    if request.isValid { result = chain(request.flags.contains(.user), limit) }
    if case .success(let frames) = result, frames.count < request.skipped { result = .failure(.badAddress) }
    switch result {
    case .failure(let errno):
      try write([UInt8](repeating: 0, count: request.byteCount), to: request.address, name, argument: 2)
      return errno.register
    case .success(let frames):
      let bytes = frames.dropFirst(request.skipped).prefix(room).flatMap(request.bytes(of:))
      let padding = [UInt8](repeating: 0, count: request.byteCount - bytes.count)
      try write(bytes + padding, to: request.address, name, argument: 2)
      return UInt64(bytes.count)
    }
  }
}
