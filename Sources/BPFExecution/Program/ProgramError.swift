public import BPFInstructions

/// Why byte code can not be run, and which instruction it is about.
public struct ProgramError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What is wrong.
  public var reason: Reason
  /// The index of the slot, counted as the kernel counts instructions.
  public var instruction: Int

  /// An error about the instruction at an index.
  public init(_ reason: Reason, at instruction: Int) {
    self.reason = reason
    self.instruction = instruction
  }

  /// What can be wrong with an instruction before it runs.
  public enum Reason: Hashable, Sendable {
    /// The program has no instruction.
    case empty
    /// The program has more than 1,000,000 slots, the kernel's limit for a privileged user.
    case tooLong(count: Int)
    /// A slot is no instruction of RFC 9669 and Linux 6.18.
    case invalidInstruction(InstructionError.Rule, opcode: UInt8)
    /// The frame pointer r10 is written.
    case writesFramePointer
    /// A 64-bit immediate load still refers to a map, a variable, or something else that a loader fills in.
    case unresolvedReference(WideValue)
    /// A jump or a call leads outside of the program.
    case targetOutOfRange(Int)
    /// A jump or a call leads into the second slot of a 64-bit immediate load.
    case targetInWideLoad(Int)
    /// The last instruction is neither an exit nor an unconditional jump.
    case fallsOffTheEnd
  }

  /// A sentence that names the instruction, in the words of the kernel's verifier where it has them.
  public var description: String { "instruction \(instruction): \(reason)" }
}

extension ProgramError.Reason: CustomStringConvertible {
  /// What is wrong, and where it can be said, what to do about it.
  public var description: String {
    switch self {
    case .empty: "the program has no instructions"
    case .tooLong(let count): "the program has \(count) slots, more than \(PreparedProgram.maximumSlotCount)"
    case .invalidInstruction(let rule, let opcode): "opcode \(hexadecimal(UInt64(opcode))): \(rule)"
    case .writesFramePointer: "frame pointer is read only"
    case .unresolvedReference(let value):
      "a 64-bit immediate load still has the reference \(value); the program has to be loaded first"
    case .targetOutOfRange(let target): "jump out of range to instruction \(target)"
    case .targetInWideLoad(let target): "jump into the middle of the 64-bit immediate load at \(target - 1)"
    case .fallsOffTheEnd: "last insn is not an exit or jmp"
    }
  }
}
