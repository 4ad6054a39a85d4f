import BPFObject
import BPFTypeFormat

extension MapDefinition {
  /// Whether the kernel takes the types of keys and values for a map of this type.
  ///
  /// For the others they have to be left out, as tried on Linux 6.18. Where only a size is known of keys or of values
  /// the kernel takes no type of the other either, but for maps without keys and for variables.
  var takesTypes: Bool {
    let isKeyless = type == .bloomFilter || origin != .maps
    guard types != nil, valueType != .void, keyType != .void || isKeyless else { return false }
    switch type {
    case .perfEventArray, .cgroupArray, .stackTrace, .arrayOfMaps, .hashOfMaps, .deviceMap, .deviceMapHash, .cpuMap,
      .xskMap, .socketMap, .socketHash, .queue, .stack, .arena, .ringBuffer, .userRingBuffer, .programArray:
      return false
    default:
      return true
    }
  }

  /// The types to make the map with: its own, or for a map of maps those of the inner ones.
  var neededTypes: BTF? { takesTypes ? types : innerMap?.value.neededTypes }

  /// The special fields that the kernel will find in a value, `nil` where it will have no record of any.
  var kernelRecord: SpecialFields? {
    guard takesTypes, let types, let fields = try? SpecialFields.find(in: types, value: valueType),
      fields.absence == nil, !fields.fields.isEmpty
    else { return nil }
    return fields
  }
}
