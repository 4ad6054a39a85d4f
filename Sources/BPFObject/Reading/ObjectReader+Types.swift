internal import BPFTypeFormat
internal import ELF

extension ObjectReader {
  /// Fills in what the compiler leaves open in `.BTF` since only the assembler knows it, in place: the sizes of data
  /// sections and the offsets of global variables in them, static linkage where the visibility is hidden, and the layout
  /// of the configuration values.
  mutating func completeTypes() throws(ObjectError) {
    guard let types = object.types else { return }
    var sections: [String: ELFSection] = [:]
    for section in self.sections({ $0 != .ignored }) where sections[section.name] == nil {
      sections[section.name] = section
    }
    var patches: [BTFPatch] = []
    for id in types.identifiers {
      switch try reading(types.kind(of: id)) {
      case .dataSection:
        let type = try reading(types.type(id))
        guard case .dataSection(let data) = type.kind else { continue }
        try complete(type.name, id, data, types, in: sections[type.name], &patches)
      case .function:
        let type = try reading(types.type(id))
        guard case .function(_, .global) = type.kind, let index = globalSymbols[type.name],
          elf.symbols[index].isStatic, isSubprogram(elf.symbols[index])
        else { continue }
        patches.append(BTFPatch(type: id, word: 1, value: UInt32(BTFKind.function.rawValue) << 24))
      default: break
      }
    }
    object.types = try reading(types.patched(patches))
  }

  private func isSubprogram(_ symbol: ELFSymbol) -> Bool {
    guard symbol.type == .function, case .section(let index) = symbol.location else { return false }
    return roles[index] == .subprograms
  }

  private func complete(
    _ name: String, _ id: BTFTypeID, _ data: BTFType.DataSection, _ types: BTF, in section: ELFSection?,
    _ patches: inout [BTFPatch]
  ) throws(ObjectError) {
    guard name != Self.kernelSymbolSection else { return }
    var variables = data.variables
    if name == Self.configurationMap {
      var offsets: [String: Int] = [:]
      for symbol in externs.values where symbol.kind == .configuration { offsets[symbol.name] = symbol.offset }
      for index in variables.indices {
        let type = variables[index].type
        let variable = try reading(types.name(of: type))
        // One that nothing uses has no symbol and no place.
        guard let offset = offsets[variable], let place = UInt32(exactly: offset) else { continue }
        variables[index].offset = place
        patches.append(linkage(of: type, .global))
      }
      append(id, size: UInt32(truncatingIfNeeded: configurationSize), variables, &patches)
      return
    }
    // The compiler writes a size of 0; what bpftool has linked is complete.
    guard let section else { return }
    let isOpen = data.byteCount == 0
    guard let size = UInt32(exactly: isOpen ? section.byteCount : UInt64(data.byteCount)), size <= UInt32(Int32.max)
    else {
      throw ObjectError(.limit, section: name, "the section has \(section.byteCount) bytes, more than a map can hold")
    }
    for index in variables.indices {
      let type = variables[index].type
      let variable = try reading(types.type(type))
      guard case .variable(_, let linkage) = variable.kind else {
        throw ObjectError(
          .types, section: ".BTF", subject: "section '\(name)'", "type \(type) in it is not a variable",
          advice: "the types are damaged: compile the object again")
      }
      guard linkage == .global else { continue }
      guard let symbol = globalSymbols[variable.name].map({ elf.symbols[$0] }),
        symbol.location == .section(section.index)
      else {
        throw ObjectError(
          .types, section: name, subject: "variable '\(variable.name)'", "the types list it, and it has no symbol here",
          advice: "compile the object again, and do not strip symbols")
      }
      if isOpen {
        guard let offset = UInt32(exactly: symbol.value), offset <= size else {
          throw ObjectError(
            .malformed, section: name, subject: "variable '\(variable.name)'",
            "it is at 0x\(String(symbol.value, radix: 16)), outside of the section's \(size) bytes")
        }
        variables[index].offset = offset
      }
      if symbol.isStatic { patches.append(self.linkage(of: type, .static)) }
    }
    append(id, size: size, variables, &patches)
  }

  private func linkage(of variable: BTFTypeID, _ linkage: BTFType.Linkage) -> BTFPatch {
    BTFPatch(type: variable, word: 3, value: linkage.rawValue)
  }

  private func append(
    _ id: BTFTypeID, size: UInt32, _ variables: [BTFType.DataSection.Variable], _ patches: inout [BTFPatch]
  ) {
    patches.append(BTFPatch(type: id, word: 2, value: size))
    let sorted = variables.sorted { ($0.offset, $0.type) < ($1.offset, $1.type) }
    for (index, variable) in sorted.enumerated() {
      patches.append(BTFPatch(type: id, word: 3 + 3 * index, value: variable.type.rawValue))
      patches.append(BTFPatch(type: id, word: 4 + 3 * index, value: variable.offset))
      patches.append(BTFPatch(type: id, word: 5 + 3 * index, value: variable.byteCount))
    }
  }
}
