import BPFExecution
import BPFMaps

/// Copying strings of user space where it is allowed to sleep.
let userStringKernelFunctions: [KernelFunctionImplementation] = [
  .init(name: "bpf_copy_from_user_str") { run, invocation throws(ExecutionFault) in
    try copyString(
      run, invocation, "bpf_copy_from_user_str", of: run.task, flags: invocation.r4, isOfAnyTask: false)
  },
  .init(name: "bpf_copy_from_user_task_str") { run, invocation throws(ExecutionFault) in
    let task = try run.task(invocation.r4, "bpf_copy_from_user_task_str", argument: 4)
    return try copyString(
      run, invocation, "bpf_copy_from_user_task_str", of: task, flags: invocation.r5, isOfAnyTask: true)
  },
]

/// `BPF_F_PAD_ZEROS`: what is left of the destination is zeroed.
private let padZeros: UInt64 = 1

/// Copies up to the size less one and terminates; returns the length with the zero byte. Where there is nothing to copy,
/// the function for other tasks leaves an empty string, the other one what was there.
private func copyString(
  _ run: ProgramRun, _ invocation: borrowing Invocation, _ name: String, of task: SimulatedTask, flags: UInt64,
  isOfAnyTask: Bool
) throws(ExecutionFault) -> UInt64 {
  try run.requireSleepable(name)
  let (destination, address) = (invocation.r1, invocation.r3)
  let size = try run.size(UInt64(UInt32(truncatingIfNeeded: invocation.r2)), name, argument: 2)
  guard flags & ~padZeros == 0 else { return LinuxErrno.invalidArgument.register }
  guard size > 0 else { return 0 }
  try run.requireWritable(destination, count: size, name, argument: 1)
  let string = task.memory?.readString(address, limit: size, run.faultingAccess(by: run.task))
  let result = string.map { Int64($0.count) } ?? LinuxErrno.badAddress.returnValue
  run.machine.record(.copiedFromUser(function: name, address: address, result: result), on: run.cpu)
  guard let string else {
    if flags & padZeros != 0 {
      try run.write([UInt8](repeating: 0, count: size), to: destination, name, argument: 1)
    } else if isOfAnyTask {
      try run.write([0], to: destination, name, argument: 1)
    }
    return LinuxErrno.badAddress.register
  }
  // The function for the current task leaves the place of the zero byte out of the room for words.
  var stored = UserString.stored(string, limit: isOfAnyTask ? size : size - 1)
  if flags & padZeros != 0 { stored.append(contentsOf: repeatElement(0, count: size - stored.count)) }
  try run.write(stored, to: destination, name, argument: 1)
  return UInt64(string.count)
}
