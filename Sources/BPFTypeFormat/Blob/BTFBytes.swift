/// A blob of BTF with its byte order, read in words.
///
/// Offsets are checked where they enter: a reader makes sure that a record lies within the blob and then reads its
/// words. An offset outside the blob would be a defect here, and traps as any index outside an array does.
struct BTFBytes: Sendable {
  let memory: BTFMemory
  let byteOrder: BTF.ByteOrder
  private let isSwapped: Bool

  init(_ memory: BTFMemory, _ byteOrder: BTF.ByteOrder) {
    self.memory = memory
    self.byteOrder = byteOrder
    self.isSwapped = byteOrder != .host
  }

  var count: Int { memory.count }

  /// The 32-bit word at an offset, which need not be aligned.
  @inline(__always)
  func word(at offset: Int) -> UInt32 {
    let word = memory.word(at: offset)
    return isSwapped ? word.byteSwapped : word
  }

  /// The 32-bit word at an offset, or an error when the blob ends before it.
  func checkedWord(at offset: Int, _ place: BTFError.Place) throws(BTFError) -> UInt32 {
    guard offset >= 0, offset <= count - 4 else {
      throw BTFError(place, offset: offset, .truncated(needed: 4, available: max(0, count - offset)))
    }
    return word(at: offset)
  }
}

extension BTF {
  /// The byte order of a blob.
  public enum ByteOrder: Hashable, Sendable {
    /// The least significant byte first.
    case little
    /// The most significant byte first.
    case big

    /// The byte order of the machine that this code runs on.
    public static var host: ByteOrder { UInt16(littleEndian: 1) == 1 ? .little : .big }
  }

  /// The magic number that begins `.BTF` and `.BTF.ext`.
  static let magic: UInt16 = 0xeb9f

  /// Reads the magic number and thereby the byte order.
  static func byteOrder(of bytes: BTFMemory, _ place: BTFError.Place) throws(BTFError) -> ByteOrder {
    guard bytes.count >= 4 else {
      throw BTFError(place, offset: 0, .truncated(needed: 4, available: bytes.count))
    }
    let little = UInt16(bytes[0]) | UInt16(bytes[1]) << 8
    if little == magic { return .little }
    if little.byteSwapped == magic { return .big }
    throw BTFError(place, offset: 0, .badMagic(little))
  }
}
