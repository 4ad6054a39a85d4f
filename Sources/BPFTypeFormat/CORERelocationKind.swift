/// What a CO-RE relocation asks for (`enum bpf_core_relo_kind`).
public enum CORERelocationKind: UInt32, Hashable, Sendable, CaseIterable {
  case fieldByteOffset = 0
  case fieldByteSize = 1
  case fieldExists = 2
  case fieldSigned = 3
  case fieldLeftShift = 4
  case fieldRightShift = 5
  case localTypeID = 6
  case targetTypeID = 7
  case typeExists = 8
  case typeSize = 9
  case enumeratorExists = 10
  case enumeratorValue = 11
  case typeMatches = 12
}
