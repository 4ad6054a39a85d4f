/// A word of a type's record that is to be replaced.
package struct BTFPatch: Sendable {
  /// The type whose record changes.
  package var type: BTFTypeID
  /// The index of the word in the record: 0 the name, 1 the kind and count, 2 the size or type, then what the kind adds.
  package var word: Int
  /// The new word.
  package var value: UInt32

  /// A replacement of one word.
  package init(type: BTFTypeID, word: Int, value: UInt32) {
    self.type = type
    self.word = word
    self.value = value
  }
}

extension BTF {
  /// The same types with words of records replaced in place, so that identifiers and strings stay as they are.
  ///
  /// An object's reader fixes what the compiler could not know: sizes and offsets of data sections, linkage of hidden
  /// functions. Only types of this blob, not of its base, can be changed.
  ///
  /// - Throws: ``BTFError`` when a type or a word of it does not exist, or the result is not BTF.
  package func patched(_ patches: [BTFPatch]) throws(BTFError) -> BTF {
    guard !patches.isEmpty else { return self }
    var bytes = encoded
    for patch in patches {
      let (owner, offset) = try locate(patch.type)
      guard owner === contents else { throw BTFError(.query, .unknownType(patch.type)) }
      let place = offset + 4 * patch.word
      guard patch.word >= 0, place <= bytes.count - 4 else {
        throw BTFError(.types, offset: place, .truncated(needed: 4, available: max(0, bytes.count - place)))
      }
      for index in 0..<4 {
        let shift = UInt32(8 * (byteOrder == .little ? index : 3 - index))
        bytes[place + index] = UInt8(truncatingIfNeeded: patch.value >> shift)
      }
    }
    return try BTF(parsing: bytes, base: base)
  }
}
