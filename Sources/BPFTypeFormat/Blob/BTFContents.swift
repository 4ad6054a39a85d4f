import Synchronization

/// What every copy of a `BTF` shares: the blob, where its types are, and the indexes that are built when first used.
final class BTFContents: Sendable {
  let blob: BTFBytes
  /// Where the type section begins and ends in the blob.
  let types: Range<Int>
  /// Where the string section begins and ends in the blob.
  let strings: Range<Int>
  /// The offset in the blob of each type of this blob, in the order of identifiers.
  let offsets: [UInt32]
  let base: BTF?
  /// The number of types of the base, 0 without one; the first own type has the identifier one higher.
  let baseTypeCount: Int
  /// The length of the base's strings; a name offset below it is the base's.
  let baseStringsLength: Int

  /// Types by name, built when a few have been looked for.
  let names = Mutex(BTFNames())
  /// Declaration tags by target, built on first use.
  let tags = Mutex<BTFDeclarationTagIndex?>(nil)
  /// The special fields of types that were searched for them, by identifier.
  let specialFields = Mutex<[UInt32: SpecialFields]>([:])
  /// What others have made of types, by identifier.
  let derived = Mutex<[UInt32: any Sendable]>([:])
  /// The indexes of types whose names have a flavour (`name___flavour`), found on first use.
  let flavoured = Mutex<[UInt32]?>(nil)

  /// Reads the header and finds where each type begins, in one pass that decodes nothing.
  init(parsing bytes: BTFMemory, base: BTF?) throws(BTFError) {
    let header = try BTFHeader(bytes)
    self.base = base
    baseTypeCount = base?.typeCount ?? 0
    baseStringsLength = base.map { $0.contents.baseStringsLength + $0.contents.strings.count } ?? 0
    let blob = BTFBytes(bytes, header.byteOrder)
    self.blob = blob
    types = header.types
    strings = header.strings
    if strings.isEmpty {
      guard base != nil else {
        throw BTFError(.strings, offset: strings.lowerBound, .badHeader("the string section is empty"))
      }
    } else {
      if base == nil, bytes[strings.lowerBound] != 0 {
        throw BTFError(
          .strings, offset: strings.lowerBound, .badHeader("the string section does not begin with the empty string"))
      }
      if bytes[strings.upperBound - 1] != 0 {
        throw BTFError(
          .strings, offset: strings.upperBound - 1, .badHeader("the last string is not ended by a zero byte"))
      }
    }
    offsets = try Self.index(blob, types, stringsLength: baseStringsLength + strings.count)
  }

  private static func index(
    _ blob: BTFBytes, _ types: Range<Int>, stringsLength: Int
  ) throws(BTFError) -> [UInt32] {
    var offsets: [UInt32] = []
    // The mean record of a kernel has 34 bytes; the smallest has twelve.
    offsets.reserveCapacity(types.count / 24)
    var offset = types.lowerBound
    while offset < types.upperBound {
      let available = types.upperBound - offset
      guard available >= 12 else {
        throw BTFError(.types, offset: offset, .truncated(needed: 12, available: available))
      }
      let name = blob.word(at: offset)
      guard Int(name) < max(stringsLength, 1) else {
        throw BTFError(.types, offset: offset, .badStringOffset(name))
      }
      let info = BTFInfo(blob.word(at: offset &+ 4))
      guard let kind = info.kind else {
        throw BTFError(.types, offset: offset &+ 4, .unknownKind(info.kindNumber))
      }
      let needed = 12 &+ kind.trailingByteCount(count: info.count)
      guard available >= needed else {
        throw BTFError(.types, offset: offset, .truncated(needed: needed, available: available))
      }
      offsets.append(UInt32(truncatingIfNeeded: offset))
      offset &+= needed
    }
    return offsets
  }
}

/// The word that says what a type is: its kind, its number of members, and one flag.
struct BTFInfo {
  private let word: UInt32
  @inline(__always) init(_ word: UInt32) { self.word = word }
  /// The number of members, values, parameters or variables (`vlen`).
  @inline(__always) var count: Int { Int(word & 0xffff) }
  @inline(__always) var kindNumber: UInt32 { (word >> 24) & 0x1f }
  /// The kind; `nil` also for 0, since `void` has no record.
  @inline(__always) var kind: BTFKind? { kindNumber == 0 ? nil : BTFKind(rawValue: UInt8(kindNumber)) }
  @inline(__always) var flag: Bool { word >> 31 != 0 }
}

/// The header of a `.BTF` blob, with its sections as ranges of the blob.
struct BTFHeader {
  var byteOrder: BTF.ByteOrder
  var types: Range<Int>
  var strings: Range<Int>

  /// The number of bytes of the header that every version of the format has.
  static let byteCount = 24

  init(_ bytes: BTFMemory) throws(BTFError) {
    byteOrder = try BTF.byteOrder(of: bytes, .header)
    let blob = BTFBytes(bytes, byteOrder)
    guard bytes.count >= Self.byteCount else {
      throw BTFError(.header, offset: 0, .truncated(needed: Self.byteCount, available: bytes.count))
    }
    guard bytes[2] == 1 else { throw BTFError(.header, offset: 2, .unsupportedVersion(bytes[2])) }
    let length = Int(blob.word(at: 4))
    guard length >= Self.byteCount, length <= bytes.count else {
      throw BTFError(
        .header, offset: 4,
        .badValue(
          field: "the header's length", value: UInt64(length), expected: "from \(Self.byteCount) to \(bytes.count)"))
    }
    types = try Self.section("type", blob, at: 8, from: length)
    strings = try Self.section("string", blob, at: 16, from: length)
    guard types.lowerBound % 4 == 0 else {
      throw BTFError(.header, offset: 8, .badHeader("the type section is not aligned to 4 bytes"))
    }
    guard types.upperBound <= strings.lowerBound else {
      throw BTFError(.header, offset: 16, .badHeader("the string section begins before the type section ends"))
    }
  }

  private static func section(
    _ name: String, _ blob: BTFBytes, at field: Int, from start: Int
  ) throws(BTFError) -> Range<Int> {
    let offset = start + Int(blob.word(at: field))
    let length = Int(blob.word(at: field + 4))
    guard offset <= blob.count, length <= blob.count - offset else {
      throw BTFError(
        .header, offset: field,
        .badHeader("the \(name) section (\(length) bytes from \(offset)) does not fit in \(blob.count) bytes"))
    }
    return offset..<(offset + length)
  }
}

extension BTF {
  /// What was made of a type before, or is made now and kept as long as the types are: one kind of value for each type.
  package func derived<Value: Sendable>(from id: BTFTypeID, _ make: () -> Value?) -> Value? {
    if let known = contents.derived.withLock({ $0[id.rawValue] }) as? Value { return known }
    guard let value = make() else { return nil }
    contents.derived.withLock { $0[id.rawValue] = value }
    return value
  }
}
