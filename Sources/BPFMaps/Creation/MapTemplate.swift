import BPFObject
import BPFTypeFormat

/// What a map must look like to be put into a map of maps (`bpf_map_meta_equal` in Linux 6.18).
struct MapTemplate {
  var type: MapType
  var keySize: UInt32
  var valueSize: UInt32
  var maxEntries: UInt32
  var flags: MapFlags
  var fields: [SpecialFields.Field]

  /// What of the flags a map keeps; the restrictions of user space belong to a descriptor.
  private static func permanent(_ flags: MapFlags) -> MapFlags { flags.subtracting([.readOnly, .writeOnly]) }

  init(_ definition: MapDefinition, fields: SpecialFields?) {
    type = definition.type
    keySize = definition.keySize
    valueSize = definition.valueSize
    maxEntries = definition.maxEntries
    flags = Self.permanent(definition.flags)
    self.fields = fields?.fields ?? []
  }

  /// Whether a map may be stored where this template is asked for.
  func fits(_ map: BPFMap) -> Bool {
    let other = map.definition
    guard other.type == type, other.keySize == keySize, other.valueSize == valueSize,
      Self.permanent(other.flags) == flags, (map.specialFields?.fields ?? []) == fields
    else { return false }
    // A program's access to an array is checked against the template's size, unless BPF_F_INNER_MAP says otherwise.
    return type != .array || flags.contains(.innerMap) || other.maxEntries == maxEntries
  }
}
