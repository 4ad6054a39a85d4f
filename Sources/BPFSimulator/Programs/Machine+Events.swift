import BPFExecution
import BPFObject

/// The events of the machine at which attached programs run.
extension Machine {
  /// Runs the programs of the perf events that count on a CPU and its current task.
  func firePerfEvents(on cpu: CPU) throws(MachineError) {
    let registers = sampledRegisters(on: cpu)
    for attachment in attachments {
      guard case .perfEvent(let number, let pid, let period) = attachment.point,
        number == nil || number == cpu.number, pid == nil || pid == cpu.current.pid
      else { continue }
      let context = registers.words + [period, 0]
      runAttached(attachment, context: context, origin: .interrupt(registers), on: cpu)
    }
  }

  /// The registers at the interrupt: the task's in user mode, those of the kernel's innermost function otherwise.
  private func sampledRegisters(on cpu: CPU) -> UserRegisters {
    guard let address = kernelCallChain(on: cpu, isInterruptLeftOut: true).first else { return cpu.current.registers }
    return .kernel(at: address)
  }

  func fireSystemCallEntry(_ call: SystemCall, of task: SimulatedTask, on cpu: CPU) {
    let arguments = call.arguments + [UInt64](repeating: 0, count: max(0, 6 - call.arguments.count))
    task.registers.rdi = arguments[0]
    task.registers.rsi = arguments[1]
    task.registers.rdx = arguments[2]
    task.registers.r10 = arguments[3]
    task.registers.r8 = arguments[4]
    task.registers.r9 = arguments[5]
    fireRawTracepoint("sys_enter", [registersAddress(of: task), UInt64(bitPattern: call.number)], on: cpu)
    let record = [UInt64(bitPattern: call.number)] + arguments.prefix(6)
    fireTracepoint("raw_syscalls", "sys_enter", record, on: cpu)
    fireTracepoint("syscalls", "sys_enter_\(call.name)", record, on: cpu)
  }

  func fireSystemCallExit(_ call: SystemCall, of task: SimulatedTask, result: Int64, on cpu: CPU) {
    fireRawTracepoint("sys_exit", [registersAddress(of: task), UInt64(bitPattern: result)], on: cpu)
    let record = [UInt64(bitPattern: call.number), UInt64(bitPattern: result)]
    fireTracepoint("raw_syscalls", "sys_exit", record, on: cpu)
    fireTracepoint("syscalls", "sys_exit_\(call.name)", record, on: cpu)
  }

  func fireScheduleSwitch(from previous: SimulatedTask, to next: SimulatedTask, on cpu: CPU) {
    let arguments = [0, previous.object.address, next.object.address, 0]
    fireRawTracepoint("sched_switch", arguments, on: cpu)
    fireTracepoint(
      "sched", "sched_switch", structure: "trace_event_raw_sched_switch",
      [
        ("prev_comm", .string(previous.comm)), ("prev_pid", .number(UInt64(bitPattern: Int64(previous.pid)))),
        ("prev_prio", .number(120)), ("prev_state", .number(0)), ("next_comm", .string(next.comm)),
        ("next_pid", .number(UInt64(bitPattern: Int64(next.pid)))), ("next_prio", .number(120)),
      ], on: cpu)
  }

  func fireFork(of parent: SimulatedTask, child: SimulatedTask, on cpu: CPU) {
    fireRawTracepoint("sched_process_fork", [parent.object.address, child.object.address], on: cpu)
    fireTracepoint(
      "sched", "sched_process_fork", structure: "trace_event_raw_sched_process_fork",
      [
        ("parent_pid", .number(UInt64(bitPattern: Int64(parent.pid)))),
        ("child_pid", .number(UInt64(bitPattern: Int64(child.pid)))),
      ], on: cpu)
  }

  func fireExecute(_ task: SimulatedTask, on cpu: CPU) {
    fireRawTracepoint("sched_process_exec", [task.object.address, UInt64(task.pid), 0], on: cpu)
    fireTracepoint(
      "sched", "sched_process_exec", structure: "trace_event_raw_sched_process_exec",
      [("pid", .number(UInt64(task.pid))), ("old_pid", .number(UInt64(task.pid)))], on: cpu)
  }

  func fireExit(of task: SimulatedTask, on cpu: CPU) {
    fireRawTracepoint("sched_process_exit", [task.object.address, 1], on: cpu)
    fireTracepoint(
      "sched", "sched_process_exit", structure: "trace_event_raw_sched_process_template",
      [("comm", .string(task.comm)), ("pid", .number(UInt64(task.pid))), ("prio", .number(120))], on: cpu)
  }

  // MARK: Probes

  /// Lets a CPU go through a kernel function: probes at its entry, what it does, probes at its return.
  ///
  /// Programs of type `fexit` find the result behind the arguments: give as many as the function's declaration has.
  ///
  /// - Returns: what the function returned.
  @discardableResult
  public func callKernelFunction(
    _ name: String, _ arguments: [UInt64] = [], on number: Int, _ body: () throws(MachineError) -> UInt64 = { 0 }
  ) throws(MachineError) -> UInt64 {
    let cpu = try cpu(number)
    return try operate { () throws(MachineError) -> UInt64 in
      try traverse(arguments, .kernel(at: KernelText.address(of: name)), on: cpu) { attachment in
        guard case .kernelFunction(name, let isReturn) = attachment.point else { return nil }
        return isReturn
      } _: { () throws(MachineError) -> UInt64 in
        try body()
      }
    }
  }

  /// Lets a running task go through one of its own functions. Task work that a probe requests runs before the
  /// instruction at which the probe sits.
  @discardableResult
  public func callUserFunction(
    _ name: String, _ arguments: [UInt64] = [], by task: SimulatedTask,
    _ body: () throws(MachineError) -> UInt64 = { 0 }
  ) throws(MachineError) -> UInt64 {
    guard case .running(let number) = task.state else {
      throw MachineError("\(task.name) is not running: put it on a CPU first")
    }
    let cpu = cpus[number]
    return try operate { () throws(MachineError) -> UInt64 in
      try traverse(arguments, task.registers, on: cpu) { attachment in
        guard case .userFunction(name, let isReturn) = attachment.point else { return nil }
        return isReturn
      } _: { () throws(MachineError) -> UInt64 in
        if cpu.contexts.isEmpty { settle() }
        return try body()
      }
    }
  }

  private func traverse(
    _ arguments: [UInt64], _ registers: UserRegisters, on cpu: CPU, isReturn: (EventAttachment) -> Bool?,
    _ body: () throws(MachineError) -> UInt64
  ) throws(MachineError) -> UInt64 {
    var passage = Passage(function: registers.rip, arguments: arguments, registers: registers)
    for attachment in attachments where isReturn(attachment) == false {
      runProbe(attachment, passage, on: cpu)
    }
    let result = try body()
    passage.registers.rax = result
    passage.result = result
    for attachment in attachments where isReturn(attachment) == true {
      runProbe(attachment, passage, on: cpu)
    }
    return result
  }

  /// What probes see of a function that is entered or left.
  private struct Passage {
    var function: UInt64
    var arguments: [UInt64]
    var registers: UserRegisters
    var result: UInt64?

    init(function: UInt64, arguments: [UInt64], registers: UserRegisters) {
      self.function = function
      self.arguments = arguments
      self.registers = registers
      let padded = arguments + [UInt64](repeating: 0, count: max(0, 6 - arguments.count))
      self.registers.rdi = padded[0]
      self.registers.rsi = padded[1]
      self.registers.rdx = padded[2]
      self.registers.rcx = padded[3]
      self.registers.r8 = padded[4]
      self.registers.r9 = padded[5]
    }
  }

  /// A probe in user code enters the kernel by a trap, one in kernel code is already there. Tracing programs get the
  /// arguments, and at the return the result behind them, other probes the registers.
  private func runProbe(_ attachment: EventAttachment, _ passage: Passage, on cpu: CPU) {
    let isTrap = cpu.context == .user
    if isTrap { cpu.enter(.task) }
    if attachment.program.kind.type == .tracing {
      let traced = TracedFunction(
        address: passage.function, argumentCount: passage.arguments.count, hasResult: passage.result != nil)
      let result = passage.result.map { [$0] } ?? []
      runAttached(attachment, context: passage.arguments + result, origin: .function(traced), on: cpu)
    } else {
      runAttached(
        attachment, context: passage.registers.words,
        origin: .probe(passage.registers, function: passage.function), on: cpu)
    }
    if isTrap { cpu.leave() }
  }

  // MARK: Tracepoints

  /// A member of a tracepoint's record.
  enum RecordField {
    case number(UInt64)
    case string(String)
  }

  func fireRawTracepoint(_ name: String, _ arguments: [UInt64], on cpu: CPU) {
    for attachment in attachments {
      guard case .rawTracepoint(name) = attachment.point else { continue }
      runAttached(attachment, context: arguments, on: cpu)
    }
  }

  private func fireTracepoint(_ group: String, _ name: String, _ words: [UInt64], on cpu: CPU) {
    for attachment in attachments {
      guard case .tracepoint(group, name) = attachment.point else { continue }
      runAttached(attachment, context: [traceEntry(on: cpu)] + words, on: cpu)
    }
  }

  private func fireTracepoint(
    _ group: String, _ name: String, structure: String, _ fields: [(String, RecordField)], on cpu: CPU
  ) {
    let interested = attachments.filter {
      if case .tracepoint(group, name) = $0.point { true } else { false }
    }
    guard !interested.isEmpty, let layout = try? kernelObjects.layout(structure) else { return }
    var bytes = [UInt8](repeating: 0, count: layout.byteCount)
    bytes.replaceSubrange(0..<8, with: withUnsafeBytes(of: traceEntry(on: cpu).littleEndian, Array.init))
    for (path, value) in fields {
      guard let field = try? layout.field(path) else { continue }
      let content =
        switch value {
        case .number(let number): withUnsafeBytes(of: number.littleEndian) { Array($0.prefix(field.byteCount)) }
        case .string(let string): Array(string.utf8.prefix(max(field.byteCount - 1, 0)))
        }
      bytes.replaceSubrange(field.offset..<field.offset + content.count, with: content)
    }
    for attachment in interested { runAttached(attachment, contextBytes: bytes, on: cpu) }
  }

  /// `struct trace_entry`: the number of the event, flags, the preemption count, the thread.
  private func traceEntry(on cpu: CPU) -> UInt64 {
    UInt64(UInt32(bitPattern: cpu.current.pid)) << 32
  }

  /// The value of one member of any attached program's context, as 64-bit words.
  func runAttached(
    _ attachment: EventAttachment, context words: [UInt64], origin: RunOrigin = .call, on cpu: CPU
  ) {
    let bytes = words.flatMap { withUnsafeBytes(of: $0.littleEndian, Array.init) }
    runAttached(attachment, contextBytes: bytes, origin: origin, on: cpu)
  }

  func runAttached(
    _ attachment: EventAttachment, contextBytes bytes: [UInt8], origin: RunOrigin = .call, on cpu: CPU
  ) {
    _ = try? run(
      attachment.program, context: bytes, isWritable: false, cookie: attachment.cookie, origin: origin, on: cpu)
  }
}
