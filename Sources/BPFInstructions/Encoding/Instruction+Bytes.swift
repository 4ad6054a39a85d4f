// A slot in memory is opcode, registers, offset, immediate: 1, 1, 2 and 4 bytes (RFC 9669, section 3). The order of
// bytes decides the order within the two numbers and also which half of the register byte is the destination: the low
// half in little endian, the high half in big endian.

extension Instruction {
  /// Reads the slot that begins at a byte offset; nil where fewer than eight bytes follow.
  public init?(decoding bytes: Span<UInt8>, at offset: Int = 0, byteOrder: ByteOrder) {
    guard offset >= 0, offset <= bytes.count - Self.byteCount else { return nil }
    let registers = bytes[offset + 1]
    let shortHalves = (UInt16(bytes[offset + 2]), UInt16(bytes[offset + 3]))
    var word: UInt32 = 0
    for position in 0..<4 {
      let index = offset + (byteOrder == .little ? 7 - position : 4 + position)
      word = word << 8 | UInt32(bytes[index])
    }
    switch byteOrder {
    case .little:
      self.init(
        opcode: bytes[offset], destination: registers & 0xf, source: registers >> 4,
        offset: Int16(bitPattern: shortHalves.1 << 8 | shortHalves.0), immediate: Int32(bitPattern: word))
    case .big:
      self.init(
        opcode: bytes[offset], destination: registers >> 4, source: registers & 0xf,
        offset: Int16(bitPattern: shortHalves.0 << 8 | shortHalves.1), immediate: Int32(bitPattern: word))
    }
  }

  /// Appends the eight bytes of the slot.
  public func encode(into bytes: inout [UInt8], byteOrder: ByteOrder) {
    let short = UInt16(bitPattern: offset)
    let word = UInt32(bitPattern: immediate)
    bytes.append(opcode)
    switch byteOrder {
    case .little:
      bytes.append(source << 4 | destination & 0xf)
      bytes.append(UInt8(truncatingIfNeeded: short))
      bytes.append(UInt8(truncatingIfNeeded: short >> 8))
      for shift in [0, 8, 16, 24] as [UInt32] { bytes.append(UInt8(truncatingIfNeeded: word >> shift)) }
    case .big:
      bytes.append(destination << 4 | source & 0xf)
      bytes.append(UInt8(truncatingIfNeeded: short >> 8))
      bytes.append(UInt8(truncatingIfNeeded: short))
      for shift in [24, 16, 8, 0] as [UInt32] { bytes.append(UInt8(truncatingIfNeeded: word >> shift)) }
    }
  }
}

extension Array where Element == Instruction {
  /// Reads slots until the bytes end. Nothing is checked but that the last slot is whole.
  public init(decoding bytes: Span<UInt8>, byteOrder: ByteOrder) throws(InstructionError) {
    let over = bytes.count % Instruction.byteCount
    guard over == 0 else {
      throw InstructionError(index: bytes.count / Instruction.byteCount, opcode: 0, rule: .truncated(byteCount: over))
    }
    self.init()
    reserveCapacity(bytes.count / Instruction.byteCount)
    var offset = 0
    while let slot = Instruction(decoding: bytes, at: offset, byteOrder: byteOrder) {
      append(slot)
      offset += Instruction.byteCount
    }
  }

  /// Reads slots until the bytes end. Nothing is checked but that the last slot is whole.
  public init(decoding bytes: [UInt8], byteOrder: ByteOrder) throws(InstructionError) {
    try self.init(decoding: bytes.span, byteOrder: byteOrder)
  }

  /// Reads slots until the bytes end. Nothing is checked but that the last slot is whole.
  public init(decoding bytes: ArraySlice<UInt8>, byteOrder: ByteOrder) throws(InstructionError) {
    try self.init(decoding: bytes.span, byteOrder: byteOrder)
  }

  /// The bytes of all slots.
  public func encoded(byteOrder: ByteOrder) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count * Instruction.byteCount)
    for slot in self { slot.encode(into: &bytes, byteOrder: byteOrder) }
    return bytes
  }
}
