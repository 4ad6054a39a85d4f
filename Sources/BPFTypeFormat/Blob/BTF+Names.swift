import Synchronization

/// Types by name. The first few names are looked for one by one, from the first type to the last: an index of all names
/// pays only for those who ask more often.
struct BTFNames: Sendable {
  private(set) var index: BTFNameIndex?
  private var searchCount = 0

  /// How often names are looked for before there is an index, whose making takes as long as so many searches.
  private static let searchLimit = 4

  /// Counts one more search; the index, if it is time to use it.
  mutating func nextSearch(of btf: BTF) -> BTFNameIndex? {
    if let index { return index }
    searchCount += 1
    guard searchCount > Self.searchLimit else { return nil }
    index = BTFNameIndex(btf)
    return index
  }
}

/// Types by name: a hash table of chains over the names in the blob, which are never copied.
struct BTFNameIndex: Sendable {
  /// For each bucket the index of its first type plus 1, 0 when it is empty.
  private var heads: [UInt32]
  /// For each type the index plus 1 of the next one in its bucket, in ascending order, 0 at the end.
  private var following: [UInt32]
  private let mask: Int

  /// Bytes of a name that the hash looks at, so that long names cost no more than short ones.
  private static let hashedLength = 64

  init(_ btf: BTF) {
    let contents = btf.contents
    let count = contents.offsets.count
    var capacity = 16
    while capacity < count { capacity *= 2 }
    mask = capacity - 1
    heads = [UInt32](repeating: 0, count: capacity)
    following = [UInt32](repeating: 0, count: count)
    // From the last to the first, so that each chain is in ascending order.
    for index in stride(from: count - 1, through: 0, by: -1) {
      let name = contents.blob.word(at: Int(contents.offsets[index]))
      guard name != 0, let (owner, start) = btf.locateString(name) else { continue }
      let end = min(start + Self.hashedLength, owner.strings.upperBound)
      let hash = owner.blob.memory.withBytes(start..<end) { bytes in
        var hash = FowlerNollVo()
        for byte in bytes {
          if byte == 0 { break }
          hash.combine(byte)
        }
        return hash.value
      }
      let bucket = Int(truncatingIfNeeded: hash) & mask
      following[index] = heads[bucket]
      heads[bucket] = UInt32(truncatingIfNeeded: index + 1)
    }
  }

  /// Calls `body` with the index of each type that has the name, in ascending order, until it returns `false`.
  func forEach(named name: [UInt8], in btf: BTF, _ body: (Int) -> Bool) {
    var hash = FowlerNollVo()
    for byte in name.prefix(Self.hashedLength) { hash.combine(byte) }
    var next = heads[Int(truncatingIfNeeded: hash.value) & mask]
    while next != 0 {
      let index = Int(next) - 1
      if btf.contents.hasName(name, at: index, in: btf), !body(index) { return }
      next = following[index]
    }
  }

  /// The hash function of Fowler, Noll and Vo, 32 bits.
  private struct FowlerNollVo {
    var value: UInt32 = 0x811c_9dc5
    @inline(__always) mutating func combine(_ byte: UInt8) { value = (value ^ UInt32(byte)) &* 0x0100_0193 }
  }
}

extension BTFContents {
  /// Whether the own type at an index has a name, compared as bytes.
  @inline(__always)
  func hasName(_ name: [UInt8], at index: Int, in btf: BTF) -> Bool {
    guard let (owner, start) = btf.locateString(blob.word(at: Int(offsets[index]))) else { return false }
    return owner.blob.memory.hasText(name, at: start, before: owner.strings.upperBound)
  }

  /// The kind of the own type at an index.
  @inline(__always)
  func kind(at index: Int) -> BTFKind? { BTFInfo(blob.word(at: Int(offsets[index]) + 4)).kind }
}

extension BTF {
  /// The identifiers of all types with a name, in ascending order, the base's first.
  ///
  /// A few names are looked for one by one; then an index over all names is built, in time proportional to the number of
  /// types.
  public func types(named name: String) -> [BTFTypeID] {
    var found = base?.types(named: name) ?? []
    forEach(named: name) { index in
      found.append(identifier(ofOwn: index))
      return true
    }
    return found
  }

  /// The first type with a name and a kind, the base's first.
  public func first(named name: String, kind: BTFKind) -> BTFTypeID? {
    if let found = base?.first(named: name, kind: kind) { return found }
    var found: BTFTypeID?
    forEach(named: name, kind: kind) { index in
      found = identifier(ofOwn: index)
      return false
    }
    return found
  }

  /// The first types of a kind with each of some names, the base's first, found in one pass.
  package func first(named names: Set<String>, kind: BTFKind) -> [String: BTFTypeID] {
    var found = base?.first(named: names, kind: kind) ?? [:]
    let wanted = names.filter { found[$0] == nil && !$0.isEmpty }.map { (name: $0, bytes: Array($0.utf8)) }
    var mayBegin = [Bool](repeating: false, count: 256)
    for (_, bytes) in wanted { mayBegin[Int(bytes[0])] = true }
    for index in contents.offsets.indices where contents.kind(at: index) == kind {
      guard let (owner, start) = locateString(contents.blob.word(at: Int(contents.offsets[index]))),
        mayBegin[Int(owner.blob.memory[start])]
      else { continue }
      for (name, bytes) in wanted where owner.blob.memory.hasText(bytes, at: start, before: owner.strings.upperBound) {
        if found[name] == nil { found[name] = identifier(ofOwn: index) }
      }
    }
    return found
  }

  func identifier(ofOwn index: Int) -> BTFTypeID {
    BTFTypeID(UInt32(truncatingIfNeeded: contents.baseTypeCount + index + 1))
  }

  /// Calls `body` with the index of each own type that has the name, in ascending order, until it returns `false`.
  private func forEach(named name: String, kind: BTFKind? = nil, _ body: (Int) -> Bool) {
    guard !name.isEmpty else { return }
    let name = Array(name.utf8)
    if let index = contents.names.withLock({ $0.nextSearch(of: self) }) {
      index.forEach(named: name, in: self) { kind != nil && contents.kind(at: $0) != kind || body($0) }
      return
    }
    for index in contents.offsets.indices {
      if let kind, contents.kind(at: index) != kind { continue }
      if contents.hasName(name, at: index, in: self), !body(index) { return }
    }
  }
}
