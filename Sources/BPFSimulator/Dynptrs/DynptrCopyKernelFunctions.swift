import BPFExecution
import BPFMaps

/// Reading the memory of user space and of the kernel into a dynptr: of what is resident, or where it is allowed to sleep.
let dynptrCopyKernelFunctions: [KernelFunctionImplementation] = [
  .init(name: "bpf_probe_read_user_dynptr", body: probing("bpf_probe_read_user_dynptr", from: .user)),
  .init(name: "bpf_probe_read_kernel_dynptr", body: probing("bpf_probe_read_kernel_dynptr", from: .kernel)),
  .init(name: "bpf_probe_read_user_str_dynptr", body: probingString("bpf_probe_read_user_str_dynptr", from: .user)),
  .init(
    name: "bpf_probe_read_kernel_str_dynptr", body: probingString("bpf_probe_read_kernel_str_dynptr", from: .kernel)),
  .init(name: "bpf_copy_from_user_dynptr") { run, invocation throws(ExecutionFault) in
    try copy(run, &invocation, "bpf_copy_from_user_dynptr", of: run.task, zeroes: true)
  },
  .init(name: "bpf_copy_from_user_task_dynptr") { run, invocation throws(ExecutionFault) in
    let name = "bpf_copy_from_user_task_dynptr"
    return try copy(run, &invocation, name, of: try run.task(invocation.r5, name, argument: 5), zeroes: false)
  },
]

private func probing(_ name: String, from source: ProbeSource) -> FunctionBody {
  { run, invocation throws(ExecutionFault) in
    try fill(run, &invocation, name) { address, count in
      run.probe(address, count: count, from: source).map { (bytes: $0, result: 0) }
    }
  }
}

private func probingString(_ name: String, from source: ProbeSource) -> FunctionBody {
  { run, invocation throws(ExecutionFault) in
    try fill(run, &invocation, name) { address, limit in
      run.probeString(address, limit: limit, from: source).map { string in
        let stored = source.isUser(address) ? UserString.stored(string, limit: limit) : string
        return (bytes: stored, result: UInt64(string.count))
      }
    }
  }
}

/// A copy that may sleep.
///
/// - Parameter zeroes: whether bytes that could not be read are zero.
private func copy(
  _ run: ProgramRun, _ invocation: inout Invocation, _ name: String, of task: SimulatedTask, zeroes: Bool
) throws(ExecutionFault) -> UInt64 {
  try run.requireSleepable(name)
  return try fill(run, &invocation, name) { address, count in
    if let bytes = run.copyFromUser(address, count: count, of: task, name) {
      return .success((bytes: bytes, result: 0))
    }
    guard zeroes else { return .failure(.badAddress) }
    return .success((bytes: [UInt8](repeating: 0, count: count), result: LinuxErrno.badAddress.register))
  }
}

/// Puts what is read at the address in the fourth argument into the dynptr in the first, at the offset and up to the size
/// in the second and third.
private func fill(
  _ run: ProgramRun, _ invocation: inout Invocation, _ name: String,
  _ read: (UInt64, Int) -> Result<(bytes: [UInt8], result: UInt64), LinuxErrno>
) throws(ExecutionFault) -> UInt64 {
  let (offset, count) = (UInt32(truncatingIfNeeded: invocation.r2), UInt32(truncatingIfNeeded: invocation.r3))
  guard let dynptr = try run.dynptr(invocation.r1, name) else {
    return offset == 0 && count == 0 ? 0 : LinuxErrno.tooBig.register
  }
  guard dynptr.contains(offset, count) else { return LinuxErrno.tooBig.register }
  guard count > 0 else { return 0 }
  switch read(invocation.r4, Int(count)) {
  case .failure(let errno): return errno.register
  case .success(let outcome):
    let written = status { () throws(LinuxErrno) in try run.write(outcome.bytes, into: dynptr, at: offset) }
    return written == 0 ? outcome.result : written
  }
}
