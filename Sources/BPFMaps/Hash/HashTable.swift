import BPFObject

/// The buckets of a hash map: chains of element numbers that readers walk without a lock.
///
/// A link is the number of the next element, or, with its high bit set, the number of the bucket at whose end the
/// reader is. An element may be taken out and put into another chain while a reader stands on it; the reader then ends
/// in the wrong bucket, sees it, and begins again (the scheme of Linux's `hlist_nulls`). Writers hold the lock of the
/// bucket's stripe.
struct HashTable: Sendable {
  static let none = ElementPool.none
  private static let endBit: UInt32 = 1 << 31

  let memory: MemoryBlock
  let keySize: Int
  /// The key's size rounded up to 8: where the value begins.
  let keyStride: Int
  /// The distance of two elements.
  let stride: Int
  /// The number of buckets less one.
  let bucketMask: UInt32
  /// For each bucket its first link, XORed with the bucket's end, so that zero memory is a table of empty buckets.
  private let heads: AtomicArray32
  /// For each element its hash in the high half, its link in the low half.
  private let links: AtomicArray64
  private let locks: LockArray
  /// For each lock how often an element took the place of another, each in a cache line of its own.
  private let replacements: AtomicArray32
  private static let wordsPerLine = 16

  /// The most writers that can be at work at once.
  static func lockCount(maxEntries: Int) -> Int { min(64, bucketCount(maxEntries: maxEntries)) }

  static func bucketCount(maxEntries: Int) -> Int {
    maxEntries <= 1 ? 1 : 1 << (Int.bitWidth - (maxEntries - 1).leadingZeroBitCount)
  }

  init?(memory: MemoryBlock, keySize: Int, stride: Int, elementCount: Int, maxEntries: Int) {
    let buckets = Self.bucketCount(maxEntries: maxEntries)
    let lockCount = Self.lockCount(maxEntries: maxEntries)
    guard let heads = AtomicArray32(count: buckets) else { return nil }
    guard let links = AtomicArray64(count: elementCount) else {
      heads.deallocate()
      return nil
    }
    guard let replacements = AtomicArray32(count: lockCount * Self.wordsPerLine) else {
      heads.deallocate()
      links.deallocate()
      return nil
    }
    self.memory = memory
    self.keySize = keySize
    keyStride = (keySize + 7) & ~7
    self.stride = stride
    bucketMask = UInt32(buckets - 1)
    self.heads = heads
    self.links = links
    self.replacements = replacements
    locks = LockArray(count: lockCount)
  }

  func deallocate() {
    heads.deallocate()
    links.deallocate()
    replacements.deallocate()
    locks.deallocate()
  }

  @inline(__always)
  func hash(_ key: RawSpan) -> UInt32 {
    switch keySize {
    case 4: JenkinsHash.hash(key.unsafeLoadUnaligned(fromByteOffset: 0, as: UInt32.self).littleEndian)
    case 8: JenkinsHash.hash(key.unsafeLoadUnaligned(fromByteOffset: 0, as: UInt64.self).littleEndian)
    default: JenkinsHash.hash(key.extracting(first: keySize))
    }
  }

  @inline(__always)
  func keyOffset(_ element: UInt32) -> Int { Int(element) &* stride }

  @inline(__always)
  func valueOffset(_ element: UInt32) -> Int { Int(element) &* stride &+ keyStride }

  @inline(__always)
  func hash(of element: UInt32) -> UInt32 { UInt32(truncatingIfNeeded: links.load(Int(element)) >> 32) }

  /// The lock of the bucket that a hash belongs to.
  @inline(__always)
  func stripe(_ hash: UInt32) -> Int { Int(hash & bucketMask) & (locks.count - 1) }

  @inline(__always)
  func withLock<Result, Failure: Error>(
    _ hash: UInt32, _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try locks.withLock(stripe(hash), body)
  }

  @inline(__always)
  private func head(_ bucket: UInt32) -> UInt32 {
    heads.loadAcquiring(Int(bucket)) ^ (Self.endBit | bucket)
  }

  @inline(__always)
  private func setHead(_ bucket: UInt32, to link: UInt32) {
    heads.storeReleasing(link ^ (Self.endBit | bucket), at: Int(bucket))
  }

  @inline(__always)
  static func isEnd(_ link: UInt32) -> Bool { link & endBit != 0 }

  /// The element with this key, or `none`.
  ///
  /// In Linux a reader misses a key that is there all the time if it passes the head of the bucket before a new element
  /// is put there, and the old one's place after that is taken out. Here it sees the count of replacements move, and
  /// looks again.
  @inline(__always)
  func find(_ key: RawSpan, hash: UInt32) -> UInt32 {
    let line = stripe(hash) &* Self.wordsPerLine
    let count = replacements.loadAcquiring(line)
    let element = walk(key, hash: hash)
    if element != Self.none || replacements.load(line) == count { return element }
    return findAgain(key, hash: hash)
  }

  /// Looks again a few times, and then with the writers held off: a key that is absent must not be looked for for ever.
  ///
  /// Not reached with the lock held, since the count stands still then.
  @inline(never)
  private func findAgain(_ key: RawSpan, hash: UInt32) -> UInt32 {
    let line = stripe(hash) &* Self.wordsPerLine
    for _ in 0..<4 {
      let count = replacements.loadAcquiring(line)
      let element = walk(key, hash: hash)
      if element != Self.none || replacements.load(line) == count { return element }
    }
    return withLock(hash) { walk(key, hash: hash) }
  }

  @inline(__always)
  private func walk(_ key: RawSpan, hash: UInt32) -> UInt32 {
    let bucket = hash & bucketMask
    while true {
      var link = head(bucket)
      while !Self.isEnd(link) {
        let word = links.loadAcquiring(Int(link))
        if UInt32(truncatingIfNeeded: word >> 32) == hash, matches(link, key) { return link }
        link = UInt32(truncatingIfNeeded: word)
      }
      if link == Self.endBit | bucket { return Self.none }
    }
  }

  @inline(__always)
  private func matches(_ element: UInt32, _ key: RawSpan) -> Bool {
    switch keySize {
    case 4:
      // The rest of the word is zero: `storePadded` filled it.
      memory.loadWord(at: keyOffset(element))
        == UInt64(key.unsafeLoadUnaligned(fromByteOffset: 0, as: UInt32.self).littleEndian).littleEndian
    case 8: memory.loadWord(at: keyOffset(element)) == key.unsafeLoadUnaligned(fromByteOffset: 0, as: UInt64.self)
    default: memory.padded(at: keyOffset(element), equals: key.extracting(first: keySize))
    }
  }

  /// Writes the key of an element that no reader can find yet.
  @inline(__always)
  func storeKey(_ key: RawSpan, of element: UInt32) {
    memory.storePadded(key.extracting(first: keySize), at: keyOffset(element))
  }

  /// Puts an element first in its bucket, whose lock is held.
  @inline(__always)
  func insert(_ element: UInt32, hash: UInt32) {
    let bucket = hash & bucketMask
    links.storeReleasing(UInt64(hash) << 32 | UInt64(head(bucket)), at: Int(element))
    setHead(bucket, to: element)
  }

  /// Puts an element first in its bucket and takes the one with the same key out; the bucket's lock is held.
  func replace(_ old: UInt32, with new: UInt32, hash: UInt32) {
    insert(new, hash: hash)
    let line = stripe(hash) &* Self.wordsPerLine
    replacements.storeReleasing(replacements.load(line) &+ 1, at: line)
    _ = remove(old, hash: hash)
  }

  /// Takes an element out of its bucket, whose lock is held; false when it is not there.
  ///
  /// Its own link stays, for readers that stand on it.
  func remove(_ element: UInt32, hash: UInt32) -> Bool {
    let bucket = hash & bucketMask
    var previous = Self.none
    var link = head(bucket)
    while !Self.isEnd(link) {
      let word = links.load(Int(link))
      let following = UInt32(truncatingIfNeeded: word)
      if link == element {
        if previous == Self.none {
          setHead(bucket, to: following)
        } else {
          links.storeReleasing((links.load(Int(previous)) >> 32) << 32 | UInt64(following), at: Int(previous))
        }
        return true
      }
      previous = link
      link = following
    }
    return false
  }

  /// Remembers the hash of an element that is in no bucket.
  func setHash(_ hash: UInt32, of element: UInt32) {
    links.store(UInt64(hash) << 32 | links.load(Int(element)) & 0xffff_ffff, at: Int(element))
  }

  /// The first link of a bucket.
  func firstLink(of bucket: UInt32) -> UInt32 { head(bucket) }

  /// The link after an element.
  func link(after element: UInt32) -> UInt32 { UInt32(truncatingIfNeeded: links.loadAcquiring(Int(element))) }

  /// The elements of a bucket, whose lock is held, in order.
  func elements(of bucket: UInt32) -> [UInt32] {
    var result: [UInt32] = []
    var link = head(bucket)
    while !Self.isEnd(link) {
      result.append(link)
      link = self.link(after: link)
    }
    return result
  }
}
