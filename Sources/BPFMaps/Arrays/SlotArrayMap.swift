import BPFObject
import Synchronization

/// Arrays of what user space names by descriptor: `BPF_MAP_TYPE_PROG_ARRAY`, `BPF_MAP_TYPE_PERF_EVENT_ARRAY` and
/// `BPF_MAP_TYPE_ARRAY_OF_MAPS`.
///
/// Programs read a slot's token without a lock; the objects behind are kept alive beside.
final class SlotArrayMap: BPFMap, @unchecked Sendable {
  private let tokens: AtomicArray64
  private let objects = Mutex<[UInt32: StoredObject]>([:])
  private let template: MapTemplate?

  static func make(_ checked: CheckedMapDefinition) throws(MapError) -> BPFMap {
    guard let tokens = AtomicArray64(count: checked.maxEntries), let memory = MemoryBlock.allocate(byteCount: 0) else {
      throw checked.error(.outOfMemory, "the host has no room for \(checked.maxEntries) slots")
    }
    return SlotArrayMap(checked, memory: memory, tokens: tokens)
  }

  private init(_ checked: CheckedMapDefinition, memory: MemoryBlock, tokens: AtomicArray64) {
    self.tokens = tokens
    template = checked.template
    super.init(checked, memory: memory)
  }

  deinit { tokens.deallocate() }

  override func programLookupStored(_ key: RawSpan) -> UInt64? {
    let index = Int(Self.index(in: key))
    guard index < maxEntries else { return nil }
    let token = tokens.loadAcquiring(index)
    return token == 0 ? nil : token
  }

  override func storedObject(_ key: RawSpan) -> StoredObject? {
    objects.withLock { $0[Self.index(in: key)] }
  }

  override func exchangeStored(
    _ key: RawSpan, with object: StoredObject?, flags: ElementFlags
  ) throws(LinuxErrno) -> StoredObject? {
    let index = Self.index(in: key)
    guard Int(index) < maxEntries else { throw .tooBig }
    if let object, let template {
      guard let map = object.map, template.fits(map) else { throw .invalidArgument }
    }
    return objects.withLock { objects in
      let old = objects[index]
      objects[index] = object
      tokens.storeReleasing(object?.token ?? 0, at: Int(index))
      return old
    }
  }

  override func userLookup(_ key: [UInt8], flags: ElementFlags) throws(LinuxErrno) -> [UInt8] {
    // What an event's slot holds cannot be given back as a number.
    guard type != .perfEventArray else { throw .notSupportedInternal }
    guard let object = storedObject(key.span.bytes) else { throw .noSuchEntry }
    return Self.bytes(of: object.identifier)
  }

  override func userUpdate(_ key: [UInt8], _ value: [UInt8], flags: ElementFlags, cpu: Int) throws(LinuxErrno) {
    guard flags.isEmpty else { throw .invalidArgument }
    guard Int(Self.index(in: key.span.bytes)) < maxEntries else { throw .tooBig }
    let object = try object(forDescriptor: value)
    _ = try exchangeStored(key.span.bytes, with: object, flags: flags)
  }

  override func userDelete(_ key: [UInt8], cpu: Int) throws(LinuxErrno) {
    guard try exchangeStored(key.span.bytes, with: nil, flags: .any) != nil else { throw .noSuchEntry }
  }

  override func userNextKey(after key: [UInt8]?) throws(LinuxErrno) -> [UInt8] {
    try Self.indexKey(after: key, count: maxEntries)
  }

  override var elementCapacity: Int { maxEntries }

  override var batchOperations: BatchOperations { type == .arrayOfMaps ? [.lookup, .update] : [] }

  /// A program array loses its programs with its last user, so that programs and arrays do not hold each other.
  override func userReferencesEnded() {
    guard type == .programArray else { return }
    let old = objects.withLock { objects in
      let old = objects
      for index in old.keys { tokens.storeReleasing(0, at: Int(index)) }
      objects = [:]
      return old
    }
    withExtendedLifetime(old) {}
  }
}

extension BPFMap {
  /// The object whose descriptor user space gave as a value.
  final func object(forDescriptor value: [UInt8]) throws(LinuxErrno) -> StoredObject {
    guard let environment else { throw .badFileDescriptor }
    return try environment.object(forDescriptor: Int32(bitPattern: Self.index(in: value.span.bytes)), in: self)
  }
}
