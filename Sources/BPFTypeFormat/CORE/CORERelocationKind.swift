/// What a CO-RE relocation asks for (`enum bpf_core_relo_kind`).
public enum CORERelocationKind: UInt32, Hashable, Sendable, CaseIterable {
  /// The offset of a field in bytes.
  case fieldByteOffset = 0
  /// The size of a field in bytes.
  case fieldByteSize = 1
  /// 1 when the field exists, else 0.
  case fieldExists = 2
  /// 1 when the field is signed, else 0.
  case fieldSigned = 3
  /// How far left a bit field of a 64-bit word has to be shifted to lose the bits above it.
  case fieldLeftShift = 4
  /// How far right the word has to be shifted then to leave the value.
  case fieldRightShift = 5
  /// The type's identifier in the object's own types.
  case localTypeID = 6
  /// The type's identifier in the target's types.
  case targetTypeID = 7
  /// 1 when the type exists, else 0.
  case typeExists = 8
  /// The size of a type in bytes.
  case typeSize = 9
  /// 1 when the enumerator exists, else 0.
  case enumeratorExists = 10
  /// The value of an enumerator.
  case enumeratorValue = 11
  /// 1 when a type of the same shape exists, else 0.
  case typeMatches = 12
}
