/// Why a map was not created, or an operation of user space on it failed.
public struct MapError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The error number that Linux 6.18 gives for the same call.
  public var errno: LinuxErrno
  /// The map's name.
  public var map: String
  /// A sentence that says which rule was broken.
  public var reason: String

  /// An error for the map of that name.
  public init(_ errno: LinuxErrno, map: String, reason: String) {
    self.errno = errno
    self.map = map
    self.reason = reason
  }

  /// The map, the reason and the symbol of the number.
  public var description: String { "map '\(map)': \(reason) (\(errno))" }
}

/// The operations of user space on a map's elements, as errors name them.
enum UserOperation: String {
  case lookup
  case update
  case delete
  case nextKey = "next key"
  case lookupAndDelete = "lookup and delete"
  case batch
  case freeze
  case map = "memory mapping"

  /// What `errno` means when this operation gives it.
  func reason(for errno: LinuxErrno) -> String {
    switch (self, errno) {
    case (.nextKey, .noSuchEntry): "there is no further key"
    case (_, .noSuchEntry): "\(rawValue): no such element"
    case (.update, .exists):
      "update: the element exists already, and BPF_NOEXIST was asked for (array elements always exist)"
    case (.update, .tooBig): "update: the index is out of range, or the map is full"
    case (.update, .noSpace): "update: the map is full"
    case (.update, .outOfMemory): "update: there is no free element"
    case (.delete, .invalidArgument): "delete: elements of this map type cannot be deleted, or the key is not valid"
    case (.freeze, .notSupportedInternal), (.map, .notSupportedInternal):
      "\(rawValue): not possible for a map whose values have special fields"
    case (_, .notSupportedInternal), (_, .notSupported): "\(rawValue): this map type does not support it"
    case (_, .operationNotPermitted): "\(rawValue): the map is frozen, or its flags do not allow user space to do this"
    case (_, .invalidArgument): "\(rawValue): the flags, the key or the value are not valid for this map"
    case (_, .badFileDescriptor): "\(rawValue): the value is not an open descriptor"
    default: "\(rawValue) failed"
    }
  }
}
