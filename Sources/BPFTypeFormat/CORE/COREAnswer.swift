/// The value of a relocation against one side's types.
struct COREAnswer {
  var value: UInt64 = 0
  /// Whether every compiler computes the same.
  var isCertain = true
  /// The field and its size in bytes, where a load or store of it may follow.
  var field: (type: BTFTypeID, byteCount: Int)?

  init(
    path: AccessPath, kind: CORERelocationKind, in types: CORETypes, root: BTFTypeID
  ) throws(CORERelocationError) {
    switch kind {
    case .fieldExists, .typeExists, .typeMatches, .enumeratorExists:
      value = 1
    case .localTypeID, .targetTypeID:
      value = UInt64(root.rawValue)
      isCertain = false
    case .typeSize:
      value = UInt64(try types.size(of: root))
    case .enumeratorValue:
      value = path.enumeratorValue
    case .fieldByteOffset, .fieldByteSize, .fieldSigned, .fieldLeftShift, .fieldRightShift:
      try setField(path, kind, types)
    }
  }

  private mutating func setField(
    _ path: AccessPath, _ kind: CORERelocationKind, _ types: CORETypes
  ) throws(CORERelocationError) {
    guard let last = path.steps.last, last.member != nil || kind == .fieldByteOffset || kind == .fieldByteSize else {
      throw .notApplicable(kind)
    }
    let byteCount = try types.size(of: last.type)
    let isBitField = (last.member?.bitFieldWidth ?? 0) > 0
    // The memory that holds the field: for a bit field the smallest aligned word that has all of it.
    var wordByteCount = byteCount
    var wordOffset = path.bitOffset / 8
    var width = 8 * byteCount
    if let member = last.member, isBitField {
      // Compilers differ in the word that they choose, so that what they wrote cannot be checked.
      isCertain = kind == .fieldSigned
      width = Int(member.bitFieldWidth)
      guard byteCount > 0, width <= 64 else { throw .bitFieldTooWide }
      wordOffset = path.bitOffset / 8 / wordByteCount * wordByteCount
      while path.bitOffset + width - 8 * wordOffset > 8 * wordByteCount {
        guard wordByteCount < 8 else { throw .bitFieldTooWide }
        wordByteCount *= 2
        wordOffset = path.bitOffset / 8 / wordByteCount * wordByteCount
      }
    }
    let shift: Int
    switch kind {
    case .fieldByteOffset:
      value = UInt64(wordOffset)
      if !isBitField { field = (last.type, try types.size(of: types.innermostElement(of: last.type))) }
      return
    case .fieldByteSize:
      value = UInt64(wordByteCount)
      return
    case .fieldSigned:
      value = try types.isSigned(last.type) ? 1 : 0
      return
    case .fieldLeftShift:
      let below = path.bitOffset - 8 * wordOffset
      shift = types.btf.byteOrder == .little ? 64 - (below + width) : 8 * (8 - wordByteCount) + below
    default:
      shift = 64 - width
    }
    // A field of more than 64 bits does not fit a register.
    guard shift >= 0, shift < 64 else { throw .bitFieldTooWide }
    value = UInt64(shift)
  }
}
