import BPFObject
import Synchronization

/// `BPF_MAP_TYPE_TASK_STORAGE`: a value for each task, which ends with the task.
///
/// Linux has no limit on the number of values; here there are at most 2^18, and as many as fit into 4 GiB.
public final class TaskStorageMap: BPFMap, @unchecked Sendable {
  private let pool: ElementPool
  private let capacity: Int
  private let elements = Mutex<[UInt64: UInt32]>([:])

  static func make(_ checked: CheckedMapDefinition) throws(MapError) -> BPFMap {
    let capacity = checked.elementLimit(1 << 18, stride: checked.layout.stride)
    let memory = try checked.allocateElements(capacity, stride: checked.layout.stride)
    guard let pool = ElementPool(capacity: capacity, reserved: 0, limit: capacity) else {
      memory.deallocate()
      throw checked.error(.outOfMemory, "the host has no room for the list of free elements")
    }
    return TaskStorageMap(checked, memory: memory, pool: pool, capacity: capacity)
  }

  private init(_ checked: CheckedMapDefinition, memory: MemoryBlock, pool: consuming ElementPool, capacity: Int) {
    self.pool = pool
    self.capacity = capacity
    super.init(checked, memory: memory)
  }

  private func offset(_ element: UInt32) -> Int { Int(element) * layout.stride }

  override public var elementCapacity: Int { capacity }

  override public func element(containing offset: Int) -> ElementIndex? {
    guard offset >= 0, offset < memory.byteCount else { return nil }
    return ElementIndex(rawValue: UInt32(offset / layout.stride))
  }

  override public func valueOffset(of element: ElementIndex, cpu: Int) -> Int? {
    Int(element.rawValue) < capacity ? offset(element.rawValue) : nil
  }

  // MARK: What programs see

  /// `bpf_task_storage_get`: the offset of a task's value in ``BPFMap/memory``, `nil` where the helper gives NULL.
  ///
  /// - Parameters:
  ///   - owner: the task.
  ///   - flags: 0, or 1 (`BPF_LOCAL_STORAGE_GET_F_CREATE`) to make a value, of zeros, when there is none.
  public func programGet(_ owner: StorageOwner, flags: UInt64) -> Int? {
    let zeros: [UInt8] = []
    return programGet(owner, flags: flags, initialValue: zeros.span.bytes)
  }

  /// `bpf_task_storage_get` with a value to begin with; special fields in it are ignored.
  public func programGet(_ owner: StorageOwner, flags: UInt64, initialValue: RawSpan) -> Int? {
    guard flags & ~1 == 0 else { return nil }
    return elements.withLock { elements in
      if let element = elements[owner.rawValue] { return offset(element) }
      guard flags == 1, let element = make(initialValue) else { return nil }
      elements[owner.rawValue] = element
      return offset(element)
    }
  }

  /// `bpf_task_storage_delete`.
  ///
  /// - Throws: ENOENT when the task has no value.
  public func programDelete(_ owner: StorageOwner) throws(LinuxErrno) {
    try elements.withLock { (elements) throws(LinuxErrno) in
      guard let element = elements.removeValue(forKey: owner.rawValue) else { throw .noSuchEntry }
      release(element, cause: .delete)
    }
  }

  /// The task has ended: its value, if any, is released.
  public func ownerEnded(_ owner: StorageOwner) { try? programDelete(owner) }

  /// The value of a task, for an engine that has no descriptors; special fields as zero.
  public func value(of owner: StorageOwner) -> [UInt8]? {
    elements.withLock { elements in
      guard let element = elements[owner.rawValue] else { return nil }
      return value(of: ElementIndex(rawValue: element))
    }
  }

  /// The tasks that have a value, by number.
  public var owners: [StorageOwner] {
    elements.withLock { $0.keys.sorted() }.map(StorageOwner.init)
  }

  private func make(_ value: RawSpan) -> UInt32? {
    let element = pool.pop()
    guard element != ElementPool.none else { return nil }
    memory.clear(count: layout.stride, at: offset(element))
    if value.byteCount >= valueSize {
      layout.store(value.extracting(first: valueSize), in: memory, at: offset(element))
    }
    return element
  }

  private func release(_ element: UInt32, cause: ReleaseCause) {
    releaseFields(of: element, valueAt: offset(element), cause: cause)
    pool.push(element)
  }

  override func releaseAllFields() {
    for element in 0..<pool.highWater { releaseFields(of: element, valueAt: offset(element), cause: .mapRelease) }
  }

  // MARK: What user space sees: the key is a process descriptor

  private func owner(_ key: [UInt8]) throws(LinuxErrno) -> UInt64 {
    guard let environment else { throw .badFileDescriptor }
    return try environment.owner(forDescriptor: Int32(bitPattern: Self.index(in: key.span.bytes))).rawValue
  }

  override func userLookup(_ key: [UInt8], flags: ElementFlags) throws(LinuxErrno) -> [UInt8] {
    let owner = try owner(key)
    return try elements.withLock { (elements) throws(LinuxErrno) in
      guard let element = elements[owner] else { throw .noSuchEntry }
      return try copyOut(offset(element), flags: flags)
    }
  }

  override func userUpdate(_ key: [UInt8], _ value: [UInt8], flags: ElementFlags, cpu: Int) throws(LinuxErrno) {
    let owner = try owner(key)
    guard flags.isKnown else { throw .invalidArgument }
    try elements.withLock { (elements) throws(LinuxErrno) in
      let old = elements[owner]
      if old != nil, flags.contains(.mustNotExist) { throw .exists }
      if old == nil, flags.contains(.mustExist) { throw .noSuchEntry }
      if let old, flags.contains(.lock) { return try storeLocked(value.span.bytes, at: offset(old)) }
      guard let new = make(value.span.bytes) else { throw .outOfMemory }
      elements[owner] = new
      if let old { release(old, cause: .update) }
    }
  }

  override func userDelete(_ key: [UInt8], cpu: Int) throws(LinuxErrno) {
    try programDelete(StorageOwner(rawValue: try owner(key)))
  }
}
