internal import BPFInstructions
internal import BPFTypeFormat
internal import ELF

extension ObjectFile {
  /// Reads an object as clang makes it (`-target bpf -c`), or as bpftool links it from several.
  ///
  /// The same bytes give the same object on every machine. Nothing outside of the bytes is looked at, and memory is
  /// bounded by their number.
  ///
  /// - Parameters:
  ///   - bytes: the contents of the ELF file.
  ///   - name: what to call the object, such as the file's name without its ending.
  /// - Throws: ``ObjectError`` with the place, what is wrong there and what to do.
  public init(parsing bytes: [UInt8], name: String? = nil) throws(ObjectError) {
    try self.init(parsing: bytes, name: name, linkedLimit: ObjectReader.linkedLimit)
  }

  /// Reads an object, with a limit for what all its programs have together once they are linked.
  package init(parsing bytes: [UInt8], name: String? = nil, linkedLimit: Int) throws(ObjectError) {
    var reader = ObjectReader(try ELFFile(parsing: bytes))
    reader.budget = linkedLimit
    self = try reader.read()
    self.name = name
  }
}

/// Turns an ELF file into an ``ObjectFile``, one topic a file.
struct ObjectReader {
  let elf: ELFFile
  var object = ObjectFile()
  /// What each section is for, by index.
  let roles: [SectionRole]
  /// The tables of relocations by the section that they change.
  var relocations: [Int: [ELFRelocation]] = [:]
  /// The global and weak symbols by name; the first of a name counts.
  var globalSymbols: [String: Int] = [:]
  /// The name of the map for each section of data.
  var dataMaps: [Int: String] = [:]
  /// The maps of `.maps` by their offset in it.
  var mapsByOffset: [Int: String] = [:]
  /// The same maps in the order of their definitions.
  var placedMaps: [PlacedMap] = []
  /// The first map that is an arena.
  var arenaMap: String?
  /// What the symbols that are not defined here stand for.
  var externs: [Int: ExternSymbol] = [:]
  /// The size of the value of `.kconfig`.
  var configurationSize = 0
  var code = CodeTable()
  /// How many more slots, source positions and relocations linked programs may have.
  var budget = Self.linkedLimit

  init(_ elf: ELFFile) {
    self.elf = elf
    roles = elf.sections.map { SectionRole($0) }
  }

  mutating func read() throws(ObjectError) -> ObjectFile {
    object.byteOrder = elf.byteOrder
    guard elf.symbolTable != nil else {
      throw ObjectError(
        .notAnObject, "the file has no symbol table", advice: "do not strip the object, or only with llvm-strip -g")
    }
    for (index, symbol) in elf.symbols.enumerated() where symbol.binding == .global || symbol.binding == .weak {
      if globalSymbols[symbol.name] == nil { globalSymbols[symbol.name] = index }
    }
    try readTypes()
    try readMarks()
    try readRelocations()
    try readExterns()
    try completeTypes()
    try readMaps()
    try readDataSections()
    try addConfigurationMap()
    try readGlobals()
    try readCode()
    try readTypeExtension()
    try readInitialSlots()
    try linkPrograms()
    return object
  }

  /// The sections that have a role, in the order of the file.
  func sections(_ matches: (SectionRole) -> Bool) -> [ELFSection] {
    elf.sections.filter { matches(roles[$0.index]) }
  }

  /// The types, and what a search for missing ones says.
  func types(for what: String) throws(ObjectError) -> BTF {
    guard let types = object.types else {
      throw ObjectError(
        .types, "\(what) needs types, and the object has no section .BTF", advice: "compile with -g, and do not strip")
    }
    return types
  }

  /// Does something with types, and says which section an error is from.
  func reading<Value>(
    _ body: @autoclosure () throws(BTFError) -> Value, section: String = ".BTF"
  ) throws(ObjectError) -> Value {
    do throws(BTFError) {
      return try body()
    } catch {
      throw ObjectError(
        .types, section: section, offset: error.offset, "\(error.problem)",
        advice: "the types are damaged: compile the object again")
    }
  }

  private mutating func readTypes() throws(ObjectError) {
    let found = sections { $0 == .types }
    guard let section = found.first, section.byteCount > 0 else { return }
    guard found.count == 1 else {
      throw ObjectError(.malformed, section: section.name, "there are two sections of this name")
    }
    let contents = Array(try elf.contents(of: section))
    object.types = try reading(BTF(parsing: contents))
  }

  /// Reads the sections that say something of the object as a whole, and refuses what is not supported.
  private mutating func readMarks() throws(ObjectError) {
    for section in elf.sections {
      switch roles[section.index] {
      case .license:
        let contents = try elf.contents(of: section)
        object.license = String(decoding: contents.prefix { $0 != 0 }.prefix(1024), as: UTF8.self)
      case .version:
        let contents = try elf.contents(of: section)
        guard contents.count == 4, let version = elf.file.integer(UInt32.self, at: contents.startIndex) else {
          throw ObjectError(
            .malformed, section: section.name, "the section has \(contents.count) bytes, and a version number 4",
            advice: "declare it as unsigned int, or leave it out: kernels since 5.0 do not ask for it")
        }
        object.kernelVersion = version
      case .legacyMaps where section.byteCount > 0:
        throw ObjectError(
          .unsupported, section: section.name, "maps without types (struct bpf_map_def) are not supported",
          advice: "define them with __uint and __type in SEC(\".maps\")")
      case .structOperations:
        let name = elf.symbols.first { $0.location == .section(section.index) && $0.type == .object }?.name
        throw ObjectError(
          .unsupported, section: section.name, subject: name.map { "variable '\($0)'" },
          "struct_ops maps are not supported", advice: "leave it out of the object")
      default: break
      }
    }
  }

  private mutating func readRelocations() throws(ObjectError) {
    for section in elf.sections where section.type == .relocations || section.type == .relocationsWithAddends {
      guard elf.sections.indices.contains(section.info) else {
        throw ObjectError(
          .malformed, section: section.name,
          "the relocations are for section \(section.info), and there are \(elf.sections.count)")
      }
      // Those of debug information change nothing that matters here; those of .BTF are redone from the symbols.
      let role = roles[section.info]
      guard role.isCode || role == .maps || role.isData || role == .arena else { continue }
      guard relocations[section.info] == nil else {
        throw ObjectError(
          .malformed, section: section.name,
          "a second table of relocations for section '\(elf.sections[section.info].name)'")
      }
      relocations[section.info] = try elf.relocations(in: section)
    }
  }
}
