public import BPFMaps
import BPFObject
import BPFTypeFormat

/// What a map holds, read as user space reads it and decoded by the map's types.
///
/// Elements that are all zero in an array, a hash without elements and data that no program may write are left out, so
/// that ``elements`` is what programs have left.
public struct MapContents: Sendable {
  /// The name of the map.
  public var name: String
  /// Its type.
  public var type: MapType
  /// The number of elements that it has room for.
  public var maxEntries: Int
  /// What it holds: elements, records of a ring buffer, values of a queue, or the variables of a data section.
  public var elements: [Element] = []
  /// Why it cannot be read, if so.
  public var problem: String?

  /// An element, record or variable.
  public struct Element: Hashable, Sendable {
    /// The key; `nil` for what has none.
    public var key: DecodedValue?
    /// The name of a variable; `nil` for what is none.
    public var name: String?
    /// The value; one for each CPU in per-CPU maps.
    public var values: [DecodedValue]
  }

  /// Reads a map. The records of a ring buffer and the values of a queue or stack are taken out of it.
  public init(taking map: BPFMap) {
    self.init(name: map.name, type: map.type, maxEntries: map.maxEntries)
    do throws(MapError) {
      switch map.definition.origin {
      case .readOnlyData, .configuration: break
      case .data: readVariables(in: try map.lookupElement([0, 0, 0, 0]), of: map.definition)
      case .maps: try readElements(of: map)
      }
    } catch {
      problem = error.description
    }
  }

  init(name: String, type: MapType, maxEntries: Int) {
    self.name = name
    self.type = type
    self.maxEntries = maxEntries
  }

  mutating func readVariables(in bytes: [UInt8], of definition: MapDefinition) {
    guard bytes.contains(where: { $0 != 0 }) else { return }
    guard let types = definition.types,
      case .dataSection(let section)? = try? types.type(definition.valueType).kind
    else {
      elements = [Element(values: [DecodedValue(bytes)])]
      return
    }
    for variable in section.variables {
      let start = Int(variable.offset)
      guard start <= bytes.count, Int(variable.byteCount) <= bytes.count - start,
        case .variable(let type, _)? = try? types.type(variable.type).kind,
        let name = try? types.name(of: variable.type)
      else { continue }
      let content = Array(bytes[start..<start + Int(variable.byteCount)])
      guard content.contains(where: { $0 != 0 }) else { continue }
      elements.append(Element(name: name, values: [DecodedValue(content, as: type, in: types)]))
    }
  }

  private mutating func readElements(of map: BPFMap) throws(MapError) {
    let definition = map.definition
    func key(_ bytes: [UInt8]) -> DecodedValue { DecodedValue(bytes, as: definition.keyType, in: definition.types) }
    func value(_ bytes: [UInt8]) -> DecodedValue { DecodedValue(bytes, as: definition.valueType, in: definition.types) }
    switch map.type {
    case .ringBuffer:
      guard let ring = map as? RingBufferMap else { return }
      elements = try ring.takeRecords().map { Element(values: [value($0)]) }
    case .queue, .stack:
      while let bytes = try? map.lookupAndDeleteElement([]) { elements.append(Element(values: [value(bytes)])) }
    case .perCPUHash, .perCPUArray, .lruPerCPUHash:
      for bytes in map.keys {
        // Another key may have taken its place meanwhile.
        guard let all = map.lookup(bytes), all.contains(where: { $0 != 0 }) || map.type != .perCPUArray else {
          continue
        }
        let size = all.count / max(map.cpuCount, 1)
        let values = (0..<map.cpuCount).map { value(Array(all[$0 * size..<$0 * size + map.valueSize])) }
        elements.append(Element(key: key(bytes), values: values))
      }
    case .array:
      for bytes in map.keys {
        guard let content = map.lookup(bytes), content.contains(where: { $0 != 0 }) else { continue }
        elements.append(Element(key: key(bytes), values: [value(content)]))
      }
    case .bloomFilter, .perfEventArray, .userRingBuffer:
      break
    default:
      for bytes in map.keys {
        guard let content = map.lookup(bytes) else { continue }
        elements.append(Element(key: key(bytes), values: [value(content)]))
      }
    }
  }
}
