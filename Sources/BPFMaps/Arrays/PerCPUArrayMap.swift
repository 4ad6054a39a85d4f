import BPFObject

/// `BPF_MAP_TYPE_PERCPU_ARRAY`: an array with a value for each CPU, those of an element side by side.
final class PerCPUArrayMap: BPFMap, @unchecked Sendable {
  private let valueStride: Int

  static func make(_ checked: CheckedMapDefinition) throws(MapError) -> BPFMap {
    let stride = checked.layout.stride * checked.cpuCount
    return PerCPUArrayMap(checked, memory: try checked.allocateElements(checked.maxEntries, stride: stride))
  }

  override init(_ checked: CheckedMapDefinition, memory: MemoryBlock) {
    valueStride = checked.layout.stride
    super.init(checked, memory: memory)
  }

  override var elementCapacity: Int { maxEntries }
  override var userValueSize: Int { valueStride * cpuCount }

  private func offset(_ index: Int, _ cpu: Int) -> Int { (index &* cpuCount &+ cpu) &* valueStride }

  override func element(containing offset: Int) -> ElementIndex? {
    guard offset >= 0, offset < memory.byteCount else { return nil }
    return ElementIndex(rawValue: UInt32(offset / (valueStride * cpuCount)))
  }

  override func valueOffset(of element: ElementIndex, cpu: Int) -> Int? {
    guard Int(element.rawValue) < maxEntries, isCPU(cpu) else { return nil }
    return offset(Int(element.rawValue), cpu)
  }

  override func programLookup(_ key: RawSpan, cpu: Int) -> Int? {
    let index = Int(Self.index(in: key))
    return index < maxEntries && isCPU(cpu) ? offset(index, cpu) : nil
  }

  override func programLookup(_ key: RawSpan, onCPU cpu: Int) -> Int? {
    programLookup(key, cpu: cpu)
  }

  override func programUpdate(_ key: RawSpan, _ value: RawSpan, flags: ElementFlags, cpu: Int) throws(LinuxErrno) {
    guard flags.isKnown else { throw .invalidArgument }
    guard let offset = programLookup(key, cpu: cpu) else { throw .tooBig }
    guard !flags.contains(.mustNotExist) else { throw .exists }
    try checkLock(flags)
    layout.store(value.extracting(first: valueSize), in: memory, at: offset)
    releaseFields(of: Self.index(in: key), valueAt: offset, cause: .update)
  }

  override var supportsIteration: Bool { true }

  override func nextElement(_ cursor: inout ElementCursor, cpu: Int) -> VisitedElement? {
    let index = cursor.link
    guard Int(index) < maxEntries, isCPU(cpu) else { return nil }
    cursor.link += 1
    return VisitedElement(
      element: ElementIndex(rawValue: index), keyOffset: nil, valueOffset: offset(Int(index), cpu))
  }

  override func userLookup(_ key: [UInt8], flags: ElementFlags) throws(LinuxErrno) -> [UInt8] {
    guard let offset = programLookup(key.span.bytes, cpu: 0) else { throw .noSuchEntry }
    return copyOutAllCPUs(offset)
  }

  override func userUpdate(_ key: [UInt8], _ value: [UInt8], flags: ElementFlags, cpu: Int) throws(LinuxErrno) {
    guard flags.rawValue <= ElementFlags.mustExist.rawValue else { throw .invalidArgument }
    guard let offset = programLookup(key.span.bytes, cpu: 0) else { throw .tooBig }
    guard flags != .mustNotExist else { throw .exists }
    storeAllCPUs(value, at: offset)
    for cpu in 0..<cpuCount {
      releaseFields(of: Self.index(in: key.span.bytes), valueAt: offset + cpu * valueStride, cause: .update)
    }
  }

  override func userNextKey(after key: [UInt8]?) throws(LinuxErrno) -> [UInt8] {
    try Self.indexKey(after: key, count: maxEntries)
  }

  override var batchOperations: BatchOperations { [.lookup, .update] }

  override func releaseAllFields() {
    for index in 0..<maxEntries {
      for cpu in 0..<cpuCount { releaseFields(of: UInt32(index), valueAt: offset(index, cpu), cause: .mapRelease) }
    }
  }
}

extension BPFMap {
  /// The values of all CPUs, which begin at `offset`, each rounded up to 8 bytes.
  final func copyOutAllCPUs(_ offset: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(layout.stride * cpuCount)
    for cpu in 0..<cpuCount {
      layout.append(from: memory, at: offset + cpu * layout.stride, to: &bytes)
      bytes.append(contentsOf: repeatElement(0, count: layout.stride - valueSize))
    }
    return bytes
  }

  /// Stores the values of all CPUs, each rounded up to 8 bytes, beginning at `offset`.
  final func storeAllCPUs(_ values: [UInt8], at offset: Int) {
    let bytes = values.span.bytes
    for cpu in 0..<cpuCount {
      let start = cpu * layout.stride
      layout.store(bytes.extracting(start..<start + valueSize), in: memory, at: offset + start)
    }
  }
}
