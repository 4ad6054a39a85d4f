import BPFInstructions
import ELF
import SystemPackage

/// The symbols of a program or library: where they are in the file, and where in memory.
struct ExecutableFile {
  /// A named place.
  struct Symbol {
    var address: UInt64
    var kind: Kind
    var binding: ELFSymbol.Binding

    enum Kind {
      case place
      /// In the memory of each thread.
      case threadLocal
      /// A function that is chosen when the program starts (`STT_GNU_IFUNC`): the address is that of the chooser.
      case chosen
    }
  }

  private struct Table {
    var symbols: ELFBytes
    var names: ELFBytes
  }

  let path: String
  /// The parts of the file that are mapped into memory.
  private(set) var segments: [ELFSegment] = []
  private var tables: [Table] = []
  private let file: OpenFile
  private var sections: [ELFSection] = []
  /// The headers of the sections, and which of them holds their names.
  private var sectionHeaders = ELFBytes(bytes: [], byteOrder: .little)
  private var nameTable = 0

  /// More than any table of symbols of a program that runs.
  private static let tableLimit: UInt64 = 512 << 20

  /// Reads headers and symbol tables.
  ///
  /// - Parameters:
  ///   - path: where the file is for this process.
  ///   - name: the path as others know it, for errors.
  /// - Throws: ``BPFError`` when it cannot be read, or is no 64-bit program for this machine's byte order.
  init(_ path: String, named name: String? = nil, _ systemCalls: any SystemCalls) throws(BPFError) {
    self.path = name ?? path
    do throws(Errno) { file = try OpenFile(path, systemCalls) } catch {
      throw BPFError("'\(self.path)'", .systemCall("open", error))
    }
    let first = try piece(of: file, at: 0, count: UInt64(ELFHeader.byteCount)).bytes
    guard first.starts(with: ELFHeader.magic) else {
      throw .refusal(
        "'\(self.path)'", "it is no ELF file", advice: "name the program itself, not a script that starts it")
    }
    guard let header = ELFHeader(first), header.byteOrder == .little else {
      throw .refusal("'\(self.path)'", "it is no 64-bit program of this machine's byte order")
    }
    try readSegments(header)
    try readTables(header)
  }

  private func piece(of file: OpenFile, at offset: UInt64, count: UInt64) throws(BPFError) -> ELFBytes {
    guard count <= Self.tableLimit else { throw .refusal("'\(path)'", "it has a table of \(count) bytes") }
    do throws(Errno) {
      return ELFBytes(bytes: try file.read(at: offset, count: Int(count)), byteOrder: .little)
    } catch { throw BPFError("'\(path)'", .systemCall("read", error)) }
  }

  private mutating func readSegments(_ header: ELFHeader) throws(BPFError) {
    let count = UInt64(header.programHeaderCount) * UInt64(ELFSegment.byteCount)
    let table = try piece(of: file, at: header.programHeaderOffset, count: count)
    for start in stride(from: 0, to: table.count, by: ELFSegment.byteCount) {
      guard let segment = ELFSegment(table, at: start) else { break }
      if segment.type == .load { segments.append(segment) }
    }
  }

  private mutating func readTables(_ header: ELFHeader) throws(BPFError) {
    let count = UInt64(header.sectionCount) * UInt64(ELFSection.headerByteCount)
    let table = try piece(of: file, at: header.sectionHeaderOffset, count: count)
    sections = (0..<Int(header.sectionCount)).compactMap { index in
      ELFSection(table, at: index * ELFSection.headerByteCount, index: index)
    }
    (sectionHeaders, nameTable) = (table, Int(header.nameTable))
    // The whole table, of which stripped files are bare, before that of the dynamic linker.
    for kind in [ELFSection.Kind.symbolTable, .dynamicSymbols] {
      for section in sections where section.type == kind && sections.indices.contains(section.link) {
        let names = sections[section.link]
        tables.append(
          Table(
            symbols: try piece(of: file, at: section.offset, count: section.byteCount),
            names: try piece(of: file, at: names.offset, count: names.byteCount)))
      }
    }
  }

  // MARK: Sections

  /// The address and the contents of a section; `nil` when there is none of the name.
  func section(named name: String) throws(BPFError) -> (address: UInt64, contents: ELFBytes)? {
    guard sections.indices.contains(nameTable) else { return nil }
    let names = try piece(of: file, at: sections[nameTable].offset, count: sections[nameTable].byteCount)
    for (index, section) in sections.enumerated() {
      guard let start = sectionHeaders.integer(UInt32.self, at: index * ELFSection.headerByteCount),
        names.text(at: Int(start), before: names.count, limit: 64) == name
      else { continue }
      let count = section.type == .noBits ? 0 : section.byteCount
      return (section.address, try piece(of: file, at: section.offset, count: count))
    }
    return nil
  }

  // MARK: Symbols

  /// The symbol of a name, `nil` when the file defines none. A global one is preferred to a weak one, and that to those
  /// of single source files.
  ///
  /// - Throws: ``BPFError`` when several source files have a symbol of the name, at different addresses.
  func symbol(named name: String) throws(BPFError) -> Symbol? {
    let wanted = Array(name.utf8) + [0]
    for table in tables {
      var found: [Symbol] = []
      for start in stride(from: 0, to: table.symbols.count, by: ELFSymbolRecord.byteCount) {
        guard let offset = table.symbols.integer(UInt32.self, at: start), offset > 0,
          Int(offset) + wanted.count <= table.names.count, table.names.bytes[Int(offset)] == wanted[0],
          table.names.bytes[Int(offset)..<Int(offset) + wanted.count].elementsEqual(wanted),
          let symbol = symbol(at: start, of: table)
        else { continue }
        found.append(symbol)
      }
      for binding in [.global, .weak, .local, .other] as [ELFSymbol.Binding] {
        let candidates = found.filter { $0.binding == binding }
        guard let first = candidates.first else { continue }
        guard candidates.allSatisfy({ $0.address == first.address }) else {
          throw .refusal(
            "symbol '\(name)'", "'\(path)' has \(candidates.count) of this name, each of its own source file")
        }
        return first
      }
    }
    return nil
  }

  /// A symbol that the file defines.
  private func symbol(at start: Int, of table: Table) -> Symbol? {
    guard let symbol = ELFSymbolRecord(table.symbols, at: start), symbol.section != 0 else { return nil }
    let kind: Symbol.Kind
    switch symbol.type {
    case .none, .object, .function: kind = .place
    case .threadLocal: kind = .threadLocal
    case .indirectFunction: kind = .chosen
    // Names of sections and files.
    default: return nil
    }
    return Symbol(address: symbol.value, kind: kind, binding: symbol.binding)
  }

  /// The names of the symbols that begin or end like a name, for advice.
  func names(like name: String) -> Set<String> {
    let (head, tail) = (Array(name.utf8.prefix(3)), Array(name.utf8.suffix(3)))
    var names: Set<String> = []
    for table in tables {
      for start in stride(from: 0, to: table.symbols.count, by: ELFSymbolRecord.byteCount) {
        guard let offset = table.symbols.integer(UInt32.self, at: start), offset > 0,
          symbol(at: start, of: table) != nil,
          let text = table.names.text(at: Int(offset), before: table.names.count, limit: 256)
        else { continue }
        if text.utf8.starts(with: head) || text.utf8.suffix(3).elementsEqual(tail) { names.insert(text) }
      }
    }
    return names
  }

  /// The names of the functions (`STT_FUNC`) that are wanted, each once.
  func functionNames(where isWanted: (String) -> Bool) -> Set<String> {
    var names: Set<String> = []
    for table in tables {
      for start in stride(from: 0, to: table.symbols.count, by: ELFSymbolRecord.byteCount) {
        guard let information = table.symbols.integer(UInt8.self, at: start + 4), information & 0xf == 2,
          symbol(at: start, of: table) != nil, let offset = table.symbols.integer(UInt32.self, at: start),
          let text = table.names.text(at: Int(offset), before: table.names.count, limit: 4096), isWanted(text)
        else { continue }
        names.insert(text)
      }
    }
    return names
  }

  /// Where in the file the byte at an address is, `nil` when it is in none of the file's segments.
  func offset(of address: UInt64) -> UInt64? {
    for segment in segments where address >= segment.address && address - segment.address < segment.fileByteCount {
      let (offset, overflow) = segment.offset.addingReportingOverflow(address - segment.address)
      return overflow ? nil : offset
    }
    return nil
  }
}
