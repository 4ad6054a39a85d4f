import BPFMapViews
import BPFObject

extension LinuxMap {
  /// The memory of an array that was made with `BPF_F_MMAPABLE`.
  ///
  /// - Throws: ``BPFError``: EINVAL without the flag, 524 when values have special fields, EPERM to write when it is
  ///   frozen, EACCES to write when programs or the process may only read.
  public func memory(writable: Bool) throws(BPFError) -> MapMemory { try MapMemory(self, writable: writable) }
}

/// An array in memory that is shared with programs, as Swift values.
public struct MappedArray<Value: BitwiseCopyable>: Sendable {
  /// The number of values.
  public let count: Int
  private let memory: MapMemory
  private let stride: Int

  init(_ map: LinuxMap, writable: Bool) throws(BPFError) {
    memory = try map.memory(writable: writable)
    stride = (map.valueSize + 7) / 8 * 8
    count = Int(map.maxEntries)
  }

  /// The value at an index.
  ///
  /// - Throws: ``BPFError`` when there is no such index.
  public func load(_ index: Int) throws(BPFError) -> Value {
    try memory.load(at: try offset(index), as: Value.self)
  }

  /// Sets the value at an index.
  ///
  /// - Throws: ``BPFError`` when there is no such index, or the array is mapped for reading only.
  public func store(_ value: Value, at index: Int) throws(BPFError) {
    try memory.store(value, at: try offset(index))
  }

  private func offset(_ index: Int) throws(BPFError) -> Int {
    guard index >= 0, index < count else {
      throw .refusal("a mapped array", "there is no index \(index) among its \(count) values")
    }
    return index * stride
  }
}

extension LinuxObject {
  /// An array in memory that is shared with programs; the map needs `BPF_F_MMAPABLE`.
  ///
  /// - Throws: ``BPFError`` when there is no such array, its values are laid out differently, or it cannot be mapped.
  public func mappedArray<Value: BitwiseCopyable>(
    _ name: String, of value: Value.Type, writable: Bool = true
  ) throws(BPFError) -> MappedArray<Value> {
    do throws(MapViewError) { _ = try array(name, of: value) } catch { throw .refusal("a mapped array", "\(error)") }
    return try MappedArray(try map(name), writable: writable)
  }
}
