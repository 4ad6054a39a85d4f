/// How the user stack of a sample ended, or why it has none: the numbers of `enum status` in `Program/records.h`.
public struct UserStackStatus: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
  /// The number.
  public let rawValue: UInt8
  /// The status with a number.
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// A frame without a caller was reached.
  public static let complete = UserStackStatus(rawValue: 0)
  /// There are more frames than are told.
  public static let frameLimit = UserStackStatus(rawValue: 1)
  /// The walk read as much memory as one may.
  public static let byteBudget = UserStackStatus(rawValue: 2)
  /// The walk executed as many instructions of tables as one may.
  public static let stepBudget = UserStackStatus(rawValue: 3)
  /// A return address is in no mapping.
  public static let noMapping = UserStackStatus(rawValue: 4)
  /// A return address is in memory that is not executable.
  public static let notCode = UserStackStatus(rawValue: 5)
  /// No frame rules are known, and the frame pointer cannot be one.
  public static let noRules = UserStackStatus(rawValue: 6)
  /// The frame rules are damaged, or of a form that compilers do not write.
  public static let badRules = UserStackStatus(rawValue: 7)
  /// Headers or frame rules could not be read.
  public static let unreadableRules = UserStackStatus(rawValue: 8)
  /// The stack could not be read.
  public static let unreadableStack = UserStackStatus(rawValue: 9)
  /// A caller's frame is not above its callee's.
  public static let noProgress = UserStackStatus(rawValue: 10)
  /// The walk came to memory of a device, which is not read.
  public static let deviceMemory = UserStackStatus(rawValue: 11)
  /// Other threads were changing the mappings all the time.
  public static let mappingsBusy = UserStackStatus(rawValue: 12)
  /// It is 32-bit code.
  public static let code32Bit = UserStackStatus(rawValue: 13)
  /// A thread of the kernel has no user stack.
  public static let kernelThread = UserStackStatus(rawValue: 32)
  /// The thread is ending and its memory gone.
  public static let noMemoryMap = UserStackStatus(rawValue: 33)
  /// The thread has executed another program before its stack was walked, or what the walk needed was not in memory then.
  public static let executed = UserStackStatus(rawValue: 34)
  /// The thread has ended before its stack was walked, or what the walk needed was not in memory then.
  public static let ended = UserStackStatus(rawValue: 35)
  /// The thread was executing another program: the old one's memory was gone, and the new one's not there.
  public static let betweenPrograms = UserStackStatus(rawValue: 36)
  /// The kernel refused to defer the walk.
  public static let refused = UserStackStatus(rawValue: 48)
  /// There was no memory for another thread.
  public static let noElement = UserStackStatus(rawValue: 49)
  /// Too many walks were under way.
  public static let noWalk = UserStackStatus(rawValue: 50)
  /// The stack comes by itself.
  public static let deferred = UserStackStatus(rawValue: 64)
  /// The stack was taken in the interrupt, since the kernel cannot defer.
  public static let interrupt = UserStackStatus(rawValue: 65)

  /// What sort of status it is.
  public enum Kind: Hashable, Sendable {
    case complete
    case truncated
    /// There was no user stack when the sample was taken.
    case absent
    /// There was one. It did not come, or not yet, or in part.
    case missing
  }

  /// What sort of status it is.
  public var kind: Kind {
    switch rawValue {
    case 0: .complete
    case 1..<32: .truncated
    case 32, 33, 36: .absent
    case 65: .truncated
    default: .missing
    }
  }

  private static let words: [UInt8: String] = [
    0: "complete", 1: "more frames than are told", 2: "byte budget", 3: "step budget",
    4: "return address in no mapping", 5: "return address is no code", 6: "no frame rules and no frame pointer",
    7: "damaged frame rules", 8: "unreadable frame rules", 9: "unreadable stack", 10: "frames in no order",
    11: "device memory", 12: "mappings busy", 13: "32-bit code", 32: "kernel thread", 33: "no memory map",
    34: "executed another program", 35: "ended", 36: "between two programs", 48: "deferred work refused",
    49: "no memory for the thread",
    50: "too many walks at a time", 64: "pending", 65: "taken in the interrupt",
  ]

  /// The status in words.
  public var description: String { Self.words[rawValue] ?? "status \(rawValue)" }
}
