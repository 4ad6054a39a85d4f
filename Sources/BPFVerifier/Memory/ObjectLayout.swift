internal import BPFTypeFormat

/// A structure's members in a form in which an access can be looked up: names and types read once.
struct ObjectLayout: Sendable {
  var name: String
  var byteCount: Int
  var isUnion: Bool
  var members: [Member]

  struct Member: Sendable {
    var name: String
    var bitOffset: Int
    var bitWidth: Int
    /// The size of the whole member in bytes.
    var byteCount: Int
    /// The size of an element, the same as the whole for what is no array.
    var elementByteCount: Int
    var kind: Kind
  }

  enum Kind: Sendable {
    case scalar
    /// A structure or union of another type.
    case composite(BTFTypeID, isUnion: Bool, memberCount: Int)
    /// A pointer to a structure, with the tags that stand on it.
    case pointer(BTFTypeID, RegisterFlags)
    /// A pointer to something else.
    case otherPointer
    case unknown
  }

  /// What a walk to an offset comes to.
  enum Answer {
    case scalar
    /// A pointer to something else than a structure: what it points to can be read, and be anything.
    case untrustedMemory
    case pointer(BTFTypeID, RegisterFlags, field: String)
    case fault(String)
  }

  init?(_ id: BTFTypeID, _ types: BTF) {
    guard let type = types.plain(id) else { return nil }
    let composite: BTFType.Composite
    switch type.kind {
    case .structure(let value): (composite, isUnion) = (value, false)
    case .union(let value): (composite, isUnion) = (value, true)
    default: return nil
    }
    name = type.name
    byteCount = Int(composite.byteCount)
    members = composite.members.map { Self.member($0, types) }
  }

  private static func member(_ member: BTFType.Member, _ types: BTF) -> Member {
    var result = Member(
      name: member.name, bitOffset: Int(member.bitOffset), bitWidth: Int(member.bitFieldWidth),
      byteCount: (try? types.size(of: member.type)) ?? 0, elementByteCount: 0, kind: .unknown)
    result.elementByteCount = result.byteCount
    var id = member.type
    for _ in 0..<8 {
      guard let resolved = try? types.resolve(id), let type = try? types.type(resolved) else { return result }
      guard case .array(let array) = type.kind else {
        result.kind = kind(resolved, type, types)
        return result
      }
      id = array.element
      result.elementByteCount = (try? types.size(of: id)) ?? 0
    }
    return result
  }

  private static func kind(_ id: BTFTypeID, _ type: BTFType, _ types: BTF) -> Kind {
    switch type.kind {
    case .integer, .enumeration, .float: return .scalar
    case .structure(let composite): return .composite(id, isUnion: false, memberCount: composite.members.count)
    case .union(let composite): return .composite(id, isUnion: true, memberCount: composite.members.count)
    case .pointer(let target):
      guard let resolved = try? types.resolve(target), let pointee = try? types.type(resolved) else {
        return .otherPointer
      }
      switch pointee.kind {
      case .structure, .union: return .pointer(resolved, tags(on: target, types))
      default: return .otherPointer
      }
    default: return .unknown
    }
  }

  /// What the type tag on a pointer's target says of it.
  static func tags(on target: BTFTypeID, _ types: BTF) -> RegisterFlags {
    guard let tagged = try? types.type(target), case .typeTag = tagged.kind else { return [] }
    switch tagged.name {
    case "user": return .user
    case "percpu": return .perCPU
    case "rcu": return .rcu
    default: return []
    }
  }
}

extension Exploration {
  /// The layout of a structure, read when it is first asked for.
  mutating func layout(_ id: BTFTypeID, isOwn: Bool) -> ObjectLayout? {
    let key = UInt64(id.rawValue) | (isOwn ? 1 << 32 : 0)
    if let known = layouts[key] { return known }
    guard let types = isOwn ? program.ownTypes : program.kernelTypes,
      let layout = types.derived(from: id, { ObjectLayout(id, types) })
    else { return nil }
    layouts[key] = layout
    return layout
  }

  /// What an access of a structure at a constant offset reads.
  mutating func lookUp(_ id: BTFTypeID, isOwn: Bool, offset: Int, size: Int) -> ObjectLayout.Answer {
    var id = id
    var offset = offset
    var flags: RegisterFlags = []
    for _ in 0..<16 {
      guard let layout = layout(id, isOwn: isOwn) else { return .fault("the structure is not in the types") }
      if offset + size > layout.byteCount {
        guard let last = layout.members.last, last.byteCount == 0, last.elementByteCount > 0,
          offset >= last.bitOffset / 8
        else { return .fault("access beyond struct \(layout.name) at off \(offset) size \(size)") }
        // A flexible array at the end goes on for as long as the memory does.
        let inner = (offset - last.bitOffset / 8) % last.elementByteCount
        guard case .composite(let next, _, _) = last.kind else { return .scalar }
        (id, offset) = (next, inner)
        continue
      }
      var next: (BTFTypeID, Int)?
      search: for member in layout.members {
        let start = member.bitOffset / 8
        if offset + size <= start { break }
        if member.bitWidth > 0 {
          let end = (member.bitOffset + member.bitWidth + 7) / 8
          if offset <= start, end <= offset + size { return .scalar }
          continue
        }
        if offset < start { break }
        guard offset < start + member.byteCount else { continue }
        let elementStart =
          member.elementByteCount > 0
          ? start + (offset - start) / member.elementByteCount * member.elementByteCount : start
        switch member.kind {
        case .composite(let inner, let isUnion, let count):
          if isUnion, count != 1 { flags.insert(.untrusted) }
          next = (inner, offset - elementStart)
          break search
        case .pointer, .otherPointer:
          guard size == 8, offset == elementStart else {
            return .fault(
              "cannot access ptr member \(member.name) with moff \(elementStart) in struct \(layout.name) with off "
                + "\(offset) size \(size)")
          }
          if case .pointer(let target, let tags) = member.kind {
            return .pointer(target, tags.union(flags), field: member.name)
          }
          return .untrustedMemory
        case .scalar, .unknown:
          // An array of numbers may be read in other pieces; what is behind a union is not relied on anyway.
          let end = start + member.byteCount
          guard offset + size <= end || flags.contains(.untrusted) else {
            return .fault(
              "access beyond the end of member \(member.name) (mend:\(end)) in struct \(layout.name) with off "
                + "\(offset) size \(size)")
          }
          return .scalar
        }
      }
      guard let (inner, rest) = next else {
        return .fault("struct \(layout.name) doesn't have field at offset \(offset)")
      }
      (id, offset) = (inner, rest)
    }
    return .fault("the structure nests too deeply")
  }
}
