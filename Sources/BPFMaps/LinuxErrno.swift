/// An error number with the value that Linux gives it on x86-64, on every host.
public struct LinuxErrno: RawRepresentable, Error, Hashable, Sendable, CustomStringConvertible {
  /// The positive number.
  public var rawValue: Int32
  public init(rawValue: Int32) { self.rawValue = rawValue }

  /// What a helper or a system call returns to a program: the negated number.
  public var returnValue: Int64 { -Int64(rawValue) }

  public static let operationNotPermitted = LinuxErrno(rawValue: 1)  // EPERM
  public static let noSuchEntry = LinuxErrno(rawValue: 2)  // ENOENT
  public static let noSuchProcess = LinuxErrno(rawValue: 3)  // ESRCH
  public static let interrupted = LinuxErrno(rawValue: 4)  // EINTR
  public static let tooBig = LinuxErrno(rawValue: 7)  // E2BIG
  public static let badFileDescriptor = LinuxErrno(rawValue: 9)  // EBADF
  public static let tryAgain = LinuxErrno(rawValue: 11)  // EAGAIN
  public static let outOfMemory = LinuxErrno(rawValue: 12)  // ENOMEM
  public static let accessDenied = LinuxErrno(rawValue: 13)  // EACCES
  public static let badAddress = LinuxErrno(rawValue: 14)  // EFAULT
  public static let busy = LinuxErrno(rawValue: 16)  // EBUSY
  public static let exists = LinuxErrno(rawValue: 17)  // EEXIST
  public static let invalidArgument = LinuxErrno(rawValue: 22)  // EINVAL
  public static let noSpace = LinuxErrno(rawValue: 28)  // ENOSPC
  public static let rangeError = LinuxErrno(rawValue: 34)  // ERANGE
  public static let nameTooLong = LinuxErrno(rawValue: 36)  // ENAMETOOLONG
  public static let notSupported = LinuxErrno(rawValue: 95)  // EOPNOTSUPP
  /// `ENOTSUPP`, which Linux gives out although it is not an error number of user space.
  public static let notSupportedInternal = LinuxErrno(rawValue: 524)

  public var description: String { "errno \(rawValue)" }
}
