internal import BPFTypeFormat

/// Reads one definition of a map from the type of its variable.
///
/// `__uint(name, value)` is a member of type pointer to an array of `value` elements; `__ulong` an enumeration of one
/// value; `__type` a pointer to the type; `__array` an array without a length of pointers to what an element refers to.
struct MapDefinitionReader {
  let types: BTF
  let name: String
  /// Whether this is what the inner maps of a map of maps look like.
  let isInner: Bool

  /// The members of a definition.
  static let memberNames = [
    "type", "key", "key_size", "value", "value_size", "max_entries", "map_flags", "map_extra", "numa_node", "pinning",
    "values",
  ]

  /// A map's definition, and where its initial slots begin within it.
  struct Result {
    var definition: MapDefinition
    var slotsOffset: Int?
  }

  func read(_ id: BTFTypeID) throws(ObjectError) -> Result {
    let resolved = try reading(types.resolve(id))
    let type = try reading(types.type(resolved))
    guard case .structure(let composite) = type.kind else {
      throw error("its type is not a structure", "define it as struct { __uint(type, …); … } with SEC(\".maps\")")
    }
    var fields = Fields()
    for member in composite.members { try read(member, into: &fields) }
    return try build(fields)
  }

  private struct Fields {
    var numbers: [String: UInt64] = [:]
    var key: Sized?
    var value: Sized?
    var values: (element: BTFTypeID, offset: Int)?
  }

  private struct Sized {
    var type: BTFTypeID
    var byteCount: UInt32
  }

  private func read(_ member: BTFType.Member, into fields: inout Fields) throws(ObjectError) {
    switch member.name {
    case "type", "key_size", "value_size", "max_entries", "map_flags", "numa_node", "pinning":
      fields.numbers[member.name] = UInt64(try number(of: member))
    case "map_extra":
      fields.numbers[member.name] = try wideNumber(of: member)
    case "key": fields.key = try sized(member)
    case "value": fields.value = try sized(member)
    case "values":
      let array = try reading(types.type(types.resolve(member.type)))
      guard case .array(let array) = array.kind, array.count == 0 else {
        throw error("member 'values' is not an array without a length", "declare it with __array(values, …)")
      }
      fields.values = (array.element, Int(member.bitOffset / 8))
    default:
      let near = NearNames(to: member.name, among: Self.memberNames)
      throw error(
        "there is no member '\(member.name)' in a map's definition",
        near.advice(otherwise: "the members are \(Self.memberNames.joined(separator: ", "))"))
    }
  }

  private func build(_ fields: Fields) throws(ObjectError) -> Result {
    guard let number = fields.numbers["type"] else {
      throw error("member 'type' is missing", "add __uint(type, BPF_MAP_TYPE_…)")
    }
    guard let type = UInt32(exactly: number).flatMap(MapType.init(rawValue:)), type != .unspecified else {
      throw error("member 'type' is \(number), which is no map type", "use one of the BPF_MAP_TYPE_… of Linux 6.18")
    }
    let keySize = try size("key", fields.key, fields.numbers["key_size"])
    var valueSize = try size("value", fields.value, fields.numbers["value_size"])
    var inner: MapDefinition?
    var slotsOffset: Int?
    if let values = fields.values {
      guard !isInner else {
        throw error("an inner map has 'values' of its own", "maps of maps of maps are not possible")
      }
      guard valueSize == 0 || valueSize == 4 else {
        throw error("the value has \(valueSize) bytes, and with 'values' it has 4", "leave value and value_size out")
      }
      inner = try self.inner(of: type, values.element)
      valueSize = 4
      slotsOffset = values.offset
    }
    var definition = MapDefinition(
      name: name, type: type, keySize: keySize, valueSize: valueSize,
      maxEntries: UInt32(truncatingIfNeeded: fields.numbers["max_entries"] ?? 0))
    definition.flags = MapFlags(rawValue: UInt32(truncatingIfNeeded: fields.numbers["map_flags"] ?? 0))
    definition.extra = fields.numbers["map_extra"] ?? 0
    definition.numaNode = fields.numbers["numa_node"].map { UInt32(truncatingIfNeeded: $0) }
    definition.types = types
    definition.keyType = fields.key?.type ?? .void
    definition.valueType = fields.value?.type ?? .void
    definition.innerMap = inner.map { Indirect($0) }
    if let pinning = fields.numbers["pinning"] {
      guard !isInner else { throw error("an inner map has member 'pinning'", "only the outer map can be pinned") }
      guard let pinning = UInt32(exactly: pinning).flatMap(MapDefinition.Pinning.init(rawValue:)) else {
        throw error("member 'pinning' is \(pinning)", "use LIBBPF_PIN_NONE (0) or LIBBPF_PIN_BY_NAME (1)")
      }
      definition.pinning = pinning
    }
    return Result(definition: definition, slotsOffset: slotsOffset)
  }

  /// The definition of the inner maps; `nil` for an array of programs.
  private func inner(of type: MapType, _ element: BTFTypeID) throws(ObjectError) -> MapDefinition? {
    let pointer = try reading(types.type(types.resolve(element)))
    guard case .pointer(let pointee) = pointer.kind else {
      throw error("the elements of 'values' are not pointers", "declare it as __array(values, struct inner)")
    }
    switch type {
    case .programArray:
      let target = try reading(types.kind(of: types.resolve(pointee)))
      guard target == .functionPrototype else {
        throw error("the elements of 'values' do not point to functions", "declare it as __array(values, int (void *))")
      }
      return nil
    case .arrayOfMaps, .hashOfMaps:
      return try MapDefinitionReader(types: types, name: "\(name).inner", isInner: true).read(pointee).definition
    default:
      throw error(
        "member 'values' is only for maps of maps and arrays of programs",
        "leave it out, or use BPF_MAP_TYPE_ARRAY_OF_MAPS, BPF_MAP_TYPE_HASH_OF_MAPS or BPF_MAP_TYPE_PROG_ARRAY")
    }
  }

  /// The size that a type and a number agree on.
  private func size(_ what: String, _ sized: Sized?, _ number: UInt64?) throws(ObjectError) -> UInt32 {
    guard let number else { return sized?.byteCount ?? 0 }
    guard let size = UInt32(exactly: number) else {
      throw error("member '\(what)_size' is \(number)", "use fewer bytes")
    }
    if let sized, sized.byteCount != size {
      throw error(
        "member '\(what)_size' is \(size), and the type of member '\(what)' has \(sized.byteCount) bytes",
        "keep __type(\(what), …) and leave \(what)_size out")
    }
    return size
  }

  private func number(of member: BTFType.Member) throws(ObjectError) -> UInt32 {
    let type = try reading(types.type(types.resolve(member.type)))
    guard case .pointer(let target) = type.kind else { throw notNumber(member) }
    let array = try reading(types.type(types.resolve(target)))
    guard case .array(let array) = array.kind else { throw notNumber(member) }
    return array.count
  }

  private func wideNumber(of member: BTFType.Member) throws(ObjectError) -> UInt64 {
    let type = try reading(types.type(types.resolve(member.type)))
    guard case .enumeration(let enumeration) = type.kind else { return UInt64(try number(of: member)) }
    guard enumeration.values.count == 1 else { throw notNumber(member) }
    return enumeration.values[0].value
  }

  private func notNumber(_ member: BTFType.Member) -> ObjectError {
    error("member '\(member.name)' does not hold a number", "write it as __uint(\(member.name), …)")
  }

  private func sized(_ member: BTFType.Member) throws(ObjectError) -> Sized {
    let type = try reading(types.type(member.type))
    guard case .pointer(let target) = type.kind else {
      throw error("member '\(member.name)' does not hold a type", "write it as __type(\(member.name), …)")
    }
    do throws(BTFError) {
      return Sized(type: target, byteCount: UInt32(truncatingIfNeeded: try types.size(of: target)))
    } catch {
      throw self.error("the type of member '\(member.name)' has no size: \(error.problem)", "give the whole type")
    }
  }

  private func error(_ problem: String, _ advice: String) -> ObjectError {
    ObjectError(.map, section: ".maps", subject: "map '\(name)'", problem, advice: advice)
  }

  private func reading<Value>(_ body: @autoclosure () throws(BTFError) -> Value) throws(ObjectError) -> Value {
    do throws(BTFError) {
      return try body()
    } catch {
      throw ObjectError(
        .types, section: ".BTF", offset: error.offset, subject: "map '\(name)'", "\(error.problem)",
        advice: "the types are damaged: compile the object again")
    }
  }
}
