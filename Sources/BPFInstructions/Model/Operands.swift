/// The number of low bits of its registers that an arithmetic or jump instruction works on.
public enum OperandWidth: UInt8, Hashable, Sendable, CaseIterable {
  /// The `w` form: classes ALU and JMP32. An arithmetic result is zero-extended to 64 bits.
  case bits32 = 32
  /// The `r` form: classes ALU64 and JMP.
  case bits64 = 64
}

/// The number of bytes that a memory access touches (RFC 9669, section 5, the size modifier).
public enum MemorySize: UInt8, Hashable, Sendable, CaseIterable {
  /// One byte (`B`).
  case byte = 1
  /// Two bytes (`H`).
  case half = 2
  /// Four bytes (`W`).
  case word = 4
  /// Eight bytes (`DW`).
  case doubleWord = 8

  /// The number of bytes accessed.
  public var byteCount: Int { Int(rawValue) }
  /// The number of bits accessed.
  public var bitCount: Int { Int(rawValue) * 8 }
}

/// The second operand of an arithmetic instruction, a store or a conditional jump.
public enum Operand: Hashable, Sendable {
  /// The value of a register.
  case register(Register)
  /// A constant; sign-extended where 64 bits are needed.
  case immediate(Int32)
}

/// Where an operand comes from: the `S` bit of an opcode.
package enum OperandSource: UInt8, Hashable, Sendable, CaseIterable {
  /// `K`: the immediate.
  case immediate = 0x00
  /// `X`: the source register.
  case register = 0x08
}

/// How a load fills the bits of its register above those read.
public enum Extension: Hashable, Sendable, CaseIterable {
  /// Zeros (`MEM`).
  case zero
  /// Copies of the sign bit (`MEMSX`).
  case sign
}
