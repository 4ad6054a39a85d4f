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
  .init("bpf_jiffies64") { run, _ in jiffies(at: run.machine.now) },
  .init("bpf_get_current_cgroup_id") { _, _ in rootCgroup },
  .init("bpf_get_current_ancestor_cgroup_id") { _, invocation in
    // Every task is in the root, which is the only group.
    Int32(truncatingIfNeeded: invocation.r1) == 0 ? rootCgroup : 0
  },
  .init("bpf_get_ns_current_pid_tgid", namespaceNumbers),
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

/// The number of the only control group.
private let rootCgroup: UInt64 = 1

/// Ticks of 4 ms (`CONFIG_HZ` is 250). The count begins five minutes before 32 bits overflow, as in Linux.
private func jiffies(at time: UInt64) -> UInt64 {
  let atStart = UInt64(UInt32(bitPattern: -300 * 250))
  return atStart + time / 4_000_000
}

/// Thread and process as a namespace numbers them; there is only the first namespace.
private func namespaceNumbers(_ run: ProgramRun, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
  let name = "bpf_get_ns_current_pid_tgid"
  let size = try run.size(UInt64(UInt32(truncatingIfNeeded: invocation.r4)), name, argument: 4)
  let isKnown = invocation.r1 == Machine.pidNamespace.device && invocation.r2 == Machine.pidNamespace.inode
  guard size == 8, isKnown else {
    try run.write([UInt8](repeating: 0, count: size), to: invocation.r3, name, argument: 3)
    return LinuxErrno.invalidArgument.register
  }
  let numbers = [run.task.pid, run.task.tgid]
  try run.write(
    numbers.flatMap { withUnsafeBytes(of: $0.littleEndian, Array.init) }, to: invocation.r3, name, argument: 3)
  return 0
}

extension Machine {
  /// What `stat` says of `/proc/self/ns/pid`, which `bpf_get_ns_current_pid_tgid` takes: the first namespace, the only
  /// one that the machine has.
  public static let pidNamespace: (device: UInt64, inode: UInt64) = (4, 0xefff_fffc)
}

/// The signal is sent at once in task context with interrupts on, and otherwise by a deferred step, of which each CPU
/// has one.
private func sendSignal(_ run: ProgramRun, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
  let signal = UInt32(truncatingIfNeeded: invocation.r1)
  guard run.task.kind == .user, !run.task.isExiting, run.task.pid != 1 else {
    return LinuxErrno.operationNotPermitted.register
  }
  guard signal <= 64 else { return LinuxErrno.invalidArgument.register }
  let isImmediate = run.cpu.context <= .task && run.cpu.interruptsOffDepth == 0 && run.preemptionOffDepth == 0
  guard isImmediate else {
    guard run.cpu.deferredSignal == nil else { return LinuxErrno.busy.register }
    run.cpu.deferredSignal = (Int32(signal), run.task)
    return 0
  }
  // Signal 0 only asks whether there could be one.
  if signal > 0 { run.machine.post(Int32(signal), to: run.task) }
  return 0
}
