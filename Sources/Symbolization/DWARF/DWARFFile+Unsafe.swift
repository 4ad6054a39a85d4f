// Entries and attributes are structures of the caller's that libdw fills: 32 and 24 bytes in its interface, held here in 32
// each and passed by address for the time of one call. What they and the lines point at belongs to the handle, which lives
// as long as the object that holds them. Strings are copied before the next call.

/// The debug information of one file, through libdw.
final class DWARFFile {
  /// A debug information entry, or an attribute.
  struct Record {
    var words: (UInt, UInt, UInt, UInt) = (0, 0, 0, 0)
  }

  /// Addresses that a record is for, the end excluded.
  struct Extent {
    var start: UInt64
    var end: UInt64
    var index: Int
  }

  /// A compilation unit, with its functions once something in it was asked for.
  struct Unit {
    var record: Record
    var functions: [Record] = []
    var extents: [Extent]?
  }

  /// A function that an address is in.
  struct Frame {
    /// The name for the linker, or that of the source; empty where neither is known.
    var name: String
    var file: String?
    var line: UInt32
    var column: UInt32
    var isInlined: Bool
  }

  private let library: DWARFLibrary
  private let contents: FileContents
  private let handle: DWARFLibrary.Address
  private var units: [Unit] = []
  private var extents: [Extent] = []

  /// How deep entries may be nested, and how many of them one look-up visits at most.
  private static let maximumDepth = 128
  private static let maximumEntryCount = 4_000_000

  /// Opens the debug information of a file; `nil` when there is none.
  init?(_ contents: FileContents, library: DWARFLibrary) {
    guard let handle = library.begin(contents.rawDescriptor, 0) else { return nil }
    self.library = library
    self.contents = contents
    self.handle = handle
    readUnits()
    if units.isEmpty { return nil }
  }

  deinit { _ = library.end(handle) }

  /// The functions that an address of the file's own numbering is in, innermost first; empty where nothing is known.
  func frames(at address: UInt64) -> [Frame] {
    guard let index = Self.index(of: address, in: extents) else { return [] }
    var unit = units[index].record
    var innermost = Frame(name: "", file: nil, line: 0, column: 0, isInlined: false)
    if let line = library.line(&unit, address) {
      var number: Int32 = 0
      var column: Int32 = 0
      if library.lineNumber(line, &number) == 0 { innermost.line = UInt32(clamping: number) }
      if library.lineColumn(line, &column) == 0 { innermost.column = UInt32(clamping: column) }
      if let source = library.lineSource(line, nil, nil) { innermost.file = String(cString: source) }
    }
    readFunctions(of: index)
    guard let functions = units[index].extents, let function = Self.index(of: address, in: functions) else {
      return innermost.line > 0 ? [innermost] : []
    }
    var chain = [units[index].functions[function]]
    var budget = Self.maximumEntryCount
    addInlined(under: chain[0], at: address, to: &chain, depth: 0, budget: &budget)

    // The place of an outer function is where it calls the next inner one.
    var frames: [Frame] = []
    var place = innermost
    for (position, record) in chain.enumerated().reversed() {
      place.name = name(of: record)
      place.isInlined = position > 0
      frames.append(place)
      place.file = number(0x58, of: record).flatMap { fileName(Int(clamping: $0), in: unit) }
      place.line = UInt32(clamping: number(0x59, of: record) ?? 0)
      place.column = UInt32(clamping: number(0x57, of: record) ?? 0)
    }
    return frames
  }

  private func readUnits() {
    var current: DWARFLibrary.Address?
    while true {
      var next: DWARFLibrary.Address?
      var record = Record()
      var split = Record()
      guard library.units(handle, current, &next, nil, nil, &record, &split) == 0 else { break }
      let index = units.count
      addExtents(of: record, index: index, to: &extents)
      units.append(Unit(record: split.words.0 != 0 ? split : record))
      current = next
    }
    extents.sort { $0.start < $1.start }
  }

  private func addExtents(of record: Record, index: Int, to extents: inout [Extent]) {
    var record = record
    var base: UInt64 = 0
    var start: UInt64 = 0
    var end: UInt64 = 0
    var offset = 0
    // What a linker has dropped is left at address zero.
    for _ in 0..<1_000_000 {
      offset = library.ranges(&record, offset, &base, &start, &end)
      guard offset > 0 else { break }
      if start < end && start != 0 { extents.append(Extent(start: start, end: end, index: index)) }
    }
  }

  private func readFunctions(of index: Int) {
    guard units[index].extents == nil else { return }
    var functions: [Record] = []
    var extents: [Extent] = []
    var budget = Self.maximumEntryCount
    addFunctions(under: units[index].record, to: &functions, &extents, depth: 0, budget: &budget)
    extents.sort { $0.start < $1.start }
    units[index].functions = functions
    units[index].extents = extents
  }

  private func addFunctions(
    under parent: Record, to functions: inout [Record], _ extents: inout [Extent], depth: Int, budget: inout Int
  ) {
    forEachChild(of: parent, budget: &budget) { record, tag, budget in
      switch tag {
      case 0x2e:  // DW_TAG_subprogram
        let count = extents.count
        addExtents(of: record, index: functions.count, to: &extents)
        if extents.count > count { functions.append(record) }
      case 0x02, 0x13, 0x17, 0x1e, 0x38, 0x39:  // classes, structures, unions, modules, interfaces, namespaces
        if depth < Self.maximumDepth {
          addFunctions(under: record, to: &functions, &extents, depth: depth + 1, budget: &budget)
        }
      default: break
      }
      return true
    }
  }

  /// Appends the inlined functions around an address, outermost first.
  private func addInlined(
    under parent: Record, at address: UInt64, to chain: inout [Record], depth: Int, budget: inout Int
  ) {
    guard depth < Self.maximumDepth else { return }
    forEachChild(of: parent, budget: &budget) { record, tag, budget in
      // DW_TAG_inlined_subroutine, DW_TAG_lexical_block, and the blocks of `try` and `catch`.
      guard tag == 0x1d || tag == 0x0b || tag == 0x32 || tag == 0x25 else { return true }
      guard contains(record, address) else { return true }
      if tag == 0x1d { chain.append(record) }
      addInlined(under: record, at: address, to: &chain, depth: depth + 1, budget: &budget)
      return false
    }
  }

  private func contains(_ record: Record, _ address: UInt64) -> Bool {
    var extents: [Extent] = []
    addExtents(of: record, index: 0, to: &extents)
    return extents.contains { $0.start <= address && address < $0.end }
  }

  private func forEachChild(
    of parent: Record, budget: inout Int, _ body: (Record, Int32, inout Int) -> Bool
  ) {
    var parent = parent
    var record = Record()
    guard library.child(&parent, &record) == 0 else { return }
    while budget > 0 {
      budget -= 1
      guard body(record, library.tag(&record), &budget) else { return }
      var next = Record()
      guard library.sibling(&record, &next) == 0 else { return }
      record = next
    }
  }

  private func name(of record: Record) -> String {
    for code: UInt32 in [0x6e, 0x2007, 0x03] {  // linkage names, standard and old, and the name
      var record = record
      var attribute = Record()
      if let found = library.integratedAttribute(&record, code, &attribute), let text = library.string(found) {
        return String(cString: text)
      }
    }
    return ""
  }

  private func number(_ code: UInt32, of record: Record) -> UInt64? {
    var record = record
    var attribute = Record()
    var value: UInt64 = 0
    guard let found = library.attribute(&record, code, &attribute), library.unsigned(found, &value) == 0 else {
      return nil
    }
    return value
  }

  private func fileName(_ number: Int, in unit: Record) -> String? {
    var unit = unit
    var files: DWARFLibrary.Address?
    var count = 0
    guard library.sourceFiles(&unit, &files, &count) == 0, let files, number >= 0, number < count,
      let text = library.fileSource(files, number, nil, nil)
    else { return nil }
    return String(cString: text)
  }

  /// The record for an address, of extents in order; of overlapping ones a nearby one that contains it.
  private static func index(of address: UInt64, in extents: [Extent]) -> Int? {
    var low = 0
    var high = extents.count
    while low < high {
      let middle = (low + high) / 2
      if extents[middle].start <= address { low = middle + 1 } else { high = middle }
    }
    for position in stride(from: low - 1, through: max(0, low - 32), by: -1) where address < extents[position].end {
      return extents[position].index
    }
    return nil
  }
}
