/// Why a running program was stopped, and at which instruction.
///
/// A helper throws one without a place; the interpreter fills in the place of the call.
public struct ExecutionFault: Error, Hashable, Sendable {
  /// What went wrong.
  public var reason: Reason
  /// Where, `nil` until the interpreter has said it.
  public var place: Place?

  /// A fault without a place, as helpers throw it.
  public init(_ reason: Reason) {
    self.reason = reason
  }

  /// An instruction of a program.
  public struct Place: Hashable, Sendable {
    /// The program's name.
    public var program: String
    /// The function that the instruction belongs to, if the program names its functions.
    public var function: String?
    /// The index of the slot, counted as the kernel counts instructions.
    public var instruction: Int

    /// The place of an instruction.
    public init(program: String, function: String?, instruction: Int) {
      self.program = program
      self.function = function
      self.instruction = instruction
    }
  }

  /// What can go wrong while a program runs.
  public enum Reason: Hashable, Sendable {
    /// Bytes that the program may not read; `target` says what is at the address.
    case invalidRead(address: ProgramAddress, byteCount: Int, target: String)
    /// Bytes that the program may not write, since there is nothing or since it is read-only.
    case invalidWrite(address: ProgramAddress, byteCount: Int, target: String, isReadOnly: Bool)
    /// An atomic operation on an address that is not a multiple of its size.
    case misalignedAtomic(address: ProgramAddress, byteCount: Int, target: String)
    /// The budget of executed instructions is used up.
    case budgetExhausted(budget: UInt64)
    /// A call would need more than eight frames.
    case callStackExceeded
    /// Nested runs, such as interrupts and callbacks of helpers, need more frames than there are.
    case nestingExceeded(frames: Int)
    /// A call through a register or a callback whose value is not the address of a function of the program.
    case notAFunction(UInt64)
    /// The environment has no helper of this number.
    case unknownHelper(Int32)
    /// The environment has no kernel function of this number.
    case unknownKernelFunction(Int32)
    /// A feature that the engine decodes and does not carry out, named as the kernel names it.
    case unsupported(String)
    /// The program has thrown an exception (`bpf_throw`), which the environment catches when the run has ended.
    case exception(cookie: UInt64)
    /// What the environment says, such as "a sleeping helper was called in an NMI".
    case environment(String)
  }
}

extension ExecutionFault {
  /// The fault with the place of a slot, unless it has a place already.
  func located(in program: PreparedProgram, at slot: Int) -> ExecutionFault {
    guard place == nil else { return self }
    var fault = self
    fault.place = Place(program: program.name, function: program.functionName(at: slot), instruction: slot)
    return fault
  }
}

extension ExecutionFault: CustomStringConvertible {
  /// One sentence: program, function, instruction, reason.
  public var description: String {
    guard let place else { return reason.description }
    var words = place.program.isEmpty ? "" : "\(place.program): "
    if let function = place.function, function != place.program { words += "in \(function), " }
    return words + "instruction \(place.instruction): \(reason)"
  }
}

extension ExecutionFault.Reason: CustomStringConvertible {
  /// What went wrong, without the place.
  public var description: String {
    switch self {
    case .invalidRead(let address, let byteCount, let target):
      "invalid read of \(byteCount) \(plural("byte", byteCount)) at \(hexadecimal(address)), \(target)"
    case .invalidWrite(let address, let byteCount, let target, let isReadOnly):
      "\(isReadOnly ? "write to read-only memory:" : "invalid write of") "
        + "\(byteCount) \(plural("byte", byteCount)) at \(hexadecimal(address)), \(target)"
    case .misalignedAtomic(let address, let byteCount, let target):
      "misaligned atomic access of \(byteCount) bytes at \(hexadecimal(address)), \(target)"
    case .budgetExhausted(let budget):
      "the budget of \(budget) instructions is used up"
    case .callStackExceeded: "the call stack of \(CallStack.maximumDepth) frames is exceeded"
    case .nestingExceeded(let frames): "nested runs need more than \(frames) stack frames"
    case .notAFunction(let value): "\(hexadecimal(value)) is not a function of the program"
    case .unknownHelper(let number): "there is no helper function \(number)"
    case .unknownKernelFunction(let number): "there is no kernel function \(number)"
    case .unsupported(let feature): "\(feature) is not supported"
    case .exception(let cookie): "an exception was thrown with the cookie \(hexadecimal(cookie))"
    case .environment(let message): message
    }
  }
}
