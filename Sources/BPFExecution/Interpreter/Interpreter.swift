/// The checked interpreter: runs any prepared program, and checks each access against the regions of memory.
///
/// It needs no verifier. A program that touches what it may not, calls what there is not, or runs longer than its
/// budget, ends with an `ExecutionFault` that names the instruction. What the program wrote before stays written.
///
/// Runs nest: the environment may start a run while another is in one of its helpers, as an interrupt does. One
/// interpreter is used by one thread at a time, together with its address space.
///
/// What a program can see besides its memory is fixed: stack frames are zero when a function is entered, r0 and r6 to
/// r9 are zero when a run begins, and after a call of a helper or kernel function r1 to r5 hold `clobbered`.
public final class Interpreter {
  /// The memory that programs run in.
  public let memory: AddressSpace
  /// The number of instructions that the latest run to end has executed, those of its callbacks included.
  ///
  /// The instruction at which a run faulted counts as executed.
  /// A 64-bit immediate load counts as its two slots.
  public private(set) var executedInstructionCount: UInt64 = 0

  /// What r1 to r5 hold after the call of a helper or kernel function, when a program must not read them any more.
  ///
  /// The kernel leaves them undefined. The value is no valid address, and is easy to recognise in a dump.
  public static let clobbered: UInt64 = 0xdead_c0de_dead_c0de

  /// The budget of a run where none is given: the instructions that the kernel's verifier looks at, times 1000.
  public static let defaultBudget: UInt64 = 1_000_000_000

  let stack: CallStack
  /// The depth of the innermost frame that was in use at the latest call out of the loop, -1 when there is none.
  var innermostDepth = -1
  /// What ended the innermost activation, when its loop has returned `false`.
  var fault: ExecutionFault?
  /// The programs that runs have reached by tail calls, kept alive until the run ends.
  var tailCalled: [PreparedProgram] = []

  /// An interpreter for an address space, in which it reserves the regions of its stack frames.
  ///
  /// - Throws: `AddressSpaceError` when there are not enough region numbers left.
  public init(memory: AddressSpace) throws(AddressSpaceError) {
    self.memory = memory
    stack = try CallStack(in: memory)
  }

  deinit {
    stack.deallocate()
  }

  /// Runs a program to its exit.
  ///
  /// The budget is checked where a jump is taken, at local calls, callbacks and tail calls, and is exact there: a run
  /// can execute more instructions than its budget by no more than the straight-line code up to the next of these.
  ///
  /// - Parameters:
  ///   - program: The program.
  ///   - entry: The slot to begin at: 0, or the first slot of a function that runs as a callback of its own.
  ///   - r1: The first argument, usually the address of the context; the others follow.
  ///   - budget: The number of instructions that may be executed.
  ///   - environment: The helpers and kernel functions.
  /// - Returns: r0 at the exit.
  /// - Throws: `ExecutionFault` with the place.
  public func run(
    _ program: PreparedProgram, entry: Int = 0,
    r1: UInt64 = 0, r2: UInt64 = 0, r3: UInt64 = 0, r4: UInt64 = 0, r5: UInt64 = 0,
    budget: UInt64 = Interpreter.defaultBudget, environment: any ProgramEnvironment
  ) throws(ExecutionFault) -> UInt64 {
    guard program.isFunctionStart(entry) else { throw ExecutionFault(.notAFunction(.function(entry))) }
    let depth = innermostDepth + 1
    let tailCalledBefore = tailCalled.count
    defer { if tailCalled.count > tailCalledBefore { tailCalled.removeSubrange(tailCalledBefore...) } }
    let first = program.code.base + entry
    var activation = Activation(depth: depth, firstFrame: depth, first: first, budget: budget)
    activation.registers.1 = r1
    activation.registers.2 = r2
    activation.registers.3 = r3
    activation.registers.4 = r4
    activation.registers.5 = r5
    // A budget beyond 2⁵⁸ could not be used up in a century, and would overflow as a distance in bytes.
    let count = Int(min(budget, 1 << 58))
    activation.setRemaining(count, at: first)
    defer { executedInstructionCount = UInt64(count - activation.remaining(at: activation.stopped + 1)) }
    do throws(ExecutionFault) {
      return try finish(&activation, program, first, environment)
    } catch {
      // A run that could not begin has not said where.
      throw error.located(in: program, at: entry)
    }
  }

  /// Runs a function of the program that has called a helper, within the run of the caller.
  func runCallback(
    _ function: ProgramAddress, _ arguments: (UInt64, UInt64, UInt64, UInt64, UInt64),
    _ caller: UnsafeMutablePointer<Activation>, at call: UnsafePointer<Record>, _ environment: any ProgramEnvironment
  ) throws(ExecutionFault) -> UInt64 {
    let program = stack.program(at: caller.pointee.depth)
    guard let slot = function.functionSlot, program.isFunctionStart(slot) else {
      throw ExecutionFault(.notAFunction(function))
    }
    let first = program.code.base + slot
    var activation = Activation(
      depth: caller.pointee.depth + 1, firstFrame: caller.pointee.firstFrame, first: first,
      budget: caller.pointee.budget)
    activation.tailCallCount = caller.pointee.tailCallCount
    activation.registers.1 = arguments.0
    activation.registers.2 = arguments.1
    activation.registers.3 = arguments.2
    activation.registers.4 = arguments.3
    activation.registers.5 = arguments.4
    activation.setRemaining(caller.pointee.remaining(at: call + 1), at: first)
    let result = try finish(&activation, program, first, environment)
    caller.pointee.setRemaining(activation.remaining(at: activation.stopped + 1), at: call + 1)
    caller.pointee.tailCallCount = activation.tailCallCount
    return result
  }

  /// Opens the activation's first frame and runs it to its end.
  private func finish(
    _ activation: inout Activation, _ program: PreparedProgram, _ first: UnsafePointer<Record>,
    _ environment: any ProgramEnvironment
  ) throws(ExecutionFault) -> UInt64 {
    let outerDepth = innermostDepth
    let depth = activation.depth
    guard depth - activation.firstFrame < CallStack.maximumDepth else { throw ExecutionFault(.callStackExceeded) }
    guard activation.remaining(at: first) > 0 else {
      throw ExecutionFault(.budgetExhausted(budget: activation.budget))
    }
    guard depth < CallStack.capacity else { throw ExecutionFault(.nestingExceeded(frames: CallStack.capacity)) }
    openFrame(&activation, .passUnretained(program), returnTo: first)
    let isFinished = withUnsafeMutablePointer(to: &activation) { execute($0, from: first, environment) }
    for depth in depth...max(depth, activation.depth) { stack.close(depth) }
    innermostDepth = outerDepth
    if !isFinished, let fault {
      self.fault = nil
      throw fault
    }
    return activation.registers.0
  }
}
