import Synchronization

extension SpecialFields {
  /// The most fields that a value can have.
  public static let maximumCount = 11

  /// How deep structures and arrays are searched, as the kernel does.
  static let maximumDepth = 32

  /// Searches the type of a map value for special fields; what was found is kept as long as the types are.
  ///
  /// - Parameters:
  ///   - btf: the object's types.
  ///   - id: the value's type; typedefs and qualifiers on the value itself are taken off. The type of the value of a
  ///     data section's map is the section.
  /// - Throws: ``BTFError`` when the types themselves are damaged. That a value has no record is not an error.
  public static func find(in btf: BTF, value id: BTFTypeID) throws(BTFError) -> SpecialFields {
    if let known = btf.contents.specialFields.withLock({ $0[id.rawValue] }) { return known }
    var search = SpecialFieldSearch(btf: btf)
    let result: SpecialFields
    do {
      result = SpecialFields(fields: try search.record(of: id), ignored: search.ignored)
    } catch {
      switch error {
      case .absent(let absence): result = SpecialFields(absence: absence, ignored: search.ignored)
      case .damaged(let error): throw error
      }
    }
    btf.contents.specialFields.withLock { $0[id.rawValue] = result }
    return result
  }
}

/// The walk through a value's type.
///
/// Each structure is searched once, however often it occurs, so that the time is bounded by the size of the types.
private struct SpecialFieldSearch {
  let btf: BTF
  var ignored: [SpecialFields.Ignored] = []
  private var known: [BTFTypeID: [SpecialFields.Field]] = [:]

  /// The most members that are noted as ignored.
  private static let ignoredLimit = 32

  init(btf: BTF) { self.btf = btf }

  enum Stop: Error {
    case absent(SpecialFields.Absence)
    case damaged(BTFError)
  }

  /// Where a member is, for the search and for messages.
  struct Place {
    var owner: BTFTypeID
    var ownerName: String
    var member: String
    /// The index of the member, `nil` for a variable of a section.
    var component: Int?
  }

  private func look<Value>(_ body: () throws(BTFError) -> Value) throws(Stop) -> Value {
    do throws(BTFError) {
      return try body()
    } catch {
      throw .damaged(error)
    }
  }

  mutating func record(of id: BTFTypeID) throws(Stop) -> [SpecialFields.Field] {
    let value = try look { () throws(BTFError) in try btf.resolve(id) }
    let type = try look { () throws(BTFError) in try btf.type(value) }
    var fields: [SpecialFields.Field]
    let byteCount: Int
    switch type.kind {
    case .structure(let composite):
      fields = try search(value, type.name, composite, depth: 0)
      byteCount = Int(composite.byteCount)
    case .dataSection(let section):
      fields = try search(value, type.name, section)
      byteCount = Int(section.byteCount)
    default:
      throw .absent(.notStructure)
    }
    if fields.isEmpty { throw .absent(.noFields) }
    try check(fields, byteCount: byteCount)
    fields.sort { $0.offset < $1.offset }
    return fields
  }

  /// Checks what concerns all fields together; they are in the order of the declaration.
  private func check(_ fields: [SpecialFields.Field], byteCount: Int) throws(Stop) {
    var end = 0
    for field in fields {
      guard field.offset >= end, field.range.upperBound <= byteCount else {
        throw .absent(.overlap(offset: field.offset))
      }
      end = field.range.upperBound
    }
    // Linux refuses two of these only within one structure and warns in its log when they are in two; here it is
    // refused in both cases.
    for kind in SpecialFields.Kind.allCases where kind.isUnique {
      if fields.count(where: { $0.kind == kind }) > 1 { throw .absent(.duplicate(kind)) }
    }
    let hasLock = fields.contains { $0.kind == .spinLock }
    let hasResilientLock = fields.contains { $0.kind == .resilientSpinLock }
    if hasLock && hasResilientLock { throw .absent(.twoKindsOfLock) }
    if !hasLock, !hasResilientLock, fields.contains(where: { $0.kind == .listHead || $0.kind == .treeRoot }) {
      throw .absent(.noLock)
    }
  }

  private mutating func search(
    _ id: BTFTypeID, _ name: String, _ composite: BTFType.Composite, depth: Int
  ) throws(Stop) -> [SpecialFields.Field] {
    if let known = known[id] { return known }
    guard depth < SpecialFields.maximumDepth else { throw .absent(.tooDeep) }
    var fields: [SpecialFields.Field] = []
    var seen: Set<SpecialFields.Kind> = []
    for (index, member) in composite.members.enumerated() {
      guard member.bitOffset % 8 == 0 else {
        throw .absent(.bitField(structure: name, member: member.name))
      }
      let place = Place(owner: id, ownerName: name, member: member.name, component: index)
      fields += try search(
        member.type, at: Int(member.bitOffset / 8), place, expected: nil, seen: &seen,
        room: SpecialFields.maximumCount - fields.count, depth: depth)
    }
    known[id] = fields
    return fields
  }

  private mutating func search(
    _ id: BTFTypeID, _ name: String, _ section: BTFType.DataSection
  ) throws(Stop) -> [SpecialFields.Field] {
    var fields: [SpecialFields.Field] = []
    var seen: Set<SpecialFields.Kind> = []
    for entry in section.variables {
      let variable = try look { () throws(BTFError) in try btf.type(entry.type) }
      guard case .variable(let type, _) = variable.kind else { continue }
      let place = Place(owner: entry.type, ownerName: name, member: variable.name, component: nil)
      fields += try search(
        type, at: Int(entry.offset), place, expected: Int(entry.byteCount), seen: &seen,
        room: SpecialFields.maximumCount - fields.count, depth: 0)
    }
    return fields
  }

  /// Searches one member or variable, of which `expected` is the size that it must have.
  private mutating func search(
    _ member: BTFTypeID, at offset: Int, _ place: Place, expected: Int?, seen: inout Set<SpecialFields.Kind>,
    room: Int, depth: Int
  ) throws(Stop) -> [SpecialFields.Field] {
    let (id, type, count) = try element(of: member)
    guard count > 0 else { return [] }

    if let kind = SpecialFields.Kind.byStructureName[type.name] {
      if kind.isUnique, !seen.insert(kind).inserted { throw .absent(.duplicate(kind)) }
      if let expected, expected != kind.byteCount * count { return [] }
      guard offset % kind.alignment == 0 else { return ignore(kind, place, .misaligned(offset: offset)) }
      guard case .structure(let composite) = type.kind else {
        return ignore(kind, place, isDirect(type) ? .notStructure : .notDirect)
      }
      guard Int(composite.byteCount) == kind.byteCount else {
        return ignore(kind, place, .wrongSize(byteCount: Int(composite.byteCount)))
      }
      var field = SpecialFields.Field(kind: kind, offset: offset)
      if kind == .listHead || kind == .treeRoot { field.target = try contents(of: kind, place) }
      return try repeated([field], count, stride: kind.byteCount, room: room)
    }

    if case .structure(let composite) = type.kind {
      if let expected, expected != Int(composite.byteCount) * count { return [] }
      let inner = try search(id, type.name, composite, depth: depth + 1).map { field in
        var moved = field
        moved.offset += offset
        return moved
      }
      return try repeated(inner, count, stride: Int(composite.byteCount), room: room)
    }

    if let expected, expected != BTF.pointerByteCount * count { return [] }
    // A pointer that is not aligned is not looked at, so that its tags cannot be wrong either.
    if offset % BTF.pointerByteCount == 0, let (kind, pointee) = try pointer(type, place) {
      let field = SpecialFields.Field(kind: kind, offset: offset, target: .pointee(pointee))
      return try repeated([field], count, stride: kind.byteCount, room: room)
    }
    try noteHidden(id, type, place)
    return []
  }

  /// The element of an array of any number of dimensions, and how many there are; 1 for what is no array.
  private func element(of member: BTFTypeID) throws(Stop) -> (BTFTypeID, BTFType, count: Int) {
    var id = member
    var count: UInt64 = 1
    for _ in 0..<SpecialFields.maximumDepth {
      let type = try look { () throws(BTFError) in try btf.type(id) }
      guard case .array(let array) = type.kind else { return (id, type, Int(count)) }
      // Far beyond the eleven that a value can have, and still small enough to multiply with any size.
      count = min(count * UInt64(array.count), 1 << 30)
      id = array.element
    }
    throw .absent(.tooDeep)
  }

  private func repeated(
    _ fields: [SpecialFields.Field], _ count: Int, stride: Int, room: Int
  ) throws(Stop) -> [SpecialFields.Field] {
    guard let first = fields.first else { return [] }
    if count > 1, let single = fields.first(where: { !$0.kind.isRepeatable }) {
      throw .absent(.duplicate(single.kind))
    }
    guard fields.count <= room, count <= room / fields.count else { throw .absent(.tooMany) }
    // Offsets stay far below the range of Int: a structure has fewer than 2^32 bytes and `count` is at most eleven.
    guard first.offset < 1 << 40 else { throw .absent(.overlap(offset: first.offset)) }
    var all: [SpecialFields.Field] = []
    for index in 0..<count {
      for var field in fields {
        field.offset += index * stride
        all.append(field)
      }
    }
    return all
  }

  /// The tag and the structure of a tagged pointer, `nil` for any other type.
  private func pointer(
    _ type: BTFType, _ place: Place
  ) throws(Stop) -> (SpecialFields.Kind, BTFTypeID)? {
    var type = type
    if case .volatile(let inner) = type.kind { type = try look { () throws(BTFError) in try btf.type(inner) } }
    guard case .pointer(let target) = type.kind else { return nil }
    let tag = try look { () throws(BTFError) in try btf.type(target) }
    guard case .typeTag(let tagged) = tag.kind, !tag.isAttribute else { return nil }
    let next = try look { () throws(BTFError) in try btf.type(tagged) }
    if case .typeTag = next.kind {
      throw .absent(.badPointer(structure: place.ownerName, member: place.member))
    }
    guard let kind = SpecialFields.Kind.byTag[tag.name] else {
      throw .absent(.unknownPointerTag(structure: place.ownerName, member: place.member, tag: tag.name))
    }
    let pointee = try look { () throws(BTFError) in try btf.resolve(tagged) }
    guard try look({ () throws(BTFError) in try btf.kind(of: pointee) }) == .structure else {
      throw .absent(.badPointer(structure: place.ownerName, member: place.member))
    }
    return (kind, pointee)
  }

  /// What a list or tree is made of, by the declaration tag on it.
  private func contents(
    of kind: SpecialFields.Kind, _ place: Place
  ) throws(Stop) -> SpecialFields.Target {
    let wrong = Stop.absent(.badContents(structure: place.ownerName, member: place.member))
    let tags = try look { () throws(BTFError) in
      try btf.declarationTags(on: place.owner, component: place.component)
    }
    let prefix = "contains:"
    let matching = tags.filter { $0.hasPrefix(prefix) }
    guard matching.count == 1, let tag = matching.first else { throw wrong }
    let parts = tag.dropFirst(prefix.count).split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[1].isEmpty,
      let id = btf.first(named: String(parts[0]), kind: .structure),
      case .structure(let composite) = try look({ () throws(BTFError) in try btf.type(id) }).kind
    else { throw wrong }
    let nodes = composite.members.filter { $0.name == parts[1] }
    guard nodes.count == 1, let node = nodes.first, node.bitOffset % 64 == 0 else { throw wrong }
    let type = try look { () throws(BTFError) in try btf.type(node.type) }
    guard case .structure = type.kind, type.name == (kind == .listHead ? "bpf_list_node" : "bpf_rb_node") else {
      throw wrong
    }
    return .elements(id, nodeOffset: Int(node.bitOffset / 8))
  }

  // MARK: What looks like a field and is none

  private mutating func ignore(
    _ kind: SpecialFields.Kind, _ place: Place, _ reason: SpecialFields.Ignored.Reason
  ) -> [SpecialFields.Field] {
    if ignored.count < Self.ignoredLimit {
      ignored.append(.init(kind: kind, structure: place.ownerName, member: place.member, reason: reason))
    }
    return []
  }

  private func isDirect(_ type: BTFType) -> Bool {
    switch type.kind {
    case .typedef, .const, .volatile, .restrict, .typeTag: false
    default: true
    }
  }

  /// Notes a field behind a typedef or qualifier, or in a union.
  private mutating func noteHidden(_ id: BTFTypeID, _ type: BTFType, _ place: Place) throws(Stop) {
    if case .union(let composite) = type.kind {
      for member in composite.members.prefix(64) {
        if let kind = try structureKind(of: member.type) {
          let inner = Place(owner: id, ownerName: place.ownerName, member: member.name, component: nil)
          _ = ignore(kind, inner, .inUnion)
        }
      }
    } else if !isDirect(type), let kind = try structureKind(of: id) {
      _ = ignore(kind, place, .notDirect)
    }
  }

  private func structureKind(of id: BTFTypeID) throws(Stop) -> SpecialFields.Kind? {
    let (element, _, _) = try element(of: id)
    let resolved = try look { () throws(BTFError) in try btf.resolve(element) }
    guard try look({ () throws(BTFError) in try btf.kind(of: resolved) }) == .structure else { return nil }
    let name = try look { () throws(BTFError) in try btf.name(of: resolved) }
    return SpecialFields.Kind.byStructureName[name]
  }
}
