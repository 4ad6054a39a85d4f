/// One instruction by its meaning: every field is valid and nothing is left to check but the program around it.
///
/// Jump offsets count slots from the slot after the jump. The set is RFC 9669 and what Linux 6.18 adds to it.
public enum DecodedInstruction: Hashable, Sendable {
  /// `dst op= operand`, including plain moves.
  case arithmetic(ArithmeticOperation, OperandWidth, Register, Operand)
  /// `dst = -dst`.
  case negate(OperandWidth, Register)
  /// `dst = be16 dst` and the like; `bits` of a double word are all of them.
  case byteSwap(ByteSwap, MemorySize, Register)
  /// `dst = (s8)src`: the low bits of `from`, sign-extended to the width.
  case moveSignExtended(OperandWidth, from: MemorySize, Register, Register)
  /// `dst = addr_space_cast(src, to, from)`: Linux 6.9, for arenas.
  case castAddressSpace(Register, Register, to: UInt16, from: UInt16)
  /// `dst = *(size *)(base + offset)`.
  case load(MemorySize, Extension, Register, base: Register, offset: Int16)
  /// `*(size *)(base + offset) = value`.
  case store(MemorySize, base: Register, offset: Int16, Operand)
  /// `lock *(size *)(base + offset) op= src`; with `fetch` the old value goes to the source register (R0 for a
  /// compare and exchange). The size is a word or a double word.
  case atomic(AtomicOperation, OperandWidth, fetch: Bool, base: Register, offset: Int16, Register)
  /// `dst = load_acquire((size *)(base + offset))`: Linux 6.15.
  case loadAcquire(MemorySize, Register, base: Register, offset: Int16)
  /// `store_release((size *)(base + offset), src)`: Linux 6.15.
  case storeRelease(MemorySize, base: Register, offset: Int16, Register)
  /// `dst = value ll`: two slots.
  case loadWide(Register, WideValue)
  /// `r0 = *(size *)skb[index]`: deprecated. The index is the constant plus the register, where there is one.
  case loadPacket(MemorySize, Register?, Int32)
  /// `if left condition right goto offset`.
  case jumpIf(JumpCondition, OperandWidth, Register, Operand, offset: Int16)
  /// `goto offset`.
  case goto(Int16)
  /// `gotol offset`.
  case gotoLong(Int32)
  /// `may_goto offset`: Linux 6.9; taken when the program's budget of rounds is used up.
  case mayGoto(Int16)
  /// A call of anything.
  case call(CallTarget)
  /// `exit`: returns from a function or ends the program.
  case exit

  /// What a call calls (RFC 9669, section 4.3.1).
  public enum CallTarget: Hashable, Sendable {
    /// A helper function by its number.
    case helper(Int32)
    /// A function of this program, in slots from the slot after the call.
    case local(Int32)
    /// A kernel function by its BTF id; `module` is an index in the array of descriptors (0: the kernel).
    case kernelFunction(type: Int32, module: Int16)
    /// The function whose address the register holds: no kernel takes it so far.
    case register(Register)
  }

  /// The number of slots that the instruction takes: two for a 64-bit immediate load, else one.
  public var slotCount: Int {
    if case .loadWide = self { 2 } else { 1 }
  }
}
