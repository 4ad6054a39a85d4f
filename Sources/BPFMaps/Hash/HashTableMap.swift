import BPFObject

/// What all hashes have in common: elements of a key and one value, or one for each CPU, found by a `HashTable`.
class HashTableMap: BPFMap, @unchecked Sendable {
  final let table: HashTable
  /// Whether each element has a value for each CPU.
  final let isPerCPU: Bool
  private final let capacity: Int

  init(_ checked: CheckedMapDefinition, table: HashTable, capacity: Int) {
    self.table = table
    self.capacity = capacity
    isPerCPU = Self.isPerCPU(checked.definition.type)
    super.init(checked, memory: table.memory)
  }

  deinit { table.deallocate() }

  static func isPerCPU(_ type: MapType) -> Bool { type == .perCPUHash || type == .lruPerCPUHash }

  /// The rule of `BPF_NOEXIST` and `BPF_EXIST`.
  @inline(__always)
  final func check(_ flags: ElementFlags, exists: Bool) throws(LinuxErrno) {
    if exists, flags.contains(.mustNotExist) { throw .exists }
    if !exists, flags.contains(.mustExist) { throw .noSuchEntry }
  }

  /// The distance of two elements.
  static func stride(_ checked: CheckedMapDefinition) -> Int {
    let values = isPerCPU(checked.definition.type) ? checked.cpuCount : 1
    return (checked.keySize + 7) & ~7 + values * checked.layout.stride
  }

  /// Memory and table for `capacity` elements.
  static func makeTable(_ checked: CheckedMapDefinition, capacity: Int) throws(MapError) -> HashTable {
    let stride = stride(checked)
    let memory = try checked.allocateElements(capacity, stride: stride)
    guard
      let table = HashTable(
        memory: memory, keySize: checked.keySize, stride: stride, elementCount: capacity,
        maxEntries: checked.maxEntries)
    else {
      memory.deallocate()
      throw checked.error(.outOfMemory, "the host has no room for the buckets")
    }
    return table
  }

  // MARK: Elements

  final override var elementCapacity: Int { capacity }

  final override func element(containing offset: Int) -> ElementIndex? {
    guard offset >= 0, offset < memory.byteCount else { return nil }
    return ElementIndex(rawValue: UInt32(offset / table.stride))
  }

  final override func valueOffset(of element: ElementIndex, cpu: Int) -> Int? {
    guard Int(element.rawValue) < capacity else { return nil }
    guard isPerCPU else { return table.valueOffset(element.rawValue) }
    return isCPU(cpu) ? table.valueOffset(element.rawValue) + cpu * layout.stride : nil
  }

  final override func keyOffset(of element: ElementIndex) -> Int? {
    Int(element.rawValue) < capacity ? table.keyOffset(element.rawValue) : nil
  }

  override var userValueSize: Int { isPerCPU ? layout.stride * cpuCount : valueSize }

  /// Where the value is that a program on this CPU sees.
  @inline(__always)
  final func programOffset(_ element: UInt32, cpu: Int) -> Int {
    let offset = table.valueOffset(element)
    return isPerCPU ? offset &+ cpu &* layout.stride : offset
  }

  /// Tells the observer of each value of an element.
  @inline(__always)
  final func releaseElement(_ element: UInt32, cause: ReleaseCause) {
    guard layout.hasFields else { return }
    for copy in 0..<(isPerCPU ? cpuCount : 1) {
      releaseFields(of: element, valueAt: table.valueOffset(element) + copy * layout.stride, cause: cause)
    }
  }

  /// Fills the values of an element that begins its life: the value given for one CPU, zeros for the others.
  final func fill(_ element: UInt32, key: RawSpan, value: RawSpan, cpu: Int) {
    let offset = table.valueOffset(element)
    table.storeKey(key, of: element)
    if isPerCPU {
      for other in 0..<cpuCount where other != cpu {
        memory.clear(count: layout.stride, at: offset + other * layout.stride)
      }
    }
    let own = isPerCPU ? offset + cpu * layout.stride : offset
    if layout.hasFields { layout.clearFields(in: memory, at: own) }
    layout.store(value, in: memory, at: own)
  }

  /// Fills the values of all CPUs of an element that begins its life.
  final func fill(_ element: UInt32, key: RawSpan, allValues: [UInt8]) {
    let offset = table.valueOffset(element)
    table.storeKey(key, of: element)
    for cpu in 0..<cpuCount { layout.clearFields(in: memory, at: offset + cpu * layout.stride) }
    storeAllCPUs(allValues, at: offset)
  }

  // MARK: What programs see

  final override func programLookup(_ key: RawSpan, onCPU cpu: Int) -> Int? {
    isPerCPU ? programLookup(key, cpu: cpu) : nil
  }

  final override var supportsIteration: Bool { true }

  final override func nextElement(_ cursor: inout ElementCursor, cpu: Int) -> VisitedElement? {
    while true {
      if cursor.isInside, !HashTable.isEnd(cursor.link) {
        let element = cursor.link
        cursor.link = table.link(after: element)
        return VisitedElement(
          element: ElementIndex(rawValue: element), keyOffset: table.keyOffset(element),
          valueOffset: programOffset(element, cpu: min(max(cpu, 0), cpuCount - 1)))
      }
      if cursor.isInside {
        cursor.bucket += 1
        cursor.isInside = false
      }
      guard cursor.bucket <= table.bucketMask else { return nil }
      cursor.link = table.firstLink(of: cursor.bucket)
      cursor.isInside = true
    }
  }

  // MARK: What user space sees

  /// A copy of an element's value, or of its values; the lock of its bucket is held.
  func copyElement(_ element: UInt32, flags: ElementFlags) throws(LinuxErrno) -> [UInt8] {
    let offset = table.valueOffset(element)
    return isPerCPU ? copyOutAllCPUs(offset) : try copyOut(offset, flags: flags)
  }

  final override func userLookup(_ key: [UInt8], flags: ElementFlags) throws(LinuxErrno) -> [UInt8] {
    let hash = table.hash(key.span.bytes)
    return try table.withLock(hash) { () throws(LinuxErrno) in
      let element = table.find(key.span.bytes, hash: hash)
      guard element != HashTable.none else { throw .noSuchEntry }
      return try copyElement(element, flags: flags)
    }
  }

  final override func userNextKey(after key: [UInt8]?) throws(LinuxErrno) -> [UInt8] {
    var bucket: UInt32 = 0
    if let key {
      let hash = table.hash(key.span.bytes)
      let next: [UInt8]? = table.withLock(hash) {
        let element = table.find(key.span.bytes, hash: hash)
        guard element != HashTable.none else { return nil }
        let link = table.link(after: element)
        // An empty key says that the next one is in a later bucket.
        return HashTable.isEnd(link) ? [] : memory.bytes(count: keySize, at: table.keyOffset(link))
      }
      if let next {
        if !next.isEmpty { return next }
        bucket = hash & table.bucketMask + 1
      }
    }
    while bucket <= table.bucketMask {
      // An empty bucket is passed without its lock.
      if !HashTable.isEnd(table.firstLink(of: bucket)) {
        let first: [UInt8]? = table.withLock(bucket) {
          let link = table.firstLink(of: bucket)
          return HashTable.isEnd(link) ? nil : memory.bytes(count: keySize, at: table.keyOffset(link))
        }
        if let first { return first }
      }
      bucket += 1
    }
    throw .noSuchEntry
  }

  final override func userDelete(_ key: [UInt8], cpu: Int) throws(LinuxErrno) {
    try remove(key.span.bytes, cause: .delete) { (_) throws(LinuxErrno) in }
  }

  final override func programDelete(_ key: RawSpan, cpu: Int) throws(LinuxErrno) {
    try remove(key, cause: .delete) { (_) throws(LinuxErrno) in }
  }

  override func userLookupAndDelete(
    _ key: [UInt8], flags: ElementFlags, cpu: Int
  ) throws(LinuxErrno) -> [UInt8] {
    var value: [UInt8] = []
    try remove(key.span.bytes, cause: .lookupAndDelete) { (element) throws(LinuxErrno) in
      value = try copyElement(element, flags: flags)
    }
    return value
  }

  /// Takes the element with this key out, after `body` has seen it, and gives it back.
  @inline(__always)
  private func remove(
    _ key: RawSpan, cause: ReleaseCause, _ body: (UInt32) throws(LinuxErrno) -> Void
  ) throws(LinuxErrno) {
    let hash = table.hash(key)
    let element = try table.withLock(hash) { () throws(LinuxErrno) in
      let element = table.find(key, hash: hash)
      guard element != HashTable.none else { throw LinuxErrno.noSuchEntry }
      try body(element)
      _ = table.remove(element, hash: hash)
      releaseElement(element, cause: cause)
      return element
    }
    recycle(element)
  }

  /// Makes an element that is in no bucket free for the next insertion.
  func recycle(_ element: UInt32) {}

  // MARK: Batches

  final override var batchOperations: BatchOperations { [.lookup, .lookupAndDelete, .update, .delete] }

  final override func userLookupBatch(
    from cursor: BatchCursor, count: Int, flags: ElementFlags, deleting: Bool, cpu: Int
  ) -> BatchResult {
    var result = BatchResult()
    var bucket = cursor.bucket
    while bucket <= table.bucketMask {
      var removed: [UInt32] = []
      let fits = table.withLock(bucket) {
        let elements = table.elements(of: bucket)
        guard elements.count <= count - result.count else { return false }
        for element in elements {
          guard let value = try? copyElement(element, flags: flags) else { continue }
          result.keys.append(memory.bytes(count: keySize, at: table.keyOffset(element)))
          result.values.append(value)
          result.count += 1
          guard deleting else { continue }
          _ = table.remove(element, hash: table.hash(of: element))
          releaseElement(element, cause: .lookupAndDelete)
          removed.append(element)
        }
        return true
      }
      for element in removed { recycle(element) }
      guard fits else {
        if result.count == 0 { result.errno = .noSpace }
        result.cursor.bucket = bucket
        return result
      }
      bucket += 1
    }
    result.cursor.bucket = bucket
    result.errno = .noSuchEntry
    return result
  }
}
