/// A set of instructions that an implementation has whole or not at all (RFC 9669, section 2.4).
public enum ConformanceGroup: String, Hashable, Sendable, CaseIterable {
  /// What every implementation has.
  case base32
  /// The 64-bit instructions that are not of another group; includes `base32`.
  case base64
  /// 32-bit atomic operations.
  case atomic32
  /// 64-bit atomic operations; includes `atomic32`.
  case atomic64
  /// 32-bit multiplication, division and modulo.
  case divmul32
  /// 64-bit multiplication, division and modulo; includes `divmul32`.
  case divmul64
  /// The deprecated loads from packets.
  case packet
}

extension DecodedInstruction {
  // Where the registry's informative rows differ from the sections they cite, the sections are followed: a 64-bit
  // negation is `base64`, and so is each access of a double word; sign-extending loads are `base32`.

  /// The group that the instruction is of; nil for what RFC 9669 does not have (Linux's own instructions).
  public var conformanceGroup: ConformanceGroup? {
    switch self {
    case .arithmetic(let operation, let width, _, _):
      switch operation {
      case .multiply, .divide, .signedDivide, .modulo, .signedModulo: width == .bits32 ? .divmul32 : .divmul64
      default: width == .bits32 ? .base32 : .base64
      }
    case .negate(let width, _), .moveSignExtended(let width, _, _, _), .jumpIf(_, let width, _, _, _):
      width == .bits32 ? .base32 : .base64
    case .byteSwap(_, let size, _), .load(let size, _, _, _, _), .store(let size, _, _, _):
      size == .doubleWord ? .base64 : .base32
    case .atomic(_, let width, _, _, _, _): width == .bits32 ? .atomic32 : .atomic64
    case .loadWide: .base64
    case .loadPacket: .packet
    case .goto, .gotoLong, .exit, .call(.helper), .call(.local), .call(.kernelFunction): .base32
    case .castAddressSpace, .loadAcquire, .storeRelease, .mayGoto, .call(.register): nil
    }
  }
}
