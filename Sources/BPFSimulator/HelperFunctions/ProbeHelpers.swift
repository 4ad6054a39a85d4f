import BPFExecution
import BPFMaps

/// What a program at a function's entry or return finds out about the function.
let probeHelpers: [HelperImplementation] = [
  .init("bpf_get_func_ip", functionAddress),
  .init("bpf_get_func_arg", functionArgument),
  .init("bpf_get_func_ret", functionResult),
  .init("bpf_get_func_arg_cnt") { run, invocation throws(ExecutionFault) in
    UInt64(try run.tracedFunction(invocation.r1, "bpf_get_func_arg_cnt").argumentCount)
  },
]

private func functionAddress(_ run: ProgramRun, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
  let name = "bpf_get_func_ip"
  try run.requireContext(invocation.r1, name)
  switch run.origin {
  case .probe(_, let function): return function
  case .function(let traced): return traced.address
  case .call, .interrupt:
    throw ExecutionFault(.environment("\(name): the program is not attached to a function"))
  }
}

private func functionArgument(_ run: ProgramRun, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
  let name = "bpf_get_func_arg"
  let traced = try run.tracedFunction(invocation.r1, name)
  try run.requireWritable(invocation.r3, count: 8, name, argument: 3)
  let index = UInt32(truncatingIfNeeded: invocation.r2)
  guard index < traced.argumentCount else { return LinuxErrno.invalidArgument.register }
  return try run.copyWord(Int(index), to: invocation.r3, name, argument: 3)
}

/// Only a program at the return has a result.
private func functionResult(_ run: ProgramRun, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
  let name = "bpf_get_func_ret"
  let traced = try run.tracedFunction(invocation.r1, name)
  try run.requireWritable(invocation.r2, count: 8, name, argument: 2)
  guard traced.hasResult else { return LinuxErrno.notSupported.register }
  return try run.copyWord(traced.argumentCount, to: invocation.r2, name, argument: 2)
}

extension ProgramRun {
  fileprivate func tracedFunction(
    _ context: UInt64, _ function: String
  ) throws(ExecutionFault) -> TracedFunction {
    try requireContext(context, function)
    guard case .function(let traced) = origin else {
      throw ExecutionFault(.environment("\(function): only programs of type fentry, fexit and fmod_ret have it"))
    }
    return traced
  }

  /// Copies a word of the context to where an argument points.
  fileprivate func copyWord(
    _ index: Int, to destination: UInt64, _ function: String, argument: Int
  ) throws(ExecutionFault) -> UInt64 {
    let word = try bytes((context ?? 0) + UInt64(8 * index), count: 8, function, argument: 1)
    try write(word, to: destination, function, argument: argument)
    return 0
  }
}
