/// From where a program was entered, which decides what registers and what call chain its helpers find.
enum RunOrigin {
  /// From the kernel's own code: a tracepoint, a system call, a callback.
  case call
  /// In an interrupt, with the registers of what it interrupted.
  case interrupt(UserRegisters)
  /// At an instruction of the kernel or of a user program, with the registers there; `function` is the address of the
  /// function whose first instruction, or whose end, it is.
  case probe(UserRegisters, function: UInt64)
  /// At the entry or the return of a kernel function, whose arguments are the context.
  case function(TracedFunction)

  /// The registers in user mode: those of the event, or else those with which the task entered the kernel.
  func userRegisters(of task: SimulatedTask) -> UserRegisters? {
    switch self {
    case .interrupt(let registers) where registers.isUserMode: registers
    case .probe(let registers, _) where registers.isUserMode: registers
    default: task.kind == .user ? task.registers : nil
    }
  }
}

/// The function of the kernel at whose entry or return a tracing program runs.
struct TracedFunction {
  var address: UInt64
  var argumentCount: Int
  /// Whether the word behind the arguments is the result.
  var hasResult: Bool
}

extension UserRegisters {
  /// Whether they are those of user mode: by the privilege level in the code segment.
  var isUserMode: Bool { cs & 3 == 3 }

  /// Registers of the kernel at an instruction of its own.
  static func kernel(at address: UInt64) -> UserRegisters {
    var registers = UserRegisters()
    registers.rip = address
    registers.rsp = KernelText.stackBase
    registers.cs = 0x10
    registers.ss = 0x18
    return registers
  }
}
