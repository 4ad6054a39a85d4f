// BPFMaps holds the map types of Linux 6.18 in memory, with its semantics and error numbers, for an engine that runs
// BPF programs in user space. A map has two faces: what programs see through helpers (`program…`, offsets into the
// map's memory, no allocation), and what user space sees through bpf(2) (`BPFMap+User.swift`, bytes that are copied).
// The module knows no program, no task and no clock. What lies beyond a map (whom a descriptor stands for, what a
// special field means) it asks or tells the engine: `MapEnvironment`, `SpecialFieldObserver`. It never makes a system
// call but for memory, never calls back while a program's pointer would move, and never frees memory under a program.

public import BPFObject
public import BPFTypeFormat
import Synchronization

/// A map in memory. Make one with ``create(_:cpuCount:identifier:environment:observer:)``.
///
/// All operations may be called from many threads at once. What programs see of values is a place in ``memory``,
/// which keeps its address as long as the map lives: keep the map alive while a program may hold pointers into it.
public class BPFMap: @unchecked Sendable {
  /// What the map was made from.
  public let definition: MapDefinition
  /// The engine's id of the map (`struct bpf_map::id`).
  public let identifier: UInt32
  /// The number of possible CPUs: per-CPU maps have as many values an element.
  public let cpuCount: Int
  /// The memory that programs reach through pointers: values, and for hashes their keys; empty for maps without.
  public let memory: MemoryBlock
  /// The size of a key in bytes.
  public let keySize: Int
  /// The size of a value in bytes.
  public let valueSize: Int
  /// The number of elements that the map was made for.
  public let maxEntries: Int
  /// The special fields of the value, if it has a record of them.
  public let specialFields: SpecialFields?
  /// The size of the value and the places of its special fields.
  package let layout: ValueLayout

  /// Whom the map asks about descriptors.
  final let environment: (any MapEnvironment)?
  private let observer: (any SpecialFieldObserver)?
  private let userReferences = Atomic<Int>(1)
  private let frozen = Atomic<Bool>(false)

  /// The subclass has allocated `memory` by the definition that was checked.
  init(_ checked: CheckedMapDefinition, memory: MemoryBlock) {
    definition = checked.definition
    identifier = checked.identifier
    cpuCount = checked.cpuCount
    self.memory = memory
    keySize = Int(checked.definition.keySize)
    valueSize = Int(checked.definition.valueSize)
    maxEntries = Int(checked.definition.maxEntries)
    specialFields = checked.specialFields
    layout = checked.layout
    environment = checked.environment
    observer = checked.observer
  }

  deinit { memory.deallocate() }

  /// The type of the map.
  public final var type: MapType { definition.type }
  /// The name of the map.
  public final var name: String { definition.name }

  // MARK: Elements

  /// One more than the highest ``ElementIndex`` that the map can ever use.
  ///
  /// Hashes have some elements more than ``maxEntries``: an update of an existing key takes a new one before it gives
  /// the old one back.
  public var elementCapacity: Int { 0 }

  /// The element whose key or value covers an offset in ``memory``.
  public func element(containing offset: Int) -> ElementIndex? { nil }

  /// Where the value of an element is in ``memory``.
  ///
  /// - Parameter cpu: which of the values of a per-CPU map; ignored by others.
  public func valueOffset(of element: ElementIndex, cpu: Int = 0) -> Int? { nil }

  /// Where the key of an element is in ``memory``; `nil` for maps that store none: an array's key is the index.
  public func keyOffset(of element: ElementIndex) -> Int? { nil }

  /// The bytes of an element's key as they are now.
  public final func key(of element: ElementIndex) -> [UInt8]? {
    if let offset = keyOffset(of: element) { return memory.bytes(count: keySize, at: offset) }
    guard valueOffset(of: element) != nil else { return nil }
    return Self.bytes(of: element.rawValue)
  }

  /// The bytes of an element's value as they are now, special fields as zero.
  ///
  /// - Parameter cpu: which of the values of a per-CPU map.
  public final func value(of element: ElementIndex, cpu: Int = 0) -> [UInt8]? {
    guard let offset = valueOffset(of: element, cpu: cpu) else { return nil }
    var bytes: [UInt8] = []
    layout.append(from: memory, at: offset, to: &bytes)
    return bytes
  }

  // MARK: What programs see

  /// `bpf_map_lookup_elem`: the offset in ``memory`` of the value with this key, or `nil`.
  ///
  /// - Parameters:
  ///   - key: at least ``keySize`` bytes.
  ///   - cpu: the CPU that the program runs on.
  public func programLookup(_ key: RawSpan, cpu: Int) -> Int? { nil }

  /// `bpf_map_lookup_percpu_elem`: the offset in ``memory`` of another CPU's value; `nil` for a CPU that is none.
  public func programLookup(_ key: RawSpan, onCPU cpu: Int) -> Int? { nil }

  /// `bpf_map_lookup_elem` and `bpf_tail_call`: the token of the map, program or event stored under this key.
  public func programLookupStored(_ key: RawSpan) -> UInt64? { nil }

  /// Puts an object under a key, or takes it away with `nil`, as user space does by descriptor.
  ///
  /// - Returns: what was there before, to be released by the caller when no lock is held.
  func exchangeStored(
    _ key: RawSpan, with object: StoredObject?, flags: ElementFlags
  ) throws(LinuxErrno) -> StoredObject? { throw .invalidArgument }

  /// The object under a key.
  func storedObject(_ key: RawSpan) -> StoredObject? { nil }

  /// `bpf_map_update_elem`.
  ///
  /// - Parameters:
  ///   - key: at least ``keySize`` bytes.
  ///   - value: at least ``valueSize`` bytes; special fields in it are ignored.
  ///   - flags: as Linux takes them.
  ///   - cpu: the CPU that the program runs on.
  public func programUpdate(_ key: RawSpan, _ value: RawSpan, flags: ElementFlags, cpu: Int) throws(LinuxErrno) {
    throw .invalidArgument
  }

  /// `bpf_map_delete_elem`.
  public func programDelete(_ key: RawSpan, cpu: Int) throws(LinuxErrno) { throw .invalidArgument }

  /// `bpf_map_push_elem`.
  public func programPush(_ value: RawSpan, flags: ElementFlags) throws(LinuxErrno) { throw .notSupported }

  /// `bpf_map_pop_elem`: the value goes to `destination`, zeros when it fails.
  public func programPop(into destination: inout MutableRawSpan) throws(LinuxErrno) { throw .notSupported }

  /// `bpf_map_peek_elem`: the value goes to `destination`, zeros when it fails. A bloom filter reads the value to be
  /// looked for from it.
  public func programPeek(into destination: inout MutableRawSpan) throws(LinuxErrno) { throw .notSupported }

  /// Whether `bpf_for_each_map_elem` works on this type.
  public var supportsIteration: Bool { false }

  /// The step of `bpf_for_each_map_elem`: the next element, or `nil` at the end.
  ///
  /// Arrays come in the order of the index, hashes in the order of their buckets, as in Linux. The element that was
  /// handed out may be deleted before the next call.
  public func nextElement(_ cursor: inout ElementCursor, cpu: Int) -> VisitedElement? { nil }

  // MARK: What user space sees, by type; `BPFMap+User.swift` checks before it calls

  /// Copies an element's value out, of all CPUs for per-CPU maps.
  func userLookup(_ key: [UInt8], flags: ElementFlags) throws(LinuxErrno) -> [UInt8] { throw .notSupportedInternal }

  func userUpdate(_ key: [UInt8], _ value: [UInt8], flags: ElementFlags, cpu: Int) throws(LinuxErrno) {
    try programUpdate(key.span.bytes, value.span.bytes, flags: flags, cpu: cpu)
  }

  func userDelete(_ key: [UInt8], cpu: Int) throws(LinuxErrno) { try programDelete(key.span.bytes, cpu: cpu) }

  func userNextKey(after key: [UInt8]?) throws(LinuxErrno) -> [UInt8] { throw .notSupportedInternal }

  func userLookupAndDelete(_ key: [UInt8], flags: ElementFlags, cpu: Int) throws(LinuxErrno) -> [UInt8] {
    throw .notSupportedInternal
  }

  /// Whether a value was pushed, for bloom filters.
  func userContains(_ value: [UInt8]) throws(LinuxErrno) -> Bool { throw .notSupportedInternal }

  /// Which batch operations the type has.
  var batchOperations: BatchOperations { [] }

  /// Lookup of many elements, for types that have an order of their own for it.
  func userLookupBatch(
    from cursor: BatchCursor, count: Int, flags: ElementFlags, deleting: Bool, cpu: Int
  ) -> BatchResult {
    genericLookupBatch(from: cursor, count: count, flags: flags)
  }

  /// The size of a value as user space sees it: 8-byte rounded values of all CPUs for per-CPU maps, 4 for descriptors.
  public var userValueSize: Int { valueSize }

  // MARK: Special fields

  /// Tells the observer, if the value has special fields at all.
  @inline(__always)
  final func releaseFields(of element: UInt32, valueAt offset: Int, cause: ReleaseCause) {
    if layout.hasFields { notifyObserver(of: element, valueAt: offset, cause: cause) }
  }

  @inline(never)
  private func notifyObserver(of element: UInt32, valueAt offset: Int, cause: ReleaseCause) {
    observer?.elementWillBeReleased(ElementIndex(rawValue: element), valueAt: offset, of: self, cause: cause)
    layout.clearReleasedFields(in: memory, at: offset)
  }

  /// Releases the special fields of all elements that were ever in use.
  func releaseAllFields() {}

  /// Gives up what a map must give up when no user holds it any more.
  func userReferencesEnded() {
    if layout.hasFields { releaseAllFields() }
  }

  // MARK: User references

  /// Whether user space still holds the map by a handle. Without one, nothing new can be armed: EBUSY.
  public final var hasUserReferences: Bool { userReferences.load(ordering: .acquiring) > 0 }

  /// A further handle of user space on the map. The map is made with one.
  public final func retainUserReference() { userReferences.wrappingAdd(1, ordering: .acquiringAndReleasing) }

  /// A handle of user space is closed. The last one releases the special fields of all elements, and empties a program
  /// array. Programs may go on to use the map.
  public final func releaseUserReference() {
    let left = userReferences.wrappingSubtract(1, ordering: .acquiringAndReleasing).newValue
    if left == 0 { userReferencesEnded() }
  }

  // MARK: Freezing

  /// Whether user space has given up writing to the map for ever.
  public final var isFrozen: Bool { frozen.load(ordering: .acquiring) }

  /// Freezes once; false when it was frozen before.
  final func setFrozen() -> Bool { !frozen.exchange(true, ordering: .acquiringAndReleasing) }

  // MARK: Keys and CPUs

  /// Whether there is a CPU of this number.
  @inline(__always)
  final func isCPU(_ cpu: Int) -> Bool { UInt(bitPattern: cpu) < UInt(bitPattern: cpuCount) }

  /// The four bytes of an index as a key, in the host's byte order.
  static func bytes(of index: UInt32) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: index.littleEndian >> UInt32(8 * $0)) }
  }

  /// The index that the first four bytes of a key are.
  @inline(__always)
  static func index(in key: RawSpan) -> UInt32 { key.unsafeLoadUnaligned(fromByteOffset: 0, as: UInt32.self) }
}

/// Where an iteration over a map's elements is.
public struct ElementCursor: Hashable, Sendable {
  /// The bucket of a hash; unused for arrays.
  var bucket: UInt32 = 0
  /// The next element or the end of the chain; an array's next index.
  var link: UInt32 = 0
  /// Whether `link` is valid for a hash.
  var isInside = false
  /// Starts at the first element.
  public init() {}
}

/// An element handed out by an iteration.
public struct VisitedElement: Hashable, Sendable {
  /// The element; for arrays, the key.
  public var element: ElementIndex
  /// Where its key is in the map's memory; `nil` for arrays.
  public var keyOffset: Int?
  /// Where its value is in the map's memory, of this CPU for per-CPU maps.
  public var valueOffset: Int
}
