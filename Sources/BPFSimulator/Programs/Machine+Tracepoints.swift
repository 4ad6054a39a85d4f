/// Tracepoints: the arguments that raw and typed programs get, and the records that others get, are those of Linux 6.18.
extension Machine {
  /// Lets a CPU pass a tracepoint: raw tracepoint programs and typed ones (`tp_btf`) run on the arguments.
  ///
  /// The machine itself passes `sys_enter`, `sys_exit`, `sched_switch` and `sched_process_fork`, `_exec` and `_exit`;
  /// this is for all others.
  ///
  /// - Parameters:
  ///   - name: the tracepoint.
  ///   - arguments: as many words as the tracepoint's declaration has arguments.
  ///   - number: the CPU.
  public func passRawTracepoint(_ name: String, _ arguments: [UInt64], on number: Int) throws(MachineError) {
    let cpu = try cpu(number)
    try operate { () throws(MachineError) in fireRawTracepoint(name, arguments, on: cpu) }
  }

  /// Lets a CPU pass a tracepoint: tracepoint programs run on the record.
  ///
  /// - Parameters:
  ///   - group: the group, such as `sched`.
  ///   - name: the tracepoint.
  ///   - record: the bytes of the record behind its `struct trace_entry`.
  ///   - number: the CPU.
  public func passTracepoint(
    _ group: String, _ name: String, record: [UInt8], on number: Int
  ) throws(MachineError) {
    let cpu = try cpu(number)
    try operate { () throws(MachineError) in
      fireTracepoint(group, name, on: cpu) { traceEntry(on: cpu).littleEndianBytes + record }
    }
  }

  // MARK: System calls

  func fireSystemCallEntry(_ call: SystemCall, of task: SimulatedTask, on cpu: CPU) {
    let arguments = Array((call.arguments + [UInt64](repeating: 0, count: 6)).prefix(6))
    task.registers.rdi = arguments[0]
    task.registers.rsi = arguments[1]
    task.registers.rdx = arguments[2]
    task.registers.r10 = arguments[3]
    task.registers.r8 = arguments[4]
    task.registers.r9 = arguments[5]
    fireRawTracepoint("sys_enter", [registersAddress(of: task), UInt64(bitPattern: call.number)], on: cpu)
    fireSystemCallTracepoints("sys_enter", call, arguments, on: cpu)
  }

  func fireSystemCallExit(_ call: SystemCall, of task: SimulatedTask, result: Int64, on cpu: CPU) {
    fireRawTracepoint("sys_exit", [registersAddress(of: task), UInt64(bitPattern: result)], on: cpu)
    fireSystemCallTracepoints("sys_exit", call, [UInt64(bitPattern: result)], on: cpu)
  }

  /// The record of all calls and that of one call have the same shape: the number, then words.
  private func fireSystemCallTracepoints(_ name: String, _ call: SystemCall, _ words: [UInt64], on cpu: CPU) {
    let record = { [self] in
      ([traceEntry(on: cpu), UInt64(bitPattern: call.number)] + words).flatMap(\.littleEndianBytes)
    }
    fireTracepoint("raw_syscalls", name, on: cpu, record)
    fireTracepoint("syscalls", "\(name)_\(call.name)", on: cpu, record)
  }

  // MARK: Scheduling

  func fireScheduleSwitch(from previous: SimulatedTask, to next: SimulatedTask, on cpu: CPU) {
    // A task that could go on was preempted, but for the idle task, which gives way.
    let isPreempted = previous.schedulerState == 0 && previous.kind != .idle
    let state = previous.schedulerState
    fireRawTracepoint(
      "sched_switch", [isPreempted ? 1 : 0, previous.object.address, next.object.address, state], on: cpu)
    fireTracepoint(
      "sched", "sched_switch", structure: "trace_event_raw_sched_switch",
      [
        ("prev_comm", .string(previous.comm)), ("prev_pid", .number(previous.pid)), ("prev_prio", .number(120)),
        // TASK_REPORT_MAX stands for a task that was preempted.
        ("prev_state", .number(isPreempted ? 0x100 : Int32(truncatingIfNeeded: state))),
        ("next_comm", .string(next.comm)), ("next_pid", .number(next.pid)), ("next_prio", .number(120)),
      ], on: cpu)
  }

  func fireFork(of parent: SimulatedTask, child: SimulatedTask, on cpu: CPU) {
    fireRawTracepoint("sched_process_fork", [parent.object.address, child.object.address], on: cpu)
    fireTracepoint(
      "sched", "sched_process_fork", structure: "trace_event_raw_sched_process_fork",
      [
        ("__data_loc_parent_comm", .string(parent.comm)), ("parent_pid", .number(parent.pid)),
        ("__data_loc_child_comm", .string(child.comm)), ("child_pid", .number(child.pid)),
      ], on: cpu)
  }

  /// The machine knows of a new image only its name, which stands for the path.
  func fireExecute(_ task: SimulatedTask, on cpu: CPU) {
    let image = makeExecutedImage(task)
    defer { for object in image { kernelObjects.release(object) } }
    fireRawTracepoint(
      "sched_process_exec",
      [task.object.address, UInt64(UInt32(bitPattern: task.pid)), image.first?.address ?? 0], on: cpu)
    fireTracepoint(
      "sched", "sched_process_exec", structure: "trace_event_raw_sched_process_exec",
      [("__data_loc_filename", .string(task.comm)), ("pid", .number(task.pid)), ("old_pid", .number(task.pid))],
      on: cpu)
  }

  /// A `struct linux_binprm` and the structure in which its name is, when a program looks at them.
  private func makeExecutedImage(_ task: SimulatedTask) -> [KernelObject] {
    let isWatched = attachments.contains {
      if case .rawTracepoint("sched_process_exec") = $0.point { true } else { false }
    }
    guard isWatched, let image = try? kernelObjects.make("linux_binprm") else { return [] }
    guard let entry = try? kernelObjects.make("dentry"),
      let name = try? entry.layout.field("d_shortname.string")
    else { return [image] }
    try? kernelObjects.store(string: task.comm, in: "d_shortname.string", of: entry)
    try? kernelObjects.store(entry.address + UInt64(name.offset), in: "filename", of: image)
    try? kernelObjects.store(entry.address + UInt64(name.offset), in: "interp", of: image)
    return [image, entry]
  }

  func fireExit(of task: SimulatedTask, on cpu: CPU) {
    let isLast = !tasks.values.contains { $0.tgid == task.tgid && $0 !== task && $0.isAlive && !$0.isExiting }
    fireRawTracepoint("sched_process_exit", [task.object.address, isLast ? 1 : 0], on: cpu)
    fireTracepoint(
      "sched", "sched_process_exit", structure: "trace_event_raw_sched_process_exit",
      [
        ("comm", .string(task.comm)), ("pid", .number(task.pid)), ("prio", .number(120)),
        ("group_dead", .number(isLast ? 1 : 0)),
      ], on: cpu)
  }

  // MARK: Programs

  private func fireRawTracepoint(_ name: String, _ arguments: [UInt64], on cpu: CPU) {
    for attachment in attachments {
      guard case .rawTracepoint(name) = attachment.point else { continue }
      runAttached(attachment, context: arguments, on: cpu)
    }
  }

  private func fireTracepoint(_ group: String, _ name: String, on cpu: CPU, _ record: () -> [UInt8]) {
    let interested = attachments.filter {
      if case .tracepoint(group, name) = $0.point { true } else { false }
    }
    guard !interested.isEmpty else { return }
    let bytes = record()
    for attachment in interested { runAttached(attachment, contextBytes: bytes, on: cpu) }
  }

  /// The value of a member of a tracepoint's record.
  private enum RecordField {
    case number(Int32)
    /// Cut to fit an array, or behind the record where the member is its place (`__data_loc_…`).
    case string(String)
  }

  private func fireTracepoint(
    _ group: String, _ name: String, structure: String, _ fields: [(String, RecordField)], on cpu: CPU
  ) {
    fireTracepoint(group, name, on: cpu) {
      guard let layout = try? kernelObjects.layout(structure), let data = try? layout.field("__data") else { return [] }
      var bytes = [UInt8](repeating: 0, count: data.offset)
      bytes.replaceSubrange(0..<8, with: traceEntry(on: cpu).littleEndianBytes)
      for (path, value) in fields {
        guard let field = try? layout.field(path), field.offset + field.byteCount <= data.offset else { continue }
        var content: [UInt8]
        switch value {
        case .number(let number):
          content = Array(UInt64(bitPattern: Int64(number)).littleEndianBytes.prefix(field.byteCount))
        case .string(let string) where path.hasPrefix("__data_loc_"):
          let text = Array(string.utf8) + [0]
          content = Array(UInt64(bytes.count | text.count << 16).littleEndianBytes.prefix(field.byteCount))
          bytes += text
        case .string(let string): content = Array(string.utf8.prefix(max(field.byteCount - 1, 0)))
        }
        bytes.replaceSubrange(field.offset..<field.offset + content.count, with: content)
      }
      return bytes
    }
  }

  /// `struct trace_entry`: the number of the event, flags, the preemption count, the thread.
  private func traceEntry(on cpu: CPU) -> UInt64 {
    UInt64(UInt32(bitPattern: cpu.current.pid)) << 32
  }
}

extension SimulatedTask {
  /// What `task_struct::__state` and `exit_state` say of it in `sched_switch`.
  fileprivate var schedulerState: UInt64 {
    switch state {
    case .runnable, .running: 0
    // TASK_UNINTERRUPTIBLE, TASK_INTERRUPTIBLE
    case .blocked: systemCall?.whenInterrupted == .isUninterruptible ? 2 : 1
    case .waitingForPage: 2
    case .stopped: isTraced ? 8 : 4  // __TASK_TRACED, __TASK_STOPPED
    case .zombie, .dead: 0x80  // TASK_DEAD
    }
  }
}

extension UInt64 {
  /// The bytes as they lie in the memory of a little-endian machine.
  var littleEndianBytes: [UInt8] { withUnsafeBytes(of: littleEndian, Array.init) }
}
