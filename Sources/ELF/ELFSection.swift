/// One row of the section header table.
package struct ELFSection: Sendable {
  /// The number of the section.
  package var index: Int
  /// The name, empty when it has none.
  package var name: String
  /// `sh_type`.
  package var type: Kind
  /// `sh_flags`.
  package var flags: Flags
  /// The address of the contents in memory; zero in relocatable files.
  package var address: UInt64
  /// Where the contents begin in the file.
  package var offset: UInt64
  /// The number of bytes, which for ``Kind/noBits`` are not in the file.
  package var byteCount: UInt64
  /// `sh_link`: for a symbol table its names, for relocations their symbols.
  package var link: Int
  /// `sh_info`: for relocations the section that they change.
  package var info: Int
  /// The size of a record in a table.
  package var entrySize: UInt64

  /// The bytes that a row takes.
  package static let headerByteCount = 64

  /// The row at an offset of a file or of its table, without its name; `nil` where the bytes end before it.
  package init?(_ file: ELFBytes, at offset: Int, index: Int) {
    guard offset >= 0, offset <= file.count - Self.headerByteCount,
      let type = file.integer(UInt32.self, at: offset + 4), let flags = file.integer(UInt64.self, at: offset + 8),
      let address = file.integer(UInt64.self, at: offset + 16),
      let place = file.integer(UInt64.self, at: offset + 24), let size = file.integer(UInt64.self, at: offset + 32),
      let link = file.integer(UInt32.self, at: offset + 40), let info = file.integer(UInt32.self, at: offset + 44),
      let entrySize = file.integer(UInt64.self, at: offset + 56)
    else { return nil }
    self.index = index
    name = ""
    self.type = Kind(rawValue: type)
    self.flags = Flags(rawValue: flags)
    self.address = address
    self.offset = place
    byteCount = size
    self.link = Int(link)
    self.info = Int(info)
    self.entrySize = entrySize
  }

  /// The section types that matter here.
  package struct Kind: RawRepresentable, Hashable, Sendable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }
    package static let null = Kind(rawValue: 0)
    package static let programBits = Kind(rawValue: 1)
    package static let symbolTable = Kind(rawValue: 2)
    package static let stringTable = Kind(rawValue: 3)
    package static let relocationsWithAddends = Kind(rawValue: 4)
    package static let note = Kind(rawValue: 7)
    package static let noBits = Kind(rawValue: 8)
    package static let relocations = Kind(rawValue: 9)
    package static let dynamicSymbols = Kind(rawValue: 11)
    package static let symbolSectionIndexes = Kind(rawValue: 18)
  }

  /// The section flags that matter here.
  package struct Flags: OptionSet, Hashable, Sendable {
    package let rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }
    package static let write = Flags(rawValue: 1 << 0)
    package static let allocate = Flags(rawValue: 1 << 1)
    package static let execute = Flags(rawValue: 1 << 2)
    package static let compressed = Flags(rawValue: 1 << 11)
  }
}
