/// A map with a value for each CPU, as Swift values: per-CPU hashes and arrays, whose keys are indexes.
public struct PerCPUMapView<Map: MapElements, KeyCoding: MapCoding, ValueCoding: MapCoding>: Sendable {
  /// A key.
  public typealias Key = KeyCoding.Value
  /// The value of one CPU.
  public typealias Value = ValueCoding.Value

  /// The map.
  public let map: Map
  private let keys: KeyCoding
  private let values: ValueCoding

  init(_ map: Map, _ keys: KeyCoding, _ values: ValueCoding) {
    self.map = map
    self.keys = keys
    self.values = values
  }

  /// The distance in bytes between the values of CPUs.
  private var stride: Int { max((map.valueSize + 7) / 8 * 8, 8) }

  /// The number of CPUs.
  public var cpuCount: Int { map.transferSize / stride }

  /// The values of a key, in the order of the CPUs; `nil` when there is no such element.
  public func lookup(_ key: Key) throws(Map.Failure) -> [Value]? {
    var result: [Value] = []
    result.reserveCapacity(cpuCount)
    return try lookup(key) { _, value in result.append(value) } ? result : nil
  }

  /// Calls a function with the CPUs and their values of a key.
  ///
  /// - Returns: whether there is such an element.
  public func lookup(_ key: Key, _ body: (_ cpu: Int, Value) -> Void) throws(Map.Failure) -> Bool {
    try keys.withBytes(of: key, count: map.keySize) { keyBytes throws(Map.Failure) in
      try withZeroBytes(map.transferSize) { bytes throws(Map.Failure) in
        guard try map.readElement(keyBytes, into: &bytes, removing: false) else { return false }
        for cpu in 0..<cpuCount {
          let start = cpu * stride
          body(cpu, values.decode(bytes.bytes.extracting(start..<start + map.valueSize)))
        }
        return true
      }
    }
  }

  /// Sets the values of all CPUs; CPUs beyond the list's end get the value zero.
  public func update(
    _ key: Key, to list: [Value], _ condition: UpdateCondition = .always
  ) throws(Map.Failure) {
    try keys.withBytes(of: key, count: map.keySize) { keyBytes throws(Map.Failure) in
      try withZeroBytes(map.transferSize) { bytes throws(Map.Failure) in
        for (cpu, value) in list.prefix(cpuCount).enumerated() {
          withPart(of: &bytes, cpu * stride..<cpu * stride + map.valueSize) { values.encode(value, into: &$0) }
        }
        try map.writeElement(keyBytes, bytes.bytes, condition)
      }
    }
  }

  /// Removes an element. Elements of arrays cannot be removed.
  ///
  /// - Returns: whether there was one.
  @discardableResult
  public func delete(_ key: Key) throws(Map.Failure) -> Bool {
    try keys.withBytes(of: key, count: map.keySize) { keyBytes throws(Map.Failure) in
      try map.removeElement(keyBytes)
    }
  }
}
