import Synchronization

/// The order in which elements of an LRU hash are given up: the lists of Linux (`kernel/bpf/bpf_lru_list.c`).
///
/// There are an active, an inactive and a free list, and for each CPU a short list of free elements and one of pending
/// ones, that were taken and may not be in the hash yet. An element that is looked up only gets a mark; lists are put
/// in order when a CPU has no free element left: it returns its pending ones, lets the marked ones of a few move to
/// the active list, and takes a batch of free or of inactive, unmarked elements. With `BPF_F_NO_COMMON_LRU` each CPU
/// has the three lists for itself, and an equal share of the elements.
///
/// The lists are in the same order, and the same elements are given up, as in Linux, when operations come one after
/// the other and say on which CPU they are. When they run at once, Linux is not reproducible either.
final class LRULists: Sendable {
  /// What list an element is on.
  private enum Place: UInt32 {
    case active = 0
    case inactive = 1
    case free = 2
    case localFree = 3
    case localPending = 4
  }

  /// The list heads of one rotation: active, inactive and free, counts, and where the inactive list is looked at next.
  private struct Rotation {
    /// The node number of the head of the active list; inactive and free follow.
    let base: UInt32
    var counts = (0, 0, 0)
    var nextInactive: UInt32

    init(base: UInt32) {
      self.base = base
      nextInactive = base + Place.inactive.rawValue
    }

    func head(_ place: Place) -> UInt32 { base + place.rawValue }

    mutating func count(_ place: Place, _ change: Int) {
      switch place {
      case .active: counts.0 += change
      case .inactive: counts.1 += change
      case .free, .localFree, .localPending: break
      }
    }
  }

  private static let none = ElementPool.none

  /// Lists are rings of node numbers: the elements, then the heads. Each node has four words: the next and the previous
  /// node, its place with the CPU above 8 bits, and 1 when it was looked up. After the nodes comes, for each CPU, the
  /// CPU that it takes from next.
  private let words: AtomicArray32
  private let nodeCount: Int
  /// A lock for each CPU, and one for the common rotation; taken in this order, before a bucket's.
  private let locks: LockArray
  /// One rotation, or one for each CPU; each guarded by its lock.
  private let rotations: [Guarded<Rotation>]
  private let elementCount: Int
  private let cpuCount: Int
  private let isCommon: Bool
  /// How many elements a CPU takes at once.
  private let target: Int
  /// How many elements are looked at in one turn.
  private let scans: Int

  /// Lists of `elementCount` free elements; without a common rotation each CPU gets an equal share.
  init?(elementCount: Int, cpuCount: Int, isCommon: Bool) {
    let heads = isCommon ? 3 + 2 * cpuCount : 3 * cpuCount
    let nodes = elementCount + heads
    guard let words = AtomicArray32(count: 4 * nodes + cpuCount) else { return nil }
    self.words = words
    nodeCount = nodes
    self.elementCount = elementCount
    self.cpuCount = cpuCount
    self.isCommon = isCommon
    locks = LockArray(count: cpuCount + 1)
    target = isCommon ? min(max(elementCount / cpuCount / 2, 1), 128) : 4
    scans = isCommon ? 128 : 4
    let first = UInt32(elementCount)
    rotations = (0..<(isCommon ? 1 : cpuCount)).map { Guarded(Rotation(base: first + 3 * UInt32($0))) }
    for head in first..<UInt32(nodes) {
      setFollowing(head, of: head)
      setPreceding(head, of: head)
    }
    for cpu in 0..<cpuCount { words.store(UInt32(cpu), at: 4 * nodes + cpu) }
    let share = isCommon ? elementCount : elementCount / cpuCount
    for element in 0..<elementCount where share > 0 {
      let owner = min(element / share, rotations.count - 1)
      setPlace(UInt32(element), .free, cpu: owner)
      insert(UInt32(element), after: first + 3 * UInt32(owner) + Place.free.rawValue)
    }
  }

  deinit {
    words.deallocate()
    locks.deallocate()
  }

  private func following(_ node: UInt32) -> UInt32 { words.load(Int(node) &* 4) }
  private func setFollowing(_ next: UInt32, of node: UInt32) { words.store(next, at: Int(node) &* 4) }
  private func preceding(_ node: UInt32) -> UInt32 { words.load(Int(node) &* 4 &+ 1) }
  private func setPreceding(_ previous: UInt32, of node: UInt32) { words.store(previous, at: Int(node) &* 4 &+ 1) }

  // MARK: Marks

  /// Notes that an element was looked up.
  @inline(__always)
  func mark(_ element: UInt32) {
    let word = Int(element) &* 4 &+ 3
    if words.load(word) == 0 { words.store(1, at: word) }
  }

  private func isMarked(_ element: UInt32) -> Bool { words.load(Int(element) &* 4 &+ 3) != 0 }
  private func unmark(_ element: UInt32) { words.store(0, at: Int(element) &* 4 &+ 3) }

  // MARK: Rings

  private func insert(_ node: UInt32, after head: UInt32) {
    let next = following(head)
    setFollowing(next, of: node)
    setPreceding(head, of: node)
    setPreceding(node, of: next)
    setFollowing(node, of: head)
  }

  private func unlink(_ node: UInt32) {
    let next = following(node)
    let previous = preceding(node)
    setFollowing(next, of: previous)
    setPreceding(previous, of: next)
  }

  private func move(_ node: UInt32, after head: UInt32) {
    unlink(node)
    insert(node, after: head)
  }

  private func first(_ head: UInt32) -> UInt32? {
    let node = following(head)
    return node == head ? nil : node
  }

  private func place(_ element: UInt32) -> Place {
    // Only this class writes it, from a `Place`.
    Place(rawValue: words.loadAcquiring(Int(element) &* 4 &+ 2) & 0xff) ?? .free
  }

  private func cpu(_ element: UInt32) -> Int { Int(words.load(Int(element) &* 4 &+ 2) >> 8) }

  private func setPlace(_ element: UInt32, _ place: Place, cpu: Int) {
    words.storeReleasing(place.rawValue | UInt32(cpu) << 8, at: Int(element) &* 4 &+ 2)
  }

  private func setPlace(_ element: UInt32, _ place: Place) { setPlace(element, place, cpu: cpu(element)) }

  private func localFree(_ cpu: Int) -> UInt32 { UInt32(elementCount + 3 + 2 * cpu) }
  private func localPending(_ cpu: Int) -> UInt32 { UInt32(elementCount + 4 + 2 * cpu) }

  // MARK: Taking

  /// A free element for a CPU, if need be one that `evict` has taken out of the hash.
  ///
  /// - Parameters:
  ///   - prepare: is called with the element before another thread can find it on a list, to note its hash.
  ///   - evict: takes an element out of the hash; false when it is not in it.
  func take(cpu: Int, prepare: (UInt32) -> Void, evict: (UInt32) -> Bool) -> UInt32? {
    isCommon
      ? takeCommon(cpu: cpu, prepare: prepare, evict: evict) : takeOwn(cpu: cpu, prepare: prepare, evict: evict)
  }

  private func takeCommon(cpu: Int, prepare: (UInt32) -> Void, evict: (UInt32) -> Bool) -> UInt32? {
    let own: UInt32? = locks.withLock(cpu) {
      if first(localFree(cpu)) == nil { refill(cpu, evict) }
      guard let element = popLocalFree(cpu) else { return nil }
      prepare(element)
      addPending(element, cpu)
      return element
    }
    if let own { return own }

    // Nothing is left in common: take from another CPU, each in turn.
    let start = Int(words.load(4 * nodeCount + cpu))
    var victim = start
    var stolen: UInt32?
    repeat {
      stolen = locks.withLock(victim) { popLocalFree(victim) ?? popPending(victim, evict) }
      victim = (victim + 1) % cpuCount
    } while stolen == nil && victim != start
    words.store(UInt32(victim), at: 4 * nodeCount + cpu)
    guard let stolen else { return nil }
    locks.withLock(cpu) {
      prepare(stolen)
      addPending(stolen, cpu)
    }
    return stolen
  }

  private func popLocalFree(_ cpu: Int) -> UInt32? {
    guard let element = first(localFree(cpu)) else { return nil }
    unlink(element)
    return element
  }

  private func addPending(_ element: UInt32, _ cpu: Int) {
    setPlace(element, .localPending, cpu: cpu)
    unmark(element)
    insert(element, after: localPending(cpu))
  }

  private func popPending(_ cpu: Int, _ evict: (UInt32) -> Bool) -> UInt32? {
    let head = localPending(cpu)
    for ignoresMarks in [false, true] {
      var node = preceding(head)
      while node != head {
        let previous = preceding(node)
        if ignoresMarks || !isMarked(node), evict(node) {
          unlink(node)
          return node
        }
        node = previous
      }
    }
    return nil
  }

  /// Returns a CPU's pending elements to the common lists and takes a batch of free ones.
  private func refill(_ cpu: Int, _ evict: (UInt32) -> Bool) {
    locks.withLock(cpuCount) {
      rotations[0].withValue { lists in
        flush(cpu, &lists)
        rotate(&lists)
        var taken = 0
        var node = following(lists.head(.free))
        while node != lists.head(.free), taken < target {
          let next = following(node)
          moveToFree(node, after: localFree(cpu), .localFree, &lists)
          taken += 1
          node = next
        }
        if taken < target { shrink(target - taken, after: localFree(cpu), .localFree, &lists, evict) }
      }
    }
  }

  private func flush(_ cpu: Int, _ lists: inout Rotation) {
    let head = localPending(cpu)
    var node = preceding(head)
    while node != head {
      let previous = preceding(node)
      let place: Place = isMarked(node) ? .active : .inactive
      lists.count(place, 1)
      setPlace(node, place)
      unmark(node)
      move(node, after: lists.head(place))
      node = previous
    }
  }

  private func takeOwn(cpu: Int, prepare: (UInt32) -> Void, evict: (UInt32) -> Bool) -> UInt32? {
    locks.withLock(cpu) {
      rotations[cpu].withValue { lists in
        rotate(&lists)
        let free = lists.head(.free)
        if first(free) == nil { shrink(scans, after: free, .free, &lists, evict) }
        guard let element = first(free) else { return nil }
        prepare(element)
        move(element, to: .inactive, &lists)
        return element
      }
    }
  }

  // MARK: Giving back

  /// Makes an element that is not in the hash free again.
  func giveBack(_ element: UInt32) {
    guard isCommon else {
      let owner = cpu(element)
      return locks.withLock(owner) { rotations[owner].withValue { move(element, to: .free, &$0) } }
    }
    if place(element) == .localPending {
      let owner = cpu(element)
      let isDone: Bool = locks.withLock(owner) {
        guard place(element) == .localPending, cpu(element) == owner else { return false }
        setPlace(element, .localFree)
        unmark(element)
        move(element, after: localFree(owner))
        return true
      }
      if isDone { return }
    }
    locks.withLock(cpuCount) { rotations[0].withValue { move(element, to: .free, &$0) } }
  }

  // MARK: Order

  /// Moves an element between the three lists of a rotation.
  private func move(_ element: UInt32, to place: Place, _ lists: inout Rotation) {
    let old = self.place(element)
    if old != place {
      lists.count(old, -1)
      lists.count(place, 1)
      setPlace(element, place)
    }
    unmark(element)
    if element == lists.nextInactive { lists.nextInactive = preceding(element) }
    move(element, after: lists.head(place))
  }

  private func moveToFree(_ element: UInt32, after head: UInt32, _ place: Place, _ lists: inout Rotation) {
    if element == lists.nextInactive { lists.nextInactive = preceding(element) }
    lists.count(self.place(element), -1)
    setPlace(element, place)
    move(element, after: head)
  }

  private func rotate(_ lists: inout Rotation) {
    if lists.counts.1 < lists.counts.0 { rotateActive(&lists) }
    rotateInactive(&lists)
  }

  /// Lets marked elements at the end of the active list stay, and others go to the inactive one.
  private func rotateActive(_ lists: inout Rotation) {
    let head = lists.head(.active)
    let last = following(head)
    var node = preceding(head)
    for _ in 0..<scans where node != head {
      let previous = preceding(node)
      move(node, to: isMarked(node) ? .active : .inactive, &lists)
      if node == last { break }
      node = previous
    }
  }

  /// Looks at some inactive elements, beginning where it stopped before, and lets the marked ones become active.
  private func rotateInactive(_ lists: inout Rotation) {
    let head = lists.head(.inactive)
    guard first(head) != nil else { return }
    var last = following(lists.nextInactive)
    if last == head { last = following(last) }
    var node = lists.nextInactive
    var next = head
    var count = 0
    while count < scans {
      if node == head {
        node = preceding(node)
        continue
      }
      next = preceding(node)
      if isMarked(node) { move(node, to: .active, &lists) }
      if node == last { break }
      node = next
      count += 1
    }
    lists.nextInactive = next
  }

  /// Takes unmarked elements from the end of the inactive list out of the hash; if there is none, any one.
  private func shrink(
    _ wanted: Int, after head: UInt32, _ place: Place, _ lists: inout Rotation, _ evict: (UInt32) -> Bool
  ) {
    let inactive = lists.head(.inactive)
    var taken = 0
    var node = preceding(inactive)
    for _ in 0..<scans where node != inactive {
      let previous = preceding(node)
      if isMarked(node) {
        move(node, to: .active, &lists)
      } else if evict(node) {
        moveToFree(node, after: head, place, &lists)
        taken += 1
        if taken == wanted { break }
      }
      node = previous
    }
    if taken > 0 { return }

    let source = first(inactive) != nil ? inactive : lists.head(.active)
    node = preceding(source)
    while node != source {
      let previous = preceding(node)
      if evict(node) { return moveToFree(node, after: head, place, &lists) }
      node = previous
    }
  }
}
