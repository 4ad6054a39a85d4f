import BPFExecution
import BPFMaps
import BPFTaskWork

/// The four names of the two kfuncs that schedule task work: those of Linux 6.18 end in `_impl` and take a fifth
/// argument that is ignored, those since 7.0 do not. An object written for either loads.
let taskWorkKernelFunctions: [KernelFunctionImplementation] = [
  .init(name: "bpf_task_work_schedule_resume_impl", body: scheduling(.resume)),
  .init(name: "bpf_task_work_schedule_signal_impl", body: scheduling(.signal)),
  .init(name: "bpf_task_work_schedule_resume", body: scheduling(.resume)),
  .init(name: "bpf_task_work_schedule_signal", body: scheduling(.signal)),
]

private func scheduling(_ mode: TaskWorkMode) -> FunctionBody {
  { run, invocation throws(ExecutionFault) in try schedule(mode, run, &invocation) }
}

/// Checks what the kernel's verifier proves of the arguments, in its order, then schedules.
private func schedule(
  _ mode: TaskWorkMode, _ run: ProgramRun, _ invocation: inout Invocation
) throws(ExecutionFault) -> UInt64 {
  let machine = run.machine
  guard let task = machine.tasksByAddress[invocation.r1] else {
    throw ExecutionFault(.environment("arg0 of the schedule kfunc is not a task"))
  }
  let program = run.program(of: invocation)
  guard let map = machine.map(holding: invocation.r2),
    let offset = map.offset(of: invocation.r2), let element = map.map.element(containing: offset),
    let value = map.map.valueOffset(of: element)
  else {
    throw ExecutionFault(.environment("arg#1 of the schedule kfunc doesn't point to a map value"))
  }
  guard let field = map.taskWorkOffset else {
    throw ExecutionFault(.environment("map '\(map.name)' has no valid bpf_task_work"))
  }
  guard offset - value == field else {
    throw ExecutionFault(
      .environment("off \(offset - value) doesn't point to 'struct bpf_task_work' that is at \(field)"))
  }
  guard let named = machine.map(at: invocation.r3) else {
    throw ExecutionFault(.environment("pointer in R3 isn't map pointer"))
  }
  guard named === map else {
    throw ExecutionFault(
      .environment(
        "bpf_task_work pointer in R2 is of a value of map '\(map.name)', "
          + "which doesn't match map '\(named.name)' in R3"))
  }
  guard let callback = invocation.r4.functionSlot, program.prepared.isFunctionStart(callback) else {
    throw ExecutionFault(.environment("arg3 of the schedule kfunc is not a function of the program"))
  }
  if run.heldLock != nil {
    throw ExecutionFault(.environment("function calls are not allowed while holding a lock"))
  }
  let result = machine.taskWork.schedule(
    mode, element: element, of: map, on: task, callback: callback, of: program, cpu: run.cpu)
  return UInt64(bitPattern: result)
}
