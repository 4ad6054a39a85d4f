/// The answer to a CO-RE relocation: what to write into the instruction.
public struct CORERelocationResult: Hashable, Sendable {
  /// What the compiler wrote into the instruction, computed from the local types.
  public var localValue: UInt64
  /// What has to be written, computed from the target's types; 0 when the instruction is to be poisoned.
  public var value: UInt64
  /// Whether the target has nothing that matches, so that the instruction must not be reached.
  ///
  /// Questions for existence are never poisoned: their value is 0.
  public var isPoisoned: Bool
  /// Whether the instruction has to contain ``localValue`` now. Compilers differ on offsets and sizes of bit fields.
  public var checksLocalValue: Bool
  /// How the width of a load or store has to change with the field, for ``CORERelocationKind/fieldByteOffset``.
  public var memoryAccess: MemoryAccess
  /// The type of the target that matched, `nil` when none did or none was searched.
  public var targetType: BTFTypeID?

  /// How the width of a load or store changes.
  public enum MemoryAccess: Hashable, Sendable {
    /// The width stays, or is not known here.
    case unchanged
    /// The field has another size, in bytes, and its value means the same when loads and stores take that size.
    case resized(from: Int, to: Int)
    /// The field has another size, and no load or store of it can be mended: it is signed, or no number.
    case notResizable(from: Int, to: Int)
  }
}

/// Why a CO-RE relocation has no answer.
public enum CORERelocationError: Error, Hashable, Sendable {
  /// The types are damaged.
  case types(BTFError)
  /// The access string does not fit the local type.
  case badAccess(String, type: BTFTypeID, reason: String)
  /// Types of the target match, and give different answers.
  case ambiguous([BTFTypeID], values: [UInt64])
  /// The field cannot be loaded by one instruction, since it lies across two 64-bit words.
  case bitFieldTooWide
  /// The kind does not apply to what the access string names.
  case notApplicable(CORERelocationKind)
  /// Comparing the types takes too many steps.
  case tooComplex
}

extension CORERelocationError: CustomStringConvertible {
  /// A sentence that says what is wrong.
  public var description: String {
    switch self {
    case .types(let error): error.description
    case .badAccess(let access, let type, let reason):
      "the access \"\(access)\" does not fit local type \(type): \(reason)"
    case .ambiguous(let types, let values):
      "types \(types.map(\.description).joined(separator: ", ")) of the target match and give different values: "
        + values.map { String($0) }.joined(separator: ", ")
    case .bitFieldTooWide: "the bit field lies across two 64-bit words"
    case .notApplicable(let kind): "a relocation of kind \(kind) does not apply to what it names"
    case .tooComplex: "comparing the types takes too many steps"
    }
  }
}

extension CORERelocationKind {
  /// Whether it asks for a field.
  var isFieldBased: Bool { rawValue <= Self.fieldRightShift.rawValue }
  /// Whether it asks for an enumerator.
  var isEnumeratorBased: Bool { self == .enumeratorExists || self == .enumeratorValue }
  /// Whether it asks for a type.
  var isTypeBased: Bool { !isFieldBased && !isEnumeratorBased }
}
