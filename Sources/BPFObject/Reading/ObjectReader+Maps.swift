internal import BPFInstructions
internal import BPFTypeFormat
internal import ELF

/// A map of `.maps` with the place of its definition there.
struct PlacedMap: Sendable {
  var name: String
  var offset: Int
  var byteCount: Int
  /// Where its initial slots begin within the section.
  var slots: Int?
}

extension ObjectReader {
  /// Reads the maps that variables of `.maps` define.
  mutating func readMaps() throws(ObjectError) {
    let found = sections { $0 == .maps }
    guard let section = found.first, section.byteCount > 0 else { return }
    guard found.count == 1 else {
      throw ObjectError(.malformed, section: section.name, "there are two sections of this name")
    }
    let types = try types(for: "section '.maps'")
    guard let id = types.first(named: section.name, kind: .dataSection) else {
      throw ObjectError(
        .types, section: section.name, "the types do not list what is in the section",
        advice: "compile with -g, and do not strip .BTF")
    }
    let type = try reading(types.type(id))
    guard case .dataSection(let data) = type.kind else { return }
    for variable in data.variables {
      let declared = try reading(types.type(variable.type))
      guard case .variable(let type, let linkage) = declared.kind else {
        throw ObjectError(
          .types, section: ".BTF", subject: "section '.maps'", "type \(variable.type) in it is not a variable",
          advice: "compile the object again")
      }
      let subject = "map '\(declared.name)'"
      guard linkage != .static || isHidden(declared.name) else {
        throw ObjectError(
          .map, section: section.name, subject: subject, "the map is static", advice: "remove 'static', or use __hidden"
        )
      }
      guard !declared.name.isEmpty, object.maps[declared.name] == nil else {
        throw ObjectError(
          .map, section: section.name, offset: Int(variable.offset), subject: subject,
          declared.name.isEmpty ? "the map has no name" : "a second map of this name")
      }
      guard UInt64(variable.offset) + UInt64(variable.byteCount) <= section.byteCount else {
        throw ObjectError(
          .map, section: section.name, offset: Int(variable.offset), subject: subject,
          "its definition reaches past the section's \(section.byteCount) bytes")
      }
      let result = try MapDefinitionReader(types: types, name: declared.name, isInner: false).read(type)
      let offset = Int(variable.offset)
      object.maps[declared.name] = result.definition
      if result.definition.type == .arena, arenaMap == nil { arenaMap = declared.name }
      mapsByOffset[offset] = declared.name
      placedMaps.append(
        PlacedMap(
          name: declared.name, offset: offset, byteCount: Int(variable.byteCount),
          slots: result.slotsOffset.map { $0 + offset }))
    }
    placedMaps.sort { $0.offset < $1.offset }
  }

  private func isHidden(_ name: String) -> Bool {
    guard let index = globalSymbols[name] else { return false }
    return elf.symbols[index].isStatic
  }

  /// Turns each section of data into a map of one element, named as the section is.
  mutating func readDataSections() throws(ObjectError) {
    var copied = 0
    var numbers: [String: Int] = [:]
    for section in sections({ $0.isData || $0 == .arena }) {
      let contents = try elf.contents(of: section)
      copied += contents.count
      guard copied <= elf.file.count else {
        throw ObjectError(.malformed, section: section.name, "the sections of data overlap in the file")
      }
      try refuseAddresses(in: section)
      if roles[section.index] == .arena {
        try addArenaContents(section, contents)
        continue
      }
      guard section.byteCount <= UInt64(Int32.max) else {
        throw ObjectError(
          .limit, section: section.name, "the section has \(section.byteCount) bytes, more than a map can hold")
      }
      // A section of one name can be there more than once, with different flags.
      let number = numbers[section.name, default: 0] + 1
      numbers[section.name] = number
      let name = number == 1 ? section.name : "\(section.name)#\(number)"
      guard object.maps[name] == nil else {
        throw ObjectError(.map, section: section.name, subject: "map '\(name)'", "a second map of this name")
      }
      let isReadOnly = roles[section.index] == .data(isReadOnly: true)
      var map = MapDefinition(
        name: name, type: .array, keySize: 4, valueSize: UInt32(truncatingIfNeeded: section.byteCount), maxEntries: 1)
      map.initialContents = Array(contents)
      map.origin = isReadOnly ? .readOnlyData(section: section.name) : .data(section: section.name)
      if isReadOnly { map.flags.insert(.readOnlyForPrograms) }
      if name == section.name { try addTypes(to: &map) }
      object.maps[name] = map
      dataMaps[section.index] = name
    }
  }

  /// Adds the map that holds the configuration values, if there are any.
  mutating func addConfigurationMap() throws(ObjectError) {
    guard configurationSize > 0 else { return }
    var map = MapDefinition(
      name: Self.configurationMap, type: .array, keySize: 4, valueSize: UInt32(truncatingIfNeeded: configurationSize),
      maxEntries: 1)
    map.flags = .readOnlyForPrograms
    map.origin = .configuration
    map.initialContents = []
    try addTypes(to: &map)
    object.maps[map.name] = map
  }

  /// Gives a section's map its type, and lets user space map its memory if it holds a variable that others may see.
  private func addTypes(to map: inout MapDefinition) throws(ObjectError) {
    guard let types = object.types, let id = types.first(named: map.name, kind: .dataSection) else { return }
    let type = try reading(types.type(id))
    guard case .dataSection(let data) = type.kind, data.byteCount == map.valueSize else { return }
    map.types = types
    map.valueType = id
    for variable in data.variables {
      let declared = try reading(types.type(variable.type))
      if case .variable(_, let linkage) = declared.kind, linkage != .static {
        map.flags.insert(.memoryMappable)
        return
      }
    }
  }

  /// Refuses a variable that holds an address: nothing could fill it in before the program runs.
  private func refuseAddresses(in section: ELFSection) throws(ObjectError) {
    guard let relocation = relocations[section.index]?.first(where: { $0.type != .none }) else { return }
    let symbol = elf.symbols[relocation.symbol]
    let holder = elf.symbols.first { candidate in
      candidate.location == .section(section.index) && candidate.type == .object
        && relocation.offset >= candidate.value && relocation.offset - candidate.value < max(1, candidate.byteCount)
    }
    throw ObjectError(
      .unsupported, section: section.name, offset: Int(exactly: relocation.offset),
      subject: holder.map { "variable '\($0.name)'" },
      "it holds the address of '\(elf.displayName(of: symbol))', and data with addresses is not supported",
      advice: symbol.type == .function
        ? "call the function, or use a map of type BPF_MAP_TYPE_PROG_ARRAY"
        : "use an array instead of a pointer, or set the pointer in a function")
  }

  private mutating func addArenaContents(_ section: ELFSection, _ contents: ArraySlice<UInt8>) throws(ObjectError) {
    guard let arenaMap else {
      throw ObjectError(
        .map, section: section.name, "there are variables in an arena and no map of type BPF_MAP_TYPE_ARENA",
        advice: "define one in SEC(\".maps\")")
    }
    object.maps[arenaMap]?.initialContents = Array(contents)
    dataMaps[section.index] = arenaMap
  }

  /// Reads the initial slots of maps of maps and of arrays of programs, which are relocations of `.maps`.
  mutating func readInitialSlots() throws(ObjectError) {
    guard let section = sections({ $0 == .maps }).first, let table = relocations[section.index] else { return }
    let contents = try elf.contents(of: section)
    for relocation in table where relocation.type != .none {
      let offset = Int(exactly: relocation.offset) ?? -1
      guard offset >= 0, offset + 8 <= contents.count else {
        throw ObjectError(
          .relocation, section: section.name,
          "a relocation is for offset 0x\(String(relocation.offset, radix: 16)), "
            + "and the section has \(contents.count) bytes")
      }
      let symbol = elf.symbols[relocation.symbol]
      let name = elf.displayName(of: symbol)
      // Compilers before LLVM 13 had one type for addresses of 64 bits in code and in data.
      guard relocation.type == .address64 || relocation.type == .wideLoad else {
        throw ObjectError(
          .relocation, section: section.name, offset: offset, subject: "'\(name)'",
          "\(relocation.type) does not fit an initial value of a map", advice: "it takes R_BPF_64_ABS64")
      }
      guard let place = placedMap(at: offset), let definition = object.maps[place.name] else {
        throw ObjectError(
          .relocation, section: section.name, offset: offset, subject: "'\(name)'", "no map's definition is here")
      }
      let subject = "map '\(place.name)'"
      guard let slots = place.slots, offset >= slots, (offset - slots) % 8 == 0,
        let slot = UInt32(exactly: (offset - slots) / 8)
      else {
        throw ObjectError(
          .map, section: section.name, offset: offset, subject: subject,
          "'\(name)' is given to a member other than 'values'", advice: "initialise only .values")
      }
      guard definition.maxEntries == 0 || slot < definition.maxEntries else {
        throw ObjectError(
          .map, section: section.name, offset: offset, subject: subject,
          "slot \(slot) has an initial value, and max_entries is \(definition.maxEntries)",
          advice: "raise max_entries, or leave the slot out")
      }
      let base = Int64(bitPattern: elf.file.integer(UInt64.self, at: contents.startIndex + offset) ?? 0)
      let (target, overflow) = Int64(bitPattern: symbol.value).addingReportingOverflow(relocation.addend ?? base)
      guard !overflow, case .section(let index) = symbol.location else {
        throw ObjectError(
          .map, section: section.name, offset: offset, subject: subject, "'\(name)' is not defined in the object")
      }
      if definition.type == .programArray {
        guard roles[index] == .programs, target >= 0, target % 8 == 0,
          let program = code.entry(section: index, slot: Int(target) / 8)
        else {
          throw ObjectError(
            .map, section: section.name, offset: offset, subject: subject, "'\(name)' is not a program",
            advice: "use functions with a SEC(…) of a program type")
        }
        object.maps[place.name]?.initialSlots[slot] = program
      } else {
        guard roles[index] == .maps, let inner = mapsByOffset[Int(target)] else {
          throw ObjectError(
            .map, section: section.name, offset: offset, subject: subject, "'\(name)' is not a map",
            advice: "use maps that are defined in SEC(\".maps\")")
        }
        object.maps[place.name]?.initialSlots[slot] = inner
      }
    }
  }

  /// The map whose definition holds an offset of `.maps`.
  private func placedMap(at offset: Int) -> PlacedMap? {
    var (low, high) = (0, placedMaps.count)
    while low < high {
      let middle = (low + high) / 2
      if placedMaps[middle].offset <= offset { low = middle + 1 } else { high = middle }
    }
    guard low > 0 else { return nil }
    let map = placedMaps[low - 1]
    return offset < map.offset + map.byteCount ? map : nil
  }
}
