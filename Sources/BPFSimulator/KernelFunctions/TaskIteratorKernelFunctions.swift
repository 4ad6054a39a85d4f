import BPFExecution
import BPFMaps

/// Walking through tasks. A `struct bpf_iter_task` has the process that the walk is at, the thread that comes next and the
/// flags, 8 bytes each, as in Linux.
let taskIteratorKernelFunctions: [KernelFunctionImplementation] = [
  .init(name: "bpf_iter_task_new", body: begin),
  .init(name: "bpf_iter_task_next", body: next),
  .init(name: "bpf_iter_task_destroy") { run, invocation throws(ExecutionFault) in
    try run.write([UInt8](repeating: 0, count: 24), to: invocation.r1, "bpf_iter_task_destroy", argument: 1)
    return 0
  },
]

/// Which tasks are walked through (`enum bpf_task_iter` flags).
private enum Selection: UInt32 {
  /// All processes.
  case processes
  /// All threads.
  case threads
  /// The threads of one process, from a thread of it on.
  case threadsOfProcess
}

private func begin(_ run: ProgramRun, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
  let name = "bpf_iter_task_new"
  let (iterator, start) = (invocation.r1, invocation.r2)
  let selection = Selection(rawValue: UInt32(truncatingIfNeeded: invocation.r3))
  guard let selection, selection != .threadsOfProcess || start != 0 else {
    try run.write([UInt8](repeating: 0, count: 24), to: iterator, name, argument: 1)
    return LinuxErrno.invalidArgument.register
  }
  // All walks but that of one process begin at the idle task of the first CPU.
  let first = selection == .threadsOfProcess ? try run.task(start, name, argument: 2) : run.machine.cpus[0].idleTask
  let words = [first.object.address, first.object.address, UInt64(selection.rawValue)]
  try run.write(words.flatMap(\.littleEndianBytes), to: iterator, name, argument: 1)
  return 0
}

private func next(_ run: ProgramRun, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
  let name = "bpf_iter_task_next"
  let memory = run.machine.memory
  let iterator = invocation.r1
  guard let process = memory.load(iterator, as: UInt64.self), let place = memory.load(iterator + 8, as: UInt64.self),
    let flags = memory.load(iterator + 16, as: UInt32.self)
  else { throw run.invalidArgument(name, 1, iterator, "a bpf_iter_task") }
  guard place != 0, let selection = Selection(rawValue: flags) else { return 0 }
  var words = [process, 0, UInt64(flags)]
  if selection != .processes, let task = run.machine.tasksByAddress[place] {
    words[1] = run.machine.thread(after: task)?.object.address ?? 0
  }
  if selection != .threadsOfProcess, words[1] == 0, let task = run.machine.tasksByAddress[process] {
    words[1] = run.machine.process(after: task)?.object.address ?? 0
    words[0] = words[1]
  }
  try run.write(words.flatMap(\.littleEndianBytes), to: iterator, name, argument: 1)
  return place
}

extension Machine {
  /// The next thread of the same process, in the order in which they were made.
  fileprivate func thread(after task: SimulatedTask) -> SimulatedTask? {
    guard task.kind != .idle else { return nil }
    return tasks.values.filter { $0.tgid == task.tgid && $0.pid > task.pid && $0.state != .dead && $0.kind != .idle }
      .min { $0.pid < $1.pid }
  }

  /// The next process, in the order in which they were made.
  fileprivate func process(after task: SimulatedTask) -> SimulatedTask? {
    tasks.values.filter { $0.pid == $0.tgid && $0.pid > task.pid && $0.state != .dead && $0.kind != .idle }
      .min { $0.pid < $1.pid }
  }
}
