public import BPFLinux
public import BPFObject

extension MapContents {
  /// Reads a map of the real kernel. The records of a ring buffer and the values of a queue or stack are taken out of it.
  ///
  /// - Parameters:
  ///   - map: the map.
  ///   - definition: what the object says of it, with the types of keys and values.
  public init(taking map: LinuxMap, of definition: MapDefinition) {
    self.init(name: definition.name, type: map.type, maxEntries: Int(map.maxEntries))
    do throws(BPFError) {
      switch definition.origin {
      case .readOnlyData, .configuration: break
      case .data:
        // What an arena holds lies in memory, not in an element.
        if map.type == .array { readVariables(in: try map.lookupElement([0, 0, 0, 0]), of: definition) }
      case .maps: try readElements(of: map, definition)
      }
    } catch {
      problem = error.description
    }
  }

  private mutating func readElements(of map: LinuxMap, _ definition: MapDefinition) throws(BPFError) {
    func key(_ bytes: [UInt8]) -> DecodedValue { DecodedValue(bytes, as: definition.keyType, in: definition.types) }
    func value(_ bytes: [UInt8]) -> DecodedValue { DecodedValue(bytes, as: definition.valueType, in: definition.types) }
    switch map.type {
    case .ringBuffer:
      var records: [[UInt8]] = []
      try RingBufferReader(map).drain { record in records.append(record.withUnsafeBytes { Array($0) }) }
      elements = records.map { Element(values: [value($0)]) }
    case .queue, .stack:
      while let bytes = try? map.lookupAndDeleteElement([]) { elements.append(Element(values: [value(bytes)])) }
    case .perCPUHash, .perCPUArray, .lruPerCPUHash:
      let stride = (map.valueSize + 7) / 8 * 8
      for element in try map.elements()
      where element.value.contains(where: { $0 != 0 }) || map.type != .perCPUArray {
        let starts = Swift.stride(from: 0, to: element.value.count - map.valueSize + 1, by: stride)
        elements.append(
          Element(
            key: key(element.key), values: starts.map { value(Array(element.value[$0..<$0 + map.valueSize])) }))
      }
    case .hash, .lruHash, .longestPrefixMatchTrie, .hashOfMaps, .deviceMapHash:
      elements = try map.elements().map { Element(key: key($0.key), values: [value($0.value)]) }
    case .array, .arrayOfMaps, .deviceMap, .cpuMap:
      elements = try map.elements().filter { $0.value.contains { $0 != 0 } }
        .map { Element(key: key($0.key), values: [value($0.value)]) }
    case .stackTrace, .programArray:
      for bytes in try map.keys() {
        guard let content = try? map.lookupElement(bytes), content.contains(where: { $0 != 0 }) else { continue }
        elements.append(Element(key: key(bytes), values: [value(content)]))
      }
    default:
      // What has no elements that user space can go through.
      break
    }
  }
}
