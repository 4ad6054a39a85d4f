/// What the maps of an engine ask the engine: whom a descriptor stands for.
public protocol MapEnvironment: AnyObject, Sendable {
  /// The object behind a descriptor that user space stores in a map of programs, maps or events.
  ///
  /// - Throws: EBADF when the descriptor is not open, EINVAL when it is of the wrong kind for the map.
  func object(forDescriptor descriptor: Int32, in map: BPFMap) throws(LinuxErrno) -> StoredObject

  /// The task behind a process descriptor, as task storage names it.
  ///
  /// - Throws: EBADF when it is not an open process descriptor, ENOENT when the task has gone.
  func owner(forDescriptor descriptor: Int32) throws(LinuxErrno) -> StorageOwner
}

/// A program, a map or an event that sits in a slot of a map.
public struct StoredObject: Sendable {
  /// The object; the slot keeps it alive.
  public var object: any AnyObject & Sendable
  /// What user space reads back: the object's id.
  public var identifier: UInt32
  /// The map, where the object stands for one: it has to fit the template of the outer map.
  public var map: BPFMap?
  /// What the engine gets back on a program's lookup, never 0: an address, a number, as the engine likes.
  public var token: UInt64

  /// An object, what user space reads back for it, and what a program's lookup yields.
  ///
  /// A map that is stored in a map of maps is given as `map` too, if it is not the object itself.
  public init(_ object: any AnyObject & Sendable, identifier: UInt32, token: UInt64, map: BPFMap? = nil) {
    self.object = object
    self.map = map ?? object as? BPFMap
    self.identifier = identifier
    self.token = token
  }
}

/// The task that a value of task storage belongs to: an opaque number of the engine's.
public struct StorageOwner: RawRepresentable, Hashable, Sendable {
  /// The engine's number.
  public var rawValue: UInt64
  /// Takes the engine's number.
  public init(rawValue: UInt64) { self.rawValue = rawValue }
}
