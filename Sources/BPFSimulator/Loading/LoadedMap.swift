import BPFExecution
public import BPFMaps
import BPFObject
import BPFTaskWork
import BPFTypeFormat

/// A map in the simulated kernel. It lives as long as user space has a handle on it or a program refers to it.
public final class LoadedMap {
  /// The number that the kernel gave it.
  public let id: UInt32
  /// The map itself, with the operations of user space.
  public let map: BPFMap
  /// Its `struct bpf_map`, which programs pass to helpers and callbacks get.
  let object: KernelObject
  /// The address of the map's memory, for maps that have values.
  let memoryAddress: ProgramAddress?
  /// The task-work slots, for maps whose value has the field.
  let taskWorkSlots: MapTaskWork?
  /// Where the `struct bpf_task_work` is in a value.
  let taskWorkOffset: Int?
  /// Where the `struct bpf_timer` is in a value.
  let timerOffset: Int?
  /// What timers are armed or initialised, by element.
  var timers: [ElementIndex: SimulatedTimer] = [:]
  /// How many programs, maps of maps and requests refer to the map.
  var kernelReferenceCount = 0
  private(set) var userReferenceCount = 1

  init(
    id: UInt32, map: BPFMap, object: KernelObject, memoryAddress: ProgramAddress?
  ) {
    self.id = id
    self.map = map
    self.object = object
    self.memoryAddress = memoryAddress
    taskWorkOffset = map.layout.fields.first { $0.kind == .taskWork }?.offset
    timerOffset = map.layout.fields.first { $0.kind == .timer }?.offset
    taskWorkSlots = taskWorkOffset == nil ? nil : MapTaskWork(elementCount: map.elementCapacity)
  }

  /// The name, as defined.
  public var name: String { map.name }
  /// What it was made from.
  public var definition: MapDefinition { map.definition }

  func retainUserReference() {
    userReferenceCount += 1
    map.retainUserReference()
  }

  /// Lowers the count first: a request that is made while the elements are released finds no user.
  func releaseUserReference() {
    userReferenceCount -= 1
    map.releaseUserReference()
  }

  /// The bytes of an element's key.
  func key(of element: ElementIndex) -> [UInt8] { map.key(of: element) ?? [] }

  /// The address of an element's value.
  func valueAddress(of element: ElementIndex, cpu: Int = 0) -> ProgramAddress? {
    guard let memoryAddress, let offset = map.valueOffset(of: element, cpu: cpu) else { return nil }
    return memoryAddress + UInt64(offset)
  }

  /// The address of a place in the map's memory.
  func address(ofOffset offset: Int) -> ProgramAddress? { memoryAddress.map { $0 + UInt64(offset) } }

  /// The offset in the map's memory that an address stands for.
  func offset(of address: ProgramAddress) -> Int? {
    guard let memoryAddress, address >= memoryAddress, address - memoryAddress < UInt64(map.memory.byteCount) else {
      return nil
    }
    return Int(address - memoryAddress)
  }
}

extension Machine {
  /// The map with a number, if it exists.
  func map(id: UInt32) -> LoadedMap? { maps[id] }

  /// The map whose `struct bpf_map` is at an address.
  func map(at address: ProgramAddress) -> LoadedMap? { mapsByAddress[address] }

  /// The map whose memory holds an address.
  func map(holding address: ProgramAddress) -> LoadedMap? { mapsByRegion[address >> 32] }

  /// The numbers of the maps that exist, in ascending order.
  public var mapIDs: [UInt32] { maps.keys.sorted() }

  /// Creates a map and its place in program memory.
  func makeMap(_ definition: MapDefinition) throws(LoadError) -> LoadedMap {
    let id = nextMapID
    let map: BPFMap
    do {
      map = try BPFMap.create(
        definition, cpuCount: configuration.cpuCount, identifier: id, environment: mapEvents, observer: mapEvents)
    } catch {
      throw LoadError(.map(definition.name), error.description)
    }
    nextMapID += 1
    do {
      let object = try kernelObjects.make("bpf_map")
      try kernelObjects.store(UInt64(id), in: "id", of: object)
      try kernelObjects.store(UInt64(definition.type.rawValue), in: "map_type", of: object)
      try kernelObjects.store(UInt64(definition.keySize), in: "key_size", of: object)
      try kernelObjects.store(UInt64(definition.valueSize), in: "value_size", of: object)
      try kernelObjects.store(UInt64(definition.maxEntries), in: "max_entries", of: object)
      try kernelObjects.store(UInt64(definition.flags.rawValue), in: "map_flags", of: object)
      try kernelObjects.store(string: definition.name, in: "name", of: object)
      var memoryAddress: ProgramAddress?
      if map.memory.byteCount > 0 {
        let isReadOnly = definition.flags.contains(.readOnlyForPrograms)
        memoryAddress = try memory.map(
          map.memory.base, readable: map.memory.byteCount, writable: isReadOnly ? 0 : nil,
          name: "the values of map '\(definition.name)'")
      }
      let loaded = LoadedMap(id: id, map: map, object: object, memoryAddress: memoryAddress)
      maps[id] = loaded
      if let memoryAddress { mapsByRegion[memoryAddress >> 32] = loaded }
      mapsByAddress[object.address] = loaded
      return loaded
    } catch {
      throw LoadError(.map(definition.name), "\(error)")
    }
  }

  /// Drops what user space holds of a map.
  func releaseUserReference(to map: LoadedMap) {
    map.releaseUserReference()
    if map.userReferenceCount == 0 { cancelTimers(of: map) }
    freeIfUnused(map)
  }

  /// Drops what a program holds of a map.
  func releaseProgramReference(to map: LoadedMap) {
    map.kernelReferenceCount -= 1
    freeIfUnused(map)
  }

  private func freeIfUnused(_ map: LoadedMap) {
    guard map.userReferenceCount == 0, map.kernelReferenceCount == 0, maps[map.id] === map else { return }
    maps[map.id] = nil
    mapsByAddress[map.object.address] = nil
    if let address = map.memoryAddress {
      mapsByRegion[address >> 32] = nil
      memory.unmap(address)
    }
    kernelObjects.release(map.object)
  }
}
