/// What `.BTF.ext` says of an object's instructions: their functions, source lines and CO-RE relocations.
///
/// Records belong to ELF sections, and their instruction offsets are in bytes from the section's start. Records may be
/// longer than known here; what follows the known part is skipped, as the format says.
public struct BTFExtension: Hashable, Sendable {
  /// The records of one ELF section.
  public struct Section<Record: Hashable & Sendable>: Hashable, Sendable {
    /// The name of the ELF section that holds the instructions.
    public var name: String
    /// The records in the order of the file.
    public var records: [Record]
    /// Records of a section.
    public init(name: String, records: [Record]) {
      self.name = name
      self.records = records
    }
  }

  /// The type of a function.
  public struct FunctionRecord: Hashable, Sendable {
    /// The offset of the first instruction in its section in bytes.
    public var offset: UInt32
    /// The function (`BTF_KIND_FUNC`).
    public var type: BTFTypeID
    /// A function at an offset.
    public init(offset: UInt32, type: BTFTypeID) {
      self.offset = offset
      self.type = type
    }
  }

  /// The source line of an instruction and of those that follow it.
  public struct LineRecord: Hashable, Sendable {
    /// The offset of the instruction in its section in bytes.
    public var offset: UInt32
    /// The file's name, to be read with ``BTF/string(at:)``.
    public var file: UInt32
    /// The text of the line, to be read with ``BTF/string(at:)``.
    public var text: UInt32
    /// The line, counted from 1.
    public var line: UInt32
    /// The column, counted from 1, 0 when unknown.
    public var column: UInt32
    /// A line at an offset.
    public init(offset: UInt32, file: UInt32, text: UInt32, line: UInt32, column: UInt32) {
      self.offset = offset
      self.file = file
      self.text = text
      self.line = line
      self.column = column
    }
  }

  /// A CO-RE relocation of an instruction.
  public struct RelocationRecord: Hashable, Sendable {
    /// The offset of the instruction in its section in bytes.
    public var offset: UInt32
    /// The local type that the access string begins at.
    public var type: BTFTypeID
    /// The access string, such as `0:1:2`.
    public var access: String
    /// What is asked for.
    public var kind: CORERelocationKind
    /// A relocation at an offset.
    public init(offset: UInt32, type: BTFTypeID, access: String, kind: CORERelocationKind) {
      self.offset = offset
      self.type = type
      self.access = access
      self.kind = kind
    }
  }

  /// The functions by section.
  public var functions: [Section<FunctionRecord>] = []
  /// The source lines by section.
  public var lines: [Section<LineRecord>] = []
  /// The CO-RE relocations by section.
  public var relocations: [Section<RelocationRecord>] = []

  /// Records of no section.
  public init() {}

  /// Parses the contents of `.BTF.ext` in either byte order.
  ///
  /// - Parameters:
  ///   - bytes: the contents of the section.
  ///   - types: the types of the same object, which hold the strings.
  /// - Throws: ``BTFError`` with the offset when a part does not fit its surroundings, or a record names a type, a
  ///   string or a kind of relocation that does not exist.
  public init(parsing bytes: [UInt8], types: BTF) throws(BTFError) {
    let reader = try BTFExtensionReader(bytes, types)
    functions = try reader.sections(at: 8, recordLength: 8) { (offset) throws(BTFError) in
      FunctionRecord(offset: reader.blob.word(at: offset), type: try reader.type(at: offset + 4))
    }
    lines = try reader.sections(at: 16, recordLength: 16) { (offset) throws(BTFError) in
      let position = reader.blob.word(at: offset + 12)
      return LineRecord(
        offset: reader.blob.word(at: offset), file: try reader.stringOffset(at: offset + 4),
        text: try reader.stringOffset(at: offset + 8), line: position >> 10, column: position & 0x3ff)
    }
    relocations = try reader.sections(at: 24, recordLength: 16) { (offset) throws(BTFError) in
      RelocationRecord(
        offset: reader.blob.word(at: offset), type: try reader.type(at: offset + 4),
        access: try reader.access(at: offset + 8), kind: try reader.relocationKind(at: offset + 12))
    }
  }
}

/// The bytes of `.BTF.ext` while they are read.
private struct BTFExtensionReader {
  let blob: BTFBytes
  let types: BTF
  let headerLength: Int

  /// The longest access string; the kernel follows at most 64 indexes.
  private static let maximumAccessLength = 1024

  init(_ bytes: [UInt8], _ types: BTF) throws(BTFError) {
    self.types = types
    let memory = BTFMemory(bytes)
    blob = BTFBytes(memory, try BTF.byteOrder(of: memory, .extension))
    guard bytes[2] == 1 else { throw BTFError(.extension, offset: 2, .unsupportedVersion(bytes[2])) }
    headerLength = Int(try blob.checkedWord(at: 4, .extension))
    guard headerLength >= 24, headerLength <= bytes.count else {
      throw BTFError(
        .extension, offset: 4,
        .badValue(
          field: "the header's length", value: UInt64(headerLength), expected: "from 24 to \(bytes.count)"))
    }
  }

  /// Reads the part whose offset and length are at `field` of the header; a header that ends before has no such part.
  func sections<Record>(
    at field: Int, recordLength known: Int, _ read: (Int) throws(BTFError) -> Record
  ) throws(BTFError) -> [BTFExtension.Section<Record>] {
    guard field + 8 <= headerLength else { return [] }
    var position = headerLength + Int(blob.word(at: field))
    let length = Int(blob.word(at: field + 4))
    guard length > 0 else { return [] }
    guard position <= blob.count, length <= blob.count - position else {
      throw BTFError(
        .extension, offset: field,
        .badHeader("a part of \(length) bytes from \(position) does not fit in \(blob.count) bytes"))
    }
    let end = position + length
    func need(_ count: Int) throws(BTFError) {
      guard count <= end - position else {
        throw BTFError(.extension, offset: position, .truncated(needed: count, available: end - position))
      }
    }
    try need(4)
    let recordLength = Int(blob.word(at: position))
    guard recordLength >= known, recordLength % 4 == 0 else {
      throw BTFError(
        .extension, offset: position,
        .badValue(
          field: "the length of a record", value: UInt64(recordLength), expected: "a multiple of 4, at least \(known)"))
    }
    position += 4
    var sections: [BTFExtension.Section<Record>] = []
    while position < end {
      try need(8)
      let name = try string(at: position)
      let count = Int(blob.word(at: position + 4))
      position += 8
      guard count <= (end - position) / recordLength else {
        // The product could exceed an Int, and the message need not be more precise than that.
        let needed = count.multipliedReportingOverflow(by: recordLength)
        throw BTFError(
          .extension, offset: position,
          .truncated(needed: needed.overflow ? Int.max : needed.partialValue, available: end - position))
      }
      var records: [Record] = []
      records.reserveCapacity(count)
      for _ in 0..<count {
        records.append(try read(position))
        position += recordLength
      }
      sections.append(.init(name: name, records: records))
    }
    return sections
  }

  func type(at offset: Int) throws(BTFError) -> BTFTypeID {
    let id = BTFTypeID(blob.word(at: offset))
    guard Int(id.rawValue) <= types.typeCount else { throw BTFError(.extension, offset: offset, .unknownType(id)) }
    return id
  }

  func stringOffset(at offset: Int) throws(BTFError) -> UInt32 {
    let string = blob.word(at: offset)
    guard string == 0 || types.locateString(string) != nil else {
      throw BTFError(.extension, offset: offset, .badStringOffset(string))
    }
    return string
  }

  func string(at offset: Int) throws(BTFError) -> String {
    do {
      return try types.string(at: blob.word(at: offset))
    } catch {
      throw BTFError(.extension, offset: offset, error.problem)
    }
  }

  func access(at offset: Int) throws(BTFError) -> String {
    let access = try string(at: offset)
    guard access.utf8.count <= Self.maximumAccessLength else {
      throw BTFError(.extension, offset: offset, .stringTooLong)
    }
    return access
  }

  func relocationKind(at offset: Int) throws(BTFError) -> CORERelocationKind {
    let number = blob.word(at: offset)
    guard let kind = CORERelocationKind(rawValue: number) else {
      throw BTFError(
        .extension, offset: offset,
        .badValue(field: "the kind of a CO-RE relocation", value: UInt64(number), expected: "from 0 to 12"))
    }
    return kind
  }
}
