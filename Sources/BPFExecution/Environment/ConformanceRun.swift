public import BPFInstructions

/// A run as the plugin protocol of the public bpf_conformance suite asks for it: byte code and memory in, r0 out.
public enum ConformanceRun {
  /// Runs a program with its memory in r1 and the memory's length in r2.
  ///
  /// Empty memory gives r1 = 0. The helper functions are those that the suite's vectors call by number, and callable
  /// through a register as well.
  ///
  /// - Parameters:
  ///   - program: The byte code: little-endian slots of eight bytes.
  ///   - memory: The contents of the memory; the program may write it.
  ///   - budget: The number of instructions that may be executed.
  /// - Returns: r0 at the exit.
  /// - Throws: `Failure`.
  public static func run(
    program: [UInt8], memory: [UInt8], budget: UInt64 = Interpreter.defaultBudget
  ) throws(Failure) -> UInt64 {
    try run(program: program, memory: memory, budget: budget) { _ in [] }
  }

  /// Runs a program of which a verifier says what need not be checked.
  ///
  /// - Parameter proof: gives what was proven of each slot.
  package static func run(
    program: [UInt8], memory: [UInt8], budget: UInt64 = Interpreter.defaultBudget,
    trusting proof: ([Instruction]) -> [ProvenAccess]
  ) throws(Failure) -> UInt64 {
    do {
      let space = try AddressSpace()
      let instructions = try [Instruction](decoding: program, byteOrder: .little)
      let prepared = try PreparedProgram(name: "", instructions, functions: [], trusting: proof(instructions))
      let interpreter = try Interpreter(memory: space)
      var address: ProgramAddress = 0
      if !memory.isEmpty {
        address = try space.allocate(byteCount: memory.count, name: "input memory")
        _ = space.write(memory, at: address)
      }
      return try interpreter.run(
        prepared, r1: address, r2: UInt64(memory.count), budget: budget, environment: ConformanceHelpers())
    } catch let error as InstructionError {
      throw .malformed(error)
    } catch let error as ProgramError {
      throw .refused(error)
    } catch let error as ExecutionFault {
      if error.reason == ConformanceHelpers.unwound { return 0 }
      throw .fault(error)
    } catch {
      throw .memory("\(error)")
    }
  }

  /// Why there is no result.
  public enum Failure: Error, Hashable, Sendable, CustomStringConvertible {
    /// The byte code is not a whole number of slots.
    case malformed(InstructionError)
    /// The program can not run.
    case refused(ProgramError)
    /// The program was stopped.
    case fault(ExecutionFault)
    /// The input memory can not be given to a program.
    case memory(String)

    /// A sentence that says what was wrong.
    public var description: String {
      switch self {
      case .malformed(let error): error.description
      case .refused(let error): error.description
      case .fault(let fault): fault.description
      case .memory(let message): message
      }
    }
  }
}

/// The helper functions 0 to 5 that the suite expects of a plugin.
private final class ConformanceHelpers: ProgramEnvironment {
  /// What `unwind` throws to end the program with r0 = 0.
  static let unwound = ExecutionFault.Reason.environment("unwind")

  func callHelper(_ number: Int32, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
    switch number {
    case 0: return gatherBytes(invocation)
    case 1: return try scramble(invocation)
    case 2: return 0  // Only destroys r1 to r5, as every helper does here.
    case 3: return UInt64(Double(invocation.r1).squareRoot())
    case 4: return try compareStrings(invocation)
    case 5:
      guard invocation.r1 != 0 else { throw ExecutionFault(Self.unwound) }
      return invocation.r1
    default: throw ExecutionFault(.unknownHelper(number))
    }
  }

  /// The low bytes of the five arguments, the first one highest.
  private func gatherBytes(_ invocation: borrowing Invocation) -> UInt64 {
    [invocation.r1, invocation.r2, invocation.r3, invocation.r4, invocation.r5]
      .reduce(0) { $0 << 8 | $1 & 0xff }
  }

  /// Inverts the bits of 42 in each of r2 bytes at r1, and returns r1.
  private func scramble(_ invocation: borrowing Invocation) throws(ExecutionFault) -> UInt64 {
    let byteCount = Int(clamping: invocation.r2)
    guard let bytes = invocation.memory.read(invocation.r1, byteCount: byteCount),
      invocation.memory.write(bytes.map { $0 ^ 42 }, at: invocation.r1)
    else { throw fault(invocation, invocation.r1, byteCount) }
    return invocation.r1
  }

  /// 0 when the C strings at r1 and r2 are equal, otherwise 1.
  private func compareStrings(_ invocation: borrowing Invocation) throws(ExecutionFault) -> UInt64 {
    guard let left = invocation.memory.readCString(invocation.r1, limit: 4096) else {
      throw fault(invocation, invocation.r1, 1)
    }
    guard let right = invocation.memory.readCString(invocation.r2, limit: 4096) else {
      throw fault(invocation, invocation.r2, 1)
    }
    return left == right ? 0 : 1
  }

  private func fault(
    _ invocation: borrowing Invocation, _ address: ProgramAddress, _ byteCount: Int
  ) -> ExecutionFault {
    let target = invocation.memory.description(of: address, byteCount: byteCount)
    return ExecutionFault(.invalidRead(address: address, byteCount: byteCount, target: target))
  }
}
