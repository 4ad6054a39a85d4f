import BPFExecution
import BPFObject

/// Running programs and their callbacks.
extension Machine {
  /// Runs a program from its first instruction on the given context.
  ///
  /// - Returns: r0 at its end.
  /// - Throws: the fault, which has been recorded already.
  @discardableResult
  func run(
    _ program: LoadedProgram, context bytes: [UInt8], isWritable: Bool, cookie: UInt64 = 0, origin: RunOrigin = .call,
    contextResult: ((ProgramAddress) -> Void)? = nil, on cpu: CPU
  ) throws(ProgramFault) -> UInt64 {
    let address: ProgramAddress
    do {
      address = try takeContext(bytes, isWritable: isWritable, name: "the context of '\(program.name)'")
    } catch {
      let fault = ProgramFault(
        program: program.name, function: program.name, line: nil, fault: ExecutionFault(.environment("\(error)")))
      record(fault, on: cpu)
      throw fault
    }
    defer { giveBackContext(address) }
    let run = ProgramRun(
      machine: self, program: program, cpu: cpu,
      isSleepable: program.kind.isSleepable || program.kind.type == .systemCall, context: address, cookie: cookie)
    run.origin = origin
    program.runCount += 1
    let result = try execute(run, entry: 0, arguments: [address])
    contextResult?(address)
    record(
      .programRan(name: program.name, result: Int64(bitPattern: result.value), instructions: result.instructions),
      on: cpu)
    return result.value
  }

  /// Runs a function of a program that the kernel calls by itself: a timer's or a task-work callback.
  @discardableResult
  func runCallback(
    of program: LoadedProgram, entry: Int, arguments: [UInt64], isSleepable: Bool,
    results: ClosedRange<Int64> = Int64(Int32.min)...Int64(Int32.max), on cpu: CPU
  ) throws(ProgramFault) -> UInt64 {
    let run = ProgramRun(machine: self, program: program, cpu: cpu, isSleepable: isSleepable, context: nil)
    let result = try execute(run, entry: entry, arguments: arguments).value
    guard results.contains(Int64(bitPattern: result)) else {
      let fault = ProgramFault(
        ExecutionFault(
          .environment(
            "At async callback return the register R0 has \(Int64(bitPattern: result)), which should have been in "
              + "[\(results.lowerBound), \(results.upperBound)]")), in: program)
      record(fault, on: cpu)
      throw fault
    }
    return result
  }

  func execute(
    _ run: ProgramRun, entry: Int, arguments: [UInt64]
  ) throws(ProgramFault) -> (value: UInt64, instructions: Int) {
    run.cpu.activityDepth += 1
    let isCounted = run.program.kind.type.isCountedAsActive
    if isCounted { run.cpu.activeProgramCount += 1 }
    actingCPUs.append(run.cpu)
    defer {
      actingCPUs.removeLast()
      if isCounted { run.cpu.activeProgramCount -= 1 }
      run.cpu.activityDepth -= 1
    }
    let budget = UInt64(configuration.instructionBudget)
    do throws(ExecutionFault) {
      let (result, count) = try interpret(run, entry: entry, arguments: arguments, budget: budget)
      spend(UInt64(count) * configuration.costs.instruction)
      if let fault = run.checkBalance() { throw fault }
      return (result, count)
    } catch {
      run.releaseEverything()
      let fault = ProgramFault(error, in: run.program)
      record(fault, on: run.cpu)
      throw fault
    }
  }

  /// Runs a function to its end; an exception ends it with what the program's callback for exceptions makes of it, or with
  /// the cookie where it has none.
  private func interpret(
    _ run: ProgramRun, entry: Int, arguments: [UInt64], budget: UInt64
  ) throws(ExecutionFault) -> (UInt64, Int) {
    let padded = arguments + [UInt64](repeating: 0, count: max(0, 5 - arguments.count))
    do throws(ExecutionFault) {
      let result = try interpreter.run(
        run.program.prepared, entry: entry, r1: padded[0], r2: padded[1], r3: padded[2], r4: padded[3],
        r5: padded[4], budget: budget, environment: run)
      return (result, Int(clamping: interpreter.executedInstructionCount))
    } catch {
      guard case .exception(let cookie) = error.reason else { throw error }
      let count = Int(clamping: interpreter.executedInstructionCount)
      guard let callback = run.program.exceptionCallback else { return (cookie, count) }
      let result = try interpreter.run(
        run.program.prepared, entry: callback, r1: cookie, budget: budget, environment: run)
      return (result, count + Int(clamping: interpreter.executedInstructionCount))
    }
  }

  /// A region for a context; regions of earlier runs are used again.
  func takeContext(
    _ bytes: [UInt8], isWritable: Bool, name: String
  ) throws(AddressSpaceError) -> ProgramAddress {
    let address: ProgramAddress
    if let free = freeContexts.popLast() {
      address = free
    } else {
      address = try memory.allocate(byteCount: Self.contextCapacity, name: "the context")
    }
    guard bytes.count <= Self.contextCapacity else {
      freeContexts.append(address)
      throw .invalidLength(readable: bytes.count, writable: bytes.count)
    }
    try memory.resize(address, readable: bytes.count, writable: isWritable ? bytes.count : 0)
    memory.storeAsKernel(bytes, at: address)
    return address
  }

  func giveBackContext(_ address: ProgramAddress) {
    try? memory.resize(address, readable: 0)
    freeContexts.append(address)
  }

  /// The greatest context in bytes; the kernel takes up to a page for `syscall` programs.
  static let contextCapacity = 4096
}

extension ProgramType {
  /// Whether `bpf_prog_active` counts runs of such programs.
  fileprivate var isCountedAsActive: Bool {
    switch self {
    case .kprobe, .tracepoint, .perfEvent: true
    default: false
    }
  }
}

extension ProgramFault {
  init(_ fault: ExecutionFault, in program: LoadedProgram) {
    self.program = program.name
    function = fault.place?.function ?? program.name
    if let instruction = fault.place?.instruction, let line = program.line(at: instruction) {
      self.line = "\(line.file):\(line.line)"
    }
    self.fault = fault
  }
}
