import Synchronization

extension BTF {
  /// The part of a name in front of its flavour: `task_struct___old` means `task_struct`.
  ///
  /// A flavour follows exactly three underscores, of which the last such place in the name counts.
  public static func essentialName(of name: String) -> Substring {
    guard let length = essentialLength(of: Array(name.utf8)) else { return name[...] }
    return name[..<name.utf8.index(name.utf8.startIndex, offsetBy: length)]
  }

  /// The length of a name in front of its flavour, `nil` when it has none.
  static func essentialLength<Bytes: RandomAccessCollection>(of bytes: Bytes) -> Int?
  where Bytes.Element == UInt8, Bytes.Index == Int {
    guard bytes.count >= 5 else { return nil }
    let underscore = UInt8(ascii: "_")
    var index = bytes.endIndex - 5
    while index >= bytes.startIndex {
      if bytes[index] != underscore, bytes[index + 1] == underscore, bytes[index + 2] == underscore,
        bytes[index + 3] == underscore, bytes[index + 4] != underscore
      {
        return index + 1 - bytes.startIndex
      }
      index -= 1
    }
    return nil
  }

  /// The identifiers of all types whose name without a flavour is the given one, in ascending order.
  public func types(withEssentialName name: String) -> [BTFTypeID] {
    var found = types(named: name)
    found += flavouredTypes(named: name)
    return found.sorted()
  }

  private func flavouredTypes(named name: String) -> [BTFTypeID] {
    var found = base?.flavouredTypes(named: name) ?? []
    for index in flavoured {
      let isWanted = withName(ofOwn: Int(index)) { bytes in
        guard let length = Self.essentialLength(of: bytes) else { return false }
        return bytes.prefix(length).elementsEqual(name.utf8)
      }
      if isWanted { found.append(identifier(ofOwn: Int(index))) }
    }
    return found
  }

  /// The indexes of this blob's own types whose names have a flavour, found once.
  private var flavoured: [UInt32] {
    contents.flavoured.withLock { known in
      if let known { return known }
      var found: [UInt32] = []
      for index in contents.offsets.indices where withName(ofOwn: index, { Self.essentialLength(of: $0) != nil }) {
        found.append(UInt32(truncatingIfNeeded: index))
      }
      known = found
      return found
    }
  }

  /// Looks at the bytes of an own type's name; false when it has none. Of a long one they are the first.
  private func withName(ofOwn index: Int, _ body: (UnsafeRawBufferPointer) -> Bool) -> Bool {
    let offset = contents.blob.word(at: Int(contents.offsets[index]))
    guard offset != 0, let (owner, start) = locateString(offset) else { return false }
    let limit = min(start + 512, owner.strings.upperBound)
    let memory = owner.blob.memory
    return memory.withBytes(start..<(memory.firstZero(in: start..<limit) ?? limit), body)
  }
}
