import BPFObject
import BPFTypeFormat

extension MapHolder {
  /// A hash, LRU hash or trie with keys and values that are laid out like those of C.
  ///
  /// - Parameters:
  ///   - name: the name of the map.
  ///   - key: the type of the keys.
  ///   - value: the type of the values.
  /// - Throws: ``MapViewError`` when there is no such map, or a type is not laid out like the map's; it shows both.
  public func hashMap<Key: BitwiseCopyable, Value: BitwiseCopyable>(
    _ name: String, of key: Key.Type, _ value: Value.Type
  ) throws(MapViewError) -> KeyedMapView<Map, BitwiseCoding<Key>, BitwiseCoding<Value>> {
    let candidate = try ViewCandidate(self, name, for: .hash)
    return KeyedMapView(candidate.map, try candidate.key(key), try candidate.value(value))
  }

  /// A hash, LRU hash or trie with keys that are laid out like those of C, and values that encode themselves.
  public func hashMap<Key: BitwiseCopyable, Value: MapCodable>(
    _ name: String, of key: Key.Type, coding value: Value.Type
  ) throws(MapViewError) -> KeyedMapView<Map, BitwiseCoding<Key>, CustomCoding<Value>> {
    let candidate = try ViewCandidate(self, name, for: .hash)
    return KeyedMapView(candidate.map, try candidate.key(key), try candidate.value(coding: value))
  }

  /// A hash, LRU hash or trie with keys and values that encode themselves.
  public func hashMap<Key: MapCodable, Value: MapCodable>(
    _ name: String, coding key: Key.Type, _ value: Value.Type
  ) throws(MapViewError) -> KeyedMapView<Map, CustomCoding<Key>, CustomCoding<Value>> {
    let candidate = try ViewCandidate(self, name, for: .hash)
    return KeyedMapView(candidate.map, try candidate.key(coding: key), try candidate.value(coding: value))
  }

  /// An array with values that are laid out like those of C.
  public func array<Value: BitwiseCopyable>(
    _ name: String, of value: Value.Type
  ) throws(MapViewError) -> KeyedMapView<Map, BitwiseCoding<UInt32>, BitwiseCoding<Value>> {
    let candidate = try ViewCandidate(self, name, for: .array)
    return KeyedMapView(candidate.map, try candidate.key(UInt32.self), try candidate.value(value))
  }

  /// An array with values that encode themselves.
  public func array<Value: MapCodable>(
    _ name: String, coding value: Value.Type
  ) throws(MapViewError) -> KeyedMapView<Map, BitwiseCoding<UInt32>, CustomCoding<Value>> {
    let candidate = try ViewCandidate(self, name, for: .array)
    return KeyedMapView(candidate.map, try candidate.key(UInt32.self), try candidate.value(coding: value))
  }

  /// A per-CPU hash with keys and values that are laid out like those of C.
  public func perCPUHashMap<Key: BitwiseCopyable, Value: BitwiseCopyable>(
    _ name: String, of key: Key.Type, _ value: Value.Type
  ) throws(MapViewError) -> PerCPUMapView<Map, BitwiseCoding<Key>, BitwiseCoding<Value>> {
    let candidate = try ViewCandidate(self, name, for: .perCPUHash)
    return PerCPUMapView(candidate.map, try candidate.key(key), try candidate.value(value))
  }

  /// A per-CPU array with values that are laid out like those of C.
  public func perCPUArray<Value: BitwiseCopyable>(
    _ name: String, of value: Value.Type
  ) throws(MapViewError) -> PerCPUMapView<Map, BitwiseCoding<UInt32>, BitwiseCoding<Value>> {
    let candidate = try ViewCandidate(self, name, for: .perCPUArray)
    return PerCPUMapView(candidate.map, try candidate.key(UInt32.self), try candidate.value(value))
  }

  /// A queue or a stack with values that are laid out like those of C.
  public func queue<Value: BitwiseCopyable>(
    _ name: String, of value: Value.Type
  ) throws(MapViewError) -> QueueMapView<Map, BitwiseCoding<Value>> {
    let candidate = try ViewCandidate(self, name, for: .queue)
    return QueueMapView(candidate.map, try candidate.value(value))
  }

  /// A queue or a stack with values that encode themselves.
  public func queue<Value: MapCodable>(
    _ name: String, coding value: Value.Type
  ) throws(MapViewError) -> QueueMapView<Map, CustomCoding<Value>> {
    let candidate = try ViewCandidate(self, name, for: .queue)
    return QueueMapView(candidate.map, try candidate.value(coding: value))
  }
}

/// A map that is to get a view, with the checks.
struct ViewCandidate<Map: MapElements> {
  /// The kinds of views, with what they are for.
  enum Kind: String {
    case hash = "a view of a hash"
    case array = "a view of an array"
    case perCPUHash = "a view of a per-CPU hash"
    case perCPUArray = "a view of a per-CPU array"
    case queue = "a view of a queue"

    func takes(_ type: MapType) -> Bool {
      switch self {
      case .hash: [.hash, .lruHash, .longestPrefixMatchTrie].contains(type)
      case .array: type == .array
      case .perCPUHash: [.perCPUHash, .lruPerCPUHash].contains(type)
      case .perCPUArray: type == .perCPUArray
      case .queue: [.queue, .stack].contains(type)
      }
    }
  }

  let map: Map
  private let definition: MapDefinition

  init<Holder: MapHolder>(_ holder: Holder, _ name: String, for kind: Kind) throws(MapViewError)
  where Holder.Map == Map {
    guard let map = holder.mapElements(name), let definition = holder.object.maps[name] else {
      throw MapViewError(map: name, .noSuchMap(existing: Array(holder.object.maps.keys)))
    }
    guard kind.takes(map.type) else {
      throw MapViewError(map: name, .wrongMapType("\(map.type)", view: kind.rawValue))
    }
    self.map = map
    self.definition = definition
  }

  func key<Key: BitwiseCopyable>(_ type: Key.Type) throws(MapViewError) -> BitwiseCoding<Key> {
    let check = LayoutCheck(definition.keyType, in: definition.types, byteCount: map.keySize)
    return try bitwise(type, check, .key)
  }

  func value<Value: BitwiseCopyable>(_ type: Value.Type) throws(MapViewError) -> BitwiseCoding<Value> {
    let check = LayoutCheck(definition.valueType, in: definition.types, byteCount: map.valueSize)
    return try bitwise(type, check, .value)
  }

  func key<Key: MapCodable>(coding type: Key.Type) throws(MapViewError) -> CustomCoding<Key> {
    try custom(type, definition.keyType, map.keySize, .key)
  }

  func value<Value: MapCodable>(coding type: Value.Type) throws(MapViewError) -> CustomCoding<Value> {
    try custom(type, definition.valueType, map.valueSize, .value)
  }

  private func bitwise<Value: BitwiseCopyable>(
    _ type: Value.Type, _ check: LayoutCheck, _ part: MapViewError.Part
  ) throws(MapViewError) -> BitwiseCoding<Value> {
    let layout = SwiftLayout(type)
    if let reason = check.difference(layout) {
      throw MapViewError(
        map: definition.name, .layout(part: part, reason: reason, map: check.lines, swift: layout.lines))
    }
    return BitwiseCoding(layout)
  }

  private func custom<Value: MapCodable>(
    _ type: Value.Type, _ theirs: BTFTypeID, _ byteCount: Int, _ part: MapViewError.Part
  ) throws(MapViewError) -> CustomCoding<Value> {
    guard type.mapByteCount == byteCount else {
      let check = LayoutCheck(theirs, in: definition.types, byteCount: byteCount)
      let reason = "\(type) has \(type.mapByteCount) bytes, and the map \(byteCount)"
      throw MapViewError(
        map: definition.name,
        .layout(
          part: part, reason: reason, map: check.lines, swift: ["\(type), which writes \(type.mapByteCount) bytes"]))
    }
    return CustomCoding()
  }
}
