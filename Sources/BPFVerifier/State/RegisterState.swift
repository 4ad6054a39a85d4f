/// What a register or a spilled slot holds.
enum RegisterKind: UInt8 {
  case uninitialized
  case scalar
  case context
  case mapPointer
  case mapKey
  case mapValue
  case stack
  case packet
  case packetMetadata
  case packetEnd
  case flowKeys
  case socket
  case socketCommon
  case tcpSocket
  case xdpSocket
  case tracepointBuffer
  /// A pointer to a structure of the kernel, or of the program where ``RegisterFlags/allocated`` is set.
  case btf
  case memory
  case buffer
  case arena
  case function
  case dynptr
}

/// Properties of a pointer besides its kind.
struct RegisterFlags: OptionSet, Hashable, Sendable, BitwiseCopyable {
  var rawValue: UInt16
  static let nullable = RegisterFlags(rawValue: 1)
  static let readOnly = RegisterFlags(rawValue: 2)
  static let ringBuffer = RegisterFlags(rawValue: 4)
  static let user = RegisterFlags(rawValue: 8)
  static let perCPU = RegisterFlags(rawValue: 16)
  static let untrusted = RegisterFlags(rawValue: 32)
  static let trusted = RegisterFlags(rawValue: 64)
  static let rcu = RegisterFlags(rawValue: 128)
  static let allocated = RegisterFlags(rawValue: 256)
  static let nonOwning = RegisterFlags(rawValue: 512)
  /// Memory that belongs to a dynptr, and goes with it.
  static let dynptrSlice = RegisterFlags(rawValue: 1024)
  /// A type of the program and not of the kernel.
  static let ownType = RegisterFlags(rawValue: 2048)
  /// Memory of a dynptr that is a packet's, and goes when that may move.
  static let packetSlice = RegisterFlags(rawValue: 4096)
}

/// The abstract value of a register.
struct RegisterState: BitwiseCopyable {
  var kind: RegisterKind
  /// Whether the value matters for safety, so that only states with a value within this one's are covered by it.
  var isPrecise: Bool
  var flags: RegisterFlags
  /// The index of a map, the id of a structure, the number of a stack's frame, the index of a function's first
  /// instruction, or the size of a memory, by kind.
  var object: UInt32
  /// What copies of a value have in common, 0 for none; the two highest bits mark a copy that differs by ``offset``.
  var id: UInt32
  /// The acquired object that the pointer belongs to, 0 for none.
  var reference: UInt32
  /// The constant part of a pointer's offset; for a linked scalar its distance from the others.
  var offset: Int32
  /// The proven range of a packet pointer (or a negative marker), which look-up gave the inner map, or which dynptr gave
  /// the memory.
  var range: Int32
  /// The value of a scalar, or the variable part of a pointer's offset.
  var number: ScalarNumber

  static let linkFlag64: UInt32 = 1 << 31
  static let linkFlag32: UInt32 = 1 << 30
  /// The marks of a copy that differs by a constant: by arithmetic of 64 bits, or of 32.
  static let linkFlag = linkFlag64 | linkFlag32

  @inline(__always)
  init(kind: RegisterKind, number: ScalarNumber = .zero, flags: RegisterFlags = [], object: UInt32 = 0) {
    self.kind = kind
    isPrecise = false
    self.flags = flags
    self.object = object
    id = 0
    reference = 0
    offset = 0
    range = 0
    self.number = number
  }

  static var uninitialized: RegisterState { RegisterState(kind: .uninitialized, number: .unknown) }

  @inline(__always)
  static var unknown: RegisterState { RegisterState(kind: .scalar, number: .unknown) }

  /// A known scalar.
  @inline(__always)
  init(constant: UInt64) { self.init(kind: .scalar, number: ScalarNumber(constant)) }

  @inline(__always)
  var isScalar: Bool { kind == .scalar }

  @inline(__always)
  var isPointer: Bool { kind != .scalar && kind != .uninitialized }

  @inline(__always)
  var isNullable: Bool { flags.contains(.nullable) }

  @inline(__always)
  var isPacketPointer: Bool { kind == .packet || kind == .packetMetadata }

  /// Whether it is of no use after something that may have moved the packet.
  @inline(__always)
  var goesWithPacket: Bool { isPacketPointer || kind == .packetEnd || flags.contains(.packetSlice) }

  /// Whether it is the number zero.
  @inline(__always)
  var isNull: Bool { kind == .scalar && number.bits == TristateNumber(0) }

  /// The id without the mark of a copy that differs.
  @inline(__always)
  var linkID: UInt32 { id & ~Self.linkFlag }

  @inline(__always)
  mutating func unlink() {
    id = 0
    offset = 0
  }

  /// The number of bits that the value may need, 0 to 64.
  @inline(__always)
  var bitWidth: Int { 64 - number.unsigned.maximum.leadingZeroBitCount }

  /// Whether a type of pointer is kept whole when it is written to the stack.
  @inline(__always)
  var isSpillable: Bool { isPointer }
}

/// What eight bytes of a stack hold, byte by byte, and the register where one was spilled.
struct StackSlot: BitwiseCopyable {
  /// One ``StackByte`` for each byte, that at the lowest address in the lowest bits.
  var bytes: UInt64
  var register: RegisterState

  static var invalid: StackSlot { StackSlot(bytes: 0, register: .uninitialized) }

  @inline(__always)
  func byte(_ index: Int) -> StackByte {
    StackByte(rawValue: UInt8(truncatingIfNeeded: bytes >> UInt64(index * 8))) ?? .invalid
  }

  @inline(__always)
  mutating func setByte(_ index: Int, _ byte: StackByte) {
    let shift = UInt64(index * 8)
    bytes = bytes & ~(0xff << shift) | UInt64(byte.rawValue) << shift
  }

  @inline(__always)
  static func all(_ byte: StackByte) -> UInt64 { UInt64(byte.rawValue) &* 0x0101_0101_0101_0101 }

  /// Whether a register was spilled, whole or its low bytes: those start at the lowest address.
  @inline(__always)
  var isSpilled: Bool { UInt8(truncatingIfNeeded: bytes) == StackByte.spilled.rawValue }

  @inline(__always)
  var isSpilledWhole: Bool { bytes == Self.all(.spilled) }

  /// Whether the register in the slot is of use.
  @inline(__always)
  var hasRegister: Bool { isSpilled || isSpecial }

  /// Whether the slot belongs to a dynptr, an iterator or an interrupt flag.
  @inline(__always)
  var isSpecial: Bool {
    switch byte(0) {
    case .dynptr, .iterator, .interruptFlag: true
    default: false
    }
  }

  /// The number of bytes of the spilled register.
  @inline(__always)
  var spillSize: Int {
    var count = 0
    while count < 8, byte(count) == .spilled { count += 1 }
    return count
  }
}

/// What one byte of a stack holds.
enum StackByte: UInt8 {
  case invalid
  case spilled
  case unknown
  case zero
  case dynptr
  case iterator
  case interruptFlag
}
