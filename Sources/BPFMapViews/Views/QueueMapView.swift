/// A queue or a stack as Swift values.
public struct QueueMapView<Map: MapElements, ValueCoding: MapCoding>: Sendable {
  /// A value.
  public typealias Value = ValueCoding.Value

  /// The map.
  public let map: Map
  private let values: ValueCoding

  init(_ map: Map, _ values: ValueCoding) {
    self.map = map
    self.values = values
  }

  /// Adds a value; fails when the map is full.
  public func push(_ value: Value) throws(Map.Failure) {
    try withZeroBytes(0) { key throws(Map.Failure) in
      try values.withBytes(of: value, count: map.valueSize) { bytes throws(Map.Failure) in
        try map.writeElement(key.bytes, bytes, .always)
      }
    }
  }

  /// The next value, which is removed: the oldest of a queue, the newest of a stack; `nil` when there is none.
  public func pop() throws(Map.Failure) -> Value? { try read(removing: true) }

  /// The next value, which stays; `nil` when there is none.
  public func peek() throws(Map.Failure) -> Value? { try read(removing: false) }

  private func read(removing: Bool) throws(Map.Failure) -> Value? {
    try withZeroBytes(0) { key throws(Map.Failure) in
      try withZeroBytes(map.valueSize) { bytes throws(Map.Failure) in
        guard try map.readElement(key.bytes, into: &bytes, removing: removing) else { return nil }
        return values.decode(bytes.bytes)
      }
    }
  }
}
