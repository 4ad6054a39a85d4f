/// A map with keys as Swift values: hashes, LRU hashes, tries, and arrays, whose keys are indexes.
public struct KeyedMapView<Map: MapElements, KeyCoding: MapCoding, ValueCoding: MapCoding>: Sendable {
  /// A key.
  public typealias Key = KeyCoding.Value
  /// A value.
  public typealias Value = ValueCoding.Value

  /// The map.
  public let map: Map
  @usableFromInline let keys: KeyCoding
  @usableFromInline let values: ValueCoding

  @usableFromInline init(_ map: Map, _ keys: KeyCoding, _ values: ValueCoding) {
    self.map = map
    self.keys = keys
    self.values = values
  }

  /// The value of a key, `nil` when there is no such element.
  @inlinable
  public func lookup(_ key: Key) throws(Map.Failure) -> Value? { try read(key, removing: false) }

  /// The value of a key, which is removed; `nil` when there is no such element.
  @inlinable
  public func take(_ key: Key) throws(Map.Failure) -> Value? { try read(key, removing: true) }

  @inlinable
  func read(_ key: Key, removing: Bool) throws(Map.Failure) -> Value? {
    try keys.withBytes(of: key, count: map.keySize) { keyBytes throws(Map.Failure) in
      try withZeroBytes(map.transferSize) { valueBytes throws(Map.Failure) in
        guard try map.readElement(keyBytes, into: &valueBytes, removing: removing) else { return nil }
        return values.decode(valueBytes.bytes)
      }
    }
  }

  /// Sets the value of a key.
  @inlinable
  public func update(
    _ key: Key, to value: Value, _ condition: UpdateCondition = .always
  ) throws(Map.Failure) {
    try keys.withBytes(of: key, count: map.keySize) { keyBytes throws(Map.Failure) in
      try values.withBytes(of: value, count: map.transferSize) { valueBytes throws(Map.Failure) in
        try map.writeElement(keyBytes, valueBytes, condition)
      }
    }
  }

  /// Removes an element. Elements of arrays cannot be removed.
  ///
  /// - Returns: whether there was one.
  @discardableResult @inlinable
  public func delete(_ key: Key) throws(Map.Failure) -> Bool {
    try keys.withBytes(of: key, count: map.keySize) { keyBytes throws(Map.Failure) in
      try map.removeElement(keyBytes)
    }
  }

  /// Calls a function with each element, in the map's own order.
  ///
  /// The function may remove the element that it is called with. What others add or remove meanwhile may be missing or be there
  /// twice; there are never more calls than the map has room for.
  @inlinable
  public func forEach(_ body: (Key, Value) -> Void) throws(Map.Failure) {
    try withZeroBytes(map.keySize) { current throws(Map.Failure) in
      try withZeroBytes(map.keySize) { next throws(Map.Failure) in
        try withZeroBytes(map.transferSize) { value throws(Map.Failure) in
          var isThere = try withZeroBytes(0) { none throws(Map.Failure) in
            try map.copyKey(after: none.bytes, into: &current)
          }
          var count = 0
          while isThere, count < map.elementLimit {
            // Before the element may go, and with it its place in the order.
            isThere = try map.copyKey(after: current.bytes, into: &next)
            if try map.readElement(current.bytes, into: &value, removing: false) {
              body(keys.decode(current.bytes), values.decode(value.bytes))
            }
            copyBytes(of: next.bytes, to: &current)
            count += 1
          }
        }
      }
    }
  }

  /// All elements, in the map's own order, as ``forEach(_:)`` sees them.
  @inlinable
  public func elements() throws(Map.Failure) -> [(key: Key, value: Value)] {
    var elements: [(key: Key, value: Value)] = []
    try forEach { elements.append((key: $0, value: $1)) }
    return elements
  }
}
