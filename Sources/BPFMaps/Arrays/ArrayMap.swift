import BPFObject

/// `BPF_MAP_TYPE_ARRAY`: values side by side, indexed by a 32-bit key, all there from the start, updated in place.
final class ArrayMap: BPFMap, @unchecked Sendable {
  /// The distance of two values.
  private let stride: Int

  static func make(_ checked: CheckedMapDefinition) throws(MapError) -> BPFMap {
    ArrayMap(checked, memory: try checked.allocateElements(checked.maxEntries, stride: checked.layout.stride))
  }

  override init(_ checked: CheckedMapDefinition, memory: MemoryBlock) {
    stride = checked.layout.stride
    super.init(checked, memory: memory)
  }

  override var elementCapacity: Int { maxEntries }

  override func element(containing offset: Int) -> ElementIndex? {
    guard offset >= 0, offset < memory.byteCount else { return nil }
    return ElementIndex(rawValue: UInt32(offset / stride))
  }

  override func valueOffset(of element: ElementIndex, cpu: Int) -> Int? {
    Int(element.rawValue) < maxEntries ? Int(element.rawValue) * stride : nil
  }

  override func programLookup(_ key: RawSpan, cpu: Int) -> Int? {
    let index = Int(Self.index(in: key))
    return index < maxEntries ? index &* stride : nil
  }

  override func programUpdate(_ key: RawSpan, _ value: RawSpan, flags: ElementFlags, cpu: Int) throws(LinuxErrno) {
    guard flags.isKnown else { throw .invalidArgument }
    guard let offset = programLookup(key, cpu: cpu) else { throw .tooBig }
    guard !flags.contains(.mustNotExist) else { throw .exists }
    let value = value.extracting(first: valueSize)
    if flags.contains(.lock) {
      try checkLock(flags)
      try storeLocked(value, at: offset)
    } else {
      layout.store(value, in: memory, at: offset)
    }
    releaseFields(of: Self.index(in: key), valueAt: offset, cause: .update)
  }

  override var supportsIteration: Bool { true }

  override func nextElement(_ cursor: inout ElementCursor, cpu: Int) -> VisitedElement? {
    let index = cursor.link
    guard Int(index) < maxEntries else { return nil }
    cursor.link += 1
    return VisitedElement(element: ElementIndex(rawValue: index), keyOffset: nil, valueOffset: Int(index) * stride)
  }

  override func userLookup(_ key: [UInt8], flags: ElementFlags) throws(LinuxErrno) -> [UInt8] {
    guard let offset = programLookup(key.span.bytes, cpu: 0) else { throw .noSuchEntry }
    return try copyOut(offset, flags: flags)
  }

  override func userNextKey(after key: [UInt8]?) throws(LinuxErrno) -> [UInt8] {
    try Self.indexKey(after: key, count: maxEntries)
  }

  override var batchOperations: BatchOperations { [.lookup, .update] }

  override func releaseAllFields() {
    for index in 0..<maxEntries { releaseFields(of: UInt32(index), valueAt: index * stride, cause: .mapRelease) }
  }
}

extension BPFMap {
  /// The index after a key in a map that is indexed by numbers below `count`.
  static func indexKey(after key: [UInt8]?, count: Int) throws(LinuxErrno) -> [UInt8] {
    guard let key, Int(index(in: key.span.bytes)) < count else { return bytes(of: 0) }
    let next = Int(index(in: key.span.bytes)) + 1
    guard next < count else { throw .noSuchEntry }
    return bytes(of: UInt32(next))
  }
}
