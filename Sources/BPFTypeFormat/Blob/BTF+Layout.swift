extension BTF {
  /// The size of a pointer in bytes; BPF programs have 64-bit pointers on every machine.
  public static let pointerByteCount = 8

  /// The type that remains when typedefs, qualifiers and type tags are taken off.
  ///
  /// - Throws: ``BTFError`` when a type does not exist, or the chain is longer than ``maximumDepth`` or a cycle.
  public func resolve(_ id: BTFTypeID) throws(BTFError) -> BTFTypeID {
    try strip(id, typedefs: true)
  }

  /// The type that remains when qualifiers and type tags are taken off, and typedefs not.
  ///
  /// - Throws: ``BTFError`` when a type does not exist, or the chain is longer than ``maximumDepth`` or a cycle.
  public func unqualified(_ id: BTFTypeID) throws(BTFError) -> BTFTypeID {
    try strip(id, typedefs: false)
  }

  private func strip(_ id: BTFTypeID, typedefs: Bool) throws(BTFError) -> BTFTypeID {
    var current = id
    for _ in 0...Self.maximumDepth {
      guard current != .void else { return current }
      let (owner, offset) = try locate(current)
      switch BTFInfo(owner.blob.word(at: offset + 4)).kind {
      case .const, .volatile, .restrict, .typeTag: break
      case .typedef where typedefs: break
      default: return current
      }
      current = BTFTypeID(owner.blob.word(at: offset + 8))
    }
    throw BTFError(.query, .tooDeep(id))
  }

  /// The size of a type in bytes, as BPF programs see it.
  ///
  /// A variable has the size of its type. The size of a flexible array is 0.
  ///
  /// - Throws: ``BTFError`` when the type has no size (`void`, functions, forward declarations, tags), when the size
  ///   does not fit in 32 bits, or when types form a cycle.
  public func size(of id: BTFTypeID) throws(BTFError) -> Int {
    var count: UInt64 = 1
    var current = id
    for _ in 0...Self.maximumDepth {
      current = try resolve(current)
      let type = try kind(of: current)
      let unit: UInt32
      switch type {
      case .array:
        let (owner, offset) = try locate(current)
        count *= UInt64(owner.blob.word(at: offset + 20))
        guard count <= UInt64(UInt32.max) else { throw BTFError(.query, .sizeOverflow(id)) }
        current = BTFTypeID(owner.blob.word(at: offset + 12))
        continue
      case .variable:
        let (owner, offset) = try locate(current)
        current = BTFTypeID(owner.blob.word(at: offset + 8))
        continue
      case .integer, .structure, .union, .enumeration, .enumeration64, .float, .dataSection:
        let (owner, offset) = try locate(current)
        unit = owner.blob.word(at: offset + 8)
      case .pointer:
        unit = UInt32(Self.pointerByteCount)
      case .void, .forward, .function, .functionPrototype, .declarationTag, .typedef, .volatile, .const, .restrict,
        .typeTag:
        throw BTFError(.query, .noSize(current, type.description))
      }
      let size = count * UInt64(unit)
      guard size <= UInt64(UInt32.max) else { throw BTFError(.query, .sizeOverflow(id)) }
      return Int(size)
    }
    throw BTFError(.query, .tooDeep(id))
  }

  /// The alignment of a type in bytes, as the C compiler for BPF lays it out.
  ///
  /// BTF does not record alignment. It follows from the members, except that a structure whose members do not fall
  /// on their natural alignment must have been packed, and is aligned to 1. An `aligned` attribute is not seen.
  /// What C cannot lay out at all (overlapping members) counts as an array of bytes.
  ///
  /// - Throws: ``BTFError`` as ``size(of:)`` does.
  public func alignment(of id: BTFTypeID) throws(BTFError) -> Int {
    var known: [BTFTypeID: Int] = [:]
    return try alignment(of: id, depth: 0, known: &known)
  }

  func alignment(
    of id: BTFTypeID, depth: Int, known: inout [BTFTypeID: Int]
  ) throws(BTFError) -> Int {
    guard depth <= Self.maximumDepth else { throw BTFError(.query, .tooDeep(id)) }
    let resolved = try resolve(id)
    if let alignment = known[resolved] { return alignment }
    let type = try type(resolved)
    let alignment: Int
    switch type.kind {
    case .integer(let integer):
      alignment = Int(integer.byteCount)
    case .enumeration(let enumeration):
      alignment = Int(enumeration.byteCount)
    case .float(let byteCount):
      alignment = byteCount == 12 ? 4 : min(Int(byteCount), 16)
    case .pointer:
      alignment = Self.pointerByteCount
    case .array(let array):
      alignment = try self.alignment(of: array.element, depth: depth + 1, known: &known)
    case .variable(let target, _):
      alignment = try self.alignment(of: target, depth: depth + 1, known: &known)
    case .structure(let composite), .union(let composite):
      switch try layout(of: composite, isUnion: type.kind.code == .union, depth: depth, known: &known) {
      case .members(let largest, let isPacked): alignment = isPacked ? 1 : largest
      case .opaque: alignment = 1
      }
    case .void, .forward, .function, .functionPrototype, .dataSection, .declarationTag, .typedef, .volatile, .const,
      .restrict, .typeTag:
      throw BTFError(.query, .noSize(resolved, type.kind.code.description))
    }
    known[resolved] = alignment
    return alignment
  }
}

extension BTF {
  /// How C can lay out a structure or union so that its members are where BTF says.
  enum CompositeLayout: Equatable {
    /// By its members, which call for an alignment in bytes, or for packing.
    case members(alignment: Int, isPacked: Bool)
    /// Not by its members: they overlap, leave the structure, or have no size.
    case opaque
  }

  /// A bit field: where it begins in its structure in bits, its width, and the width of its declared type.
  struct BitField {
    var offset: Int
    var width: Int
    var unit: Int
  }

  /// The bit field that a member is, `nil` for an ordinary member.
  ///
  /// Old compilers say so with an integer type that is narrower than its bytes.
  func bitField(of member: BTFType.Member) throws(BTFError) -> BitField? {
    let width = Int(member.bitFieldWidth)
    let resolved = try resolve(member.type)
    switch try kind(of: resolved) {
    case .integer:
      guard case .integer(let integer) = try type(resolved).kind else { return nil }
      let unit = 8 * Int(integer.byteCount)
      if width > 0 { return BitField(offset: Int(member.bitOffset), width: width, unit: unit) }
      guard Int(integer.bitCount) < unit, !integer.isBoolean else { return nil }
      return BitField(
        offset: Int(member.bitOffset) + Int(integer.bitOffset), width: Int(integer.bitCount), unit: unit)
    case .enumeration, .enumeration64:
      guard width > 0 else { return nil }
      return BitField(offset: Int(member.bitOffset), width: width, unit: try 8 * size(of: resolved))
    default:
      guard width > 0 else { return nil }
      throw BTFError(
        .types,
        .badValue(
          field: "the width of the bit field \(member.name)", value: UInt64(width),
          expected: "0 for what is no integer or enumeration"))
    }
  }

  func layout(
    of composite: BTFType.Composite, isUnion: Bool, depth: Int, known: inout [BTFTypeID: Int]
  ) throws(BTFError) -> CompositeLayout {
    let total = 8 * Int(composite.byteCount)
    var alignment = 1
    var isPacked = false
    var end = 0
    for member in composite.members {
      let own: Int
      let width: Int
      do throws(BTFError) {
        own = try self.alignment(of: member.type, depth: depth + 1, known: &known)
        width = try 8 * size(of: member.type)
      } catch {
        if case .noSize = error.problem { return .opaque }
        throw error
      }
      alignment = max(alignment, own)
      let offset: Int
      let last: Int
      if let field = try bitField(of: member) {
        guard field.width <= field.unit else { return .opaque }
        offset = field.offset
        last = offset + field.width
        if offset % field.unit + field.width > field.unit { isPacked = true }
      } else {
        offset = Int(member.bitOffset)
        last = offset + width
        guard offset % 8 == 0 else { return .opaque }
        if offset % (8 * own) != 0 { isPacked = true }
      }
      guard last <= total, isUnion ? offset == 0 : offset >= end else { return .opaque }
      end = last
    }
    if Int(composite.byteCount) % alignment != 0 { isPacked = true }
    return .members(alignment: isPacked ? 1 : alignment, isPacked: isPacked)
  }
}
