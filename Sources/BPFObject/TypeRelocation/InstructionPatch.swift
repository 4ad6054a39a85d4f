internal import BPFInstructions
internal import BPFTypeFormat

extension [Instruction] {
  /// The call of a helper that does not exist, which libbpf puts where a relocation has no target: the verifier refuses it
  /// if it can be reached, and removes it otherwise.
  static var poison: Instruction { Instruction(opcode: 0x85, immediate: 195_896_080) }

  /// Puts the answer to a CO-RE relocation into the instruction at an index.
  ///
  /// - Returns: Whether the instruction still works. It is replaced by ``poison`` when the target has nothing that
  ///   matches, or when an access of memory cannot follow the field's size.
  mutating func apply(
    _ answer: CORERelocationResult, at index: Int
  ) throws(TypeRelocationError.Problem) -> Bool {
    guard indices.contains(index) else { throw .noInstruction }
    guard !answer.isPoisoned else {
      poison(at: index)
      return false
    }
    let instruction = self[index]
    switch instruction.opcode & 7 {
    case 0x04, 0x07:
      try patchArithmetic(answer, at: index)
    case 0x01, 0x02, 0x03:
      return try patchMemory(answer, at: index)
    case 0x00 where instruction.isWideLoad:
      try patchWideLoad(answer, at: index)
    default:
      throw .unexpectedInstruction(opcode: instruction.opcode)
    }
    return true
  }

  private mutating func poison(at index: Int) {
    if self[index].isWideLoad, indices.contains(index + 1) { self[index + 1] = Self.poison }
    self[index] = Self.poison
  }

  private mutating func patchArithmetic(
    _ answer: CORERelocationResult, at index: Int
  ) throws(TypeRelocationError.Problem) {
    let opcode = self[index].opcode
    // The second operand has to be the immediate, and the operation one that has two: not negation or a byte swap.
    guard opcode & 0x08 == 0, ![0x80, 0xd0].contains(opcode & 0xf0) else {
      throw .unexpectedInstruction(opcode: opcode)
    }
    let isNarrow = opcode & 7 == 0x04
    let current = self[index].immediate
    let found = isNarrow ? UInt64(UInt32(bitPattern: current)) : UInt64(bitPattern: Int64(current))
    let expected = isNarrow ? answer.localValue & 0xffff_ffff : answer.localValue
    guard !answer.checksLocalValue || found == expected else {
      throw .unexpectedValue(found, expected: answer.localValue)
    }
    // Arithmetic of 64 bits extends the sign of the immediate.
    guard
      let value = Int32(exactly: Int64(bitPattern: answer.value))
        ?? (isNarrow ? UInt32(exactly: answer.value).map { Int32(bitPattern: $0) } : nil)
    else { throw .outOfRange(answer.value, bits: 32) }
    self[index].immediate = value
  }

  private mutating func patchMemory(
    _ answer: CORERelocationResult, at index: Int
  ) throws(TypeRelocationError.Problem) -> Bool {
    let instruction = self[index]
    let found = UInt64(bitPattern: Int64(instruction.offset))
    guard !answer.checksLocalValue || found == answer.localValue else {
      throw .unexpectedValue(found, expected: answer.localValue)
    }
    guard let offset = Int16(exactly: answer.value) else { throw .outOfRange(answer.value, bits: 16) }
    switch answer.memoryAccess {
    case .unchanged: break
    case .notResizable:
      poison(at: index)
      return false
    case .resized(let from, let to):
      let byteCount = Self.byteCounts[Int(instruction.opcode >> 3 & 3)]
      guard byteCount == from else { throw .unexpectedWidth(byteCount, expected: from) }
      guard let size = Self.byteCounts.firstIndex(of: to) else { throw .noAccess(byteCount: to) }
      self[index].opcode = instruction.opcode & ~0x18 | UInt8(size) << 3
    }
    self[index].offset = offset
    return true
  }

  /// The sizes of accesses by the two bits of the opcode (RFC 9669, section 5).
  private static let byteCounts = [4, 2, 1, 8]

  private mutating func patchWideLoad(
    _ answer: CORERelocationResult, at index: Int
  ) throws(TypeRelocationError.Problem) {
    guard indices.contains(index + 1), self[index].source == 0, self[index].offset == 0 else {
      throw .unexpectedInstruction(opcode: self[index].opcode)
    }
    let next = self[index + 1]
    guard next.opcode == 0, next.destination == 0, next.source == 0, next.offset == 0 else {
      throw .unexpectedInstruction(opcode: next.opcode)
    }
    let (low, high) = (UInt32(bitPattern: self[index].immediate), UInt32(bitPattern: next.immediate))
    let found = UInt64(high) << 32 | UInt64(low)
    guard !answer.checksLocalValue || found == answer.localValue else {
      throw .unexpectedValue(found, expected: answer.localValue)
    }
    self[index].immediate = Int32(truncatingIfNeeded: answer.value)
    self[index + 1].immediate = Int32(truncatingIfNeeded: answer.value >> 32)
  }
}
