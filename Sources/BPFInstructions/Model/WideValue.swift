/// What a 64-bit immediate load puts in its register: the source field selects the kind (RFC 9669, section 5.4).
public enum WideValue: Hashable, Sendable {
  /// Source 0: a constant of 64 bits.
  case constant(UInt64)
  /// Source 1: the map with this file descriptor.
  case map(descriptor: Int32)
  /// Source 2: the address of a byte in the first value of the map with this descriptor.
  case mapValue(descriptor: Int32, offset: Int32)
  /// Source 3: the address of a kernel variable, by its BTF id and the descriptor of its module's BTF (0: the kernel).
  case variable(type: Int32, moduleDescriptor: Int32)
  /// Source 4: a function of this program; it begins at the index of the first slot, plus one, plus the offset.
  case function(offset: Int32)
  /// Source 5: a map by its index in the array of descriptors given at load.
  case mapIndex(Int32)
  /// Source 6: the address of a byte in the first value of the map with this index.
  case mapIndexValue(index: Int32, offset: Int32)

  /// The source field of the first slot.
  package var kind: UInt8 {
    switch self {
    case .constant: 0
    case .map: 1
    case .mapValue: 2
    case .variable: 3
    case .function: 4
    case .mapIndex: 5
    case .mapIndexValue: 6
    }
  }

  /// The immediates of the first and the second slot.
  package var immediates: (low: Int32, high: Int32) {
    switch self {
    case .constant(let value):
      (Int32(truncatingIfNeeded: value), Int32(truncatingIfNeeded: value >> 32))
    case .map(let number), .function(let number), .mapIndex(let number):
      (number, 0)
    case .mapValue(let number, let offset), .mapIndexValue(let number, let offset):
      (number, offset)
    case .variable(let type, let module):
      (type, module)
    }
  }
}
