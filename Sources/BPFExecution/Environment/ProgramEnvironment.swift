/// What a program can call: the helper functions and kernel functions of an engine, and its packets.
///
/// One environment serves any number of runs. It is called in the middle of a run, on the thread of the run, and may
/// start further runs (an interrupt, a callback) before it returns.
public protocol ProgramEnvironment: AnyObject {
  /// Carries out a helper function (`call` with source field 0).
  ///
  /// - Parameters:
  ///   - number: The immediate of the call: a number of `enum bpf_func_id`.
  ///   - invocation: The arguments, and what the helper may ask of the interpreter.
  /// - Returns: The new value of r0.
  /// - Throws: `ExecutionFault` to end the run; `unknownHelper` when there is no such helper.
  func callHelper(_ number: Int32, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64

  /// Carries out a kernel function (`call` with source field 2).
  ///
  /// - Parameters:
  ///   - number: The immediate of the call, which the loader has chosen.
  ///   - invocation: The arguments, and what the function may ask of the interpreter.
  /// - Returns: The new value of r0.
  /// - Throws: `ExecutionFault` to end the run; `unknownKernelFunction` when there is no such function.
  func callKernelFunction(_ number: Int32, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64

  /// Reads packet data for the legacy `LD_ABS` and `LD_IND` instructions, which take the context from r6.
  ///
  /// - Parameters:
  ///   - context: The value of r6.
  ///   - offset: The offset in the packet; negative values address the areas that `SKF_NET_OFF` and others name.
  ///   - byteCount: 1, 2 or 4.
  ///   - invocation: What the function may ask of the interpreter; its arguments have no meaning.
  /// - Returns: The value in host byte order, or `nil` to end the function with r0 = 0, as when the packet is too
  ///   short.
  /// - Throws: `ExecutionFault` to end the run.
  func loadPacket(
    context: UInt64, offset: Int32, byteCount: Int, _ invocation: inout Invocation
  ) throws(ExecutionFault) -> UInt64?
}

/// An environment that is told of each instruction of an ``ObservedProgram``.
package protocol ObservingEnvironment: ProgramEnvironment {
  /// Sees the state before an instruction.
  func observe(_ step: ExecutionStep)
}

extension ProgramEnvironment {
  /// No kernel functions.
  public func callKernelFunction(_ number: Int32, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
    throw ExecutionFault(.unknownKernelFunction(number))
  }

  /// No packets.
  public func loadPacket(
    context: UInt64, offset: Int32, byteCount: Int, _ invocation: inout Invocation
  ) throws(ExecutionFault) -> UInt64? {
    throw ExecutionFault(.unsupported("a packet load (LD_ABS, LD_IND) in this type of program"))
  }
}
