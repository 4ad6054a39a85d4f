internal import ELF

/// What a section of an object is for, by its name, type and flags as libbpf reads them.
enum SectionRole: Hashable, Sendable {
  /// Debug information, notes, tables of the file itself: not looked at.
  case ignored
  case types
  case typeExtension
  case license
  case version
  /// Definitions of maps in BTF.
  case maps
  /// The old section `maps`, which holds definitions without types.
  case legacyMaps
  /// Functions that only other functions call.
  case subprograms
  /// Programs of the type that the section's name says.
  case programs
  case data(isReadOnly: Bool)
  /// Variables that live in the memory of an arena map.
  case arena
  case structOperations
  case jumpTables

  init(_ section: ELFSection) {
    self = Self.byName(section) ?? Self.byContents(section)
  }

  private static func byName(_ section: ELFSection) -> SectionRole? {
    switch section.name {
    case ".BTF": .types
    case ".BTF.ext": .typeExtension
    case "license": .license
    case "version": .version
    case ".maps": .maps
    case "maps": .legacyMaps
    default: nil
    }
  }

  private static func byContents(_ section: ELFSection) -> SectionRole {
    guard section.byteCount > 0 else { return .ignored }
    switch section.type {
    case .programBits:
      if section.flags.contains(.execute) {
        return isFamily(".text", section.name) ? .subprograms : .programs
      }
      if isFamily(".rodata", section.name) { return .data(isReadOnly: true) }
      if isFamily(".data", section.name) { return .data(isReadOnly: false) }
      switch section.name {
      case ".struct_ops", ".struct_ops.link", "?.struct_ops", "?.struct_ops.link": return .structOperations
      case ".addr_space.1": return .arena
      case ".jumptables": return .jumpTables
      default: return .ignored
      }
    case .noBits:
      return isFamily(".bss", section.name) ? .data(isReadOnly: false) : .ignored
    default:
      return .ignored
    }
  }

  /// Whether a name is a section's or one of its named variants, such as `.data` and `.data.custom`.
  private static func isFamily(_ family: String, _ name: String) -> Bool {
    name.hasPrefix(family) && (name.utf8.count == family.utf8.count || name.dropFirst(family.count).first == ".")
  }

  var isCode: Bool { self == .subprograms || self == .programs }

  var isData: Bool {
    if case .data = self { return true }
    return false
  }
}
