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
      var largest = 1
      var isPacked = false
      for member in composite.members {
        let own = try self.alignment(of: member.type, depth: depth + 1, known: &known)
        largest = max(largest, own)
        if member.bitFieldWidth == 0, Int(member.bitOffset) % (8 * own) != 0 { isPacked = true }
      }
      if Int(composite.byteCount) % largest != 0 { isPacked = true }
      alignment = isPacked ? 1 : largest
    case .void, .forward, .function, .functionPrototype, .dataSection, .declarationTag, .typedef, .volatile, .const,
      .restrict, .typeTag:
      throw BTFError(.query, .noSize(resolved, type.kind.code.description))
    }
    known[resolved] = alignment
    return alignment
  }
}
