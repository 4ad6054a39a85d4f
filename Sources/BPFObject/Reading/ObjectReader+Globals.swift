internal import BPFTypeFormat
internal import ELF

extension ObjectReader {
  /// Lists the variables in the sections of data: as the types have them, or by symbols where there are no types.
  mutating func readGlobals() throws(ObjectError) {
    var symbols: [Int: [ELFSymbol]] = [:]
    for symbol in elf.symbols where symbol.type == .object && !symbol.name.isEmpty {
      if case .section(let index) = symbol.location, dataMaps[index] != nil {
        symbols[index, default: []].append(symbol)
      }
    }
    for section in sections({ $0.isData || $0 == .arena }) {
      guard let map = dataMaps[section.index] else { continue }
      let size = Int(exactly: section.byteCount) ?? 0
      if try addVariables(of: section.name, map: map, size: size) { continue }
      let own = (symbols[section.index] ?? []).sorted { ($0.value, $0.name) < ($1.value, $1.name) }
      for symbol in own {
        guard let offset = Int(exactly: symbol.value), let count = Int(exactly: symbol.byteCount), offset <= size,
          count <= size - offset
        else {
          throw ObjectError(
            .malformed, section: section.name, offset: Int(exactly: symbol.value), subject: "variable '\(symbol.name)'",
            "it has \(symbol.byteCount) bytes, and the section ends after \(size)")
        }
        add(GlobalVariable(name: symbol.name, map: map, offset: offset, byteCount: count, type: nil))
      }
    }
    if object.maps[Self.configurationMap] != nil {
      _ = try addVariables(of: Self.configurationMap, map: Self.configurationMap, size: configurationSize)
    }
  }

  /// Adds the variables that the types list for a section, or returns `false` when they list none.
  private mutating func addVariables(of section: String, map: String, size: Int) throws(ObjectError) -> Bool {
    guard let types = object.types, map == section || object.maps[map]?.type == .arena,
      let id = types.first(named: section, kind: .dataSection)
    else { return false }
    let type = try reading(types.type(id))
    guard case .dataSection(let data) = type.kind else { return false }
    for variable in data.variables {
      let declared = try reading(types.type(variable.type))
      guard case .variable(let type, _) = declared.kind else { continue }
      // A configuration value that nothing uses has no place.
      if section == Self.configurationMap, object.externs[declared.name]?.kind != .configuration { continue }
      let (offset, count) = (Int(variable.offset), Int(variable.byteCount))
      guard offset <= size, count <= size - offset else {
        throw ObjectError(
          .types, section: section, offset: offset, subject: "variable '\(declared.name)'",
          "it has \(count) bytes, and the section ends after \(size)", advice: "compile the object again")
      }
      add(GlobalVariable(name: declared.name, map: map, offset: offset, byteCount: count, type: type))
    }
    return true
  }

  /// Adds a variable under its name; a second one of the name, static in another source file, with its place.
  private mutating func add(_ variable: GlobalVariable) {
    var key = variable.name
    if object.globals[key] != nil { key += "@\(variable.map)+\(variable.offset)" }
    object.globals[key] = variable
  }
}
