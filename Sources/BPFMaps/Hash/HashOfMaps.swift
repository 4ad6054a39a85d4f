import BPFObject
import Synchronization

/// `BPF_MAP_TYPE_HASH_OF_MAPS`: a hash whose values are maps.
///
/// The place of an element's value holds the token that programs get, and the maps are kept alive beside.
final class HashOfMaps: HashTableMap, @unchecked Sendable {
  private let pool: ElementPool
  private let objects = Mutex<[UInt32: StoredObject]>([:])
  private let template: MapTemplate?

  static func make(_ checked: CheckedMapDefinition) throws(MapError) -> BPFMap {
    let table = try makeTable(checked, capacity: checked.maxEntries)
    guard let pool = ElementPool(capacity: checked.maxEntries, reserved: 0, limit: checked.maxEntries) else {
      table.memory.deallocate()
      table.deallocate()
      throw checked.error(.outOfMemory, "the host has no room for the list of free elements")
    }
    return HashOfMaps(checked, table: table, pool: pool)
  }

  private init(_ checked: CheckedMapDefinition, table: HashTable, pool: consuming ElementPool) {
    self.pool = pool
    template = checked.template
    super.init(checked, table: table, capacity: checked.maxEntries)
  }

  override func programLookupStored(_ key: RawSpan) -> UInt64? {
    let element = table.find(key, hash: table.hash(key))
    return element == HashTable.none ? nil : memory.loadWord(at: table.valueOffset(element))
  }

  override func storedObject(_ key: RawSpan) -> StoredObject? {
    let hash = table.hash(key)
    return table.withLock(hash) {
      let element = table.find(key, hash: hash)
      return element == HashTable.none ? nil : objects.withLock { $0[element] }
    }
  }

  override func exchangeStored(
    _ key: RawSpan, with object: StoredObject?, flags: ElementFlags
  ) throws(LinuxErrno) -> StoredObject? {
    guard let object, let map = object.map, template?.fits(map) ?? true else { throw .invalidArgument }
    guard flags.rawValue <= ElementFlags.mustExist.rawValue else { throw .invalidArgument }
    let hash = table.hash(key)
    return try table.withLock(hash) { () throws(LinuxErrno) in
      var element = table.find(key, hash: hash)
      let exists = element != HashTable.none
      try check(flags, exists: exists)
      if !exists {
        guard pool.reserveEntry() else { throw .tooBig }
        element = pool.pop()
        guard element != HashTable.none else {
          pool.giveBackEntry()
          throw .outOfMemory
        }
        table.storeKey(key, of: element)
      }
      memory.storeWord(object.token, at: table.valueOffset(element))
      let old = objects.withLock { $0.updateValue(object, forKey: element) }
      if !exists { table.insert(element, hash: hash) }
      return old
    }
  }

  override func copyElement(_ element: UInt32, flags: ElementFlags) throws(LinuxErrno) -> [UInt8] {
    guard let object = objects.withLock({ $0[element] }) else { throw .noSuchEntry }
    return Self.bytes(of: object.identifier)
  }

  override func programUpdate(_ key: RawSpan, _ value: RawSpan, flags: ElementFlags, cpu: Int) throws(LinuxErrno) {
    throw .invalidArgument
  }

  override func userUpdate(_ key: [UInt8], _ value: [UInt8], flags: ElementFlags, cpu: Int) throws(LinuxErrno) {
    let object = try object(forDescriptor: value)
    let old = try exchangeStored(key.span.bytes, with: object, flags: flags)
    withExtendedLifetime(old) {}
  }

  override func userLookupAndDelete(
    _ key: [UInt8], flags: ElementFlags, cpu: Int
  ) throws(LinuxErrno) -> [UInt8] { throw .notSupportedInternal }

  /// The map is released when the element is free, with no lock held.
  override func recycle(_ element: UInt32) {
    let old = objects.withLock { $0.removeValue(forKey: element) }
    pool.push(element)
    pool.giveBackEntry()
    withExtendedLifetime(old) {}
  }
}
