package import BPFTypeFormat

/// How a map's value is laid out: its size, and the parts of it that belong to the engine.
package struct ValueLayout: Sendable {
  /// The size of the value as defined.
  package let byteCount: Int
  /// The size rounded up to 8: the distance of values in memory.
  package let stride: Int
  /// The special fields in the order of their offsets.
  package let fields: [SpecialFields.Field]
  /// The bytes that are not special, in order.
  package let plainRanges: [Range<Int>]
  /// Where the `bpf_spin_lock` is.
  package let lockOffset: Int?
  /// Whether there are special fields at all; without them a value is copied in one go.
  package let hasFields: Bool

  /// A value of `byteCount` bytes with the fields given, which lie within it and do not overlap.
  init(byteCount: Int, fields: [SpecialFields.Field] = []) {
    self.byteCount = byteCount
    stride = (byteCount + 7) & ~7
    self.fields = fields.sorted { $0.offset < $1.offset }
    hasFields = !fields.isEmpty
    lockOffset = fields.first { $0.kind == .spinLock }?.offset
    var ranges: [Range<Int>] = []
    var position = 0
    for field in self.fields {
      if field.offset > position { ranges.append(position..<field.offset) }
      position = max(position, field.offset + field.byteCount)
    }
    if position < byteCount { ranges.append(position..<byteCount) }
    plainRanges = ranges
  }
}

extension ValueLayout {
  /// Copies a value in; special fields keep what they hold.
  @inline(__always)
  func store(_ value: RawSpan, in memory: MemoryBlock, at offset: Int) {
    if hasFields {
      storeAroundFields(value, in: memory, at: offset)
    } else {
      memory.store(value, at: offset)
    }
  }

  @inline(never)
  private func storeAroundFields(_ value: RawSpan, in memory: MemoryBlock, at offset: Int) {
    for range in plainRanges { memory.store(value, range: range, at: offset + range.lowerBound) }
  }

  /// Copies a value out; special fields read as zero.
  func append(from memory: MemoryBlock, at offset: Int, to bytes: inout [UInt8]) {
    let start = bytes.count
    memory.append(count: byteCount, at: offset, to: &bytes)
    for field in fields {
      for index in field.offset..<field.offset + field.byteCount { bytes[start + index] = 0 }
    }
  }

  /// Sets the special fields of a value that begins its life to zero.
  func clearFields(in memory: MemoryBlock, at offset: Int) {
    for field in fields { memory.clear(count: field.byteCount, at: offset + field.offset) }
  }

  /// Sets the special fields that were just released to zero. A lock stays what it is, its holder will open it.
  func clearReleasedFields(in memory: MemoryBlock, at offset: Int) {
    for field in fields {
      switch field.kind {
      case .spinLock, .resilientSpinLock, .referenceCount: break
      case .taskWork, .timer, .workQueue, .listHead, .treeRoot, .untrustedPointer, .referencedPointer, .perCPUPointer,
        .userPointer:
        memory.clear(count: field.byteCount, at: offset + field.offset)
      }
    }
  }
}
