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
  public enum Reason: Error, Hashable, Sendable {
    /// The program has no instruction.
    case empty
    /// The program has more than 1,000,000 slots, the kernel's limit for a privileged user.
    case tooLong(count: Int)
    /// The opcode is none of RFC 9669 and Linux 6.18.
    case unknownOpcode(UInt8)
    /// A register field is above 10.
    case invalidRegister(UInt8)
    /// The frame pointer r10 is written.
    case writesFramePointer
    /// A field that must be zero is not, or one that selects a variant selects none.
    case reservedField
    /// A 64-bit immediate load is not followed by a second slot, or that slot holds more than an immediate.
    case incompleteWideLoad
    /// A 64-bit immediate load still refers to a map, a variable, or something else that a loader fills in.
    case unresolvedReference(kind: UInt8)
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
    case .unknownOpcode(let opcode): "unknown opcode \(hexadecimal(UInt64(opcode)))"
    case .invalidRegister(let register): "R\(register) is invalid, the last register is R10"
    case .writesFramePointer: "frame pointer is read only"
    case .reservedField: "a reserved field is not zero, or an offset selects no variant of this operation"
    case .incompleteWideLoad: "invalid 64-bit immediate load: the second slot is missing or not empty"
    case .unresolvedReference(let kind):
      "a 64-bit immediate load has the unresolved reference kind \(kind); the program has to be loaded first"
    case .targetOutOfRange(let target): "jump out of range to instruction \(target)"
    case .targetInWideLoad(let target): "jump into the middle of the 64-bit immediate load at \(target - 1)"
    case .fallsOffTheEnd: "last insn is not an exit or jmp"
    }
  }
}
