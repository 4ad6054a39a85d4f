/// Collects types and encodes them as a BTF blob. Types are appended and never merged.
public struct BTFBuilder: Sendable {
  /// The types so far; the type with identifier *n* is at index *n* - 1, less the number of types of the base.
  public private(set) var types: [BTFType] = []

  /// The types that these continue, if any.
  public let base: BTF?

  /// A builder that holds no type but `void`, or that continues a base as split BTF.
  public init(base: BTF? = nil) {
    self.base = base
  }

  /// A builder that holds the types of a blob under the same identifiers, to be changed or added to.
  ///
  /// - Throws: ``BTFError`` when a type of the blob breaks a rule of the format.
  public init(_ btf: BTF) throws(BTFError) {
    base = btf.base
    types.reserveCapacity(btf.identifiers.count)
    for id in btf.identifiers {
      types.append(try btf.type(id))
    }
  }

  /// The number of types, the base's included and `void` not; also the highest identifier.
  public var typeCount: Int { (base?.typeCount ?? 0) + types.count }

  /// Appends a type and returns its identifier.
  public mutating func add(_ type: BTFType) -> BTFTypeID {
    types.append(type)
    return BTFTypeID(UInt32(truncatingIfNeeded: typeCount))
  }

  /// Replaces a type that was added before, for types that refer to each other.
  ///
  /// Nothing happens when the builder has not added a type of this identifier.
  public mutating func replace(_ identifier: BTFTypeID, with type: BTFType) {
    let index = Int(identifier.rawValue) - 1 - (base?.typeCount ?? 0)
    guard types.indices.contains(index) else { return }
    types[index] = type
  }
}
