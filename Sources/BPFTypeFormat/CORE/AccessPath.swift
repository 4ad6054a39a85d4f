/// What a CO-RE relocation names, followed through one side's types.
struct AccessPath {
  /// One step: a member by its name, or an element of an array by its index.
  struct Step {
    /// The type that is reached.
    var type: BTFTypeID
    /// The index of the element, for a step into an array.
    var index = 0
    /// The member, for a step into a structure.
    var member: BTFType.Member?
    /// Whether the member is the last of its structure, where an array may have any number of elements.
    var isLastMember = false
  }

  /// The steps; those into anonymous members are left out, since the other side may have others. The first is the
  /// element of the pointer.
  var steps: [Step] = []
  /// The offset of what is reached, in bits from what the pointer points to.
  var bitOffset = 0
  /// The name of the enumerator.
  var enumerator = ""
  /// The value of the enumerator, sign-extended if its enumeration is signed.
  var enumeratorValue: UInt64 = 0

  /// The most indexes in an access string, as in libbpf.
  static let maximumLength = 64

  /// A path without steps.
  init() {}

  /// Follows an access string through the local types.
  init(
    local: CORETypes, type id: BTFTypeID, access: String, kind: CORERelocationKind
  ) throws(CORERelocationError) {
    func wrong(_ reason: String) -> CORERelocationError { .badAccess(access, type: id, reason: reason) }
    var indexes: [Int] = []
    for part in access.split(separator: ":", omittingEmptySubsequences: false) {
      guard let index = UInt32(part) else { throw wrong("\"\(part)\" is no index") }
      indexes.append(Int(index))
    }
    guard let first = indexes.first else { throw wrong("it has no index") }
    guard indexes.count <= Self.maximumLength else { throw wrong("it has more than \(Self.maximumLength) indexes") }
    if kind.isTypeBased {
      guard indexes == [0] else { throw wrong("a relocation of a type has the access 0") }
      _ = try local.type(id)
    } else if kind.isEnumeratorBased {
      guard case .enumeration(let enumeration) = try local.resolved(id).kind else {
        throw wrong("the type is no enumeration")
      }
      guard indexes.count == 1, enumeration.values.indices.contains(first) else {
        throw wrong("the enumeration has \(enumeration.values.count) enumerators")
      }
      enumerator = enumeration.values[first].name
      enumeratorValue = enumeration.values[first].value
    } else {
      try enter(element: first, of: local.resolve(id), in: local)
      for index in indexes.dropFirst() {
        guard try follow(index, in: local) else { throw wrong("there is no index \(index) where it is used") }
      }
    }
  }

  /// Goes to an element of an array, or of what a pointer points to.
  mutating func enter(element index: Int, of type: BTFTypeID, in types: CORETypes) throws(CORERelocationError) {
    let (offset, overflow) = (8 * index).multipliedReportingOverflow(by: try types.size(of: type))
    try advance(overflow ? Int.max : offset)
    steps.append(Step(type: type, index: index))
  }

  /// Moves on by a number of bits.
  mutating func advance(_ bits: Int) throws(CORERelocationError) {
    let (offset, overflow) = bitOffset.addingReportingOverflow(bits)
    // Offsets are 32 bits in instructions; beyond that no answer is of use.
    guard !overflow, offset >> 3 <= Int(UInt32.max) else {
      throw .types(BTFError(.query, .sizeOverflow(steps.last?.type ?? .void)))
    }
    bitOffset = offset
  }

  /// Where the next index of the local access string leads from; `anonymous` members have not become steps.
  private var current: BTFTypeID? { anonymous ?? steps.last?.type }
  private var anonymous: BTFTypeID?

  /// Follows one index of an access string, and tells whether there is such a member or element.
  private mutating func follow(_ index: Int, in types: CORETypes) throws(CORERelocationError) -> Bool {
    guard let current else { return false }
    let resolved = try types.resolve(current)
    switch try types.type(resolved).kind {
    case .structure(let composite), .union(let composite):
      guard composite.members.indices.contains(index) else { return false }
      let member = composite.members[index]
      try advance(Int(member.bitOffset))
      if member.name.isEmpty {
        anonymous = member.type
      } else {
        anonymous = nil
        steps.append(
          Step(type: member.type, member: member, isLastMember: index == composite.members.count - 1))
      }
      return true
    case .array(let array):
      guard let last = steps.last, last.allows(index, of: array) else { return false }
      anonymous = nil
      try enter(element: index, of: types.resolve(array.element), in: types)
      return true
    default:
      return false
    }
  }
}

extension AccessPath.Step {
  /// Whether an array that this step leads to has an element; a flexible array has all.
  func allows(_ index: Int, of array: BTFType.Array) -> Bool {
    index < Int(array.count) || (array.count == 0 && isLastMember)
  }
}
