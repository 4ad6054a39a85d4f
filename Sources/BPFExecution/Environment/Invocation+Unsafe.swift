// What a helper sees of the run that has called it.
//
// Unsafe because it holds the run's activation by pointer and the interpreter without a reference. An invocation can
// not be copied and is only lent to the environment, so it ends before either does.

/// The call of a helper or kernel function, lent to the environment while it carries the function out.
public struct Invocation: ~Copyable {
  private let activation: UnsafeMutablePointer<Activation>
  private let call: UnsafePointer<Record>
  private unowned(unsafe) let interpreter: Interpreter
  private unowned(unsafe) let environment: any ProgramEnvironment
  var tailCallTarget: PreparedProgram?

  init(
    _ interpreter: Interpreter, _ environment: any ProgramEnvironment,
    _ activation: UnsafeMutablePointer<Activation>, at call: UnsafePointer<Record>
  ) {
    self.activation = activation
    self.call = call
    self.interpreter = interpreter
    self.environment = environment
  }

  /// The first argument.
  public var r1: UInt64 { activation.pointee.registers.1 }
  /// The second argument.
  public var r2: UInt64 { activation.pointee.registers.2 }
  /// The third argument.
  public var r3: UInt64 { activation.pointee.registers.3 }
  /// The fourth argument.
  public var r4: UInt64 { activation.pointee.registers.4 }
  /// The fifth argument.
  public var r5: UInt64 { activation.pointee.registers.5 }

  /// The memory of the program.
  public var memory: AddressSpace { interpreter.memory }

  /// The program that runs: after a tail call, the one that was called.
  public var program: PreparedProgram { interpreter.stack.program(at: activation.pointee.depth) }

  /// The index of the calling slot.
  public var instruction: Int { call - program.code.base }

  /// The number of instructions that may still be executed.
  public var remainingBudget: UInt64 { UInt64(max(activation.pointee.remaining(at: call), 0)) }

  /// The number of tail calls that this run has made so far.
  public var tailCallCount: Int { activation.pointee.tailCallCount }

  /// The number of stack frames in use by this run, 1 in the function that it began with.
  public var callDepth: Int { activation.pointee.depth - activation.pointee.firstFrame + 1 }

  /// The address at the end of the calling function's stack frame, its r10.
  public var framePointer: ProgramAddress { activation.pointee.registers.10 }

  /// Runs a function of the program to its end, as `bpf_loop` does with its callback.
  ///
  /// The function shares the budget and the limit of eight frames with the run that called the helper.
  ///
  /// - Parameters:
  ///   - function: The function's address, as the program gave it to the helper.
  ///   - a1: The value of r1; the others follow.
  /// - Returns: r0 at the function's exit.
  /// - Throws: `ExecutionFault`, with the place in the callback; a helper passes it on.
  public mutating func call(
    function: ProgramAddress, _ a1: UInt64 = 0, _ a2: UInt64 = 0, _ a3: UInt64 = 0, _ a4: UInt64 = 0,
    _ a5: UInt64 = 0
  ) throws(ExecutionFault) -> UInt64 {
    try interpreter.runCallback(function, (a1, a2, a3, a4, a5), activation, at: call, environment)
  }

  /// Makes the run go on at the first instruction of another program when the helper returns (`bpf_tail_call`).
  ///
  /// The called program gets the r1 of this call as its context, and a fresh stack frame in place of the caller's.
  /// What the helper returns is then ignored. The limit of 33 tail calls is the engine's, see `tailCallCount`.
  public mutating func requestTailCall(to program: PreparedProgram) {
    tailCallTarget = program
  }
}
