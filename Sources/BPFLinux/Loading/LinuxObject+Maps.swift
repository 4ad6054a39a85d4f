import BPFObject

extension LinuxObject {
  /// Maps that somebody else has made, such as pinned ones, as an object without programs: with the types that the kernel
  /// has of them, so that they can be seen as Swift values.
  ///
  /// - Throws: ``BPFError`` when the kernel does not tell their types.
  public convenience init(_ maps: [LinuxMap]) throws(BPFError) {
    var object = ObjectFile()
    var named: [String: LinuxMap] = [:]
    for map in maps {
      let information = try map.information()
      var definition = MapDefinition(
        name: map.name, type: map.type, keySize: information.keySize, valueSize: information.valueSize,
        maxEntries: information.maxEntries)
      definition.flags = information.flags
      if information.types != 0 {
        definition.types = try LinuxKernel(systemCalls: map.systemCalls).types(identifier: information.types)
        definition.keyType = information.keyType
        definition.valueType = information.valueType
      }
      object.maps[map.name] = definition
      named[map.name] = map
    }
    self.init(object: object, maps: named, programs: [:])
  }
}
