import BPFObject
import BPFTypeFormat

extension MapDefinition {
  /// Whether the kernel takes the types of keys and values for a map of this type.
  ///
  /// For the others they have to be left out: spec 4.1 of the kernel's surface, as tried on Linux 6.18.
  var takesTypes: Bool {
    guard types != nil, keyType != .void || valueType != .void else { return false }
    switch type {
    case .perfEventArray, .cgroupArray, .stackTrace, .arrayOfMaps, .hashOfMaps, .deviceMap, .deviceMapHash, .cpuMap,
      .xskMap, .socketMap, .socketHash, .queue, .stack, .arena, .ringBuffer, .userRingBuffer, .programArray:
      return false
    default:
      return true
    }
  }

  /// The special fields that the kernel will find in a value, `nil` where it will have no record of any.
  var kernelRecord: SpecialFields? {
    guard takesTypes, let types, let fields = try? SpecialFields.find(in: types, value: valueType),
      fields.absence == nil, !fields.fields.isEmpty
    else { return nil }
    return fields
  }
}
