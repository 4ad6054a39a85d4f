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

  package init(offset: UInt64, type: Kind, symbol: Int, addend: Int64?) {
    self.offset = offset
    self.type = type
    self.symbol = symbol
    self.addend = addend
  }

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
