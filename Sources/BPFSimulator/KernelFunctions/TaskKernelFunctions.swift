import BPFExecution
import BPFMaps

/// References to tasks.
let taskKernelFunctions: [KernelFunctionImplementation] = [
  .init(name: "bpf_task_from_pid") { run, invocation throws(ExecutionFault) in
    guard let task = run.machine.task(pid: Int32(truncatingIfNeeded: invocation.r1)) else { return 0 }
    return run.acquire(task)
  },
  // There is one namespace of process numbers.
  .init(name: "bpf_task_from_vpid") { run, invocation throws(ExecutionFault) in
    guard let task = run.machine.task(pid: Int32(truncatingIfNeeded: invocation.r1)) else { return 0 }
    return run.acquire(task)
  },
  .init(name: "bpf_task_acquire") { run, invocation throws(ExecutionFault) in
    run.acquire(try run.task(invocation.r1, "bpf_task_acquire"))
  },
  .init(name: "bpf_task_release") { run, invocation throws(ExecutionFault) in
    let task = try run.task(invocation.r1, "bpf_task_release")
    guard let count = run.acquired[invocation.r1] else {
      throw ExecutionFault(.environment("bpf_task_release: the program holds no reference on task \(task.name)"))
    }
    run.acquired[invocation.r1] = count > 1 ? count - 1 : nil
    run.machine.releaseReference(to: task)
    return 0
  },
]

extension ProgramRun {
  /// Takes a reference for the program; 0 when the task is gone.
  fileprivate func acquire(_ task: SimulatedTask) -> UInt64 {
    guard machine.takeReference(to: task) else { return 0 }
    acquired[task.object.address, default: 0] += 1
    return task.object.address
  }
}
