import ELF

/// The functions of an image by address.
struct SymbolIndex {
  /// A function's place, and where its name begins.
  struct Entry {
    var address: UInt64
    /// Zero where the table does not say how long the function is.
    var byteCount: UInt64
    /// Where the name begins in the names of its table.
    var name: UInt32
    /// Which table it is from.
    var table: UInt8
    /// What is better among symbols at one address: the greater.
    var rank: UInt8
    /// The end of the section that the symbol is in: a function of unknown length does not reach beyond it.
    var sectionEnd: UInt64
  }

  private var entries: [Entry] = []
  /// The greatest end of any function up to the entry with the same index, which bounds the search for one that encloses.
  private var ends: [UInt64] = []
  private var names: [ELFBytes] = []

  /// How many functions there are.
  var count: Int { entries.count }

  /// Symbol tables of more rows than this are taken as damaged: the largest that are known have a few million.
  static let maximumSymbolCount = 1 << 26

  /// Adds the functions of all symbol tables of an image.
  mutating func add(_ image: ELFImage) {
    for section in image.sections where section.type == .symbolTable || section.type == .dynamicSymbols {
      guard names.count < 255, image.sections.indices.contains(section.link),
        let rows = image.contents(of: section), let text = image.contents(of: image.sections[section.link])
      else { continue }
      add(rows, named: text, of: image)
    }
  }

  private mutating func add(_ rows: ELFBytes, named text: ELFBytes, of image: ELFImage) {
    let table = UInt8(names.count)
    let count = min(rows.count / ELFSymbolRecord.byteCount, Self.maximumSymbolCount)
    entries.reserveCapacity(entries.count + count / 2)
    // For each section where it ends, if there is code in it.
    let ends = image.sections.map { section in
      section.flags.contains(.execute)
        ? section.address.addingReportingOverflow(section.byteCount).partialValue : nil
    }
    for index in 0..<count {
      guard let symbol = ELFSymbolRecord(rows, at: index * ELFSymbolRecord.byteCount) else { break }
      // Defined, in a section of its own: 0xff00 and above mean no section.
      guard symbol.name != 0, symbol.section != 0, symbol.section < 0xff00 else { continue }
      var sectionEnd = UInt64.max
      if ends.indices.contains(Int(symbol.section)) {
        guard let end = ends[Int(symbol.section)] else { continue }
        sectionEnd = end
      }
      let kindRank: UInt8
      switch symbol.type {
      case .function, .indirectFunction: kindRank = 8
      case .none: kindRank = 0
      default: continue
      }
      // Names of mapping symbols and of labels of the assembler are no functions.
      if kindRank == 0, let first = text.integer(UInt8.self, at: Int(symbol.name)),
        first == UInt8(ascii: "$") || first == UInt8(ascii: ".")
      {
        continue
      }
      let bindingRank: UInt8 = symbol.binding == .global ? 2 : symbol.binding == .weak ? 1 : 0
      entries.append(
        Entry(
          address: symbol.value, byteCount: symbol.byteCount, name: symbol.name, table: table,
          rank: kindRank + (symbol.byteCount > 0 ? 4 : 0) + bindingRank, sectionEnd: sectionEnd))
    }
    names.append(text)
  }

  /// Puts what was added in order; to be called once before looking up.
  mutating func sort() {
    // At one address the best comes last, since the search begins at the end.
    entries.sort { left, right in
      if left.address != right.address { return left.address < right.address }
      return (left.rank, right.table, left.name) < (right.rank, left.table, right.name)
    }
    ends = []
    ends.reserveCapacity(entries.count)
    var greatest: UInt64 = 0
    for entry in entries {
      greatest = max(greatest, entry.address.addingReportingOverflow(entry.byteCount).partialValue)
      ends.append(greatest)
    }
  }

  /// The function that an address is in: its name as it stands, and where it begins.
  func function(at address: UInt64) -> (name: String, start: UInt64)? {
    var low = 0
    var high = entries.count
    while low < high {
      let middle = (low + high) / 2
      if entries[middle].address <= address { low = middle + 1 } else { high = middle }
    }
    guard low > 0 else { return nil }
    let nearest = entries[low - 1]
    var index = low - 1
    // One that contains the address, if any before does; a bounded number of nested ones is tried.
    for _ in 0..<64 {
      let entry = entries[index]
      if address - entry.address < entry.byteCount, let name = name(of: entry) { return (name, entry.address) }
      guard index > 0, ends[index - 1] > address else { break }
      index -= 1
    }
    // Hand-written code often has no size: the label before it is the best there is.
    guard nearest.byteCount == 0, address < nearest.sectionEnd, let name = name(of: nearest) else { return nil }
    return (name, nearest.address)
  }

  private func name(of entry: Entry) -> String? {
    let text = names[Int(entry.table)]
    guard let name = text.text(at: Int(entry.name), before: text.count, limit: 1 << 16), !name.isEmpty else {
      return nil
    }
    return name
  }
}
