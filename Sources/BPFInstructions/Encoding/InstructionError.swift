/// Why bytes or slots are not an instruction, and where.
public struct InstructionError: Error, Hashable, Sendable {
  /// The index of the slot, which is the kernel's instruction number.
  public var index: Int
  /// The opcode of that slot; zero where there is no slot.
  public var opcode: UInt8
  /// The rule that is broken.
  public var rule: Rule

  /// An error at a slot.
  public init(index: Int, opcode: UInt8, rule: Rule) {
    self.index = index
    self.opcode = opcode
    self.rule = rule
  }

  /// A rule of RFC 9669 or of Linux 6.18 about the fields of an instruction.
  public enum Rule: Hashable, Sendable {
    /// The bytes do not end with a whole slot; the number of bytes over.
    case truncated(byteCount: Int)
    /// There is no slot at the index; the number of slots.
    case outOfRange(slotCount: Int)
    /// No instruction has the opcode.
    case unknownOpcode
    /// A field that the instruction does not use is not zero.
    case reservedField(Field)
    /// A register's number is above 10.
    case registerOutOfRange(Field, UInt8)
    /// A field that selects a form of the instruction has a value that selects none.
    case unsupportedValue(Field, Int32)
    /// An atomic operation other than load-acquire and store-release has to be of 4 or 8 bytes.
    case atomicSize(MemorySize)
    /// A 64-bit immediate load is the last slot.
    case missingSecondSlot
    /// The second slot of a 64-bit immediate load may only have an immediate.
    case secondSlot(Field)
  }

  /// A field of a slot.
  public enum Field: String, Hashable, Sendable, CaseIterable {
    /// The opcode byte.
    case opcode
    /// The destination register.
    case destination
    /// The source register.
    case source
    /// The 16-bit offset.
    case offset
    /// The 32-bit immediate.
    case immediate
  }
}

extension InstructionError: CustomStringConvertible {
  /// The place and the rule in one line.
  public var description: String {
    let hexadecimal = String(opcode, radix: 16)
    let place = "instruction \(index) (opcode 0x\(hexadecimal.count == 1 ? "0" : "")\(hexadecimal))"
    return "\(place): \(rule)"
  }
}

extension InstructionError.Rule: CustomStringConvertible {
  /// The rule as the second half of a sentence.
  public var description: String {
    switch self {
    case .truncated(let count):
      "\(count) bytes are left over; a slot has \(Instruction.byteCount)"
    case .outOfRange(let count):
      "there is no such slot; the program has \(count)"
    case .unknownOpcode:
      "no instruction has this opcode"
    case .reservedField(let field):
      "the \(field.rawValue) field is reserved here and must be zero"
    case .registerOutOfRange(let field, let number):
      "the \(field.rawValue) register r\(number) does not exist; the last one is r10"
    case .unsupportedValue(let field, let value):
      "the \(field.rawValue) field selects no form of this instruction with the value \(value)"
    case .atomicSize(let size):
      "an atomic operation works on 4 or 8 bytes, not on \(size.byteCount)"
    case .missingSecondSlot:
      "a 64-bit immediate load takes two slots, and the program ends after the first"
    case .secondSlot(let field):
      "the \(field.rawValue) field of the second slot of a 64-bit immediate load must be zero"
    }
  }
}
