import BPFExecution
import BPFMaps

/// Who and where the program is: the current thread, the CPU, the time.
let currentTaskHelpers: [HelperImplementation] = [
  .init("bpf_get_current_task") { run, _ in run.task.object.address },
  .init("bpf_get_current_task_btf") { run, _ in run.task.object.address },
  .init("bpf_get_current_pid_tgid") { run, _ in
    UInt64(UInt32(bitPattern: run.task.tgid)) << 32 | UInt64(UInt32(bitPattern: run.task.pid))
  },
  .init("bpf_get_current_uid_gid") { run, _ in UInt64(run.task.groupID) << 32 | UInt64(run.task.userID) },
  .init("bpf_get_current_comm", currentComm),
  .init("bpf_get_smp_processor_id") { run, _ in UInt64(run.cpu.number) },
  .init("bpf_get_numa_node_id") { _, _ in 0 },
  .init("bpf_get_prandom_u32") { run, _ in UInt64(UInt32(truncatingIfNeeded: run.machine.random.next())) },
  .init("bpf_ktime_get_ns") { run, _ in run.machine.now },
  .init("bpf_ktime_get_boot_ns") { run, _ in run.machine.now },
  .init("bpf_ktime_get_coarse_ns") { run, _ in run.machine.now / 4_000_000 * 4_000_000 },
  .init("bpf_ktime_get_tai_ns") { run, _ in run.machine.realTime + 37_000_000_000 },
  .init("bpf_task_pt_regs", taskRegisters),
  .init("bpf_send_signal", sendSignal),
  .init("bpf_send_signal_thread", sendSignal),
]

private func currentComm(_ run: ProgramRun, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
  let name = "bpf_get_current_comm"
  let size = try run.size(UInt64(UInt32(truncatingIfNeeded: invocation.r2)), name, argument: 2)
  guard size > 0 else { return LinuxErrno.invalidArgument.register }
  var bytes = Array(run.task.comm.utf8.prefix(size - 1))
  bytes.append(contentsOf: repeatElement(0, count: size - bytes.count))
  try run.write(bytes, to: invocation.r1, name, argument: 1)
  return 0
}

private func taskRegisters(_ run: ProgramRun, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
  run.machine.registersAddress(of: try run.task(invocation.r1, "bpf_task_pt_regs"))
}

/// The signal is sent at once where that is allowed, and by a deferred step from an interrupt.
private func sendSignal(_ run: ProgramRun, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
  let signal = Int32(truncatingIfNeeded: invocation.r1)
  guard (1...64).contains(signal) else { return LinuxErrno.invalidArgument.register }
  guard run.task.kind == .user, !run.task.isExiting, run.task.pid != 1 else {
    return LinuxErrno.operationNotPermitted.register
  }
  run.machine.post(signal, to: run.task)
  return 0
}
