import BPFExecution
import BPFMaps

/// A `struct bpf_dynptr` as it lies in the program's memory: whose bytes it is for, and which of them.
///
/// All of it is in its 16 bytes, as in Linux: where the data is (8), size with kind and right (4), offset (4). So one on
/// the stack goes with its frame, and one that a program has overwritten leads to an address that is checked like any other.
struct Dynptr {
  /// What kind of memory the bytes are.
  enum Kind: UInt32 {
    /// Memory of the program: ``data`` is its address.
    case local = 1
    /// A record of a ring buffer: ``data`` is its address.
    case ringBuffer
    /// The packet of the run: ``data`` is the context.
    case packet
  }

  var data: ProgramAddress
  var kind: Kind
  var isReadOnly = false
  var byteCount: UInt32
  var offset: UInt32 = 0

  static let structureSize = 16
  /// The greatest number of bytes (`DYNPTR_MAX_SIZE`); what is above is kind and right.
  static let maximumByteCount: UInt32 = 1 << 24 - 1
  private static let readOnlyBit: UInt32 = 1 << 31
  private static let kindShift: UInt32 = 28

  init(_ kind: Kind, data: ProgramAddress, byteCount: UInt32, isReadOnly: Bool = false) {
    (self.data, self.kind, self.byteCount, self.isReadOnly) = (data, kind, byteCount, isReadOnly)
  }

  /// What the two words say; `nil` for a null pointer, and for words that no function has written.
  init?(_ data: UInt64, _ rest: UInt64) {
    let size = UInt32(truncatingIfNeeded: rest)
    guard data != 0, let kind = Kind(rawValue: size >> Self.kindShift & 7) else { return nil }
    self.init(
      kind, data: data, byteCount: size & Self.maximumByteCount, isReadOnly: size & Self.readOnlyBit != 0)
    offset = UInt32(truncatingIfNeeded: rest >> 32)
  }

  /// The two words.
  var words: [UInt64] {
    let size = byteCount | kind.rawValue << Self.kindShift | (isReadOnly ? Self.readOnlyBit : 0)
    return [data, UInt64(offset) << 32 | UInt64(size)]
  }

  /// Whether so many bytes at an offset are within.
  func contains(_ offset: UInt32, _ count: UInt32) -> Bool { count <= byteCount && offset <= byteCount - count }
}

extension ProgramRun {
  /// The dynptr that an argument points to, `nil` when it is null.
  func dynptr(_ address: UInt64, _ function: String, argument: Int = 1) throws(ExecutionFault) -> Dynptr? {
    guard let data = machine.memory.load(address, as: UInt64.self),
      let rest = machine.memory.load(address &+ 8, as: UInt64.self)
    else { throw invalidArgument(function, argument, address, "a dynptr") }
    return Dynptr(data, rest)
  }

  /// Makes the dynptr that an argument points to; a null one without a value.
  func store(
    _ dynptr: Dynptr?, at address: UInt64, _ function: String, argument: Int
  ) throws(ExecutionFault) {
    let bytes = (dynptr?.words ?? [0, 0]).flatMap(\.littleEndianBytes)
    try write(bytes, to: address, function, argument: argument)
  }

  /// Where the bytes of a dynptr are in the memory of programs, `nil` where they are in reach of helpers alone.
  func place(of dynptr: Dynptr, at offset: UInt32) -> ProgramAddress? {
    let start = UInt64(dynptr.offset) + UInt64(offset)
    switch dynptr.kind {
    case .local, .ringBuffer: return dynptr.data &+ start
    case .packet: return packet.flatMap { $0.window == nil ? nil : UInt64($0.addresses.start) + start }
    }
  }

  /// Reads bytes of a dynptr.
  func read(_ dynptr: Dynptr, _ offset: UInt32, _ count: UInt32) -> Result<[UInt8], LinuxErrno> {
    guard dynptr.contains(offset, count) else { return .failure(.tooBig) }
    let start = Int(dynptr.offset) + Int(offset)
    let bytes: [UInt8]? =
      switch dynptr.kind {
      case .local, .ringBuffer: machine.memory.read(dynptr.data &+ UInt64(start), byteCount: Int(count))
      case .packet: packet?.load(at: start, count: Int(count))
      }
    return bytes.map(Result.success) ?? .failure(.badAddress)
  }

  /// Writes bytes into a dynptr that may be written.
  func write(_ bytes: [UInt8], into dynptr: Dynptr, at offset: UInt32) throws(LinuxErrno) {
    guard !dynptr.isReadOnly else { throw .invalidArgument }
    guard dynptr.contains(offset, UInt32(clamping: bytes.count)) else { throw .tooBig }
    let start = Int(dynptr.offset) + Int(offset)
    let isWritten: Bool =
      switch dynptr.kind {
      case .local, .ringBuffer: machine.memory.write(bytes, at: dynptr.data &+ UInt64(start))
      case .packet: packet?.store(bytes, at: start) ?? false
      }
    guard isWritten else { throw .badAddress }
  }
}
