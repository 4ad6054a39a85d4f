/// The flags of an update or a lookup of one element (`BPF_ANY`, `BPF_NOEXIST`, `BPF_EXIST`, `BPF_F_LOCK`).
public struct ElementFlags: OptionSet, Hashable, Sendable {
  /// The number that Linux gives the flags.
  public let rawValue: UInt64
  /// Takes any number: which of them an operation accepts is the map's to say.
  public init(rawValue: UInt64) { self.rawValue = rawValue }

  /// `BPF_ANY`: create the element or replace it.
  public static let any = ElementFlags([])
  /// `BPF_NOEXIST`: create the element, fail with EEXIST when it is there.
  public static let mustNotExist = ElementFlags(rawValue: 1)
  /// `BPF_EXIST`: replace the element, fail with ENOENT when it is not there.
  public static let mustExist = ElementFlags(rawValue: 2)
  /// `BPF_F_LOCK`: copy under the value's `bpf_spin_lock`, in place.
  public static let lock = ElementFlags(rawValue: 4)

  /// The flags without `lock` are one of the three others.
  @inline(__always)
  var isKnown: Bool { rawValue & ~4 <= 2 }
}

/// The number of an element of a map: an array's index, or the place of a hash's element in its memory.
///
/// An element keeps its number, and its place in memory, as long as the map lives. Who is stored in it may change.
public struct ElementIndex: RawRepresentable, Hashable, Sendable, Comparable {
  /// The number, from 0.
  public var rawValue: UInt32
  /// Takes a number from 0.
  public init(rawValue: UInt32) { self.rawValue = rawValue }
  /// By number.
  public static func < (left: ElementIndex, right: ElementIndex) -> Bool { left.rawValue < right.rawValue }
}
