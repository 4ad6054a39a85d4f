import Synchronization

/// Declaration tags by what they are on.
struct BTFDeclarationTagIndex: Sendable {
  struct Key: Hashable {
    var target: UInt32
    var component: Int32
  }

  /// The tags of this blob in ascending order of identifier.
  private var tags: [Key: [BTFTypeID]] = [:]

  init(_ btf: BTF) {
    let contents = btf.contents
    for (index, offset) in contents.offsets.enumerated() {
      let offset = Int(offset)
      guard BTFInfo(contents.blob.word(at: offset + 4)).kind == .declarationTag else { continue }
      let key = Key(
        target: contents.blob.word(at: offset + 8), component: Int32(bitPattern: contents.blob.word(at: offset + 12)))
      tags[key, default: []].append(btf.identifier(ofOwn: index))
    }
  }

  subscript(key: Key) -> [BTFTypeID] { tags[key] ?? [] }
}

extension BTF {
  /// The texts of the declaration tags on a type, a member or a parameter, in the order of the blob.
  ///
  /// The first call builds an index over all tags.
  ///
  /// - Parameters:
  ///   - id: a structure, union, typedef, function or variable.
  ///   - component: the index of a member or parameter, `nil` for the declaration itself.
  /// - Throws: ``BTFError`` when a tag's text is too long.
  public func declarationTags(on id: BTFTypeID, component: Int? = nil) throws(BTFError) -> [String] {
    var texts = try base?.declarationTags(on: id, component: component) ?? []
    guard let component = Int32(exactly: component ?? -1) else { return texts }
    for tag in declarationTagIndex[.init(target: id.rawValue, component: component)] {
      texts.append(try name(of: tag))
    }
    return texts
  }

  private var declarationTagIndex: BTFDeclarationTagIndex {
    contents.tags.withLock { index in
      if let index { return index }
      let built = BTFDeclarationTagIndex(self)
      index = built
      return built
    }
  }
}
