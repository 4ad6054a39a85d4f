internal import BPFInstructions
internal import BPFTypeFormat
internal import ELF

extension ObjectReader {
  /// Reads what `.BTF.ext` says of the slots of each section of code: the functions' types, source lines, CO-RE
  /// relocations.
  mutating func readTypeExtension() throws(ObjectError) {
    guard let types = object.types else { return }
    let found = sections { $0 == .typeExtension }
    guard let section = found.first, section.byteCount > 0 else {
      nameFunctionTypes(types)
      return
    }
    guard found.count == 1 else {
      throw ObjectError(.malformed, section: section.name, "there are two sections of this name")
    }
    let contents = Array(try elf.contents(of: section))
    let records = try reading(BTFExtension(parsing: contents, types: types), section: section.name)
    // Of two sections of one name the first is meant, as for libbpf.
    var indexes: [String: Int] = [:]
    for section in sections({ $0.isCode }) where indexes[section.name] == nil { indexes[section.name] = section.index }

    for group in records.functions {
      guard let index = indexes[group.name] else { continue }
      for record in group.records {
        let slot = try slot(record.offset, index)
        code.sections[index]?.types[slot] = record.type
      }
    }
    var texts = SourceTexts(types: types)
    for group in records.lines {
      guard let index = indexes[group.name] else { continue }
      for record in group.records {
        let line = Program.SourceLine(
          instruction: try slot(record.offset, index), file: try reading(texts.text(at: record.file)),
          text: try reading(texts.text(at: record.text)), line: Int(record.line), column: Int(record.column))
        code.sections[index]?.lines.append(line)
      }
    }
    for group in records.relocations {
      guard let index = indexes[group.name] else { continue }
      for record in group.records {
        let relocation = Program.TypeRelocation(
          instruction: try slot(record.offset, index), type: record.type, access: record.access, kind: record.kind)
        code.sections[index]?.typeRelocations.append(relocation)
      }
    }
    for index in indexes.values { code.sections[index]?.sortRecords() }
  }

  private func slot(_ offset: UInt32, _ index: Int) throws(ObjectError) -> Int {
    let slot = Int(offset) / Instruction.byteCount
    guard let section = code.sections[index], Int(offset) % Instruction.byteCount == 0,
      slot < section.instructions.count
    else {
      throw ObjectError(
        .types, section: ".BTF.ext", subject: "section '\(elf.sections[index].name)'",
        "a record is for offset 0x\(String(offset, radix: 16)), where no instruction begins",
        advice: "compile the object again")
    }
    return slot
  }

  /// Finds the types of functions by name, where no record gives them.
  private mutating func nameFunctionTypes(_ types: BTF) {
    for function in code.functions {
      guard let id = types.first(named: function.name, kind: .function) else { continue }
      code.sections[function.section]?.types[function.start] = id
    }
  }
}

extension CodeSection {
  /// Brings records into the order of slots. Of several source positions for a slot the first counts.
  fileprivate mutating func sortRecords() {
    lines = lines.stablySorted(by: \.instruction)
    var last = -1
    lines.removeAll { line in
      defer { last = line.instruction }
      return line.instruction == last
    }
    typeRelocations = typeRelocations.stablySorted(by: \.instruction)
  }
}

extension Array {
  /// The elements in ascending order, and those that are equal in the order that they have.
  fileprivate func stablySorted(by key: (Element) -> Int) -> [Element] {
    let keys = map(key)
    // The records of a compiler are in order already.
    if zip(keys, keys.dropFirst()).allSatisfy(<=) { return self }
    return indices.sorted { (keys[$0], $0) < (keys[$1], $1) }.map { self[$0] }
  }
}

/// The strings of source positions, each of which is read once however many positions share it.
private struct SourceTexts {
  let types: BTF
  private var known: [UInt32: String] = [:]

  init(types: BTF) { self.types = types }

  mutating func text(at offset: UInt32) throws(BTFError) -> String {
    if let text = known[offset] { return text }
    let text = try types.string(at: offset)
    known[offset] = text
    return text
  }
}
