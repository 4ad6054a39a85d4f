/// The types and names of a translation unit.
struct CTypeTable: Sendable {
  /// What a tag names; C has one name space for all three.
  enum TagKind: Hashable, Sendable {
    case structure
    case union
    case enumeration

    var keyword: String {
      switch self {
      case .structure: "struct"
      case .union: "union"
      case .enumeration: "enum"
      }
    }
  }

  struct TagKey: Hashable, Sendable {
    var kind: TagKind
    var name: String
  }

  struct Tag: Sendable {
    var type: BTFTypeID
    var isDefined: Bool
  }

  struct SectionVariable: Sendable {
    var type: BTFTypeID
    var layout: CTypeLayout
  }

  private(set) var builder = BTFBuilder()
  var tags: [TagKey: Tag] = [:]
  var typedefs: [String: BTFTypeID] = [:]
  var enumerators: [String: Int128] = [:]
  /// Functions and variables.
  var objects: [String: BTFTypeID] = [:]
  var sections: [(name: String, variables: [SectionVariable])] = []
  /// Alignments that do not follow from the type itself: of structures, unions and aligned type names.
  var alignments: [BTFTypeID: UInt64] = [:]

  /// Types that are equal whenever they look equal: derived types, and those of the language.
  private var shared: [BTFType: BTFTypeID] = [:]

  // MARK: Adding

  /// Adds a type that is distinct from all others.
  mutating func add(_ type: BTFType) -> BTFTypeID { builder.add(type) }

  mutating func replace(_ identifier: BTFTypeID, with type: BTFType) { builder.replace(identifier, with: type) }

  /// The identifier of a type, which is added if there is none like it.
  mutating func share(_ type: BTFType) -> BTFTypeID {
    if let known = shared[type] { return known }
    let identifier = builder.add(type)
    shared[type] = identifier
    return identifier
  }

  mutating func share(_ kind: BTFType.Kind) -> BTFTypeID { share(BTFType(kind: kind)) }

  mutating func integer(
    _ name: String, byteCount: UInt32, isSigned: Bool = false, isBoolean: Bool = false
  ) -> BTFTypeID {
    share(
      BTFType(
        name: name,
        kind: .integer(
          .init(
            byteCount: byteCount, bitCount: UInt8(clamping: byteCount * 8), isSigned: isSigned, isBoolean: isBoolean))))
  }

  /// The type of array indices, which clang calls so.
  mutating func arrayIndex() -> BTFTypeID { integer("__ARRAY_SIZE_TYPE__", byteCount: 4) }

  mutating func tag(_ type: BTFTypeID, component: Int32 = -1, with texts: [String]) {
    for text in texts {
      _ = builder.add(BTFType(name: text, kind: .declarationTag(target: type, component: component)))
    }
  }

  mutating func put(_ variable: SectionVariable, into section: String) {
    if let index = sections.firstIndex(where: { $0.name == section }) {
      sections[index].variables.append(variable)
    } else {
      sections.append((section, [variable]))
    }
  }

  func builderWithDataSections() -> BTFBuilder {
    var result = builder
    for section in sections {
      var end: UInt64 = 0
      var variables: [BTFType.DataSection.Variable] = []
      for variable in section.variables {
        let alignment = max(variable.layout.alignment, 1)
        let offset = (end + alignment - 1) / alignment * alignment
        end = offset + variable.layout.byteCount
        variables.append(
          .init(
            type: variable.type, offset: UInt32(clamping: offset),
            byteCount: UInt32(clamping: variable.layout.byteCount)))
      }
      _ = result.add(
        BTFType(name: section.name, kind: .dataSection(.init(byteCount: UInt32(clamping: end), variables: variables))))
    }
    return result
  }

  // MARK: Asking

  func type(_ identifier: BTFTypeID) -> BTFType? {
    let index = Int(identifier.rawValue) - 1
    return builder.types.indices.contains(index) ? builder.types[index] : nil
  }

  /// The type behind type names, qualifiers and tags.
  ///
  /// Each step goes to a type that was added earlier (only structures and enumerations are replaced later on), so it
  /// ends.
  func resolved(_ identifier: BTFTypeID) -> BTFType? {
    var current = identifier
    while let found = type(current) {
      switch found.kind {
      case .typedef(let next), .const(let next), .volatile(let next), .restrict(let next), .typeTag(let next):
        current = next
      default: return found
      }
    }
    return nil
  }

  /// Size and alignment, or nothing for `void`, functions and what is only declared.
  func layout(of identifier: BTFTypeID) -> CTypeLayout? {
    var current = identifier
    var count: UInt64 = 1
    var demanded: UInt64 = 0
    while let found = type(current) {
      if let alignment = alignments[current] { demanded = demanded == 0 ? alignment : demanded }
      switch found.kind {
      case .typedef(let next), .const(let next), .volatile(let next), .restrict(let next), .typeTag(let next):
        current = next
      case .array(let array):
        let product = count.multipliedReportingOverflow(by: UInt64(array.count))
        guard !product.overflow else { return nil }
        count = product.partialValue
        current = array.element
      default:
        guard let (byteCount, natural) = Self.extent(of: found.kind) else { return nil }
        let product = count.multipliedReportingOverflow(by: byteCount)
        guard !product.overflow else { return nil }
        return CTypeLayout(byteCount: product.partialValue, alignment: demanded > 0 ? demanded : natural)
      }
    }
    return nil
  }

  /// Size and natural alignment of a type that is no name, qualifier or array. What has its own alignment in
  /// `alignments` gets it there.
  private static func extent(of kind: BTFType.Kind) -> (byteCount: UInt64, alignment: UInt64)? {
    switch kind {
    case .integer(let integer): (UInt64(integer.byteCount), UInt64(integer.byteCount))
    case .pointer: (8, 8)
    case .enumeration(let enumeration): (UInt64(enumeration.byteCount), UInt64(enumeration.byteCount))
    case .float(let byteCount): (UInt64(byteCount), UInt64(byteCount))
    case .structure(let composite), .union(let composite): (UInt64(composite.byteCount), 1)
    default: nil
    }
  }
}
