/// Collects types and encodes them as a BTF blob. Types are appended and never merged.
public struct BTFBuilder: Sendable {
  /// The types so far; the type with identifier *n* is at index *n* - 1 (plus the base's count).
  public private(set) var types: [BTFType] = []

  /// A builder that holds no type but `void`.
  public init() {}

  /// Appends a type and returns its identifier.
  public mutating func add(_ type: BTFType) -> BTFTypeID {
    types.append(type)
    return BTFTypeID(UInt32(types.count))
  }

  /// Replaces a type that was added before, for types that refer to each other.
  public mutating func replace(_ identifier: BTFTypeID, with type: BTFType) {
    let index = Int(identifier.rawValue) - 1
    guard types.indices.contains(index) else { return }
    types[index] = type
  }
}
