import BPFObject

/// Functions of the kernel and of user programs, with the probes and tracing programs at their ends.
extension Machine {
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
      try traverse(arguments, .kernel(at: textAddress(of: name)), on: cpu) { attachment in
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
}
