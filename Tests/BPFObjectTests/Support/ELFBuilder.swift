import BPFInstructions

/// Writes ELF files of any shape, right or wrong, for tests of what no compiler makes.
struct ELFBuilder {
  struct Section {
    var name: String
    var type: UInt32 = 1
    var flags: UInt64 = 0
    var contents: [UInt8] = []
    var byteCount: UInt64?
    var link: UInt32 = 0
    var info: UInt32 = 0
    var entrySize: UInt64 = 0
  }

  struct Symbol {
    var name: String
    /// 0 local, 1 global, 2 weak.
    var binding: UInt8 = 1
    /// 0 none, 1 object, 2 function, 3 section.
    var type: UInt8 = 2
    var visibility: UInt8 = 0
    var section: UInt16
    var value: UInt64 = 0
    var byteCount: UInt64 = 0
  }

  struct Relocation {
    var offset: UInt64
    var type: UInt32
    var symbol: UInt32
    var addend: Int64?
  }

  var byteOrder = ByteOrder.little
  var machine: UInt16 = 247
  var type: UInt16 = 1
  /// Sections from number 1 on; the tables of symbols and names come after them.
  var sections: [Section] = []
  /// Symbols from number 1 on.
  var symbols: [Symbol] = []
  /// Whether the numbers of sections and of the section of names are in the first section, as in files with very many.
  var usesWideCounts = false
  /// Whether the sections of symbols are in a table of their own.
  var usesWideSymbolSections = false

  static let code: UInt64 = 6
  static let exit = Instruction(opcode: 0x95)

  mutating func add(_ section: Section) -> UInt16 {
    sections.append(section)
    return UInt16(sections.count)
  }

  /// Adds a section of code.
  mutating func add(code name: String, _ instructions: [Instruction]) -> UInt16 {
    add(Section(name: name, flags: Self.code, contents: instructions.encoded(byteOrder: byteOrder)))
  }

  mutating func add(_ symbol: Symbol) -> UInt32 {
    symbols.append(symbol)
    return UInt32(symbols.count)
  }

  /// Adds a table of relocations for a section; the tables' link to the symbols is filled in at the end.
  mutating func add(_ relocations: [Relocation], for section: UInt16) {
    let hasAddends = relocations.contains { $0.addend != nil }
    var contents: [UInt8] = []
    for relocation in relocations {
      append(relocation.offset, to: &contents)
      append(UInt64(relocation.symbol) << 32 | UInt64(relocation.type), to: &contents)
      if hasAddends { append(relocation.addend ?? 0, to: &contents) }
    }
    sections.append(
      Section(
        name: ".rel" + sections[Int(section) - 1].name, type: hasAddends ? 4 : 9, contents: contents, link: .max,
        info: UInt32(section), entrySize: hasAddends ? 24 : 16))
  }

  func append(_ value: some FixedWidthInteger, to bytes: inout [UInt8]) {
    withUnsafeBytes(of: byteOrder == .little ? value.littleEndian : value.bigEndian) { bytes += $0 }
  }

  func build() -> [UInt8] {
    var all = sections
    let symbolTable = UInt32(sections.count + 1)
    for index in all.indices where all[index].link == .max { all[index].link = symbolTable }
    var symbolNames: [UInt8] = [0]
    var table = [UInt8](repeating: 0, count: 24)
    var wide: [UInt8] = [0, 0, 0, 0]
    for symbol in symbols {
      append(UInt32(symbolNames.count), to: &table)
      symbolNames += Array(symbol.name.utf8) + [0]
      table += [symbol.binding << 4 | symbol.type, symbol.visibility]
      append(usesWideSymbolSections ? 0xffff : symbol.section, to: &table)
      append(UInt32(symbol.section), to: &wide)
      append(symbol.value, to: &table)
      append(symbol.byteCount, to: &table)
    }
    all.append(Section(name: ".symtab", type: 2, contents: table, link: symbolTable + 1, entrySize: 24))
    all.append(Section(name: ".strtab", type: 3, contents: symbolNames))
    if usesWideSymbolSections {
      all.append(Section(name: ".symtab_shndx", type: 18, contents: wide, link: symbolTable, entrySize: 4))
    }
    var names: [UInt8] = [0]
    var offsets: [UInt32] = []
    for name in all.map(\.name) + [".shstrtab"] {
      offsets.append(UInt32(names.count))
      names += Array(name.utf8) + [0]
    }
    all.append(Section(name: ".shstrtab", type: 3, contents: names))
    return assemble(all, offsets)
  }

  private func assemble(_ all: [Section], _ names: [UInt32]) -> [UInt8] {
    var body: [UInt8] = []
    var places: [UInt64] = []
    for section in all {
      places.append(UInt64(64 + body.count))
      body += section.contents
    }
    let count = UInt64(all.count + 1)
    var bytes: [UInt8] = [0x7f, 0x45, 0x4c, 0x46, 2, byteOrder == .little ? 1 : 2, 1]
    bytes += [UInt8](repeating: 0, count: 9)
    append(type, to: &bytes)
    append(machine, to: &bytes)
    append(UInt32(1), to: &bytes)
    append(UInt64(0), to: &bytes)
    append(UInt64(0), to: &bytes)
    append(UInt64(64 + body.count), to: &bytes)
    append(UInt32(0), to: &bytes)
    for field in [64, 0, 0, 64, usesWideCounts ? 0 : UInt16(count), usesWideCounts ? 0xffff : UInt16(all.count)] {
      append(field, to: &bytes)
    }
    bytes += body
    header(
      Section(name: "", type: 0, byteCount: usesWideCounts ? count : 0, link: usesWideCounts ? UInt32(all.count) : 0),
      0, 0, &bytes)
    for (index, section) in all.enumerated() { header(section, names[index], places[index], &bytes) }
    return bytes
  }

  private func header(_ section: Section, _ name: UInt32, _ place: UInt64, _ bytes: inout [UInt8]) {
    append(name, to: &bytes)
    append(section.type, to: &bytes)
    append(section.flags, to: &bytes)
    append(UInt64(0), to: &bytes)
    append(place, to: &bytes)
    append(section.byteCount ?? UInt64(section.contents.count), to: &bytes)
    append(section.link, to: &bytes)
    append(section.info, to: &bytes)
    append(UInt64(1), to: &bytes)
    append(section.entrySize, to: &bytes)
  }
}

extension ELFBuilder {
  /// A file with one program of the given instructions, in section 1.
  static func program(
    _ instructions: [Instruction] = [Self.exit], section: String = "socket", byteOrder: ByteOrder = .little
  ) -> ELFBuilder {
    var builder = ELFBuilder(byteOrder: byteOrder)
    let code = builder.add(code: section, instructions)
    _ = builder.add(Symbol(name: "program", section: code, byteCount: UInt64(8 * instructions.count)))
    return builder
  }
}
