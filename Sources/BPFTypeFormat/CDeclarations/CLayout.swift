/// The size of a type and the alignment that C gives it, in bytes.
struct CTypeLayout: Hashable, Sendable {
  var byteCount: UInt64
  var alignment: UInt64
}

/// Lays out the members of one structure or union, in the order in which they are declared.
///
/// The rules are those of the System V ABI as GCC and clang apply them: a bit field lies within one storage unit of its
/// declared type, a width of zero ends the unit, a named bit field aligns the structure as its type does, and `packed`
/// drops both the alignment and the limit of the unit.
struct CRecordLayout {
  let isUnion: Bool
  let isPacked: Bool

  private(set) var members: [BTFType.Member] = []
  /// The first free bit of a structure; the size in bits of a union.
  private var bitCount: UInt64 = 0
  private(set) var alignment: UInt64 = 1

  init(isUnion: Bool, isPacked: Bool) {
    self.isUnion = isUnion
    self.isPacked = isPacked
  }

  /// What a member asks for beyond its type.
  struct Demand {
    var isPacked = false
    /// The alignment that an attribute of the member asks for, 0 for none.
    var alignment: UInt64 = 0
  }

  /// Places an ordinary member.
  mutating func add(name: String, type: BTFTypeID, layout: CTypeLayout, demand: Demand) -> Outcome {
    let natural = isPacked || demand.isPacked ? 1 : layout.alignment
    let memberAlignment = max(natural, demand.alignment)
    alignment = max(alignment, memberAlignment)
    let offset = isUnion ? 0 : Self.roundUp(bitCount, to: memberAlignment * 8)
    let (bits, overflow) = layout.byteCount.multipliedReportingOverflow(by: 8)
    guard !overflow, let start = UInt32(exactly: offset), bits <= UInt64(UInt32.max) * 8 else { return .tooLarge }
    bitCount = max(isUnion ? bitCount : 0, offset + bits)
    members.append(.init(name: name, type: type, bitOffset: start))
    return .placed
  }

  /// Places a bit field; one without a name takes room but is no member.
  mutating func addBitField(name: String, type: BTFTypeID, width: UInt64, layout: CTypeLayout, demand: Demand)
    -> Outcome
  {
    let unit = layout.byteCount * 8
    let isNarrow = isPacked || demand.isPacked
    let fieldAlignment = max(isNarrow && width > 0 ? 1 : layout.alignment * 8, demand.alignment * 8)
    var offset = isUnion ? 0 : bitCount
    let crossesUnit = !isNarrow && (offset % fieldAlignment) + width > unit
    if width == 0 || crossesUnit {
      offset = Self.roundUp(offset, to: fieldAlignment)
    } else if demand.alignment > 0 {
      // A field that fits where it is moves only as far as its own attribute asks, not to its type's alignment.
      offset = Self.roundUp(offset, to: demand.alignment * 8)
    }
    guard let start = UInt32(exactly: offset) else { return .tooLarge }
    if !name.isEmpty {
      alignment = max(alignment, fieldAlignment / 8)
      members.append(.init(name: name, type: type, bitOffset: start, bitFieldWidth: UInt8(clamping: width)))
    }
    bitCount = max(isUnion ? bitCount : 0, offset + width)
    return .placed
  }

  /// The size and the alignment of the whole, given the alignment that its attributes ask for (0 for none).
  func finished(demandedAlignment: UInt64) -> CTypeLayout {
    let total = max(alignment, demandedAlignment)
    return CTypeLayout(byteCount: Self.roundUp(bitCount, to: total * 8) / 8, alignment: total)
  }

  enum Outcome {
    case placed
    case tooLarge
  }

  /// The bit counts that occur stay below 2^36 and alignments below 2^32, so nothing overflows.
  private static func roundUp(_ value: UInt64, to multiple: UInt64) -> UInt64 {
    multiple <= 1 ? value : (value + multiple - 1) / multiple * multiple
  }
}
