import BPFObject
import Synchronization

/// `BPF_MAP_TYPE_HASH` and `BPF_MAP_TYPE_PERCPU_HASH`, preallocated or not.
///
/// An update of an existing key of a plain hash takes a new element and gives the old one back; per-CPU values are
/// updated in place, and so is everything with `BPF_F_LOCK`. A preallocated map keeps one element a CPU for such
/// replacements, so that they work when the map is full, and the element that was replaced is not used for the next
/// insertion but for the next replacement on that CPU, as in Linux.
final class HashMap: HashTableMap, @unchecked Sendable {
  private let pool: ElementPool
  /// Replacements: first those of the CPUs, then one for each lock, for the case that several threads are on one CPU.
  private let spares: AtomicArray32
  private let isPreallocated: Bool
  /// In a CPU's place: a thread on this CPU is using it.
  private static let taken = UInt32.max

  static func make(_ checked: CheckedMapDefinition) throws(MapError) -> BPFMap {
    let locks = HashTable.lockCount(maxEntries: checked.maxEntries)
    let spareCount = checked.cpuCount + locks
    let isPreallocated = !checked.flags.contains(.noPreallocation)
    // What is not preallocated is not refused for its size before it is needed.
    let capacity =
      isPreallocated
      ? checked.maxEntries + spareCount
      : checked.elementLimit(checked.maxEntries + spareCount, stride: stride(checked))
    let table = try makeTable(checked, capacity: capacity)
    guard
      let pool = ElementPool(capacity: capacity, reserved: isPreallocated ? spareCount : 0, limit: checked.maxEntries)
    else {
      table.memory.deallocate()
      table.deallocate()
      throw checked.error(.outOfMemory, "the host has no room for the list of free elements")
    }
    guard let spares = AtomicArray32(count: spareCount) else {
      table.memory.deallocate()
      table.deallocate()
      throw checked.error(.outOfMemory, "the host has no room for spare elements")
    }
    return HashMap(checked, table: table, capacity: capacity, pool: pool, spares: spares)
  }

  private init(
    _ checked: CheckedMapDefinition, table: HashTable, capacity: Int, pool: consuming ElementPool,
    spares: AtomicArray32
  ) {
    self.pool = pool
    self.spares = spares
    isPreallocated = !checked.flags.contains(.noPreallocation)
    for index in 0..<spares.count { spares.store(UInt32(index), at: index) }
    super.init(checked, table: table, capacity: capacity)
  }

  deinit { spares.deallocate() }

  override func programLookup(_ key: RawSpan, cpu: Int) -> Int? {
    let element = table.find(key, hash: table.hash(key))
    guard element != HashTable.none, isCPU(cpu) || !isPerCPU else { return nil }
    return programOffset(element, cpu: cpu)
  }

  override func programUpdate(_ key: RawSpan, _ value: RawSpan, flags: ElementFlags, cpu: Int) throws(LinuxErrno) {
    guard flags.isKnown, !isPerCPU || !flags.contains(.lock) else { throw .invalidArgument }
    try checkLock(flags)
    guard isCPU(cpu) else { throw .invalidArgument }
    let value = value.extracting(first: valueSize)
    let hash = table.hash(key)
    try table.withLock(hash) { () throws(LinuxErrno) in
      let old = table.find(key, hash: hash)
      try check(flags, exists: old != HashTable.none)
      if old == HashTable.none {
        let new = try takeFree()
        fill(new, key: key, value: value, cpu: cpu)
        table.insert(new, hash: hash)
      } else if isPerCPU {
        let offset = programOffset(old, cpu: cpu)
        layout.store(value, in: memory, at: offset)
        releaseFields(of: old, valueAt: offset, cause: .update)
      } else if flags.contains(.lock) {
        try storeLocked(value, at: table.valueOffset(old))
      } else {
        try replace(old, key: key, value: value, hash: hash, cpu: cpu)
      }
    }
  }

  override func userUpdate(_ key: [UInt8], _ value: [UInt8], flags: ElementFlags, cpu: Int) throws(LinuxErrno) {
    guard isPerCPU else {
      return try programUpdate(key.span.bytes, value.span.bytes, flags: flags, cpu: min(max(cpu, 0), cpuCount - 1))
    }
    guard flags.rawValue <= ElementFlags.mustExist.rawValue else { throw .invalidArgument }
    let hash = table.hash(key.span.bytes)
    try table.withLock(hash) { () throws(LinuxErrno) in
      let old = table.find(key.span.bytes, hash: hash)
      try check(flags, exists: old != HashTable.none)
      if old == HashTable.none {
        let new = try takeFree()
        fill(new, key: key.span.bytes, allValues: value)
        table.insert(new, hash: hash)
      } else {
        storeAllCPUs(value, at: table.valueOffset(old))
        releaseElement(old, cause: .update)
      }
    }
  }

  /// An element for a new entry.
  private func takeFree() throws(LinuxErrno) -> UInt32 {
    guard pool.reserveEntry() else { throw .tooBig }
    let element = pool.pop()
    // There are as many elements as entries and spares together, so there is one.
    guard element != ElementPool.none else {
      pool.giveBackEntry()
      throw .outOfMemory
    }
    return element
  }

  /// Puts a new element in the place of an old one; the bucket's lock is held.
  private func replace(_ old: UInt32, key: RawSpan, value: RawSpan, hash: UInt32, cpu: Int) throws(LinuxErrno) {
    guard isPreallocated else {
      let new = pool.pop()
      guard new != ElementPool.none else { throw .outOfMemory }
      exchange(old, for: new, key: key, value: value, hash: hash, cpu: cpu)
      return pool.push(old)
    }
    var place = cpu
    var new = spares.exchange(Self.taken, at: place)
    if new == Self.taken {
      place = cpuCount + table.stripe(hash)
      new = spares.load(place)
    }
    exchange(old, for: new, key: key, value: value, hash: hash, cpu: cpu)
    spares.storeReleasing(old, at: place)
  }

  private func exchange(_ old: UInt32, for new: UInt32, key: RawSpan, value: RawSpan, hash: UInt32, cpu: Int) {
    fill(new, key: key, value: value, cpu: cpu)
    table.replace(old, with: new, hash: hash)
    releaseElement(old, cause: .update)
  }

  override func recycle(_ element: UInt32) {
    pool.push(element)
    pool.giveBackEntry()
  }

  override func releaseAllFields() {
    for element in 0..<pool.highWater { releaseElement(element, cause: .mapRelease) }
  }
}
