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

  /// The section types that matter here.
  package struct Kind: RawRepresentable, Hashable, Sendable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }
    package static let null = Kind(rawValue: 0)
    package static let programBits = Kind(rawValue: 1)
    package static let symbolTable = Kind(rawValue: 2)
    package static let stringTable = Kind(rawValue: 3)
    package static let relocationsWithAddends = Kind(rawValue: 4)
    package static let noBits = Kind(rawValue: 8)
    package static let relocations = Kind(rawValue: 9)
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

/// One row of a relocation table.
package struct ELFRelocation: Sendable {
  /// The place to change, as an offset in bytes within the section that the table is for.
  package var offset: UInt64
  /// The type, of the numbers that LLVM's BPF back end defines.
  package var type: Kind
  /// The index of the symbol.
  package var symbol: Int
  /// The addend of `SHT_RELA`; with `SHT_REL` it stands in the place to change.
  package var addend: Int64?

  /// `R_BPF_*`, as LLVM's documentation of BPF relocations numbers them.
  package struct Kind: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }
    /// Nothing to do.
    package static let none = Kind(rawValue: 0)
    /// The two immediates of `lddw`.
    package static let wideLoad = Kind(rawValue: 1)
    /// A 64-bit address in data.
    package static let address64 = Kind(rawValue: 2)
    /// A 32-bit address in data.
    package static let address32 = Kind(rawValue: 3)
    /// A 32-bit address in `.BTF` and `.BTF.ext`, left alone by dynamic linkers.
    package static let unlinkedAddress32 = Kind(rawValue: 4)
    /// The immediate of `call`, counted in slots.
    package static let call = Kind(rawValue: 10)

    package var description: String {
      switch self {
      case .none: "R_BPF_NONE"
      case .wideLoad: "R_BPF_64_64"
      case .address64: "R_BPF_64_ABS64"
      case .address32: "R_BPF_64_ABS32"
      case .unlinkedAddress32: "R_BPF_64_NODYLD32"
      case .call: "R_BPF_64_32"
      default: "relocation type \(rawValue)"
      }
    }
  }
}
