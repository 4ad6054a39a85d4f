import Synchronization

extension BTF {
  /// The part of a name in front of its flavour: `task_struct___old` means `task_struct`.
  ///
  /// A flavour follows exactly three underscores, of which the last such place in the name counts.
  public static func essentialName(of name: String) -> Substring {
    let bytes = Array(name.utf8)
    guard let length = essentialLength(of: bytes[...]) else { return name[...] }
    return name[..<name.utf8.index(name.utf8.startIndex, offsetBy: length)]
  }

  /// The length of a name in front of its flavour, `nil` when it has none.
  static func essentialLength(of bytes: ArraySlice<UInt8>) -> Int? {
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
      guard let bytes = nameBytes(ofOwn: Int(index)), let length = Self.essentialLength(of: bytes) else { continue }
      if bytes.prefix(length).elementsEqual(name.utf8) { found.append(identifier(ofOwn: Int(index))) }
    }
    return found
  }

  /// The indexes of this blob's own types whose names have a flavour, found once.
  private var flavoured: [UInt32] {
    contents.flavoured.withLock { known in
      if let known { return known }
      var found: [UInt32] = []
      for index in contents.offsets.indices {
        if let bytes = nameBytes(ofOwn: index), Self.essentialLength(of: bytes) != nil {
          found.append(UInt32(truncatingIfNeeded: index))
        }
      }
      known = found
      return found
    }
  }

  /// The bytes of an own type's name, as far as a search looks at them.
  private func nameBytes(ofOwn index: Int) -> ArraySlice<UInt8>? {
    let offset = contents.blob.word(at: Int(contents.offsets[index]))
    guard offset != 0, let (owner, start) = locateString(offset) else { return nil }
    let limit = min(start + 512, owner.strings.upperBound)
    let bytes = owner.blob.bytes[start..<limit]
    return bytes.prefix { $0 != 0 }
  }
}
