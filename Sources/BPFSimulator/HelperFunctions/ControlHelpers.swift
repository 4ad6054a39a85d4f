import BPFExecution
import BPFMaps
import BPFObject

/// Loops, tail calls and locks.
let controlHelpers: [HelperImplementation] = [
  .init("bpf_loop", loop),
  .init("bpf_tail_call", tailCall),
  .init("bpf_spin_lock", lock),
  .init("bpf_spin_unlock", unlock),
  .init("bpf_get_attach_cookie") { run, _ in run.cookie },
]

/// Calls a function of the program up to so many times; a result of 1 ends the loop.
private func loop(_ run: ProgramRun, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
  let count = UInt32(truncatingIfNeeded: invocation.r1)
  let (callback, argument, flags) = (invocation.r2, invocation.r3, invocation.r4)
  _ = try run.function(callback, "bpf_loop", argument: 2, invocation)
  guard flags == 0 else { return LinuxErrno.invalidArgument.register }
  guard count <= 8 * 1024 * 1024 else { return LinuxErrno.tooBig.register }
  for index in 0..<UInt64(count) {
    let result = try invocation.call(function: callback, index, argument)
    try requireLoopResult(result, "bpf_loop")
    if result == 1 { return index + 1 }
  }
  return UInt64(count)
}

/// A callback of a loop returns 0 to go on and 1 to end.
func requireLoopResult(_ result: UInt64, _ function: String) throws(ExecutionFault) {
  guard result > 1 else { return }
  throw ExecutionFault(
    .environment("\(function): the callback returned \(Int64(bitPattern: result)), which is neither 0 nor 1"))
}

/// The greatest number of tail calls of one run (`MAX_TAIL_CALL_CNT`).
private let maximumTailCalls = 33

/// Goes on with another program; returns only when there is none in the slot.
private func tailCall(_ run: ProgramRun, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
  let name = "bpf_tail_call"
  let array = try run.map(invocation.r2, name, argument: 2)
  try run.requireContext(invocation.r1, name)
  if let open = run.openSections {
    throw ExecutionFault(.environment("\(name): the called program cannot close what is open: \(open)"))
  }
  guard invocation.tailCallCount < maximumTailCalls else { return LinuxErrno.noSuchEntry.register }
  let index = UInt32(truncatingIfNeeded: invocation.r3)
  let token = withUnsafeBytes(of: index.littleEndian) { array.map.programLookupStored($0.bytes) }
  guard let token, let target = run.machine.program(id: UInt32(truncatingIfNeeded: token)) else {
    return LinuxErrno.noSuchEntry.register
  }
  guard target.kind.type == run.program.kind.type else { return LinuxErrno.invalidArgument.register }
  invocation.requestTailCall(to: target.prepared)
  return 0
}

/// A lock is only ever held within one program, and programs of a simulated machine do not run at the same time: a lock
/// that is held already is held by the same program.
private func lock(_ run: ProgramRun, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
  try run.refuseTracing("bpf_spin_lock", "bpf_spin_lock")
  guard run.program.kind.type != .socketFilter else {
    throw ExecutionFault(.environment("bpf_spin_lock: socket filter progs cannot use bpf_spin_lock yet"))
  }
  try run.requireWritable(invocation.r1, count: 4, "bpf_spin_lock", argument: 1)
  guard run.heldLock == nil else {
    throw ExecutionFault(.environment("bpf_spin_lock: a lock is held already, and a program may hold only one"))
  }
  run.heldLock = invocation.r1
  return 0
}

private func unlock(_ run: ProgramRun, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
  guard run.heldLock == invocation.r1 else {
    throw ExecutionFault(.environment("bpf_spin_unlock: this lock is not held"))
  }
  run.heldLock = nil
  return 0
}
