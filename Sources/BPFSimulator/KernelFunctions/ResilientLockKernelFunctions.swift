import BPFExecution
import BPFMaps

/// Locks of which the taking may fail: with `-EDEADLK` where the program would wait for itself. Others cannot hold one, as
/// programs of a simulated machine do not run at the same time but one within another.
let resilientLockKernelFunctions: [KernelFunctionImplementation] = [
  .init(name: "bpf_res_spin_lock") { run, invocation throws(ExecutionFault) in
    try lock(run, invocation.r1, "bpf_res_spin_lock")
  },
  .init(name: "bpf_res_spin_unlock") { run, invocation throws(ExecutionFault) in
    try unlock(run, invocation.r1, "bpf_res_spin_unlock")
    return 0
  },
  .init(name: "bpf_res_spin_lock_irqsave") { run, invocation throws(ExecutionFault) in
    let name = "bpf_res_spin_lock_irqsave"
    try run.requireWritable(invocation.r2, count: 8, name, argument: 2)
    let result = try lock(run, invocation.r1, name)
    if result == 0 { run.turnInterruptsOff() }
    return result
  },
  .init(name: "bpf_res_spin_unlock_irqrestore") { run, invocation throws(ExecutionFault) in
    let name = "bpf_res_spin_unlock_irqrestore"
    try unlock(run, invocation.r1, name)
    try run.restoreInterrupts(name)
    return 0
  },
]

private func lock(_ run: ProgramRun, _ address: UInt64, _ name: String) throws(ExecutionFault) -> UInt64 {
  try run.requireWritable(address, count: 4, name, argument: 1)
  // A program that was interrupted by this one may be the holder.
  guard !run.machine.resilientLocks.contains(address) else { return LinuxErrno.wouldDeadlock.register }
  run.machine.resilientLocks.insert(address)
  run.resilientLocks.append(address)
  return 0
}

/// Locks are given back in the reverse order.
private func unlock(_ run: ProgramRun, _ address: UInt64, _ name: String) throws(ExecutionFault) {
  guard run.resilientLocks.last == address else {
    throw ExecutionFault(.environment("\(name): this lock is not the one that was taken last"))
  }
  run.resilientLocks.removeLast()
  run.machine.resilientLocks.remove(address)
}
