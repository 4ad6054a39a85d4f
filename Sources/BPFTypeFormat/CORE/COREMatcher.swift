/// Finds in the target what a path through the local types names.
struct COREMatcher {
  let local: CORETypes
  let target: CORETypes
  /// Comparisons that may still be made; nested types could ask for any number of them.
  private var room = 1 << 20

  /// How deep types are compared, as in libbpf.
  private static let maximumDepth = 32

  init(local: CORETypes, target: CORETypes) {
    self.local = local
    self.target = target
  }

  /// The path through the target that begins at a candidate, `nil` when the candidate does not match.
  mutating func match(
    _ path: AccessPath, local root: BTFTypeID, candidate: BTFTypeID, kind: CORERelocationKind
  ) throws(CORERelocationError) -> AccessPath? {
    if kind == .typeMatches {
      return try matches(root, candidate, isBehindPointer: false, depth: 0) ? AccessPath() : nil
    }
    if kind.isTypeBased {
      return try isCompatible(root, candidate, depth: 0) ? AccessPath() : nil
    }
    if kind.isEnumeratorBased {
      return try matchEnumerator(path, candidate)
    }
    return try matchFields(path, candidate)
  }

  private mutating func step() throws(CORERelocationError) {
    room -= 1
    guard room > 0 else { throw .tooComplex }
  }

  private func haveSameName(_ one: String, _ other: String) -> Bool {
    BTF.essentialName(of: one) == BTF.essentialName(of: other)
  }

  private func matchEnumerator(
    _ path: AccessPath, _ candidate: BTFTypeID
  ) throws(CORERelocationError) -> AccessPath? {
    guard case .enumeration(let enumeration) = try target.resolved(candidate).kind else { return nil }
    let match = enumeration.values.first { haveSameName($0.name, path.enumerator) }
    guard let match else { return nil }
    var found = AccessPath()
    found.enumerator = match.name
    found.enumeratorValue = match.value
    return found
  }

  // MARK: Fields

  private mutating func matchFields(
    _ path: AccessPath, _ candidate: BTFTypeID
  ) throws(CORERelocationError) -> AccessPath? {
    var found = AccessPath()
    guard let root = path.steps.first else { return nil }
    try found.enter(element: root.index, of: target.resolve(candidate), in: target)
    for step in path.steps.dropFirst() {
      guard let last = found.steps.last else { return nil }
      let current = try target.resolve(last.type)
      if let member = step.member {
        var visited: Set<BTFTypeID> = []
        guard let match = try findMember(member, in: current, at: 0, &visited, depth: 0) else { return nil }
        try found.advance(match.bitOffset)
        found.steps.append(match.step)
      } else {
        guard case .array(let array) = try target.type(current).kind, last.allows(step.index, of: array) else {
          return nil
        }
        try found.enter(element: step.index, of: target.resolve(array.element), in: target)
      }
    }
    return found
  }

  /// A member by its name, also within anonymous members; the first one of the name decides.
  private mutating func findMember(
    _ wanted: BTFType.Member, in id: BTFTypeID, at bitOffset: Int, _ visited: inout Set<BTFTypeID>, depth: Int
  ) throws(CORERelocationError) -> (step: AccessPath.Step, bitOffset: Int)? {
    try step()
    guard depth <= Self.maximumDepth else { return nil }
    let composite: BTFType.Composite
    switch try target.type(id).kind {
    case .structure(let body), .union(let body): composite = body
    default: return nil
    }
    // What has been searched without success need not be searched again.
    guard visited.insert(id).inserted else { return nil }
    for (index, member) in composite.members.enumerated() {
      let offset = bitOffset + Int(member.bitOffset)
      if member.name.isEmpty {
        let inner = try target.resolve(member.type)
        if let found = try findMember(wanted, in: inner, at: offset, &visited, depth: depth + 1) { return found }
      } else if member.name == wanted.name {
        guard try areCompatibleFields(wanted.type, member.type) else { return nil }
        let isLast = index == composite.members.count - 1
        return (AccessPath.Step(type: member.type, member: member, isLastMember: isLast), offset)
      }
    }
    return nil
  }

  /// Whether a field of one type may be read as one of the other: numbers of any size, pointers to anything, arrays
  /// of such, structures of any name, enumerations of one name.
  private mutating func areCompatibleFields(
    _ localID: BTFTypeID, _ targetID: BTFTypeID
  ) throws(CORERelocationError) -> Bool {
    var (localID, targetID) = (localID, targetID)
    for _ in 0...Self.maximumDepth {
      try step()
      let (one, other) = (try local.resolved(localID), try target.resolved(targetID))
      switch (one.kind, other.kind) {
      case (.structure, .structure), (.structure, .union), (.union, .structure), (.union, .union):
        return true
      case (.pointer, .pointer), (.float, .float):
        return true
      case (.integer(let one), .integer(let other)):
        return one.bitOffset == 0 && other.bitOffset == 0
      case (.enumeration, .enumeration), (.forward, .forward):
        return one.name.isEmpty || other.name.isEmpty || haveSameName(one.name, other.name)
      case (.array(let one), .array(let other)):
        (localID, targetID) = (one.element, other.element)
      default:
        return false
      }
    }
    return false
  }

  // MARK: Types

  /// Whether a type may be taken for another one by its kind, whatever its members are.
  private mutating func isCompatible(
    _ localID: BTFTypeID, _ targetID: BTFTypeID, depth: Int
  ) throws(CORERelocationError) -> Bool {
    try step()
    guard depth <= Self.maximumDepth else { throw .tooComplex }
    // Qualifiers and typedefs count for nothing, but a typedef is not a candidate for what is none.
    let (one, other) = (try local.resolved(localID), try target.resolved(targetID))
    switch (one.kind, other.kind) {
    case (.void, .void), (.structure, .structure), (.union, .union), (.enumeration, .enumeration),
      (.forward, .forward):
      return true
    case (.integer(let one), .integer(let other)):
      return one.bitOffset == 0 && other.bitOffset == 0
    case (.pointer(let one), .pointer(let other)):
      return try isCompatible(one, other, depth: depth + 1)
    case (.array(let one), .array(let other)):
      return try isCompatible(one.element, other.element, depth: depth + 1)
    case (.functionPrototype(let one), .functionPrototype(let other)):
      guard one.parameters.count == other.parameters.count else { return false }
      for (first, second) in zip(one.parameters, other.parameters) {
        guard try isCompatible(first.type, second.type, depth: depth + 1) else { return false }
      }
      return try isCompatible(one.result, other.result, depth: depth + 1)
    default:
      return false
    }
  }

  /// Whether the target's type has at least all that the local type has, member by member.
  private mutating func matches(
    _ localID: BTFTypeID, _ targetID: BTFTypeID, isBehindPointer: Bool, depth: Int
  ) throws(CORERelocationError) -> Bool {
    try step()
    guard depth <= Self.maximumDepth else { throw .tooComplex }
    let (one, other) = (try local.resolved(localID), try target.resolved(targetID))
    guard haveSameName(one.name, other.name) else { return false }
    switch (one.kind, other.kind) {
    case (.void, .void):
      return true
    case (.forward(let one), .forward(let other)):
      return one == other
    case (.forward(isUnion: false), .structure), (.structure, .forward(isUnion: false)),
      (.forward(isUnion: true), .union), (.union, .forward(isUnion: true)):
      return isBehindPointer
    case (.enumeration(let one), .enumeration(let other)):
      return one.byteCount == other.byteCount && one.values.count <= other.values.count
        && one.values.allSatisfy { value in other.values.contains { haveSameName(value.name, $0.name) } }
    case (.structure(let one), .structure(let other)), (.union(let one), .union(let other)):
      if isBehindPointer { return true }
      return try membersMatch(one, other, depth: depth)
    case (.integer(let one), .integer(let other)):
      return one.bitCount == other.bitCount && one.isSigned == other.isSigned
    case (.pointer(let one), .pointer(let other)):
      return try matches(one, other, isBehindPointer: true, depth: depth + 1)
    case (.array(let one), .array(let other)):
      guard one.count == other.count else { return false }
      return try matches(one.element, other.element, isBehindPointer: isBehindPointer, depth: depth + 1)
    case (.functionPrototype(let one), .functionPrototype(let other)):
      guard one.parameters.count == other.parameters.count else { return false }
      for (first, second) in zip(one.parameters, other.parameters) {
        guard try matches(first.type, second.type, isBehindPointer: isBehindPointer, depth: depth + 1) else {
          return false
        }
      }
      return try matches(one.result, other.result, isBehindPointer: isBehindPointer, depth: depth + 1)
    default:
      return false
    }
  }

  private mutating func membersMatch(
    _ one: BTFType.Composite, _ other: BTFType.Composite, depth: Int
  ) throws(CORERelocationError) -> Bool {
    guard one.members.count <= other.members.count else { return false }
    for member in one.members {
      var found = false
      for candidate in other.members where haveSameName(member.name, candidate.name) {
        if try matches(member.type, candidate.type, isBehindPointer: false, depth: depth + 1) {
          found = true
          break
        }
      }
      guard found else { return false }
    }
    return true
  }
}
