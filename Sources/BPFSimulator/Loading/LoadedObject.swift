public import BPFMaps
public import BPFObject

/// An object in the simulated kernel: handles on its programs and maps. Closing it drops the handles.
public final class LoadedObject {
  /// The machine whose kernel it is in.
  public let machine: Machine
  /// What was loaded.
  public let object: ObjectFile
  /// The programs by name, in the order of the file.
  public private(set) var programs: [LoadedProgram]
  /// The maps by name.
  public private(set) var maps: [String: LoadedMap]
  private var openPrograms: Set<UInt32>
  private var openMaps: Set<UInt32>

  init(machine: Machine, object: ObjectFile, programs: [LoadedProgram], maps: [String: LoadedMap]) {
    self.machine = machine
    self.object = object
    self.programs = programs
    self.maps = maps
    openPrograms = Set(programs.map(\.id))
    openMaps = Set(maps.values.map(\.id))
  }

  deinit { close() }

  /// The program with a name.
  public func program(_ name: String) throws(MachineError) -> LoadedProgram {
    guard let program = programs.first(where: { $0.name == name }) else {
      let names = programs.map(\.name).joined(separator: ", ")
      guard object.programs[name] == nil else {
        throw MachineError("program '\(name)' was not loaded; these were: \(names)")
      }
      throw MachineError("the object has no program '\(name)'; it has \(names)")
    }
    return program
  }

  /// The map with a name.
  public func map(_ name: String) throws(MachineError) -> BPFMap {
    guard let map = maps[name] else {
      throw MachineError("the object has no map '\(name)'; it has \(maps.keys.sorted().joined(separator: ", "))")
    }
    return map.map
  }

  /// Attaches a program; it runs until the attachment is dropped.
  public func attach(
    _ name: String, to point: AttachPoint, cookie: UInt64 = 0
  ) throws(MachineError) -> Attachment {
    try machine.attach(program(name), to: point, cookie: cookie)
  }

  /// Runs a `syscall` program once on a CPU, in the context of the task that the CPU runs, as `BPF_PROG_TEST_RUN` does.
  ///
  /// - Returns: the program's result and the context as the program has left it.
  @discardableResult
  public func run(
    _ name: String, context: [UInt8] = [], on cpu: Int = 0
  ) throws(MachineError) -> (result: UInt64, context: [UInt8]) {
    try machine.testRun(program(name), context: context, on: cpu)
  }

  /// Closes the handle on one program; what else refers to the program keeps it.
  public func closeProgram(_ name: String) throws(MachineError) {
    let program = try program(name)
    if openPrograms.remove(program.id) != nil { machine.release(program) }
  }

  /// Closes the handle on one map. The last one cancels all task work and all timers of the map.
  public func closeMap(_ name: String) throws(MachineError) {
    _ = try map(name)
    guard let map = maps[name], openMaps.remove(map.id) != nil else { return }
    try machine.operate { () throws(MachineError) in machine.releaseUserReference(to: map) }
  }

  /// Opens a further handle on a map, as a duplicate of its descriptor; close it with ``closeDuplicate(of:)``.
  public func duplicateMap(_ name: String) throws(MachineError) {
    _ = try map(name)
    maps[name]?.retainUserReference()
  }

  /// Closes a handle that ``duplicateMap(_:)`` opened.
  public func closeDuplicate(of name: String) throws(MachineError) {
    _ = try map(name)
    guard let map = maps[name], map.userReferenceCount > (openMaps.contains(map.id) ? 1 : 0) else {
      throw MachineError("map '\(name)' has no further handle")
    }
    try machine.operate { () throws(MachineError) in machine.releaseUserReference(to: map) }
  }

  /// Closes all handles: programs that nothing runs any more and maps that nothing refers to are freed.
  public func close() {
    for program in programs where openPrograms.remove(program.id) != nil { machine.release(program) }
    for map in maps.values.sorted(by: { $0.id < $1.id }) where openMaps.remove(map.id) != nil {
      machine.releaseUserReference(to: map)
    }
  }
}
