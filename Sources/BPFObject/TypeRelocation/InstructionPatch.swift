internal import BPFInstructions

/// What a CO-RE relocation makes of an instruction, with what the compiler is expected to have put there.
struct InstructionPatch: Hashable, Sendable {
  /// The value for the object's own types, which the instruction has if nothing has gone wrong.
  var original: UInt64
  /// The value for the target's types.
  var value: UInt64
  /// Whether the instruction has to hold `original`. The compiler is free to change what stands for some kinds.
  var isChecked = true
  /// The size of the field in the object's own types and in the target's, where an access of memory has to follow it.
  var width: Width?
  /// Whether a field's type has changed so that an access of memory cannot follow it (libbpf breaks it on purpose).
  var isIncompatible = false

  struct Width: Hashable, Sendable {
    var original: Int
    var target: Int
  }

  /// Why an instruction cannot be changed.
  enum Failure: Error, Hashable, Sendable {
    /// The instruction is none that holds a number, or the second half of a load is missing.
    case unexpectedInstruction(opcode: UInt8)
    /// The instruction holds another value than the compiler should have put there.
    case unexpectedValue(UInt64, expected: UInt64)
    /// The access is of another size than the field.
    case unexpectedWidth(Int, expected: Int)
    /// The value does not fit the instruction's field.
    case outOfRange(UInt64, bits: Int)
    /// No access of memory has the size.
    case noAccess(byteCount: Int)
  }
}

extension [Instruction] {
  /// The call of a helper that does not exist, which libbpf puts where a relocation has no target: the verifier refuses it
  /// if it can be reached, and removes it otherwise.
  static let poison = Instruction(opcode: 0x85, immediate: 195_896_080)

  /// Puts a value into the instruction at an index.
  ///
  /// - Returns: Whether the instruction still works: an incompatible access of memory is replaced by ``poison``.
  mutating func apply(_ patch: InstructionPatch, at index: Int) throws(InstructionPatch.Failure) -> Bool {
    let instruction = self[index]
    switch instruction.opcode & 7 {
    case 0x04, 0x07:
      try patchArithmetic(patch, at: index)
    case 0x01, 0x02, 0x03:
      return try patchMemory(patch, at: index)
    case 0x00 where instruction.isWideLoad:
      try patchWideLoad(patch, at: index)
    default:
      throw .unexpectedInstruction(opcode: instruction.opcode)
    }
    return true
  }

  /// Replaces the instruction at an index, and the second half of a load, by ``poison``.
  mutating func poison(at index: Int) {
    if self[index].isWideLoad, indices.contains(index + 1) { self[index + 1] = Self.poison }
    self[index] = Self.poison
  }

  private mutating func patchArithmetic(
    _ patch: InstructionPatch, at index: Int
  ) throws(InstructionPatch.Failure) {
    let opcode = self[index].opcode
    // The second operand has to be the immediate, and the operation one that has two.
    guard opcode & 0x08 == 0, ![0x80, 0xd0].contains(opcode & 0xf0) else {
      throw .unexpectedInstruction(opcode: opcode)
    }
    let isNarrow = opcode & 7 == 0x04
    let current = self[index].immediate
    let found = isNarrow ? UInt64(UInt32(bitPattern: current)) : UInt64(bitPattern: Int64(current))
    let expected = isNarrow ? patch.original & 0xffff_ffff : patch.original
    guard !patch.isChecked || found == expected else { throw .unexpectedValue(found, expected: patch.original) }
    // Arithmetic of 64 bits extends the sign of the immediate.
    guard
      let value = Int32(exactly: Int64(bitPattern: patch.value))
        ?? (isNarrow ? UInt32(exactly: patch.value).map { Int32(bitPattern: $0) } : nil)
    else { throw .outOfRange(patch.value, bits: 32) }
    self[index].immediate = value
  }

  private mutating func patchMemory(
    _ patch: InstructionPatch, at index: Int
  ) throws(InstructionPatch.Failure) -> Bool {
    let instruction = self[index]
    let found = UInt64(bitPattern: Int64(instruction.offset))
    guard !patch.isChecked || found == patch.original else { throw .unexpectedValue(found, expected: patch.original) }
    guard let offset = Int16(exactly: patch.value) else { throw .outOfRange(patch.value, bits: 16) }
    guard !patch.isIncompatible else {
      poison(at: index)
      return false
    }
    var opcode = instruction.opcode
    if let width = patch.width, width.original != width.target {
      let byteCount = Self.byteCounts[Int(opcode >> 3 & 3)]
      guard byteCount == width.original else { throw .unexpectedWidth(byteCount, expected: width.original) }
      guard let size = Self.byteCounts.firstIndex(of: width.target) else { throw .noAccess(byteCount: width.target) }
      opcode = opcode & ~0x18 | UInt8(size) << 3
    }
    self[index].opcode = opcode
    self[index].offset = offset
    return true
  }

  /// The sizes of accesses by the two bits of the opcode.
  private static let byteCounts = [4, 2, 1, 8]

  private mutating func patchWideLoad(
    _ patch: InstructionPatch, at index: Int
  ) throws(InstructionPatch.Failure) {
    guard indices.contains(index + 1), self[index].source == 0, self[index].offset == 0 else {
      throw .unexpectedInstruction(opcode: self[index].opcode)
    }
    let next = self[index + 1]
    guard next.opcode == 0, next.destination == 0, next.source == 0, next.offset == 0 else {
      throw .unexpectedInstruction(opcode: next.opcode)
    }
    let found =
      UInt64(UInt32(bitPattern: next.immediate)) << 32 | UInt64(UInt32(bitPattern: self[index].immediate))
    guard !patch.isChecked || found == patch.original else { throw .unexpectedValue(found, expected: patch.original) }
    self[index].immediate = Int32(truncatingIfNeeded: patch.value)
    self[index + 1].immediate = Int32(truncatingIfNeeded: patch.value >> 32)
  }
}
