import ELF

/// A program, library or debug file: its sections and segments, with contents read when they are asked for.
struct ELFImage {
  /// Where the bytes are.
  enum Source {
    case file(FileContents)
    case memory([UInt8])
  }

  let source: Source
  let header: ELFHeader
  private(set) var sections: [ELFSection] = []
  private(set) var segments: [ELFSegment] = []

  /// The most rows that a table of sections or segments may have: what a linker makes has some dozens.
  static let maximumRowCount = 65536

  /// Opens an image; `nil` when it is no ELF64 file. Damaged tables are taken as far as they are whole.
  init?(_ source: Source) {
    self.source = source
    guard let bytes = Self.read(source, at: 0, count: UInt64(ELFHeader.byteCount)), let header = ELFHeader(bytes) else {
      return nil
    }
    self.header = header
    readSegments()
    readSections()
  }

  /// Bytes of the file; `nil` when they are not all there.
  func bytes(at offset: UInt64, count: UInt64) -> [UInt8]? { Self.read(source, at: offset, count: count) }

  private static func read(_ source: Source, at offset: UInt64, count: UInt64) -> [UInt8]? {
    switch source {
    case .file(let file): return file.bytes(at: offset, count: count)
    case .memory(let bytes):
      guard let start = Int(exactly: offset), let count = Int(exactly: count), start <= bytes.count,
        count <= bytes.count - start
      else { return nil }
      return Array(bytes[start..<start + count])
    }
  }

  private mutating func readSegments() {
    guard header.programHeaderSize == UInt16(ELFSegment.byteCount) else { return }
    let count = Int(header.programHeaderCount)
    guard let table = bytes(at: header.programHeaderOffset, count: UInt64(count * ELFSegment.byteCount)) else { return }
    let rows = ELFBytes(bytes: table, byteOrder: header.byteOrder)
    segments = (0..<count).compactMap { ELFSegment(rows, at: $0 * ELFSegment.byteCount) }
  }

  private mutating func readSections() {
    let size = ELFSection.headerByteCount
    guard header.sectionHeaderOffset != 0, header.sectionHeaderSize == UInt16(size),
      let first = bytes(at: header.sectionHeaderOffset, count: UInt64(size)),
      let zeroth = ELFSection(ELFBytes(bytes: first, byteOrder: header.byteOrder), at: 0, index: 0)
    else { return }
    // Numbers that do not fit the header stand in the first section.
    let count = header.sectionCount == 0 ? zeroth.byteCount : UInt64(header.sectionCount)
    let nameTable = header.nameTable == 0xffff ? zeroth.link : Int(header.nameTable)
    guard count <= UInt64(Self.maximumRowCount),
      let table = bytes(at: header.sectionHeaderOffset, count: count * UInt64(size))
    else { return }
    let rows = ELFBytes(bytes: table, byteOrder: header.byteOrder)
    sections = (0..<Int(count)).compactMap { ELFSection(rows, at: $0 * size, index: $0) }
    guard sections.indices.contains(nameTable), let names = contents(of: sections[nameTable], limit: 1 << 24) else {
      return
    }
    for index in sections.indices {
      guard let offset = rows.integer(UInt32.self, at: index * size) else { break }
      sections[index].name = names.text(at: Int(offset), before: names.count, limit: 4096) ?? ""
    }
  }

  /// The contents of a section; `nil` when they are not in the file, compressed, or larger than a limit in bytes.
  func contents(of section: ELFSection, limit: UInt64 = 1 << 31) -> ELFBytes? {
    guard section.type != .noBits, section.type != .null, !section.flags.contains(.compressed),
      section.byteCount <= limit, let bytes = bytes(at: section.offset, count: section.byteCount)
    else { return nil }
    return ELFBytes(bytes: bytes, byteOrder: header.byteOrder)
  }

  /// The section with a name.
  func section(_ name: String) -> ELFSection? {
    sections.first { $0.name == name && $0.type != .null && $0.type != .noBits }
  }

  /// The address in the file's own numbering of what is mapped from an offset.
  func address(ofFileOffset offset: UInt64) -> UInt64? {
    for segment in segments where segment.type == .load && offset >= segment.offset {
      let distance = offset - segment.offset
      if distance < segment.fileByteCount { return segment.address &+ distance }
    }
    return nil
  }

  /// The build id that the file's notes say, empty where they say none.
  var buildID: [UInt8] {
    for segment in segments where segment.type == .note && segment.fileByteCount <= 1 << 20 {
      if let bytes = bytes(at: segment.offset, count: segment.fileByteCount), let id = buildID(inNotes: bytes) {
        return id
      }
    }
    for section in sections where section.type == .note {
      if let notes = contents(of: section, limit: 1 << 20), let id = buildID(inNotes: notes.bytes) { return id }
    }
    return []
  }

  private func buildID(inNotes bytes: [UInt8]) -> [UInt8]? {
    let notes = ELFNote.notes(in: ELFBytes(bytes: bytes, byteOrder: header.byteOrder))
    return notes.first { $0.name == "GNU" && $0.type == 3 && !$0.contents.isEmpty }.map { Array($0.contents) }
  }

  /// The name and the checksum of the debug file that the section `.gnu_debuglink` names.
  var debugLink: (name: String, checksum: UInt32)? {
    guard let section = section(".gnu_debuglink"), let bytes = contents(of: section, limit: 1 << 16),
      let name = bytes.text(at: 0, before: bytes.count, limit: 4096), !name.isEmpty,
      let checksum = bytes.integer(UInt32.self, at: (name.utf8.count + 4) / 4 * 4)
    else { return nil }
    return (name, checksum)
  }
}
