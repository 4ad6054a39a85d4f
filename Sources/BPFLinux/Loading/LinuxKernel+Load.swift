import BPFInstructions
public import BPFObject
import BPFTypeFormat
import Dispatch
import Synchronization
public import SystemPackage

extension LinuxKernel {
  /// Loads an object: its types, its maps with their contents, its programs.
  ///
  /// Configuration values and relocations are those of this kernel. Programs that could crash it are refused before
  /// anything is made.
  ///
  /// - Parameters:
  ///   - object: the object, edited as wanted.
  ///   - programs: the programs to load, `nil` for all that load by default.
  ///   - pinFolder: where maps are that the object wants to share by name (`LIBBPF_PIN_BY_NAME`): one that is there is
  ///     used, one that is not is made and pinned.
  ///   - concurrently: have the kernel check the programs at the same time, on as many CPUs as there are.
  /// - Throws: ``BPFError`` that names the map, program or symbol; nothing of the object stays behind.
  public func load(
    _ object: ObjectFile, programs names: Set<String>? = nil, pinFolder: FilePath = "/sys/fs/bpf",
    concurrently: Bool = false
  ) throws(BPFError) -> LinuxObject {
    var object = object
    let selected = try select(names, of: object)
    try prepare(&object, selected)
    for name in selected {
      if let program = object.programs[name] { try MapArgumentGuard(object: object).check(program) }
    }
    var loadable: LoadableTypes?
    if let types = object.types {
      do throws(BTFError) { loadable = try LoadableTypes(types) } catch {
        throw .refusal("the object's types", "\(error)")
      }
    }
    var mapTypes: Descriptor?
    if let loadable, object.maps.values.contains(where: { $0.takesTypes || $0.innerMap?.value.takesTypes ?? false }) {
      mapTypes = try load(loadable.encoded, for: "the object's types")
    }
    var maps: [String: LinuxMap] = [:]
    for definition in object.maps.values {
      maps[definition.name] =
        definition.pinning == .byName
        ? try sharedMap(definition, types: mapTypes, in: pinFolder) : try makeMap(definition, types: mapTypes)
    }
    for definition in object.maps.values where definition.type == .arrayOfMaps || definition.type == .hashOfMaps {
      try fill(definition, maps) { maps[$0]?.descriptor }
    }
    var images: [(Program, ProgramImage)] = []
    for name in selected {
      guard let program = object.programs[name] else { continue }
      images.append((program, try ProgramImage(program, maps: maps, types: &loadable, kernel: self)))
    }
    // Source lines may have added texts.
    var programTypes = mapTypes
    if let loadable, mapTypes == nil || loadable.hasGrown {
      programTypes = try load(loadable.encoded, for: "the object's types")
    }
    let programs =
      concurrently
      ? try loadConcurrently(images, of: object, types: programTypes)
      : try loadInTurn(images, of: object, types: programTypes)
    for definition in object.maps.values where definition.type == .programArray {
      try fill(definition, maps) { programs[$0]?.descriptor }
    }
    return LinuxObject(object: object, maps: maps, programs: programs)
  }

  private func loadInTurn(
    _ images: [(Program, ProgramImage)], of object: ObjectFile, types: Descriptor?
  ) throws(BPFError) -> [String: LinuxProgram] {
    var programs: [String: LinuxProgram] = [:]
    for (program, image) in images {
      programs[program.name] = try load(program, image: image, of: object, types: types)
    }
    return programs
  }

  /// Of several programs that are refused, the first of the object is told.
  private func loadConcurrently(
    _ images: [(Program, ProgramImage)], of object: ObjectFile, types: Descriptor?
  ) throws(BPFError) -> [String: LinuxProgram] {
    let loaded = Mutex([Result<LinuxProgram, BPFError>?](repeating: nil, count: images.count))
    DispatchQueue.concurrentPerform(iterations: images.count) { index in
      let result: Result<LinuxProgram, BPFError>
      do throws(BPFError) {
        let (program, image) = images[index]
        result = .success(try load(program, image: image, of: object, types: types))
      } catch { result = .failure(error) }
      loaded.withLock { $0[index] = result }
    }
    var programs: [String: LinuxProgram] = [:]
    for case let result? in loaded.withLock({ $0 }) {
      let program = try result.get()
      programs[program.name] = program
    }
    return programs
  }

  /// The programs to load, in the order of the object.
  private func select(_ names: Set<String>?, of object: ObjectFile) throws(BPFError) -> [String] {
    for name in names ?? [] where object.programs[name] == nil {
      throw .refusal(
        "program '\(name)'",
        "the object has no such program; it has \(object.programs.keys.joined(separator: ", "))")
    }
    return object.programs.values.filter { names?.contains($0.name) ?? $0.loadsByDefault }.map(\.name)
  }

  /// Fits the object to this kernel.
  func prepare(_ object: inout ObjectFile, _ selected: [String]) throws(BPFError) {
    guard object.byteOrder == .little, UInt16(littleEndian: 1) == 1 else {
      throw .refusal(
        "the object", "it was compiled for a machine of another byte order", advice: "compile with -target bpf")
    }
    var configuration: [String: String] = [:]
    for extern in object.externs.values where extern.kind == .configuration {
      // What a kernel does not tell of itself a weak one does without.
      do throws(BPFError) { configuration[extern.name] = try configurationValue(extern.name) } catch {
        guard extern.isWeak else { throw error }
      }
    }
    do throws(EditError) {
      try object.setConfiguration { configuration[$0] }
    } catch { throw .refusal("the object's configuration values", "\(error)") }
    try checkPrototypes(of: object, selected)
    for name in selected {
      guard var program = object.programs[name], program.kind.type != .structOperations else {
        throw .refusal("program '\(name)'", "struct_ops programs are not supported by the Linux engine so far")
      }
      guard !program.typeRelocations.isEmpty else { continue }
      guard let local = object.types else {
        throw .refusal("program '\(name)'", "it has CO-RE relocations, and the object has no types")
      }
      let target = try types()
      do throws(TypeRelocationError) {
        try program.applyTypeRelocations(local: local, target: target)
      } catch { throw .refusal("program '\(name)'", "\(error)") }
      object.programs[name] = program
    }
  }

  /// Puts maps or programs into the slots that the object gives them.
  func fill(
    _ definition: MapDefinition, _ maps: [String: LinuxMap], _ find: (String) -> Descriptor?
  ) throws(BPFError) {
    guard let map = maps[definition.name] else { return }
    for (index, name) in definition.initialSlots.sorted(by: { $0.key < $1.key }) {
      guard let descriptor = find(name) else {
        throw .refusal("map '\(definition.name)'", "slot \(index) is to hold '\(name)', which was not loaded")
      }
      let key = withUnsafeBytes(of: index) { Array($0) }
      try map.updateElement(key, to: withUnsafeBytes(of: descriptor.rawValue) { Array($0) })
      withExtendedLifetime(descriptor) {}
    }
  }
}
