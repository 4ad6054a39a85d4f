/// One row of a symbol table as it stands in the file.
package struct ELFSymbolRecord: Sendable {
  /// The bytes that a row takes.
  package static let byteCount = 24

  /// `st_name`: where the name begins in the table of names.
  package var name: UInt32
  package var binding: ELFSymbol.Binding
  package var type: ELFSymbol.Kind
  package var visibility: ELFSymbol.Visibility
  /// `st_shndx`.
  package var section: UInt16
  /// `st_value`.
  package var value: UInt64
  /// `st_size`.
  package var byteCount: UInt64

  /// The row at an offset of a file or of its table; `nil` where the bytes end before it.
  package init?(_ file: ELFBytes, at offset: Int) {
    guard offset >= 0, offset <= file.count - Self.byteCount,
      let name = file.integer(UInt32.self, at: offset), let info = file.integer(UInt8.self, at: offset + 4),
      let other = file.integer(UInt8.self, at: offset + 5), let section = file.integer(UInt16.self, at: offset + 6),
      let value = file.integer(UInt64.self, at: offset + 8), let size = file.integer(UInt64.self, at: offset + 16)
    else { return nil }
    self.name = name
    binding = ELFSymbol.Binding(rawValue: info >> 4) ?? .other
    type = ELFSymbol.Kind(rawValue: info & 0xf) ?? .other
    visibility = ELFSymbol.Visibility(rawValue: other & 3) ?? .standard
    self.section = section
    self.value = value
    byteCount = size
  }
}

/// One row of the symbol table.
package struct ELFSymbol: Sendable {
  /// The name, empty for a section's own symbol.
  package var name: String
  package var binding: Binding
  package var type: Kind
  package var visibility: Visibility
  /// Where the symbol is defined.
  package var location: Location
  /// The offset in bytes within its section.
  package var value: UInt64
  /// The number of bytes.
  package var byteCount: UInt64

  package init(
    name: String, binding: Binding, type: Kind, visibility: Visibility, location: Location, value: UInt64,
    byteCount: UInt64
  ) {
    self.name = name
    self.binding = binding
    self.type = type
    self.visibility = visibility
    self.location = location
    self.value = value
    self.byteCount = byteCount
  }

  /// `STB_*`.
  package enum Binding: UInt8, Hashable, Sendable {
    case local = 0
    case global = 1
    case weak = 2
    case other = 255
  }

  /// `STT_*`.
  package enum Kind: UInt8, Hashable, Sendable {
    case none = 0
    case object = 1
    case function = 2
    case section = 3
    case file = 4
    case common = 5
    case threadLocal = 6
    /// A function that says at run time which function is meant (`STT_GNU_IFUNC`).
    case indirectFunction = 10
    case other = 255
  }

  /// `STV_*`.
  package enum Visibility: UInt8, Hashable, Sendable {
    case standard = 0
    case `internal` = 1
    case hidden = 2
    case protected = 3
  }

  /// `st_shndx`, with `SHN_XINDEX` already looked up.
  package enum Location: Hashable, Sendable {
    case undefined
    case section(Int)
    /// A constant, not an address.
    case absolute
    /// A tentative definition (`int x;` with `-fcommon`), which has no place yet.
    case common
    case reserved(UInt16)
  }

  /// Whether the linker of the object may not see the symbol: local, or global with hidden or internal visibility.
  package var isStatic: Bool {
    binding == .local || visibility == .hidden || visibility == .internal
  }

  /// Whether the symbol is to be provided from outside of the object.
  package var isExtern: Bool {
    location == .undefined && (binding == .global || binding == .weak) && !name.isEmpty
  }
}
