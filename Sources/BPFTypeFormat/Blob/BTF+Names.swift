import Synchronization

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
      var hash = FowlerNollVo()
      let bytes = owner.blob.bytes
      let end = min(start + Self.hashedLength, owner.strings.upperBound)
      for position in start..<end {
        let byte = bytes[position]
        if byte == 0 { break }
        hash.combine(byte)
      }
      let bucket = Int(truncatingIfNeeded: hash.value) & mask
      following[index] = heads[bucket]
      heads[bucket] = UInt32(truncatingIfNeeded: index + 1)
    }
  }

  /// Calls `body` with the index of each type that has the name, in ascending order, until it returns `false`.
  func forEach(named name: String, in btf: BTF, _ body: (Int) -> Bool) {
    var hash = FowlerNollVo()
    for byte in name.utf8.prefix(Self.hashedLength) { hash.combine(byte) }
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
  func hasName(_ name: String, at index: Int, in btf: BTF) -> Bool {
    guard let (owner, start) = btf.locateString(blob.word(at: Int(offsets[index]))) else { return false }
    let bytes = owner.blob.bytes
    var position = start
    for byte in name.utf8 {
      guard position < owner.strings.upperBound, bytes[position] == byte else { return false }
      position += 1
    }
    return position < owner.strings.upperBound && bytes[position] == 0
  }
}

extension BTF {
  /// The identifiers of all types with a name, in ascending order, the base's first.
  ///
  /// The first call builds an index over all names, in time proportional to the number of types.
  public func types(named name: String) -> [BTFTypeID] {
    var found = base?.types(named: name) ?? []
    guard !name.isEmpty else { return found }
    nameIndex.forEach(named: name, in: self) { index in
      found.append(identifier(ofOwn: index))
      return true
    }
    return found
  }

  /// The first type with a name and a kind, the base's first.
  public func first(named name: String, kind: BTFKind) -> BTFTypeID? {
    if let found = base?.first(named: name, kind: kind) { return found }
    guard !name.isEmpty else { return nil }
    var found: BTFTypeID?
    nameIndex.forEach(named: name, in: self) { index in
      let info = BTFInfo(contents.blob.word(at: Int(contents.offsets[index]) + 4))
      guard info.kind == kind else { return true }
      found = identifier(ofOwn: index)
      return false
    }
    return found
  }

  func identifier(ofOwn index: Int) -> BTFTypeID {
    BTFTypeID(UInt32(truncatingIfNeeded: contents.baseTypeCount + index + 1))
  }

  private var nameIndex: BTFNameIndex {
    contents.names.withLock { index in
      if let index { return index }
      let built = BTFNameIndex(self)
      index = built
      return built
    }
  }
}
