/// Types in the BPF type format (the section `.BTF`), opened lazily from a blob.
///
/// Opening reads the header and finds where each type begins; types and strings are decoded when they are asked for.
/// A value is a reference to an immutable blob: copies are cheap, and any number of threads may use one.
///
/// Identifiers go from 1 to ``typeCount``; 0 is `void`. *Split* BTF (a kernel module's) continues the identifiers and
/// the string offsets of a base. The format is described in the kernel's `Documentation/bpf/btf.rst`.
public struct BTF: Sendable {
  let contents: BTFContents

  /// How deep typedefs, qualifiers, arrays and nested types may go (the kernel and libbpf stop at 32).
  public static let maximumDepth = 64

  /// The greatest length of a string in bytes (the kernel allows names of 511).
  public static let maximumStringLength = 4096

  /// Opens a blob in either byte order.
  ///
  /// - Parameters:
  ///   - bytes: the contents of `.BTF`, or of a file in `/sys/kernel/btf`.
  ///   - base: the types that split BTF continues, `nil` for BTF that stands alone.
  /// - Throws: ``BTFError`` with the offset when the header, a record's length or a name does not fit the blob.
  public init(parsing bytes: [UInt8], base: BTF? = nil) throws(BTFError) {
    contents = try BTFContents(parsing: BTFMemory(bytes), base: base)
  }

  /// Opens a blob that is not copied.
  package init(parsing memory: BTFMemory, base: BTF? = nil) throws(BTFError) {
    contents = try BTFContents(parsing: memory, base: base)
  }

  /// The types of a builder, encoded in the byte order of this machine.
  ///
  /// - Throws: ``BTFError`` when the types cannot be encoded (see ``BTFBuilder/encode(byteOrder:)``).
  public init(_ builder: BTFBuilder) throws(BTFError) {
    try self.init(parsing: builder.encode(), base: builder.base)
  }

  /// A copy of the blob as it was parsed, for loading into a kernel or writing to a file.
  public var encoded: [UInt8] { contents.blob.memory.bytes }

  /// The byte order of the blob.
  public var byteOrder: ByteOrder { contents.blob.byteOrder }

  /// The types that this split BTF continues, if it is split.
  public var base: BTF? { contents.base }

  /// The number of types, the base's included and `void` not; also the highest identifier.
  public var typeCount: Int { contents.baseTypeCount + contents.offsets.count }

  /// Whether another value refers to this very blob, and not to one that may be equal.
  package func isIdentical(to other: BTF?) -> Bool { contents === other?.contents }

  /// The identifiers of this blob's own types, in order, without the base's.
  public var identifiers: some RandomAccessCollection<BTFTypeID> & Sendable {
    BTFTypeIDs(range: contents.baseTypeCount + 1..<typeCount + 1)
  }

  /// The kind of a type, without decoding it.
  ///
  /// - Throws: ``BTFError`` when the type does not exist.
  public func kind(of id: BTFTypeID) throws(BTFError) -> BTFKind {
    guard id != .void else { return .void }
    let (owner, offset) = try locate(id)
    // Opening has checked the kind of every record.
    return BTFInfo(owner.blob.word(at: offset + 4)).kind ?? .void
  }

  /// The name of a type, empty when it has none.
  ///
  /// - Throws: ``BTFError`` when the type does not exist or the name is too long.
  public func name(of id: BTFTypeID) throws(BTFError) -> String {
    guard id != .void else { return "" }
    let (owner, offset) = try locate(id)
    return try string(at: owner.blob.word(at: offset))
  }

  /// The blob that holds a type, and the type's offset there.
  func locate(_ id: BTFTypeID) throws(BTFError) -> (owner: BTFContents, offset: Int) {
    var owner = contents
    while Int(id.rawValue) <= owner.baseTypeCount, let base = owner.base {
      owner = base.contents
    }
    let index = Int(id.rawValue) - 1 - owner.baseTypeCount
    guard owner.offsets.indices.contains(index) else {
      throw BTFError(.query, .unknownType(id))
    }
    return (owner, Int(owner.offsets[index]))
  }

  /// The string at an offset, which counts through the base's strings first.
  ///
  /// - Throws: ``BTFError`` when the offset is outside the strings, or the string is too long.
  public func string(at offset: UInt32) throws(BTFError) -> String {
    guard let (owner, start) = locateString(offset) else {
      if offset == 0 { return "" }
      throw BTFError(.strings, .badStringOffset(offset))
    }
    // The string section is known to end with a zero byte.
    let limit = min(owner.strings.upperBound, start + Self.maximumStringLength + 1)
    guard let end = owner.blob.memory.firstZero(in: start..<limit) else {
      throw BTFError(.strings, offset: start, .stringTooLong)
    }
    return start == end ? "" : owner.blob.memory.text(start..<end)
  }

  /// The blob that holds a string, and the string's offset there.
  func locateString(_ offset: UInt32) -> (owner: BTFContents, start: Int)? {
    var owner = contents
    while Int(offset) < owner.baseStringsLength, let base = owner.base {
      owner = base.contents
    }
    let start = Int(offset) - owner.baseStringsLength
    guard start < owner.strings.count else { return nil }
    return (owner, owner.strings.lowerBound + start)
  }
}

/// Consecutive type identifiers.
struct BTFTypeIDs: RandomAccessCollection, Sendable {
  let range: Range<Int>
  var startIndex: Int { range.lowerBound }
  var endIndex: Int { range.upperBound }
  subscript(position: Int) -> BTFTypeID { BTFTypeID(UInt32(truncatingIfNeeded: position)) }
}
