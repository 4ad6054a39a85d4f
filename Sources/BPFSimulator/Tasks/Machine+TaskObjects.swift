import BPFExecution

/// The kernel's structures of a task, as programs read them.
extension Machine {
  /// Writes what has changed of a task into its `struct task_struct`.
  func writeTaskObject(_ task: SimulatedTask) throws(MachineError) {
    let object = task.object
    try kernelObjects.store(UInt64(UInt32(bitPattern: task.pid)), in: "pid", of: object)
    try kernelObjects.store(UInt64(UInt32(bitPattern: task.tgid)), in: "tgid", of: object)
    try kernelObjects.store(string: task.comm, in: "comm", of: object)
    try kernelObjects.store(task.startTime, in: "start_time", of: object)
    try kernelObjects.store(task.startTime, in: "start_boottime", of: object)
    var flags: UInt64 = task.kind == .user ? 0x40_0000 : 0x20_0000  // PF_RANDOMIZE, PF_KTHREAD
    if task.kind == .idle { flags |= 0x2 }  // PF_IDLE
    if task.isExiting { flags |= 0x4 }  // PF_EXITING
    try kernelObjects.store(flags, in: "flags", of: object)
    let leader = tasks[task.tgid] ?? task
    try kernelObjects.store(leader.object.address, in: "group_leader", of: object)
    let parent = task.parent ?? task
    try kernelObjects.store(parent.object.address, in: "real_parent", of: object)
    try kernelObjects.store(parent.object.address, in: "parent", of: object)
    try kernelObjects.store(try memoryObject(of: task), in: "mm", of: object)
  }

  /// The address of the `struct mm_struct` of a task, 0 when it has no memory.
  private func memoryObject(of task: SimulatedTask) throws(MachineError) -> ProgramAddress {
    guard let memory = task.memory else { return 0 }
    if let known = memoryObjects[ObjectIdentifier(memory)] { return known.address }
    let object = try kernelObjects.make("mm_struct")
    // Programs see by it that one has been loaded into the memory.
    try kernelObjects.store(UInt64(0x40_0000), in: "start_code", of: object)
    memoryObjects[ObjectIdentifier(memory)] = object
    return object.address
  }

  /// The address of the user registers of a task, as tracepoints and `bpf_task_pt_regs` give them, brought up to date.
  func registersAddress(of task: SimulatedTask) -> ProgramAddress {
    let object: KernelObject
    if let known = registerObjects[task.object.address] {
      object = known
    } else if let made = try? kernelObjects.make("pt_regs") {
      registerObjects[task.object.address] = made
      object = made
    } else {
      return 0
    }
    let bytes = task.registers.words.flatMap { withUnsafeBytes(of: $0.littleEndian, Array.init) }
    memory.storeAsKernel(bytes, at: object.address)
    return object.address
  }

  /// Gives back what belongs to a task that is gone.
  func releaseObjects(of task: SimulatedTask) {
    if let registers = registerObjects.removeValue(forKey: task.object.address) { kernelObjects.release(registers) }
    kernelObjects.release(task.object)
  }
}
