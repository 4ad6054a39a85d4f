public import BPFTypeFormat

/// Why a program cannot be fitted to the types that it is to run with.
public struct TypeRelocationError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What is wrong.
  public enum Problem: Error, Hashable, Sendable {
    /// The relocation has no answer.
    case unanswered(CORERelocationError)
    /// There is no instruction at the index.
    case noInstruction
    /// The instruction is none that holds a number, or the second half of a load is missing.
    case unexpectedInstruction(opcode: UInt8)
    /// The instruction holds another value than the compiler should have put there.
    case unexpectedValue(UInt64, expected: UInt64)
    /// The access of memory is of another size, in bytes, than the field.
    case unexpectedWidth(Int, expected: Int)
    /// The value does not fit the instruction's field.
    case outOfRange(UInt64, bits: Int)
    /// No access of memory has the size.
    case noAccess(byteCount: Int)
  }

  /// The name of the program.
  public var program: String
  /// The relocation.
  public var relocation: Program.TypeRelocation
  /// The name of the local type, empty when it has none.
  public var typeName: String
  /// What is wrong.
  public var problem: Problem

  /// One sentence: the program, the instruction, the type, and what is wrong.
  public var description: String {
    "program '\(program)', instruction \(relocation.instruction), type '\(typeName)', access \(relocation.access): "
      + "\(problem)"
  }
}

extension TypeRelocationError.Problem: CustomStringConvertible {
  /// What is wrong, without the place.
  public var description: String {
    switch self {
    case .unanswered(let error):
      error.description
    case .noInstruction:
      "the program has no such instruction"
    case .unexpectedInstruction(let opcode):
      "opcode 0x\(String(opcode, radix: 16)) does not hold a number that a relocation could change"
    case .unexpectedValue(let value, let expected):
      "the instruction holds \(value), where the compiler should have put \(expected); compile the object again"
    case .unexpectedWidth(let byteCount, let expected):
      "the instruction accesses \(byteCount) bytes, and the field has \(expected)"
    case .outOfRange(let value, let bits):
      "\(value) does not fit in the \(bits) bits that the instruction has for it"
    case .noAccess(let byteCount):
      "no instruction accesses \(byteCount) bytes; read the field with bpf_probe_read_kernel"
    }
  }
}
