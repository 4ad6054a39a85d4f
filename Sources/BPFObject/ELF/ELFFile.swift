package import BPFInstructions
package import ELF

/// A relocatable ELF64 file for BPF: its sections, symbols and relocations.
///
/// Opening checks the header and both tables. The contents of a section are looked at only when they are asked for, so
/// that a damaged section that nobody needs does no harm. Nothing is copied but names.
package struct ELFFile: Sendable {
  let file: ELFBytes
  /// The sections by index, the empty first one among them.
  package private(set) var sections: [ELFSection] = []
  /// The symbols by index, the empty first one among them.
  package private(set) var symbols: [ELFSymbol] = []
  /// The index of the section that the symbols are from.
  package private(set) var symbolTable: Int?
  /// What is left of the bytes that names may take, which tables that all point at one long name would exceed.
  private var nameBudget: Int

  /// The greatest length of a name in bytes.
  package static let maximumNameLength = 4096
  /// `EM_BPF`.
  package static let machine: UInt16 = 247

  package var byteOrder: ByteOrder { file.byteOrder }

  /// Opens a file.
  package init(parsing bytes: [UInt8]) throws(ObjectError) {
    nameBudget = bytes.count &* 4
    file = ELFBytes(bytes: bytes, byteOrder: try Self.checkIdentification(bytes))
    try checkHeader()
    try readSections()
    try readSymbols()
  }

  /// The bytes of a section.
  ///
  /// - Throws: ``ObjectError`` when they are not in the file, or compressed.
  package func contents(of section: ELFSection) throws(ObjectError) -> ArraySlice<UInt8> {
    guard section.type != .noBits else { return [] }
    guard !section.flags.contains(.compressed) else {
      throw ObjectError(
        .unsupported, section: section.name, "the section is compressed", advice: "compile without -gz")
    }
    guard let start = Int(exactly: section.offset), let count = Int(exactly: section.byteCount),
      start <= file.count, count <= file.count - start
    else {
      throw ObjectError(
        .truncated, section: section.name,
        "the section takes \(section.byteCount) bytes from 0x\(String(section.offset, radix: 16)), and the file has "
          + "\(file.count) bytes in all", advice: "the file is cut short or damaged: compile it again")
    }
    return file.bytes[start..<start + count]
  }

  /// The relocations in a section of type `SHT_REL` or `SHT_RELA`.
  package func relocations(in section: ELFSection) throws(ObjectError) -> [ELFRelocation] {
    let hasAddends = section.type == .relocationsWithAddends
    let entry = hasAddends ? 24 : 16
    guard section.entrySize == UInt64(entry), section.byteCount % UInt64(entry) == 0 else {
      throw ObjectError(
        .malformed, section: section.name,
        "\(section.byteCount) bytes in records of \(section.entrySize) are not a table of relocations, whose records "
          + "have \(entry) bytes")
    }
    guard section.link == symbolTable else {
      throw ObjectError(
        .malformed, section: section.name,
        "its symbols are said to be in section \(section.link), not in the file's "
          + "symbol table")
    }
    let contents = try contents(of: section)
    var result: [ELFRelocation] = []
    result.reserveCapacity(contents.count / entry)
    for start in stride(from: contents.startIndex, to: contents.endIndex, by: entry) {
      guard let offset = file.integer(UInt64.self, at: start), let info = file.integer(UInt64.self, at: start + 8)
      else {
        break
      }
      let symbol = Int(info >> 32)
      guard symbols.indices.contains(symbol) else {
        throw ObjectError(
          .malformed, section: section.name, offset: start - contents.startIndex,
          "the relocation is against symbol \(symbol), and there are \(symbols.count)")
      }
      result.append(
        ELFRelocation(
          offset: offset, type: .init(rawValue: UInt32(truncatingIfNeeded: info)), symbol: symbol,
          addend: hasAddends ? file.integer(Int64.self, at: start + 16) : nil))
    }
    return result
  }

  /// A symbol's name for messages: a section's symbol is called as its section is.
  package func displayName(of symbol: ELFSymbol) -> String {
    if symbol.name.isEmpty, case .section(let index) = symbol.location, sections.indices.contains(index) {
      return sections[index].name
    }
    return symbol.name
  }
}

extension ELFFile {
  private static func checkIdentification(_ bytes: [UInt8]) throws(ObjectError) -> ByteOrder {
    let advice = "give an object file, as clang -target bpf -c makes it"
    guard bytes.starts(with: ELFHeader.magic) else {
      let what =
        if bytes.isEmpty {
          "there are no bytes"
        } else if bytes.starts(with: [0x42, 0x43, 0xc0, 0xde]) {
          "this is LLVM bitcode and not an ELF file"
        } else if bytes.starts(with: Array("!<arch>\n".utf8)) {
          "this is an archive and not an ELF file"
        } else {
          "this is not an ELF file"
        }
      throw ObjectError(.notAnObject, offset: 0, what, advice: advice)
    }
    guard bytes.count >= ELFHeader.byteCount else {
      throw ObjectError(
        .truncated, offset: 0, "the file has \(bytes.count) bytes, and an ELF header has \(ELFHeader.byteCount)",
        advice: advice)
    }
    guard bytes[4] == 2 else {
      throw ObjectError(.notAnObject, offset: 4, "this is not a 64-bit ELF file", advice: advice)
    }
    guard bytes[6] == 1 else {
      throw ObjectError(.notAnObject, offset: 6, "the ELF version is \(bytes[6]) and not 1", advice: advice)
    }
    switch bytes[5] {
    case 1: return .little
    case 2: return .big
    default:
      throw ObjectError(
        .notAnObject, offset: 5, "the byte order is \(bytes[5]), neither 1 (little) nor 2 (big)", advice: advice)
    }
  }

  private func checkHeader() throws(ObjectError) {
    let machine = file.integer(UInt16.self, at: 18) ?? 0
    guard machine == Self.machine else {
      let names: [UInt16: String] = [3: "x86", 22: "s390x", 40: "ARM", 62: "x86-64", 183: "AArch64", 243: "RISC-V"]
      throw ObjectError(
        .notAnObject, offset: 18, "the file is for \(names[machine] ?? "machine \(machine)") and not for BPF",
        advice: "compile with clang -target bpf")
    }
    let type = file.integer(UInt16.self, at: 16) ?? 0
    guard type == 1 else {
      throw ObjectError(
        .notAnObject, offset: 16, "the ELF type is \(type) and not 1 (relocatable)",
        advice: "give the object that clang -c makes, not what a linker makes of it")
    }
  }

  private mutating func readSections() throws(ObjectError) {
    let tableOffset = file.integer(UInt64.self, at: 0x28) ?? 0
    let entrySize = file.integer(UInt16.self, at: 0x3a) ?? 0
    var count = UInt64(file.integer(UInt16.self, at: 0x3c) ?? 0)
    var nameTable = Int(file.integer(UInt16.self, at: 0x3e) ?? 0)
    guard tableOffset != 0 else {
      throw ObjectError(.notAnObject, offset: 0x28, "the file has no section headers", advice: "compile it again")
    }
    guard entrySize == UInt16(ELFSection.headerByteCount) else {
      throw ObjectError(
        .malformed, offset: 0x3a,
        "section headers of \(entrySize) bytes, where ELF64 has \(ELFSection.headerByteCount)")
    }
    guard let start = Int(exactly: tableOffset), let first = ELFSection(file, at: start, index: 0) else {
      throw ObjectError(
        .truncated, offset: 0x28,
        "the section headers at 0x\(String(tableOffset, radix: 16)) are outside of the file, "
          + "which has \(file.count) bytes", advice: "the file is cut short or damaged: compile it again")
    }
    // Numbers that do not fit the header stand in the first section.
    if count == 0 { count = first.byteCount }
    if nameTable == 0xffff { nameTable = first.link }
    guard count <= UInt64(file.count - start) / UInt64(ELFSection.headerByteCount) else {
      throw ObjectError(
        .truncated, offset: 0x3c,
        "\(count) section headers at 0x\(String(start, radix: 16)) do not fit in the file, "
          + "which has \(file.count) bytes", advice: "the file is cut short or damaged: compile it again")
    }
    for index in 0..<Int(count) {
      guard let section = ELFSection(file, at: start + index * ELFSection.headerByteCount, index: index) else { break }
      sections.append(section)
    }
    guard nameTable != 0, sections.indices.contains(nameTable), sections[nameTable].type == .stringTable else {
      throw ObjectError(.malformed, offset: 0x3e, "section \(nameTable) does not hold the names of sections")
    }
    let names = try range(ofNames: sections[nameTable])
    for index in sections.indices where sections[index].type != .null {
      let offset = start + index * ELFSection.headerByteCount
      sections[index].name = try name(
        file.integer(UInt32.self, at: offset) ?? 0, in: names, section: nil, offset: offset, "of section \(index)")
    }
  }

  private func range(ofNames section: ELFSection) throws(ObjectError) -> Range<Int> {
    let contents = try contents(of: section)
    return contents.startIndex..<contents.endIndex
  }

  private mutating func name(
    _ offset: UInt32, in names: Range<Int>, section: String?, offset place: Int, _ what: String
  ) throws(ObjectError) -> String {
    guard offset != 0 else { return "" }
    guard Int(offset) < names.count else {
      throw ObjectError(
        .malformed, section: section, offset: place,
        "the name \(what) is at 0x\(String(offset, radix: 16)), outside of its table of \(names.count) bytes")
    }
    guard
      let text = file.text(
        at: names.lowerBound + Int(offset), before: names.upperBound, limit: Self.maximumNameLength)
    else {
      throw ObjectError(
        .malformed, section: section, offset: place,
        "the name \(what) does not end within \(Self.maximumNameLength) bytes")
    }
    nameBudget -= text.utf8.count
    guard nameBudget >= 0 else {
      throw ObjectError(
        .limit, section: section, offset: place,
        "the names of sections and symbols overlap so much that they would "
          + "take several times the size of the file", advice: "the file is damaged: compile it again")
    }
    return text
  }

  private mutating func readSymbols() throws(ObjectError) {
    let tables = sections.filter { $0.type == .symbolTable }
    guard let table = tables.first else { return }
    guard tables.count == 1 else {
      throw ObjectError(
        .malformed, section: tables[1].name, "a second symbol table", advice: "ELF allows one: compile it again")
    }
    let entry = ELFSymbolRecord.byteCount
    guard table.entrySize == UInt64(entry), table.byteCount % UInt64(entry) == 0 else {
      throw ObjectError(
        .malformed, section: table.name,
        "\(table.byteCount) bytes in records of \(table.entrySize) are not a table of "
          + "symbols, whose records have \(entry) bytes")
    }
    guard sections.indices.contains(table.link), sections[table.link].type == .stringTable else {
      throw ObjectError(.malformed, section: table.name, "section \(table.link) does not hold the symbols' names")
    }
    symbolTable = table.index
    let names = try range(ofNames: sections[table.link])
    let contents = try contents(of: table)
    // Section indexes that do not fit 16 bits are in a table of their own.
    var wideIndexes: Range<Int>?
    if let section = sections.first(where: { $0.type == .symbolSectionIndexes && $0.link == table.index }) {
      let contents = try self.contents(of: section)
      wideIndexes = contents.startIndex..<contents.endIndex
    }
    symbols.reserveCapacity(contents.count / entry)
    for start in stride(from: contents.startIndex, to: contents.endIndex, by: entry) {
      guard let record = ELFSymbolRecord(file, at: start) else { break }
      let place = start - contents.startIndex
      let location = try location(record.section, symbol: place / entry, wideIndexes, table, place)
      symbols.append(
        ELFSymbol(
          name: try name(record.name, in: names, section: table.name, offset: place, "of symbol \(place / entry)"),
          binding: record.binding, type: record.type, visibility: record.visibility, location: location,
          value: record.value, byteCount: record.byteCount))
    }
  }

  private func location(
    _ shortIndex: UInt16, symbol: Int, _ wideIndexes: Range<Int>?, _ table: ELFSection, _ place: Int
  ) throws(ObjectError) -> ELFSymbol.Location {
    var index = Int(shortIndex)
    switch shortIndex {
    case 0: return .undefined
    case 0xfff1: return .absolute
    case 0xfff2: return .common
    case 0xffff:
      guard let wideIndexes, symbol < wideIndexes.count / 4,
        let wide = file.integer(UInt32.self, at: wideIndexes.lowerBound + 4 * symbol)
      else {
        throw ObjectError(
          .malformed, section: table.name, offset: place,
          "symbol \(symbol) has its section in an extended table that is missing or too short")
      }
      index = Int(wide)
    case 0xff00...: return .reserved(shortIndex)
    default: break
    }
    guard sections.indices.contains(index) else {
      throw ObjectError(
        .malformed, section: table.name, offset: place,
        "symbol \(symbol) is in section \(index), and there are \(sections.count)")
    }
    return .section(index)
  }
}
