import BPFMaps
import BPFObject

/// What the maps of a machine ask it and tell it: whom a descriptor stands for, whose special fields are released.
///
/// Unchecked: maps want an environment that any thread may ask, and a machine and all that belongs to it are used by
/// one thread at a time.
final class MapEvents: MapEnvironment, SpecialFieldObserver, @unchecked Sendable {
  unowned var machine: Machine!

  /// What a descriptor can stand for.
  enum Target {
    case map(LoadedMap)
    case program(LoadedProgram)
    /// The buffer of a perf event.
    case perfEvent(PerfEventBuffer)
    /// A process descriptor, for task storage.
    case task(SimulatedTask)
  }

  private var targets: [Target] = []

  /// A descriptor for a target. Descriptors are never closed: the machine's script is the only user of them.
  func descriptor(for target: Target) -> Int32 {
    targets.append(target)
    return Int32(targets.count - 1) + Self.firstDescriptor
  }

  private static let firstDescriptor: Int32 = 3

  private func target(of descriptor: Int32) throws(LinuxErrno) -> Target {
    let index = Int(descriptor) - Int(Self.firstDescriptor)
    guard targets.indices.contains(index) else { throw .badFileDescriptor }
    return targets[index]
  }

  // MARK: MapEnvironment

  func object(forDescriptor descriptor: Int32, in map: BPFMap) throws(LinuxErrno) -> StoredObject {
    switch (try target(of: descriptor), map.type) {
    case (.map(let inner), .arrayOfMaps), (.map(let inner), .hashOfMaps):
      return StoredObject(
        MapReference(inner, machine), identifier: inner.id, token: inner.object.address, map: inner.map)
    case (.program(let program), .programArray):
      return StoredObject(ProgramReference(program, machine), identifier: program.id, token: UInt64(program.id))
    case (.perfEvent(let buffer), .perfEventArray):
      return StoredObject(buffer, identifier: UInt32(descriptor), token: UInt64(descriptor))
    default:
      throw .invalidArgument
    }
  }

  func owner(forDescriptor descriptor: Int32) throws(LinuxErrno) -> StorageOwner {
    guard case .task(let task) = try target(of: descriptor) else { throw .badFileDescriptor }
    guard task.isAlive else { throw .noSuchEntry }
    return StorageOwner(rawValue: task.object.address)
  }

  // MARK: SpecialFieldObserver

  func elementWillBeReleased(
    _ element: ElementIndex, valueAt offset: Int, of map: BPFMap, cause: ReleaseCause
  ) {
    guard let machine, let loaded = machine.map(id: map.identifier) else { return }
    let cpu = machine.actingCPUs.last ?? machine.cpus[0]
    machine.taskWork.release(element, of: loaded, on: cpu)
    machine.cancelTimer(of: element, in: loaded)
    if let address = loaded.address(ofOffset: offset) { machine.releaseContents(map.layout.fields, at: address) }
  }
}

/// The hold that a slot of a map of maps has on the inner map.
private final class MapReference: @unchecked Sendable {
  private let map: LoadedMap
  private weak var machine: Machine?

  init(_ map: LoadedMap, _ machine: Machine) {
    self.map = map
    self.machine = machine
    map.kernelReferenceCount += 1
  }

  deinit { machine?.releaseProgramReference(to: map) }
}

/// The hold that a slot of a program array has on the program.
private final class ProgramReference: @unchecked Sendable {
  private let program: LoadedProgram
  private weak var machine: Machine?

  init(_ program: LoadedProgram, _ machine: Machine) {
    self.program = program
    self.machine = machine
    program.retain()
  }

  deinit { machine?.release(program) }
}
