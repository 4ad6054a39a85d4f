// Memory that the walk over a program works on. An array would test its uniqueness at each write and its owner would be
// retained around accesses; this is a plain block with one owner. Each access is checked against the count, the block is
// freed when its owner goes, and elements are plain bytes: no pointer leaves this file.

/// A block of plain elements with one owner, which grows on demand.
struct Buffer<Element: BitwiseCopyable>: ~Copyable {
  private var base: UnsafeMutablePointer<Element>
  private(set) var capacity: Int
  private(set) var count: Int

  /// An empty block with room for some elements.
  init(capacity: Int = 16) {
    self.capacity = max(capacity, 1)
    count = 0
    base = .allocate(capacity: self.capacity)
  }

  /// A block of equal elements.
  init(repeating element: Element, count: Int) {
    self.init(capacity: count)
    base.initialize(repeating: element, count: count)
    self.count = count
  }

  deinit { base.deallocate() }

  @inline(__always)
  subscript(_ index: Int) -> Element {
    unsafeAddress {
      precondition(UInt(bitPattern: index) < UInt(bitPattern: count))
      return UnsafePointer(base + index)
    }
    unsafeMutableAddress {
      precondition(UInt(bitPattern: index) < UInt(bitPattern: count))
      return base + index
    }
  }

  @inline(__always)
  mutating func append(_ element: Element) {
    if count == capacity { grow(to: count + 1) }
    (base + count).initialize(to: element)
    count += 1
  }

  /// Makes the block longer by some elements, all equal.
  mutating func extend(by additional: Int, repeating element: Element) {
    if count + additional > capacity { grow(to: count + additional) }
    (base + count).initialize(repeating: element, count: additional)
    count += additional
  }

  @inline(__always)
  mutating func removeLast() -> Element {
    precondition(count > 0)
    count -= 1
    return base[count]
  }

  /// Forgets the elements from an index on.
  @inline(__always)
  mutating func truncate(to newCount: Int) {
    precondition(newCount >= 0 && newCount <= count)
    count = newCount
  }

  @inline(never)
  private mutating func grow(to needed: Int) {
    let larger = max(needed, capacity * 2)
    let moved = UnsafeMutablePointer<Element>.allocate(capacity: larger)
    moved.moveInitialize(from: base, count: count)
    base.deallocate()
    base = moved
    capacity = larger
  }
}

extension Buffer where Element == UInt64 {
  /// Writes a plain value over whole words.
  @inline(__always)
  mutating func store<Value: BitwiseCopyable>(_ value: Value, at index: Int) {
    let words = (MemoryLayout<Value>.size + 7) / 8
    precondition(index >= 0 && index + words <= count && MemoryLayout<Value>.alignment <= 8)
    UnsafeMutableRawPointer(base + index).storeBytes(of: value, as: Value.self)
  }

  /// Reads a plain value from whole words, which must have been stored there.
  @inline(__always)
  func load<Value: BitwiseCopyable>(_: Value.Type, at index: Int) -> Value {
    let words = (MemoryLayout<Value>.size + 7) / 8
    precondition(index >= 0 && index + words <= count && MemoryLayout<Value>.alignment <= 8)
    return UnsafeRawPointer(base + index).load(as: Value.self)
  }

  /// A value in place, which must have been stored there.
  @inline(__always)
  mutating func withValue<Value: BitwiseCopyable, Result>(
    _: Value.Type, at index: Int, _ body: (inout Value) -> Result
  ) -> Result {
    let words = (MemoryLayout<Value>.size + 7) / 8
    precondition(index >= 0 && index + words <= count && MemoryLayout<Value>.alignment <= 8)
    return body(&UnsafeMutableRawPointer(base + index).assumingMemoryBound(to: Value.self).pointee)
  }

  /// Moves words within the block.
  @inline(__always)
  mutating func copy(from source: Int, to target: Int, count words: Int) {
    precondition(source >= 0 && target >= 0 && words >= 0 && source + words <= count && target + words <= count)
    (base + target).update(from: base + source, count: words)
  }
}
