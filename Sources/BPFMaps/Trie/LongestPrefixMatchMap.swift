import BPFObject
import Synchronization

/// `BPF_MAP_TYPE_LPM_TRIE`: keys are prefixes of bits, and a lookup finds the longest one that fits.
///
/// Nodes branch at single bits; where two prefixes part there is an intermediate node without a value. Writers hold a
/// lock and count up before and after a change; readers walk without it and begin again when the count has moved.
final class LongestPrefixMatchMap: BPFMap, @unchecked Sendable {
  private let nodes: TrieNodes
  private let pool: ElementPool
  private let root = Atomic<UInt32>(TrieNodes.none)
  /// Odd while a writer is at work.
  private let version = Atomic<UInt64>(0)
  private let lock = Mutex<Void>(())
  /// The length of the longest prefix in bits.
  private let longest: Int
  private let capacity: Int

  static func make(_ checked: CheckedMapDefinition) throws(MapError) -> BPFMap {
    let stride = (checked.keySize + 7) & ~7 + checked.layout.stride
    // Each entry but the first may need an intermediate node, and a replacement exists beside what it replaces.
    let capacity = checked.elementLimit(2 * checked.maxEntries + 1, stride: stride)
    let memory = try checked.allocateElements(capacity, stride: stride)
    guard let nodes = TrieNodes(memory: memory, keySize: checked.keySize, stride: stride, count: capacity) else {
      memory.deallocate()
      throw checked.error(.outOfMemory, "the host has no room for the nodes")
    }
    guard let pool = ElementPool(capacity: capacity, reserved: 0, limit: checked.maxEntries) else {
      memory.deallocate()
      nodes.deallocate()
      throw checked.error(.outOfMemory, "the host has no room for the list of free nodes")
    }
    return LongestPrefixMatchMap(checked, nodes: nodes, pool: pool, capacity: capacity)
  }

  private init(
    _ checked: CheckedMapDefinition, nodes: TrieNodes, pool: consuming ElementPool, capacity: Int
  ) {
    self.nodes = nodes
    self.pool = pool
    self.capacity = capacity
    longest = (checked.keySize - 4) * 8
    super.init(checked, memory: nodes.memory)
  }

  deinit { nodes.deallocate() }

  // MARK: Elements

  override var elementCapacity: Int { capacity }

  override func element(containing offset: Int) -> ElementIndex? {
    guard offset >= 0, offset < memory.byteCount else { return nil }
    return ElementIndex(rawValue: UInt32(offset / nodes.stride))
  }

  override func valueOffset(of element: ElementIndex, cpu: Int) -> Int? {
    Int(element.rawValue) < capacity ? nodes.valueOffset(element.rawValue + 1) : nil
  }

  override func keyOffset(of element: ElementIndex) -> Int? {
    Int(element.rawValue) < capacity ? nodes.keyOffset(element.rawValue + 1) : nil
  }

  // MARK: Lookup

  override func programLookup(_ key: RawSpan, cpu: Int) -> Int? {
    let length = Int(Self.index(in: key))
    guard length <= longest else { return nil }
    for _ in 0..<64 {
      let before = version.load(ordering: .acquiring)
      if before & 1 == 0 {
        let found = walk(key, length)
        atomicMemoryFence(ordering: .acquiring)
        if version.load(ordering: .relaxed) == before {
          return found == TrieNodes.none ? nil : nodes.valueOffset(found)
        }
      }
    }
    // Writers are at work without a pause: wait for one.
    let found = lock.withLock { _ in walk(key, length) }
    return found == TrieNodes.none ? nil : nodes.valueOffset(found)
  }

  private func walk(_ key: RawSpan, _ length: Int) -> UInt32 {
    var found = TrieNodes.none
    var node = root.load(ordering: .acquiring)
    // A reader that meets a writer may be led in a circle, hence the bound.
    for _ in 0...longest where node != TrieNodes.none {
      let common = nodes.commonLength(node, key, length: length)
      if common == longest { return node }
      let own = nodes.length(node)
      if common < own { break }
      if !nodes.isIntermediate(node) { found = node }
      guard own < longest else { break }
      node = nodes.child(node, TrieNodes.bit(key, own))
    }
    return found
  }

  // MARK: Changes

  /// Runs a change with the lock held, seen by readers as one.
  private func change<Result>(_ body: () throws(LinuxErrno) -> Result) throws(LinuxErrno) -> Result {
    try lock.withLock { (_) throws(LinuxErrno) in
      version.wrappingAdd(1, ordering: .relaxed)
      atomicMemoryFence(ordering: .releasing)
      defer { version.wrappingAdd(1, ordering: .releasing) }
      return try body()
    }
  }

  private enum Slot {
    case root
    case child(UInt32, Int)
  }

  private func set(_ slot: Slot, to link: UInt32) {
    switch slot {
    case .root: root.store(link, ordering: .releasing)
    case .child(let parent, let bit): nodes.setChild(parent, bit, to: link)
    }
  }

  private func takeNode() throws(LinuxErrno) -> UInt32 {
    let element = pool.pop()
    guard element != ElementPool.none else { throw .outOfMemory }
    return element + 1
  }

  private func giveBack(_ link: UInt32) { pool.push(link - 1) }

  private func checkNew(_ flags: ElementFlags) throws(LinuxErrno) {
    if flags == .mustExist { throw .noSuchEntry }
    guard pool.reserveEntry() else { throw .noSpace }
  }

  override func programUpdate(_ key: RawSpan, _ value: RawSpan, flags: ElementFlags, cpu: Int) throws(LinuxErrno) {
    guard flags.rawValue <= ElementFlags.mustExist.rawValue else { throw .invalidArgument }
    let length = Int(Self.index(in: key))
    guard length <= longest else { throw .invalidArgument }
    try change { () throws(LinuxErrno) in
      let new = try takeNode()
      do throws(LinuxErrno) {
        nodes.storeKey(key, length: length, of: new)
        nodes.setLength(length, isIntermediate: false, of: new)
        nodes.setChildren(of: new, TrieNodes.none, TrieNodes.none)
        layout.store(value.extracting(first: valueSize), in: memory, at: nodes.valueOffset(new))
        try insert(new, key, length, flags)
      } catch {
        giveBack(new)
        throw error
      }
    }
  }

  private func insert(_ new: UInt32, _ key: RawSpan, _ length: Int, _ flags: ElementFlags) throws(LinuxErrno) {
    var slot = Slot.root
    var node = root.load(ordering: .relaxed)
    var common = 0
    while node != TrieNodes.none {
      common = nodes.commonLength(node, key, length: length)
      let own = nodes.length(node)
      if own != common || own == length { break }
      let bit = TrieNodes.bit(key, own)
      slot = .child(node, bit)
      node = nodes.child(node, bit)
    }
    guard node != TrieNodes.none else {
      try checkNew(flags)
      return set(slot, to: new)
    }
    if nodes.length(node) == common {
      // The same prefix: the new node takes the place of the old one.
      if nodes.isIntermediate(node) {
        try checkNew(flags)
      } else if flags == .mustNotExist {
        throw .exists
      }
      nodes.setChildren(of: new, nodes.child(node, 0), nodes.child(node, 1))
      set(slot, to: new)
      return giveBack(node)
    }
    try checkNew(flags)
    if common == length {
      // The new prefix is the beginning of the other.
      let bit = nodes.bit(node, common)
      nodes.setChild(new, bit, to: node)
      return set(slot, to: new)
    }
    let fork: UInt32
    do throws(LinuxErrno) { fork = try takeNode() } catch {
      pool.giveBackEntry()
      throw error
    }
    nodes.copyKey(from: node, length: common, to: fork)
    nodes.setLength(common, isIntermediate: true, of: fork)
    if TrieNodes.bit(key, common) == 1 {
      nodes.setChildren(of: fork, node, new)
    } else {
      nodes.setChildren(of: fork, new, node)
    }
    set(slot, to: fork)
  }

  override func programDelete(_ key: RawSpan, cpu: Int) throws(LinuxErrno) {
    let length = Int(Self.index(in: key))
    guard length <= longest else { throw .invalidArgument }
    try change { () throws(LinuxErrno) in
      var slot = Slot.root
      var parent = TrieNodes.none
      var parentSlot = Slot.root
      var node = root.load(ordering: .relaxed)
      var common = 0
      while node != TrieNodes.none {
        common = nodes.commonLength(node, key, length: length)
        let own = nodes.length(node)
        if own != common || own == length { break }
        let bit = TrieNodes.bit(key, own)
        parent = node
        parentSlot = slot
        slot = .child(node, bit)
        node = nodes.child(node, bit)
      }
      guard node != TrieNodes.none, nodes.length(node) == length, length == common, !nodes.isIntermediate(node) else {
        throw .noSuchEntry
      }
      let (zero, one) = (nodes.child(node, 0), nodes.child(node, 1))
      defer { pool.giveBackEntry() }
      if zero != TrieNodes.none, one != TrieNodes.none {
        return nodes.setLength(length, isIntermediate: true, of: node)
      }
      if parent != TrieNodes.none, nodes.isIntermediate(parent), zero == TrieNodes.none, one == TrieNodes.none {
        // The parent was there for the sake of this node.
        let sibling = nodes.child(parent, 0) == node ? nodes.child(parent, 1) : nodes.child(parent, 0)
        set(parentSlot, to: sibling)
        giveBack(parent)
      } else {
        set(slot, to: zero != TrieNodes.none ? zero : one)
      }
      giveBack(node)
    }
  }

  // MARK: What user space sees

  override func userLookup(_ key: [UInt8], flags: ElementFlags) throws(LinuxErrno) -> [UInt8] {
    let length = Int(Self.index(in: key.span.bytes))
    guard length <= longest else { throw .noSuchEntry }
    return try lock.withLock { (_) throws(LinuxErrno) in
      let found = walk(key.span.bytes, length)
      guard found != TrieNodes.none else { throw .noSuchEntry }
      return try copyOut(nodes.valueOffset(found), flags: flags)
    }
  }

  /// Children come before their parent, and what begins with 0 before what begins with 1.
  override func userNextKey(after key: [UInt8]?) throws(LinuxErrno) -> [UInt8] {
    try lock.withLock { (_) throws(LinuxErrno) in
      let start = root.load(ordering: .relaxed)
      guard start != TrieNodes.none else { throw .noSuchEntry }
      guard let next = next(start, key) else { throw .noSuchEntry }
      return memory.bytes(count: keySize, at: nodes.keyOffset(next))
    }
  }

  private func next(_ start: UInt32, _ key: [UInt8]?) -> UInt32? {
    guard let key, case let length = Int(Self.index(in: key.span.bytes)), length <= longest else {
      return leftmost(start)
    }
    var path: [UInt32] = []
    var node = start
    while node != TrieNodes.none {
      path.append(node)
      let common = nodes.commonLength(node, key.span.bytes, length: length)
      let own = nodes.length(node)
      if own != common || own == length { break }
      node = nodes.child(node, TrieNodes.bit(key.span.bytes, own))
    }
    // A key that is not there begins from the start.
    guard node != TrieNodes.none, nodes.length(node) == length, !nodes.isIntermediate(node),
      nodes.commonLength(node, key.span.bytes, length: length) == length
    else { return leftmost(start) }
    path.removeLast()
    while let parent = path.popLast() {
      if nodes.child(parent, 0) == node, case let other = nodes.child(parent, 1), other != TrieNodes.none {
        return leftmost(other)
      }
      if !nodes.isIntermediate(parent) { return parent }
      node = parent
    }
    return nil
  }

  private func leftmost(_ start: UInt32) -> UInt32? {
    var found: UInt32?
    var node = start
    while node != TrieNodes.none {
      if nodes.isIntermediate(node) {
        node = nodes.child(node, 0)
      } else {
        found = node
        let zero = nodes.child(node, 0)
        node = zero != TrieNodes.none ? zero : nodes.child(node, 1)
      }
    }
    return found
  }

  override var batchOperations: BatchOperations { [.lookup, .update, .delete] }
}
