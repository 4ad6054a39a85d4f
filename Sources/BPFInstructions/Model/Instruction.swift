/// One 64-bit slot of eBPF byte code (RFC 9669, section 3).
///
/// Program text is an array of slots, so an index is the kernel's instruction number. A 64-bit immediate load
/// takes two slots: the first carries the opcode, the second only its `immediate` (the upper half).
public struct Instruction: Hashable, Sendable {
  /// The whole opcode byte: class in the low three bits.
  public var opcode: UInt8
  /// The destination register, 0 to 15 as encoded; only 0 to 10 are valid.
  public var destination: UInt8
  /// The source register or a pseudo value, 0 to 15 as encoded.
  public var source: UInt8
  /// The signed 16-bit offset.
  public var offset: Int16
  /// The signed 32-bit immediate.
  public var immediate: Int32

  /// A slot with the given fields; the two register fields keep their low four bits.
  public init(opcode: UInt8, destination: UInt8 = 0, source: UInt8 = 0, offset: Int16 = 0, immediate: Int32 = 0) {
    self.opcode = opcode
    self.destination = destination & 0xf
    self.source = source & 0xf
    self.offset = offset
    self.immediate = immediate
  }

  /// The number of bytes of a slot.
  public static let byteCount = 8

  /// Whether this is the first slot of a 64-bit immediate load (`lddw`).
  public var isWideLoad: Bool { opcode == 0x18 }
}

/// The order of bytes in an object or a program.
public enum ByteOrder: Hashable, Sendable, CaseIterable {
  case little
  case big
}
