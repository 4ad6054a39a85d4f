public import BPFObject
import SystemPackage

/// A map in the running kernel. The kernel's map goes when nothing refers to it any more: no value of this type, no
/// program, no other map, no file.
///
/// Keys and values are bytes in the layout of C. Those of per-CPU maps are the values of all possible CPUs one after
/// another, each rounded up to eight bytes.
public final class LinuxMap: Sendable {
  /// The name that the object gives it.
  public let name: String
  /// The type.
  public let type: MapType
  /// The size of a key in bytes.
  public let keySize: Int
  /// The size of a value in bytes, as programs see it.
  public let valueSize: Int
  /// The size in bytes of what a lookup gives: ``valueSize``, or the values of all CPUs.
  public let transferSize: Int
  /// The greatest number of elements; for a ring buffer its size in bytes.
  public let maxEntries: UInt32
  /// The identifier by which the kernel and its tools call the map.
  public let identifier: UInt32
  let descriptor: Descriptor
  let systemCalls: any SystemCalls
  /// Whether `systemCalls` is the running kernel itself: elements are asked for without a detour then.
  let isRunning: Bool

  /// Takes over the descriptor of a map, and asks the kernel what it is.
  init(_ descriptor: Descriptor, name: String?, kernel: LinuxKernel) throws(BPFError) {
    let info = try kernel.mapInformation(descriptor, for: name.map { "map '\($0)'" } ?? "a map")
    self.descriptor = descriptor
    systemCalls = kernel.systemCalls
    isRunning = kernel.systemCalls is RunningKernel
    self.name = name ?? info.name
    guard let type = info.type else {
      throw .refusal("map '\(self.name)'", "its type \(info.typeNumber) is unknown to Merops")
    }
    self.type = type
    keySize = Int(info.keySize)
    valueSize = Int(info.valueSize)
    maxEntries = info.maxEntries
    identifier = info.identifier
    switch type {
    case .perCPUHash, .perCPUArray, .lruPerCPUHash, .perCPUCgroupStorage:
      transferSize = (valueSize + 7) / 8 * 8 * (try kernel.possibleCPUCount())
    case .arrayOfMaps, .hashOfMaps, .programArray:
      transferSize = 4
    default:
      transferSize = valueSize
    }
  }

  /// How an update treats an element that is there, or is not (`BPF_ANY`, …).
  public struct ElementFlags: OptionSet, Hashable, Sendable {
    /// The bits.
    public let rawValue: UInt64
    /// The flags with the given bits.
    public init(rawValue: UInt64) { self.rawValue = rawValue }
    /// `BPF_NOEXIST`: the element must not exist yet.
    public static let mustNotExist = ElementFlags(rawValue: 1)
    /// `BPF_EXIST`: the element must exist.
    public static let mustExist = ElementFlags(rawValue: 2)
    /// `BPF_F_LOCK`: under the spin lock in the value.
    public static let lock = ElementFlags(rawValue: 4)
  }

  /// Forbids all changes from user space (`BPF_MAP_FREEZE`), for ever.
  public func freeze() throws(BPFError) {
    var attributes = MapFreezeAttributes(mapDescriptor: descriptor.rawValue)
    do throws(Errno) {
      try systemCalls.perform(.mapFreeze, &attributes)
    } catch { throw self.error(.mapFreeze, error) }
  }

  /// Gives up the reference that this value holds. With the last reference of user space outstanding task work is
  /// cancelled, and no more is taken.
  public func close() { descriptor.close() }

  func error(_ command: BPFCommandNumber, _ errno: Errno) -> BPFError {
    BPFError("map '\(name)'", command, errno)
  }
}
