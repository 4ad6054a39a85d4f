/// Why bytes are not BTF, or why a question about a type has no answer.
public struct BTFError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The part of the blob, or of the work, that the error is about.
  public enum Place: String, Hashable, Sendable {
    /// The header of `.BTF`.
    case header = ".BTF header"
    /// The type section of `.BTF`.
    case types = ".BTF types"
    /// The string section of `.BTF`.
    case strings = ".BTF strings"
    /// The bytes of `.BTF.ext`.
    case `extension` = ".BTF.ext"
    /// Types that are being encoded.
    case encoding = "BTF encoding"
    /// A question about types that were read without error.
    case query = "BTF"
  }

  /// What is wrong.
  public enum Problem: Hashable, Sendable {
    /// Fewer bytes are there than the format needs at this place.
    case truncated(needed: Int, available: Int)
    /// The first two bytes are not the magic number in either byte order.
    case badMagic(UInt16)
    /// The version is not 1.
    case unsupportedVersion(UInt8)
    /// A header field does not fit the blob or the other fields.
    case badHeader(String)
    /// The kind is none of the twenty known ones.
    case unknownKind(UInt32)
    /// The offset of a name lies outside the string section.
    case badStringOffset(UInt32)
    /// A string is longer than ``BTF/maximumStringLength`` bytes.
    case stringTooLong
    /// A field has a value that the format does not allow.
    case badValue(field: String, value: UInt64, expected: String)
    /// No type has this identifier.
    case unknownType(BTFTypeID)
    /// Typedefs, qualifiers, arrays or nested types form a cycle, or go deeper than ``BTF/maximumDepth``.
    case tooDeep(BTFTypeID)
    /// The type has no size: it is `void`, a function, a forward declaration or a tag.
    case noSize(BTFTypeID, String)
    /// A size does not fit in 32 bits.
    case sizeOverflow(BTFTypeID)
    /// More members, values, parameters or variables than the format can count (65535).
    case tooMany(String, count: Int)
    /// The result would be larger than the limit that the caller set, in bytes.
    case outputLimit(Int)
  }

  /// The part of the blob.
  public var place: Place
  /// The offset in bytes from the start of the blob, if the error has a place there.
  public var offset: Int?
  /// What is wrong.
  public var problem: Problem

  /// An error at a place.
  public init(_ place: Place, offset: Int? = nil, _ problem: Problem) {
    self.place = place
    self.offset = offset
    self.problem = problem
  }

  /// One sentence: the place, the offset, what is wrong, and what to do where something can be done.
  public var description: String {
    let position = offset.map { " at offset \($0)" } ?? ""
    return "\(place.rawValue)\(position): \(problem)"
  }
}

extension BTFError.Problem: CustomStringConvertible {
  /// What is wrong, without the place.
  public var description: String {
    switch self {
    case .truncated(let needed, let available):
      "\(needed) bytes are needed and \(available) are there; the data is cut short"
    case .badMagic(let magic):
      "the magic number is 0x\(String(magic, radix: 16)) and not 0xeb9f; these bytes are not BTF"
    case .unsupportedVersion(let version):
      "version \(version) is not known, only version 1 is"
    case .badHeader(let text):
      text
    case .unknownKind(let kind):
      "kind \(kind) is not known; the data is damaged or from a newer format"
    case .badStringOffset(let offset):
      "the name offset \(offset) is outside the string section; split BTF needs the base it was made for"
    case .stringTooLong:
      "a string is longer than \(BTF.maximumStringLength) bytes"
    case .badValue(let field, let value, let expected):
      "\(field) is \(value), but has to be \(expected)"
    case .unknownType(let id):
      "type \(id) does not exist; split BTF needs the base it was made for"
    case .tooDeep(let id):
      "the types from \(id) on form a cycle or nest deeper than \(BTF.maximumDepth)"
    case .noSize(let id, let kind):
      "type \(id) (\(kind)) has no size"
    case .sizeOverflow(let id):
      "the size of type \(id) does not fit in 32 bits"
    case .tooMany(let what, let count):
      "\(count) \(what) are more than the 65535 that a type can hold"
    case .outputLimit(let limit):
      "the result would be larger than the limit of \(limit) bytes"
    }
  }
}
