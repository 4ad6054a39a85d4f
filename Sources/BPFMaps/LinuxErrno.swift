/// An error number with the value that Linux gives it on x86-64, on every host.
public struct LinuxErrno: RawRepresentable, Error, Hashable, Sendable, CustomStringConvertible {
  /// The positive number.
  public var rawValue: Int32
  /// Takes any number, known or not.
  public init(rawValue: Int32) { self.rawValue = rawValue }

  /// What a helper or a system call returns to a program: the negated number.
  public var returnValue: Int64 { -Int64(rawValue) }

  /// EPERM: not permitted, as a write through a read-only handle.
  public static let operationNotPermitted = LinuxErrno(rawValue: 1)
  /// ENOENT: no such element, name or object.
  public static let noSuchEntry = LinuxErrno(rawValue: 2)
  /// ESRCH: no such task.
  public static let noSuchProcess = LinuxErrno(rawValue: 3)
  /// EINTR: a system call was interrupted.
  public static let interrupted = LinuxErrno(rawValue: 4)
  /// EIO: input or output failed.
  public static let inputOutput = LinuxErrno(rawValue: 5)
  /// ENXIO: no such device or address.
  public static let noSuchDevice = LinuxErrno(rawValue: 6)
  /// E2BIG: an index, size or count is above its limit.
  public static let tooBig = LinuxErrno(rawValue: 7)
  /// EBADF: not an open descriptor; also: no reference could be taken.
  public static let badFileDescriptor = LinuxErrno(rawValue: 9)
  /// EAGAIN: not now, as with a full ring buffer.
  public static let tryAgain = LinuxErrno(rawValue: 11)
  /// ENOMEM: no memory, or no free element.
  public static let outOfMemory = LinuxErrno(rawValue: 12)
  /// EACCES: refused by a rule.
  public static let accessDenied = LinuxErrno(rawValue: 13)
  /// EFAULT: an address that cannot be reached.
  public static let badAddress = LinuxErrno(rawValue: 14)
  /// EBUSY: in use.
  public static let busy = LinuxErrno(rawValue: 16)
  /// EEXIST: there is one already.
  public static let exists = LinuxErrno(rawValue: 17)
  /// EINVAL: an argument or a combination of arguments is not valid.
  public static let invalidArgument = LinuxErrno(rawValue: 22)
  /// ENOSPC: no room.
  public static let noSpace = LinuxErrno(rawValue: 28)
  /// ERANGE: a number is out of range.
  public static let rangeError = LinuxErrno(rawValue: 34)
  /// EDEADLK: waiting would never end.
  public static let wouldDeadlock = LinuxErrno(rawValue: 35)
  /// ENAMETOOLONG: a name is too long.
  public static let nameTooLong = LinuxErrno(rawValue: 36)
  /// ENOSYS: there is no such system call.
  public static let notImplemented = LinuxErrno(rawValue: 38)
  /// ENODATA: no data.
  public static let noData = LinuxErrno(rawValue: 61)
  /// EOVERFLOW: a value does not fit.
  public static let overflow = LinuxErrno(rawValue: 75)
  /// EOPNOTSUPP: this type of object cannot do that.
  public static let notSupported = LinuxErrno(rawValue: 95)
  /// ETIMEDOUT: it took too long.
  public static let timedOut = LinuxErrno(rawValue: 110)
  /// ENOTSUPP: not supported; leaks out of Linux although it is not a number of user space.
  public static let notSupportedInternal = LinuxErrno(rawValue: 524)

  /// The symbol, such as `ENOENT`, or `errno 1234` for a number without one.
  public var description: String {
    switch rawValue {
    case 1: "EPERM"
    case 2: "ENOENT"
    case 3: "ESRCH"
    case 4: "EINTR"
    case 5: "EIO"
    case 6: "ENXIO"
    case 7: "E2BIG"
    case 9: "EBADF"
    case 11: "EAGAIN"
    case 12: "ENOMEM"
    case 13: "EACCES"
    case 14: "EFAULT"
    case 16: "EBUSY"
    case 17: "EEXIST"
    case 22: "EINVAL"
    case 28: "ENOSPC"
    case 34: "ERANGE"
    case 35: "EDEADLK"
    case 36: "ENAMETOOLONG"
    case 38: "ENOSYS"
    case 61: "ENODATA"
    case 75: "EOVERFLOW"
    case 95: "EOPNOTSUPP"
    case 110: "ETIMEDOUT"
    case 524: "ENOTSUPP"
    default: "errno \(rawValue)"
    }
  }
}
