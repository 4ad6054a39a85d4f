public import BPFLinux
import BPFObject
import SystemPackage

/// What a ``LinuxSession`` has left: the object in the kernel, and what became of its programs and of the target.
public struct LinuxRun: Sendable {
  /// The object in the kernel, with the contents of its maps.
  public let object: LinuxObject
  /// The programs in the order in which they were asked for.
  public let programs: [ProgramOutcome]
  /// The number of the command's process, `nil` when there was no command.
  public let process: Int32?
  /// How the command ended, `nil` when there was none, or it has not.
  public let end: TargetProcess.End?

  /// A program and what it was attached to.
  public struct ProgramOutcome: Hashable, Sendable {
    /// The name.
    public var name: String
    /// What it was attached to, in words.
    public var place: String
    /// What a `syscall` program returned.
    public var result: UInt32?
    /// The context that a `syscall` program has left.
    public var context: [UInt8]?
    /// What an iterator has written.
    public var text: String?
    /// Why it gave no text, if so.
    public var problem: String?
  }

  /// What the maps hold, those that hold nothing left out, in the order of the object.
  ///
  /// The records of ring buffers and the values of queues are taken out of them.
  public func takeMapContents() -> [MapContents] {
    object.object.maps.values.compactMap { definition in
      object.maps[definition.name].map { MapContents(taking: $0, of: definition) }
    }.filter { !$0.elements.isEmpty || $0.problem != nil }
  }
}
