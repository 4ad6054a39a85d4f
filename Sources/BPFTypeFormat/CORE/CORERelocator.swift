/// Computes CO-RE relocations: what an object compiled against some types needs to know of the types that it meets.
///
/// The rules are those of libbpf: candidates have the kind and the essential name of the local type; all that match
/// have to agree.
public struct CORERelocator: Sendable {
  /// The types of the object.
  public let local: BTF
  /// The types that it runs with.
  public let target: BTF

  /// A relocator from the types of an object to those that it runs with.
  public init(local: BTF, target: BTF) {
    self.local = local
    self.target = target
  }

  /// Computes one relocation.
  ///
  /// - Parameters:
  ///   - type: the local type at which the access string begins.
  ///   - access: indexes separated by colons: the element of the pointer, then members and array elements; or the
  ///     number of an enumerator; or 0 for the type itself.
  ///   - kind: what is asked for.
  /// - Throws: ``CORERelocationError`` when the request does not fit the local types, or the answer is ambiguous.
  public func relocate(
    type: BTFTypeID, access: String, kind: CORERelocationKind
  ) throws(CORERelocationError) -> CORERelocationResult {
    let local = CORETypes(local)
    let target = CORETypes(target)
    let spec = try AccessPath(local: local, type: type, access: access, kind: kind)
    if kind == .localTypeID {
      return CORERelocationResult(
        localValue: UInt64(type.rawValue), value: UInt64(type.rawValue), isPoisoned: false, checksLocalValue: false,
        memoryAccess: .unchanged, targetType: nil)
    }
    let localAnswer = try COREAnswer(path: spec, kind: kind, in: local, root: type)
    var matches: [(id: BTFTypeID, answer: COREAnswer, path: AccessPath)] = []
    var matcher = COREMatcher(local: local, target: target)
    for candidate in try candidates(for: type) {
      guard let path = try matcher.match(spec, local: type, candidate: candidate, kind: kind) else { continue }
      matches.append((candidate, try COREAnswer(path: path, kind: kind, in: target, root: candidate), path))
    }
    if let first = matches.first {
      let agree = matches.allSatisfy {
        $0.answer.value == first.answer.value && $0.path.bitOffset == first.path.bitOffset
      }
      guard agree else { throw .ambiguous(matches.map(\.id), values: matches.map(\.answer.value)) }
      return CORERelocationResult(
        localValue: localAnswer.value, value: first.answer.value, isPoisoned: false,
        checksLocalValue: localAnswer.isCertain, memoryAccess: try memoryAccess(localAnswer, first.answer),
        targetType: first.id)
    }
    // Without a match a type has size and number 0, nothing exists, and all else must not be reached.
    return CORERelocationResult(
      localValue: localAnswer.value, value: 0, isPoisoned: !kind.hasAnswerWithoutMatch,
      checksLocalValue: localAnswer.isCertain, memoryAccess: .unchanged, targetType: nil)
  }

  /// The types of the target that may be meant by a local type.
  private func candidates(for type: BTFTypeID) throws(CORERelocationError) -> [BTFTypeID] {
    let types = CORETypes(target)
    let name = BTF.essentialName(of: try CORETypes(local).name(of: type))
    guard !name.isEmpty else { return [] }
    let kind = try CORETypes(local).kind(of: type)
    var found: [BTFTypeID] = []
    for id in target.types(withEssentialName: String(name)) where try types.kind(of: id).isCompatible(with: kind) {
      found.append(id)
    }
    return found
  }

  private func memoryAccess(
    _ localAnswer: COREAnswer, _ targetAnswer: COREAnswer
  ) throws(CORERelocationError) -> CORERelocationResult.MemoryAccess {
    guard let from = localAnswer.field, let to = targetAnswer.field, from.byteCount != to.byteCount else {
      return .unchanged
    }
    let (one, other) = (try CORETypes(local).resolved(from.type), try CORETypes(target).resolved(to.type))
    switch (one.kind, other.kind) {
    case (.pointer, .pointer):
      return .resized(from: from.byteCount, to: to.byteCount)
    case (.integer(let one), .integer(let other)) where !one.isSigned && !other.isSigned:
      return .resized(from: from.byteCount, to: to.byteCount)
    default:
      return .notResizable(from: from.byteCount, to: to.byteCount)
    }
  }
}

extension CORERelocationKind {
  /// Whether the answer is 0 when nothing matches, rather than that the instruction must not be reached.
  var hasAnswerWithoutMatch: Bool { self == .fieldExists || self == .enumeratorExists || isTypeBased }
}

extension BTFKind {
  /// Whether CO-RE takes one kind for the other: equal ones, and enumerations of any size.
  func isCompatible(with other: BTFKind) -> Bool {
    self == other || (isEnumeration && other.isEnumeration)
  }

  var isEnumeration: Bool { self == .enumeration || self == .enumeration64 }
}
