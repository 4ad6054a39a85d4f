import BPFMaps

/// The call chains that programs ask for: addresses, innermost first.
enum CallChain {
  /// The most frames of a chain (`kernel.perf_event_max_stack`).
  static let maximumDepth = 127

  /// The chain in user mode, followed through frame pointers: the instruction pointer, then each return address, which
  /// lies above the saved frame pointer. It ends where memory is not resident.
  static func user(_ registers: UserRegisters, in memory: UserMemory?, limit: Int) -> [UInt64] {
    guard limit > 0 else { return [] }
    var frames = [registers.rip]
    var frame = registers.rbp
    while frames.count < limit, let bytes = memory?.read(frame, count: 16, .residentOnly) {
      frames.append(word(bytes[8..<16]))
      frame = word(bytes[0..<8])
    }
    return frames
  }

  private static func word(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }
}

extension Machine {
  /// The chain of what a CPU does in the kernel now.
  ///
  /// - Parameter isInterruptLeftOut: whether the chain is that of what the last interrupt has interrupted.
  func kernelCallChain(on cpu: CPU, isInterruptLeftOut: Bool = false) -> [UInt64] {
    let contexts = isInterruptLeftOut ? cpu.contexts.dropLast() : cpu.contexts[...]
    var names = contexts.reversed().flatMap(KernelText.frames(of:))
    let base = KernelText.frames(of: cpu.current)
    // The way to user mode is the end of a system call or of an interrupt.
    if base.isEmpty, contexts.first == .task { names += ["do_syscall_64", "entry_SYSCALL_64_after_hwframe"] }
    return (names + base).map(textAddress(of:))
  }

  /// The chain of a task in the kernel, whether it runs or not.
  func kernelCallChain(of task: SimulatedTask) -> [UInt64] {
    if let cpu = cpus.first(where: { $0.current === task }) { return kernelCallChain(on: cpu) }
    return KernelText.frames(of: task).map(textAddress(of:))
  }

  /// The address of a kernel function, which has the function's name from then on.
  func textAddress(of name: String) -> UInt64 {
    let address = KernelText.address(of: name)
    kernelSymbols[address] = name
    return address
  }

  /// The name of the kernel function at an address that a program has got from this machine: in a call chain, as an
  /// instruction pointer, or as the address of a symbol.
  public func kernelSymbol(at address: UInt64) -> String? { kernelSymbols[address] }
}

extension ProgramRun {
  /// The chain as the run's event found it.
  func callChain(isUser: Bool, limit: Int) -> [UInt64] {
    if isUser {
      guard let registers = origin.userRegisters(of: task) else { return [] }
      return CallChain.user(registers, in: task.memory, limit: limit)
    }
    let chain =
      switch origin {
      case .call: machine.kernelCallChain(on: cpu)
      case .interrupt(let registers):
        registers.isUserMode ? [] : machine.kernelCallChain(on: cpu, isInterruptLeftOut: true)
      case .probe(let registers, _):
        registers.isUserMode ? [] : [registers.rip] + machine.kernelCallChain(on: cpu)
      case .function(let traced): [traced.address] + machine.kernelCallChain(on: cpu)
      }
    return Array(chain.prefix(limit))
  }
}
