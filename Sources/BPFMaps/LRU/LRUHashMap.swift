import BPFObject

/// `BPF_MAP_TYPE_LRU_HASH` and `BPF_MAP_TYPE_LRU_PERCPU_HASH`: an insertion into a full map drops an element that was
/// not looked up lately. `LRULists` says which.
///
/// As in Linux, an update takes its new element before it looks whether the key exists: an update that then fails, or
/// replaces, may have dropped another element.
final class LRUHashMap: HashTableMap, @unchecked Sendable {
  private let lists: LRULists

  static func make(_ checked: CheckedMapDefinition) throws(MapError) -> BPFMap {
    var checked = checked
    let isCommon = !checked.flags.contains(.noCommonLRU)
    if !isCommon {
      // Each CPU gets an equal share, so Linux rounds up.
      let count = (checked.maxEntries + checked.cpuCount - 1) / checked.cpuCount * checked.cpuCount
      checked.definition.maxEntries = UInt32(count)
    }
    let table = try makeTable(checked, capacity: checked.maxEntries)
    guard let lists = LRULists(elementCount: checked.maxEntries, cpuCount: checked.cpuCount, isCommon: isCommon) else {
      table.memory.deallocate()
      table.deallocate()
      throw checked.error(.outOfMemory, "the host has no room for the lists of elements")
    }
    return LRUHashMap(checked, table: table, lists: lists)
  }

  private init(_ checked: CheckedMapDefinition, table: HashTable, lists: LRULists) {
    self.lists = lists
    super.init(checked, table: table, capacity: checked.maxEntries)
  }

  override func programLookup(_ key: RawSpan, cpu: Int) -> Int? {
    let element = table.find(key, hash: table.hash(key))
    guard element != HashTable.none, isCPU(cpu) || !isPerCPU else { return nil }
    lists.mark(element)
    return programOffset(element, cpu: cpu)
  }

  override func programUpdate(_ key: RawSpan, _ value: RawSpan, flags: ElementFlags, cpu: Int) throws(LinuxErrno) {
    let value = value.extracting(first: valueSize)
    if isPerCPU {
      try updatePerCPU(key, flags: flags, cpu: cpu) { element, exists in
        guard exists else { return fill(element, key: key, value: value, cpu: cpu) }
        let offset = programOffset(element, cpu: cpu)
        layout.store(value, in: memory, at: offset)
        releaseFields(of: element, valueAt: offset, cause: .update)
      }
    } else {
      try updateWhole(key, value, flags: flags, cpu: cpu)
    }
  }

  override func userUpdate(_ key: [UInt8], _ value: [UInt8], flags: ElementFlags, cpu: Int) throws(LinuxErrno) {
    let cpu = min(max(cpu, 0), cpuCount - 1)
    guard isPerCPU else { return try updateWhole(key.span.bytes, value.span.bytes, flags: flags, cpu: cpu) }
    try updatePerCPU(key.span.bytes, flags: flags, cpu: cpu) { element, exists in
      guard exists else { return fill(element, key: key.span.bytes, allValues: value) }
      storeAllCPUs(value, at: table.valueOffset(element))
      releaseElement(element, cause: .update)
    }
  }

  private func updateWhole(_ key: RawSpan, _ value: RawSpan, flags: ElementFlags, cpu: Int) throws(LinuxErrno) {
    guard flags.rawValue <= ElementFlags.mustExist.rawValue, isCPU(cpu) else { throw .invalidArgument }
    let hash = table.hash(key)
    guard let new = take(hash: hash, cpu: cpu) else { throw .outOfMemory }
    fill(new, key: key, value: value, cpu: cpu)
    let old: UInt32
    do {
      old = try table.withLock(hash) { () throws(LinuxErrno) in
        let old = table.find(key, hash: hash)
        try check(flags, exists: old != HashTable.none)
        if old == HashTable.none {
          table.insert(new, hash: hash)
        } else {
          lists.mark(new)
          table.replace(old, with: new, hash: hash)
          releaseElement(old, cause: .update)
        }
        return old
      }
    } catch {
      lists.giveBack(new)
      throw error
    }
    if old != HashTable.none { lists.giveBack(old) }
  }

  /// Updates in place, or inserts; `body` stores into an element that exists or begins its life.
  private func updatePerCPU(
    _ key: RawSpan, flags: ElementFlags, cpu: Int, _ body: (UInt32, _ exists: Bool) -> Void
  ) throws(LinuxErrno) {
    guard flags.rawValue <= ElementFlags.mustExist.rawValue, isCPU(cpu) else { throw .invalidArgument }
    let hash = table.hash(key)
    var new = HashTable.none
    if flags != .mustExist {
      guard let element = take(hash: hash, cpu: cpu) else { throw .outOfMemory }
      new = element
    }
    defer { if new != HashTable.none { lists.giveBack(new) } }
    try table.withLock(hash) { () throws(LinuxErrno) in
      let old = table.find(key, hash: hash)
      try check(flags, exists: old != HashTable.none)
      if old != HashTable.none {
        lists.mark(old)
        body(old, true)
      } else {
        body(new, false)
        table.insert(new, hash: hash)
        new = HashTable.none
      }
    }
  }

  /// A free element, with its hash noted so that another CPU can find it in its bucket.
  private func take(hash: UInt32, cpu: Int) -> UInt32? {
    lists.take(
      cpu: cpu, prepare: { table.setHash(hash, of: $0) },
      evict: { element in
        let hash = table.hash(of: element)
        return table.withLock(hash) {
          guard table.remove(element, hash: hash) else { return false }
          releaseElement(element, cause: .eviction)
          return true
        }
      })
  }

  override func recycle(_ element: UInt32) { lists.giveBack(element) }

  override func releaseAllFields() {
    for element in 0..<UInt32(maxEntries) { releaseElement(element, cause: .mapRelease) }
  }
}
