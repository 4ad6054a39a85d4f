public import BPFObject
import Synchronization

/// An object in the running kernel: its maps and programs. They go with the last reference to them.
public final class LinuxObject: Sendable {
  /// The object as it was loaded, with the values of its configuration.
  public let object: ObjectFile
  /// The maps by name.
  public let maps: [String: LinuxMap]
  /// The programs that were loaded, by name.
  public let programs: [String: LinuxProgram]
  /// Maps whose memory is shared with the process, for variables.
  let memories = Mutex<[String: MapMemory]>([:])

  init(object: ObjectFile, maps: [String: LinuxMap], programs: [String: LinuxProgram]) {
    self.object = object
    self.maps = maps
    self.programs = programs
  }

  /// A map of the object.
  ///
  /// - Throws: ``BPFError`` that lists the maps there are.
  public func map(_ name: String) throws(BPFError) -> LinuxMap {
    if let map = maps[name] { return map }
    throw .refusal(
      "map '\(name)'", "the object has no such map; it has \(object.maps.keys.joined(separator: ", "))")
  }

  /// A program of the object.
  ///
  /// - Throws: ``BPFError`` that lists the programs there are.
  public func program(_ name: String) throws(BPFError) -> LinuxProgram {
    if let program = programs[name] { return program }
    throw .refusal(
      "program '\(name)'", "it was not loaded; these were: \(programs.keys.sorted().joined(separator: ", "))")
  }
}
